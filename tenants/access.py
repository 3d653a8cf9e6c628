"""The gate before views: a role that may not is refused, another customer's object is absent."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from tenants.domain.roles import Action
from tenants.models import User
from tenants.selectors import may

P = ParamSpec("P")
M = TypeVar("M", bound=Model)


class PortalRequest(HttpRequest):
    """A request of a signed-in person, with htmx's details."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[PortalRequest, P], HttpResponseBase]


def allowed(
    action: Action,
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Refuse with 403 whoever may do this nowhere; the view's own query narrows to customers."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not may(request.user, action):
                raise PermissionDenied(
                    f"Your role does not allow: {action.value.replace('_', ' ')}."
                )
            return view(cast("PortalRequest", request), *args, **kwargs)

        return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", checked)

    return decorate


def visible(queryset: QuerySet[M], **lookup: Any) -> M:
    """The object within what the person may see, otherwise 404: never a hint that it exists."""
    return get_object_or_404(queryset, **lookup)
