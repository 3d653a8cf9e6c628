"""The gate before the API: no cookie, a bearer token (RFC 6750), problems as JSON (RFC 9457).

`endpoint` stands before a view that reads: it finds out who asks, lets the request see what the
token and its maker both may see, reads the query into a value, and answers with the value the view
gives. What a view takes and gives are `msgspec.Struct`s, so that the description of the API is made
of them (`endpoints`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, get_type_hints

import msgspec
from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.csrf import csrf_exempt

from tenants.access import PortalRequest
from tenants.domain.roles import Action
from tenants.domain.secret import Secret
from tenants.middleware import see_as
from tenants.selectors import may, viewer_of
from tenants.services.api_tokens import note_use, token_of

P = ParamSpec("P")
Q = TypeVar("Q", bound=msgspec.Struct)
PREFIX = "/api/"
PROBLEM = "application/problem+json"
WINDOW_SECONDS = 60
# Per token, and refused tokens per address: a minute, as for signing in.
LIMITS = {"api": "300/m/key", "api_failed": "20/m/ip"}
_METHODS = ("GET", "HEAD")
_PARAMETER = re.compile(r"`(?:\$\.)?([^`]+)`$")
_REALM = 'Bearer realm="MSP portal"'


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong (RFC 9457): the status in words, and what to do about it."""

    title: str
    status: int
    detail: str = ""
    type: str = "about:blank"


class BadQuery(ValueError):
    """A parameter cannot be what it is; str() says why."""


class _Refused(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[Q]):
    """What a view takes and gives, for the description of the API."""

    query: type[Q]
    answer: Any
    words: str


def endpoint(
    query: type[Q],
) -> Callable[
    [Callable[Concatenate[PortalRequest, Q, P], msgspec.Struct]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Answer GET with what the view gives for a query of this type.

    Raised by the view, Http404 is 404, and BadQuery 400.
    """

    def decorate(
        view: Callable[Concatenate[PortalRequest, Q, P], msgspec.Struct],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def answered(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                _let_in(request)
                given = view(request, query_of(request, query), *args, **kwargs)
            except _Refused as refused:
                return problem(refused.status, refused.detail, refused.headers)
            except Http404:
                return problem(404, "There is nothing here that this token may see.")
            except BadQuery as error:
                return problem(400, str(error))
            return _answer(request, given)

        gives = get_type_hints(view)["return"]
        answered.endpoint = Endpoint(query, gives, view.__doc__ or "")  # type: ignore[attr-defined]
        return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", answered)

    return decorate


def problem(status: int, detail: str = "", headers: dict[str, str] | None = None) -> HttpResponse:
    """An answer that says what went wrong."""
    body = msgspec.json.encode(Problem(HTTPStatus(status).phrase, status, detail))
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return HttpResponse(body, status=status, content_type=PROBLEM, headers=kept)


class ApiMiddleware:
    """Below /api/ there are no sessions, and what fails says so in JSON; before the sessions' own.

    A cookie gives nothing there, neither rights nor a longer session, and none is set.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; an error page, of whatever kind, becomes a problem."""
        if not request.path_info.startswith(PREFIX):
            return self._get_response(request)
        request.COOKIES = {}
        response = self._get_response(request)
        page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.status_code < 400 or not page:
            return response
        kept = {name: response.headers[name] for name in ("Allow",) if name in response.headers}
        return problem(response.status_code, headers=kept)


def _let_in(request: HttpRequest) -> None:
    """The request is that of a token's maker from here on, as far as the token goes."""
    if request.method not in _METHODS:
        allow = ", ".join(_METHODS)
        raise _Refused(405, "The API only reads: ask with GET.", Allow=allow)
    given = _bearer(request)
    if given is None:
        detail = "Send a token of the API: Authorization: Bearer mspapi_..."
        raise _Refused(401, detail, WWW_Authenticate=_REALM)
    token = None if _exceeded(request, "api_failed", dry_run=True) else token_of(given)
    if token is None:
        if _exceeded(request, "api_failed"):
            raise _too_many("Too many refused tokens from this address. Wait a minute.")
        detail = "This token is unknown, expired or revoked, or its maker is not active."
        raise _Refused(401, detail, WWW_Authenticate=f'{_REALM}, error="invalid_token"')
    if _exceeded(request, "api", key=str(token.pk)):
        raise _too_many("More than 300 requests in a minute by this token.")
    note_use(token)
    see_as(request, viewer_of(token))
    if not may(request.user, Action.SEE_COSTS):
        detail = "Whoever made this token may not bill any of its customers any more."
        raise _Refused(403, detail, WWW_Authenticate=f'{_REALM}, error="insufficient_scope"')


def _bearer(request: HttpRequest) -> Secret[str] | None:
    """What was sent as a token (RFC 6750, 2.1), if anything was."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return Secret(text.strip()) if scheme.lower() == "bearer" else None


def _exceeded(request: HttpRequest, action: str, **how: Any) -> bool:
    how |= {"config": LIMITS, "limit_get": True}
    return ratelimit.consume(request, app="portal", action=action, **how) is None


def _too_many(detail: str) -> _Refused:
    return _Refused(429, detail, Retry_After=str(WINDOW_SECONDS))


def query_of(request: HttpRequest, query: type[Q]) -> Q:
    """The parameters of an address as a value; raises BadQuery."""
    if twice := [name for name, values in request.GET.lists() if len(values) > 1]:
        raise BadQuery(f"Query: `{twice[0]}` is given twice.")
    try:
        return msgspec.convert(request.GET.dict(), query, strict=False)
    except msgspec.ValidationError as error:
        raise BadQuery(f"Query: {_wrong(str(error), query)}") from error


def _wrong(words: str, query: type[msgspec.Struct]) -> str:
    """What msgspec found, with what the API's description says of the parameter."""
    schema = msgspec.json.schema(query)
    known = schema["$defs"][query.__name__]["properties"]
    match = _PARAMETER.search(words)
    name = match[1] if match else ""
    if name not in known:
        there = f"there are {', '.join(known)}" if known else "there are none"
        return f"there is no parameter `{name}`; {there}."
    kind = "is missing" if "missing" in words else "is not what it has to be"
    told = known[name].get("description") or _choices(known[name], schema["$defs"])
    return f"`{name}` {kind}: {told}{_bounds(known[name])}"


def _choices(parameter: Any, kinds: Any) -> str:
    """One of a few words."""
    ways = [
        kinds.get(way.get("$ref", "").rpartition("/")[2], way)
        for way in parameter.get("anyOf", [parameter])
    ]
    words = [word for way in ways for word in way.get("enum", ()) if word is not None]
    return f"{', '.join(words)}."


def _bounds(parameter: Any) -> str:
    least, most = parameter.get("minimum"), parameter.get("maximum")
    return f" A whole number from {least} to {most}." if least is not None else ""


def _answer(request: HttpRequest, given: msgspec.Struct) -> HttpResponseBase:
    """JSON; 304 where the asker has exactly this already."""
    body = msgspec.json.encode(given)
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
    response = HttpResponse(body, content_type="application/json", headers=headers)
    response.headers["ETag"] = etag = quote_etag(sha256(body).hexdigest())
    return get_conditional_response(request, etag=etag, response=response) or response
