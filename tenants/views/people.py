"""Pages about people of ours and of customers: who there is, and what they may do where."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tenants import services
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action, Role
from tenants.forms.people import AccessForm, PersonForm
from tenants.models import User
from tenants.row_security import outside_transaction
from tenants.selectors import people_for
from tenants.services import AccessRefused
from tenants.views.sign_in import send_invitation

_PAGE = 50


@allowed(Action.SEE_PEOPLE)
def person_list(request: PortalRequest) -> HttpResponse:
    """Everybody who may sign in, or might: roles, customers, last sign-in."""
    text = request.GET.get("q", "").strip()
    page = Paginator(people_for(request.user, text), _PAGE).get_page(request.GET.get("page"))
    return render(request, "tenants/person_list.html", {"page": page, "text": text})


@outside_transaction
@allowed(Action.EDIT_PEOPLE)
def person_add(request: PortalRequest) -> HttpResponse:
    """Add a person, who then comes in by a link in a mail."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.add_person(
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                password=None,
                role=form.chosen_role,
                reach=form.reach,
                by=request.user,
            )
        except AccessRefused as refused:
            form.add_error(None, str(refused))
        else:
            _welcome(request, person)
            return redirect("person_detail", pk=person.pk)
    status = 422 if form.errors else 200
    return render(request, "tenants/person_form.html", {"form": form}, status=status)


def _welcome(request: PortalRequest, person: User) -> None:
    """Invite whoever has no password yet."""
    if not person.is_active:
        messages.warning(request, f"{person} has the role, but is deactivated.")
    elif person.has_usable_password():
        messages.success(request, f"{person} was here already, and has this role now, too.")
    else:
        send_invitation(request, person)


@allowed(Action.SEE_PEOPLE)
def person_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One person: what they may do where, and whether they may sign in."""
    person = visible(people_for(request.user), pk=pk)
    context = {"person": person, "own": person == request.user}
    return render(request, "tenants/person_detail.html", context)


@allowed(Action.EDIT_PEOPLE)
def person_grant(request: PortalRequest, pk: int) -> HttpResponse:
    """Give a person a role, or change where they hold it (`?role=`)."""
    person = visible(people_for(request.user), pk=pk)
    grant = person.grants.filter(role=request.GET.get("role", "")).first()
    form = AccessForm(request.POST or None, grant=grant)
    if request.method == "POST" and form.is_valid():
        try:
            services.give_role(
                user=person, role=form.chosen_role, reach=form.reach, by=request.user
            )
        except AccessRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The access is changed.")
            return redirect("person_detail", pk=person.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "person": person}
    return render(request, "tenants/person_grant.html", context, status=status)


@require_POST
@allowed(Action.EDIT_PEOPLE)
def person_revoke(request: PortalRequest, pk: int, role: str) -> HttpResponse:
    """Take a role away."""
    if role not in list(Role):
        raise Http404("There is no such role.")
    return _change(request, pk, services.take_role, "The role is taken away.", role=Role(role))


@require_POST
@allowed(Action.EDIT_PEOPLE)
def person_deactivate(request: PortalRequest, pk: int) -> HttpResponse:
    """Let a person sign in no more."""
    return _change(request, pk, services.deactivate, "Deactivated, and signed out everywhere.")


@require_POST
@allowed(Action.EDIT_PEOPLE)
def person_reactivate(request: PortalRequest, pk: int) -> HttpResponse:
    """Let a person sign in again."""
    return _change(request, pk, services.reactivate, "Active again, with the roles below.")


def _change(request: PortalRequest, pk: int, change: Any, done: str, **how: Any) -> HttpResponse:
    person = visible(people_for(request.user), pk=pk)
    try:
        change(user=person, by=request.user, **how)
    except AccessRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("person_detail", pk=person.pk)
