"""A second factor where a role requires one: until it is set up, there is nothing else to do."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from tenants.models import User
from tenants.selectors import roles_of

# Said of a session by the directory of the person: the sign-in there had a second factor.
PROVED = "factor_proved"
_FACTORS = ("totp", "webauthn")
# What it takes to set a factor up; signing out is open to everybody.
_OPEN = frozenset(
    {
        "account_reauthenticate",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_download_recovery_codes",
        "mfa_index",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_view_recovery_codes",
    }
)


def factor_missing(request: HttpRequest) -> bool:
    """Whether who is signed in has a role that requires a factor, and none."""
    person = request.user
    if not settings.MFA_REQUIRED_ROLES or not isinstance(person, User):
        return False
    if request.session.get(PROVED) or is_mfa_enabled(person, _FACTORS):
        return False
    return any(role.value in settings.MFA_REQUIRED_ROLES for role in roles_of(person))


class FactorRequiredMiddleware:
    """Sends whoever lacks a required factor to the page that sets one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; the decision falls once the view is known."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Public pages are no secret, and go on."""
        match = request.resolver_match
        public = not getattr(view, "login_required", True)
        if public or (match and match.url_name in _OPEN) or not factor_missing(request):
            return None
        return redirect("mfa_index")
