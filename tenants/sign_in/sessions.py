"""Sessions end: when nobody did anything for a while, and some hours after they began."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from tenants.models import User

_BEGAN = "began"
_EXPIRY = "_session_expiry"  # Django's own, written by set_expiry
# The end of a session moves in steps, so that not every page is a write.
_STEP = timedelta(minutes=1)


class SessionEndMiddleware:
    """Moves the end of a session as its person works; after AuthenticationMiddleware.

    The end is stored with the session, and Django refuses one that is over. What a page asks by
    itself (htmx, GET) is nobody's work, so a page that is left open does not keep anybody in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; a session that is over was not loaded at all."""
        if isinstance(request.user, User):
            self._follow(request, timezone.now())
        return self._get_response(request)

    def _follow(self, request: HttpRequest, now: datetime) -> None:
        began = datetime.fromtimestamp(request.session.setdefault(_BEGAN, now.timestamp()), tz=UTC)
        last = began + timedelta(hours=settings.SESSION_HOURS)
        if not _is_followed(request) or not _is_automatic(request):
            _prolong(request, min(now + timedelta(minutes=settings.SESSION_IDLE_MINUTES), last))


def _is_followed(request: HttpRequest) -> bool:
    """Whether the end was set here; at sign-in it is a number of seconds."""
    return isinstance(request.session.get(_EXPIRY), str)


def _is_automatic(request: HttpRequest) -> bool:
    return request.method == "GET" and "HX-Request" in request.headers


def _prolong(request: HttpRequest, end: datetime) -> None:
    session = request.session
    if _is_followed(request) and abs(end - session.get_expiry_date()) < _STEP:
        return
    session.set_expiry(end)
    UserSession.objects.filter(session_key=session.session_key).update(
        last_seen_at=timezone.now(), ip=get_adapter().get_client_ip(request)
    )
