"""What an answer means for the caller.

ScimError                 status, Entra's own words, and a sentence with the next step
+-- NotSent               never left; send it again
+-- Transient             service failure before the write (500, 502, 503)
+-- Throttled             429; wait `retry_after` seconds
+-- UnknownOutcome        504, cut connection, unreadable answer: it may have happened
+-- NotFound              404
+-- Conflict              409, or 400 that names a duplicate
+-- Rejected              another 400 or 4xx: the request breaks a rule
+-- PermissionMissing     403
+-- CredentialRefused     401
+-- FeatureNotEnabled     the SCIM API is not switched on or not linked to a subscription
+-- Misconfigured         a redirect, or something that is not the SCIM API
"""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from provisioning.domain.retry import Trouble
from provisioning.scim.messages import Answer, Exchange, Fate


class ScimError(Exception):
    """A call that did not succeed; str() is a sentence for a person."""

    trouble: ClassVar[Trouble]
    sentence: ClassVar[str]

    def __init__(self, answer: Answer) -> None:
        super().__init__(self.sentence)
        body = answer.body if isinstance(answer.body, dict) else {}
        self.status = answer.status
        self.detail = str(body.get("detail") or answer.failure)
        self.scim_type = str(body.get("scimType") or "")
        self.request_id = answer.headers.get("request-id", "")
        self.retry_after = _retry_after(answer)


class NotSent(ScimError):
    """The request never left."""

    trouble = Trouble.NOT_SENT
    sentence = "The service could not be reached."


class Transient(ScimError):
    """The service failed before it wrote."""

    trouble = Trouble.TRANSIENT
    sentence = "Entra had a temporary failure."


class Throttled(ScimError):
    """Too many requests."""

    trouble = Trouble.THROTTLED
    sentence = "Entra asked to slow down."


class UnknownOutcome(ScimError):
    """Nobody knows whether it happened."""

    trouble = Trouble.UNKNOWN_OUTCOME
    sentence = "It is not known whether Entra carried this out."


class NotFound(ScimError):
    """The object is not there."""

    trouble = Trouble.NOT_FOUND
    sentence = "The account no longer exists in the directory; it was deleted outside the portal."


class Conflict(ScimError):
    """A unique value is taken."""

    trouble = Trouble.CONFLICT
    sentence = "A unique value, such as the user name, is taken by another account."


class Rejected(ScimError):
    """The request breaks a rule of the directory."""

    trouble = Trouble.REJECTED
    sentence = "Entra refused a value. Correct the record or the mapping profile."


class PermissionMissing(ScimError):
    """The application may not do this."""

    trouble = Trouble.PERMISSION_MISSING
    sentence = (
        "The application lacks a permission. Grant User.ReadWrite.All (Microsoft Graph, application"
        " permission) with admin consent in the tenant, or the account is a privileged one."
    )


class CredentialRefused(ScimError):
    """The token is refused."""

    trouble = Trouble.CREDENTIAL_REFUSED
    sentence = "Entra refused the token, also a fresh one. Check the tenant's credential."


class FeatureNotEnabled(ScimError):
    """The SCIM API is off."""

    trouble = Trouble.FEATURE_NOT_ENABLED
    sentence = (
        "The SCIM Provisioning API is not switched on for this tenant. In the Entra admin center:"
        " ID Governance, Dashboard, SCIM Provisioning API, Get started (Billing Administrator)."
    )


class Misconfigured(ScimError):
    """What answered is not the SCIM API."""

    trouble = Trouble.MISCONFIGURED
    sentence = "What answered at this address is not the SCIM API. Check the tenant's cloud."


_BY_STATUS: dict[int, type[ScimError]] = {
    401: CredentialRefused,
    403: PermissionMissing,
    404: NotFound,
    409: Conflict,
    429: Throttled,
    500: Transient,
    502: Transient,
    503: Transient,
    504: UnknownOutcome,
}
_FEATURE_OFF = ("scimapiconsumptions", "'SCIM Provisioning API' feature is not enabled")
_DUPLICATE = ("already exists", "uniqueness")


def error_of(exchange: Exchange) -> ScimError | None:
    """What went wrong in an exchange, or None when it succeeded."""
    answer = exchange.answer
    if answer.fate is Fate.UNSENT:
        return NotSent(answer)
    if answer.fate is Fate.UNCERTAIN or answer.status is None:
        return UnknownOutcome(answer)
    return None if answer.ok else _kind(answer)(answer)


def _kind(answer: Answer) -> type[ScimError]:
    status, text = answer.status or 0, _words(answer.body)
    if status in (400, 401) and any(mark in text for mark in _FEATURE_OFF):
        return FeatureNotEnabled
    if status == 400 and any(mark in text for mark in _DUPLICATE):
        return Conflict
    if status < 400:
        return Misconfigured
    return _BY_STATUS.get(status, Transient if status >= 500 else Rejected)


def _words(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    return f"{body.get('detail', '')} {body.get('scimType', '')}"


def _retry_after(answer: Answer) -> float | None:
    """Seconds the service asked to wait: a number, a fraction or a date (RFC 9110, 10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, answer.started_at)
    # NaN and infinities compare false both ways and would never end.
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None


def _seconds_until(text: str, now: datetime) -> float:
    try:
        return (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return float("nan")
