"""The gate before views: a role that may not is refused, another customer's object is absent."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from tenants.domain.roles import Action
from tenants.models import Customer, Destination, Message, Tenant, User
from tenants.selectors import actions_of, may, reach_of

P = ParamSpec("P")
M = TypeVar("M", bound=Model)


class PortalRequest(HttpRequest):
    """A request of a signed-in person, with htmx's details and what the person was allowed."""

    user: User
    htmx: HtmxDetails
    action: Action


View = Callable[Concatenate[PortalRequest, P], HttpResponseBase]


def allowed(
    action: Action, post: Action | None = None
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Refuse whoever may do this nowhere; the view's own query narrows to customers.

    Refused is 404 where the address names a customer's object that is none of the person's, and
    403 otherwise. `post`: what changing takes, where reading takes less; the view narrows by
    `request.action`.
    """

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            asked = post if post and request.method not in _SAFE else action
            if not may(request.user, asked):
                _hide(request)
                raise PermissionDenied(f"Your role does not allow: {asked.words}.")
            request.action = asked  # type: ignore[attr-defined]
            return view(cast("PortalRequest", request), *args, **kwargs)

        return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", checked)

    return decorate


def names(word: str, customer_of: Callable[[Any], int | None]) -> None:
    """Say whose the object is that an address names after this word; None for one that is not."""
    _NAMED[word] = customer_of


def named(request: HttpRequest) -> tuple[bool, int | None]:
    """Whether the address names an object of a customer, and whose; None: it is not there."""
    match = request.resolver_match
    before, hole, rest = match.route.partition("<") if match else ("", "", "")
    customer_of = _NAMED.get(before.rstrip("/").rpartition("/")[2])
    if not match or not hole or customer_of is None:
        return False, None
    return True, customer_of(match.kwargs[rest.partition(">")[0].rpartition(":")[2]])


def may_here(request: HttpRequest) -> frozenset[Action]:
    """What the person may do at the customer whose object the address names; else anywhere."""
    if not isinstance(request.user, User):
        return frozenset()
    about, customer = named(request)
    if not about:
        return actions_of(request.user)
    return actions_of(request.user, customer) if customer else frozenset()


def _hide(request: HttpRequest) -> None:
    """Raises Http404 for an object of somebody else's customer, as for one that is not there."""
    about, customer = named(request)
    if not about or not isinstance(request.user, User):
        return
    if customer is None or not reach_of(request.user).holds(customer):
        raise Http404


def visible(queryset: QuerySet[M], **lookup: Any) -> M:
    """The object within what the person may see, otherwise 404: never a hint that it exists."""
    return get_object_or_404(queryset, **lookup)


def _by_slug(slug: str) -> int | None:
    return Customer.objects.filter(slug=slug).values_list("pk", flat=True).first()


def _of_tenant(place: str) -> int | None:
    """A place is a tenant's slug, perhaps with a source behind it."""
    found = Tenant.objects.filter(slug=place.partition("/")[0])
    return found.values_list("customer_id", flat=True).first()


def _of_destination(pk: int) -> int | None:
    return Destination.objects.filter(pk=pk).values_list("customer_id", flat=True).first()


def _of_message(pk: int) -> int | None:
    found = Message.objects.filter(pk=pk)
    return found.values_list("destination__customer_id", flat=True).first()


_SAFE = ("GET", "HEAD", "OPTIONS")
_NAMED: dict[str, Callable[[Any], int | None]] = {
    "customers": _by_slug,
    "tenants": _of_tenant,
    "notifications": _of_destination,
    "messages": _of_message,
}
