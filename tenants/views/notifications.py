"""Who is told of what, and what became of the messages."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.forms.destinations import DestinationForm
from tenants.models import Destination, Message
from tenants.selectors import customers_for
from tenants.services import delivery, destinations
from tenants.telling import destinations_for, messages_for, works_for_all

_PAGE = 50


@allowed(Action.EDIT_NOTIFICATIONS)
@require_safe
def notification_list(request: PortalRequest) -> HttpResponse:
    """Destinations, and messages, the newest first."""
    rows = messages_for(request.user)
    state = request.GET.get("state", "")
    if state in Message.State.values:
        rows = rows.filter(state=state)
    context = {
        "destinations": destinations_for(request.user),
        "page": Paginator(rows, _PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": Message.State.choices,
        "given_up": messages_for(request.user).filter(state=Message.State.GIVEN_UP).count(),
    }
    return render(request, "tenants/notification_list.html", context)


@allowed(Action.EDIT_NOTIFICATIONS)
@never_cache
def notification_add(request: PortalRequest) -> HttpResponse:
    """Another destination; a webhook's secret is shown in the answer, and never again."""
    form = _form(request, None)
    if request.method == "POST" and form.is_valid():
        row, secret = destinations.add_destination(
            channel=form.cleaned_data["channel"],
            customer=form.cleaned_data["customer"],
            facts=form.facts(),
            by=request.user,
        )
        if secret:
            return _show(request, row, secret)
        messages.success(request, f"{row.address} is told from now on.")
        return redirect("notification_list")
    return render(request, "tenants/notification_form.html", {"form": form})


@allowed(Action.EDIT_NOTIFICATIONS)
def notification_edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Change a destination."""
    row = visible(destinations_for(request.user), pk=pk)
    form = _form(request, row)
    if request.method == "POST" and form.is_valid():
        destinations.change_destination(destination=row, facts=form.facts(), by=request.user)
        messages.success(request, "Saved.")
        return redirect("notification_list")
    return render(request, "tenants/notification_form.html", {"form": form, "row": row})


@allowed(Action.EDIT_NOTIFICATIONS)
@require_POST
def notification_remove(request: PortalRequest, pk: int) -> HttpResponse:
    """Remove a destination with its messages."""
    row = visible(destinations_for(request.user), pk=pk)
    destinations.remove_destination(destination=row, by=request.user)
    messages.success(request, f"{row.address} is not told any more.")
    return redirect("notification_list")


@allowed(Action.EDIT_NOTIFICATIONS)
@require_POST
@never_cache
def notification_rotate(request: PortalRequest, pk: int) -> HttpResponse:
    """A new secret for a webhook, shown once."""
    webhooks = destinations_for(request.user).filter(channel=Destination.Channel.WEBHOOK)
    row = visible(webhooks, pk=pk)
    secret = destinations.rotate_secret(destination=row, by=request.user)
    row.refresh_from_db()
    return _show(request, row, secret)


@allowed(Action.EDIT_NOTIFICATIONS)
@require_POST
def notification_test(request: PortalRequest, pk: int) -> HttpResponse:
    """Send a test message, as any other is sent."""
    row = visible(destinations_for(request.user), pk=pk)
    destinations.send_test(destination=row, by=request.user)
    messages.success(request, "A test is on its way; below you see what becomes of it.")
    return redirect("notification_list")


@allowed(Action.EDIT_NOTIFICATIONS)
@require_POST
def message_try_again(request: PortalRequest, pk: int) -> HttpResponse:
    """All tries again for a message that was given up."""
    row = visible(messages_for(request.user), pk=pk)
    if delivery.try_again(message=row, by=request.user):
        messages.success(request, "The message is on its way again.")
    else:
        messages.info(request, "The message was not given up.")
    return redirect("notification_list")


def _form(request: PortalRequest, row: Destination | None) -> DestinationForm:
    return DestinationForm(
        request.POST or None,
        customers=customers_for(request.user, Action.EDIT_NOTIFICATIONS),
        all_customers=works_for_all(request.user),
        row=row,
    )


def _show(request: PortalRequest, row: Destination, secret: str) -> HttpResponse:
    context = {"row": row, "secret": secret, "overlap": row.previous_until}
    return render(request, "tenants/notification_secret.html", context)
