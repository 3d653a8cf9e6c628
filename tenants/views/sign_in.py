"""Invitations, the first run, and what administrators do about others' sign-in."""

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.forms.sign_in import FirstPasswordForm, FirstRunForm
from tenants.models import User
from tenants.row_security import outside_transaction
from tenants.services.factors import reset_factors
from tenants.services.first_run import FirstRunOver, add_first_administrator, first_run_open
from tenants.services.invitations import (
    InvitationOver,
    digest_of,
    invite,
    open_invitation,
    set_first_password,
)


@login_not_required
@never_cache
def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """A one-time link: set a password here, or go to Microsoft and bind that identity."""
    digest = digest_of(key)
    try:
        found = open_invitation(digest)
        form = FirstPasswordForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            person = set_first_password(digest=digest, password=form.cleaned_data["password"])
            get_adapter().send_notification_mail("account/email/password_set", person)
            messages.success(request, "Your password is set. Sign in with it.")
            return redirect("account_login")
    except InvitationOver as error:
        return render(request, "tenants/invitation_over.html", {"words": str(error)}, status=404)
    context = {"form": form, "person": found.person, "key": key}
    return render(request, "tenants/invitation.html", context)


@login_not_required
@never_cache
def first_run(request: HttpRequest) -> HttpResponse:
    """Make the first administrator; the page is gone once there is one."""
    if not first_run_open():
        raise Http404("There is an administrator.")
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="login")
    if limited is not None:
        return limited
    form = FirstRunForm(request.POST or None, with_token=not settings.EMBEDDED)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            add_first_administrator(
                email=given["email"], name=given["name"], password=given["password"]
            )
        except FirstRunOver as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "You are the administrator of this portal. Sign in.")
        return redirect("account_login")
    return render(request, "tenants/first_run.html", {"form": form})


@login_not_required
def cancelled(request: HttpRequest) -> HttpResponse:
    """Somebody turned back at Microsoft's page."""
    messages.info(request, "Sign-in with Microsoft was cancelled.")
    return redirect("account_login")


def send_invitation(request: PortalRequest, person: User) -> None:
    """Mail a person a link that works once, and say what became of it."""
    key = invite(person=person, by=request.user)
    link = request.build_absolute_uri(reverse("invitation", args=[key]))
    context = {"person": person, "link": link, "hours": round(settings.INVITATION_HOURS)}
    try:
        get_adapter().send_mail("tenants/email/invitation", person.email, context)
    except OSError as error:
        messages.error(request, f"The mail to {person.email} was not sent ({error}). Invite again.")
    else:
        messages.success(request, f"An invitation is on its way to {person.email}.")


@outside_transaction
@allowed(Action.EDIT_PEOPLE)
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]
def person_invite(request: PortalRequest, pk: int) -> HttpResponse:
    """Mail a person a one-time link, for a password or a Microsoft identity."""
    person = get_object_or_404(User, pk=pk, is_active=True)
    if request.method == "POST":
        send_invitation(request, person)
        return redirect("person_detail", pk=person.pk)
    return render(request, "tenants/person_invite.html", {"person": person})


@allowed(Action.EDIT_PEOPLE)
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]
def person_reset_factors(request: PortalRequest, pk: int) -> HttpResponse:
    """Take the factors of a person who lost them, after an explicit yes."""
    person = get_object_or_404(User, pk=pk)
    if request.method == "POST":
        count = reset_factors(person=person, by=request.user)
        get_adapter().send_notification_mail("tenants/email/factors_reset", person)
        messages.success(request, f"{count} factors of {person} are removed, and they are told.")
        return redirect("person_detail", pk=person.pk)
    return render(request, "tenants/person_reset_factors.html", {"person": person})
