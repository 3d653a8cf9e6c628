"""How often a person may ask for what costs: generous, so that only a machine meets it."""

from collections.abc import Callable
from typing import Any

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponseBase

from tenants.models import User

# URL names whose POST reads files, calls another service, sends mail or plans.
_LIMITS = {
    "tenant_upload": "30/m/user",
    "tenant_connection": "20/m/user",
    "onboarding_lookup": "20/m/user",
    "profile_import": "30/m/user",
    "profile_preview": "300/m/user",
    "tenant_person": "60/m/user",
    "tenant_reconcile": "20/m/user",
    "person_invite": "20/m/user",
    "person_reset_factors": "20/m/user",
}


class LimitMiddleware:
    """Answers 429 to whoever asks for expensive things too often."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; the decision falls once the view is known."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Count what is posted by a person."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if name not in _LIMITS or not isinstance(request.user, User):
            return None
        allowed = ratelimit.consume(request, app="portal", action=name, config=_LIMITS)
        return None if allowed else ratelimit.respond_429(request)
