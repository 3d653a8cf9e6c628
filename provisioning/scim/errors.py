"""What an answer means for the caller.

ScimError                 status, Entra's own words, and a sentence with the next step
+-- NotSent               never left; send it again
|   +-- KeptBack          by us, to stay within the quotas; wait `retry_after` seconds
+-- Transient             service failure before the write (500, 502, 503)
+-- Throttled             429; wait `retry_after` seconds
+-- UnknownOutcome        504, cut connection, unreadable answer: it may have happened
+-- NotFound              404
+-- Conflict              409, or 400 that names a duplicate
+-- Rejected              another 400 or 4xx: the request breaks a rule
+-- PermissionMissing     403
+-- CredentialRefused     401
+-- FeatureNotEnabled     the SCIM API is not switched on or not linked to a subscription
|   +-- LicenceMissing    403 that asks for Entra ID P1
+-- Misconfigured         a redirect, or something that is not the SCIM API
"""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from provisioning.domain.permissions import Act, in_words, permissions_for
from provisioning.domain.retry import Trouble
from provisioning.scim.messages import Answer, Exchange, Fate, Request


class ScimError(Exception):
    """A call that did not succeed; str() is a sentence for a person, with the next step.

    `detail` holds Entra's own words; `request_id` is what Microsoft's support asks for.
    """

    trouble: ClassVar[Trouble]
    sentence: ClassVar[str]

    def __init__(self, answer: Answer, request: Request | None = None) -> None:
        super().__init__(self.words(request))
        body = answer.body if isinstance(answer.body, dict) else {}
        self.status = answer.status
        self.detail = str(body.get("detail") or answer.failure)
        self.scim_type = str(body.get("scimType") or "")
        self.request_id = answer.headers.get("request-id", "")
        self.retry_after = retry_after(answer)

    @classmethod
    def words(cls, request: Request | None) -> str:
        """The sentence, as far as it depends on what was asked."""
        return cls.sentence


class NotSent(ScimError):
    """The request never left."""

    trouble = Trouble.NOT_SENT
    sentence = (
        "The service could not be reached; nothing was sent. Check the network and proxy of the"
        " portal's host if this goes on."
    )


class KeptBack(NotSent):
    """The request was kept back, to stay within the tenant's quotas."""

    trouble = Trouble.THROTTLED
    sentence = "Kept back for a moment, to stay within what Entra allows."


class Transient(ScimError):
    """The service failed before it wrote."""

    trouble = Trouble.TRANSIENT
    sentence = "Entra had a temporary failure; the portal tries again by itself."


class Throttled(ScimError):
    """Too many requests."""

    trouble = Trouble.THROTTLED
    sentence = "Entra asked to slow down; the portal goes on when it may."


class UnknownOutcome(ScimError):
    """Nobody knows whether it happened."""

    trouble = Trouble.UNKNOWN_OUTCOME
    sentence = (
        "It is not known whether Entra carried this out; the portal looks before it writes again."
    )


class NotFound(ScimError):
    """The object is not there."""

    trouble = Trouble.NOT_FOUND
    sentence = (
        "The account no longer exists in the directory; it was deleted outside the portal. Match"
        " it again, or restore it in Entra."
    )

    @classmethod
    def words(cls, request: Request | None) -> str:
        """Names what is missing: an account, a group, or part of the service."""
        kind = request.path.strip("/").partition("/")[0] if request else "users"
        if kind == "groups":
            return (
                "The group, or the member that was named, no longer exists in the directory; it"
                " was deleted outside the portal. Match the group again."
            )
        if kind != "users":
            return "The SCIM API does not know this address or schema. Check the tenant's cloud."
        return cls.sentence


class Conflict(ScimError):
    """A unique value is taken."""

    trouble = Trouble.CONFLICT
    sentence = (
        "A unique value, such as the user name, is taken by another account. Adopt that account,"
        " or map another value."
    )


class Rejected(ScimError):
    """The request breaks a rule of the directory."""

    trouble = Trouble.REJECTED
    sentence = "Entra refused a value. Correct the record or the mapping profile."


class PermissionMissing(ScimError):
    """The application may not do this."""

    trouble = Trouble.PERMISSION_MISSING
    sentence = "The application lacks a permission."

    @classmethod
    def words(cls, request: Request | None) -> str:
        """Names the permissions that would be enough, the least first."""
        act = request.act if request else Act.CHANGE_USER
        alternatives = permissions_for(act, request.attributes if request else ())
        step = (
            f"The application may not {act.value}. Grant {in_words(alternatives)} (Microsoft Graph,"
            " application permission) with admin consent in the tenant."
        )
        if act in (Act.CHANGE_USER, Act.DELETE_USER):
            step += " If other accounts can be written, this one is a privileged account."
        return step


class CredentialRefused(ScimError):
    """The token is refused."""

    trouble = Trouble.CREDENTIAL_REFUSED
    sentence = (
        "Entra refused the token, also a fresh one. Check the tenant's credential and renew it."
    )


class FeatureNotEnabled(ScimError):
    """The SCIM API is off."""

    trouble = Trouble.FEATURE_NOT_ENABLED
    sentence = (
        "The SCIM Provisioning API is not switched on for this tenant. In the Entra admin center:"
        " ID Governance, Dashboard, SCIM Provisioning API, Get started (Billing Administrator)."
    )


class LicenceMissing(FeatureNotEnabled):
    """The tenant's licences do not contain the SCIM API."""

    sentence = (
        "The tenant has no Entra ID P1 licence, nor one that contains it; without it the SCIM API"
        " answers nobody. Assign a licence in the tenant."
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
# As Graph words it for tenants without a premium licence; no source prints the SCIM API's words.
_UNLICENSED = ("entra id p1 license", "premium license")
_DUPLICATE = ("already exists", "uniqueness")


def error_of(exchange: Exchange) -> ScimError | None:
    """What went wrong in an exchange, or None when it succeeded."""
    answer, request = exchange.answer, exchange.attempt.request
    if answer.fate is Fate.UNSENT:
        return NotSent(answer, request)
    if answer.fate is Fate.KEPT_BACK:
        return KeptBack(answer, request)
    if answer.fate is Fate.UNCERTAIN or answer.status is None:
        return UnknownOutcome(answer, request)
    return None if answer.ok else _kind(answer)(answer, request)


def _kind(answer: Answer) -> type[ScimError]:
    status, text = answer.status or 0, _words(answer.body)
    if status in (400, 401) and any(mark in text for mark in _FEATURE_OFF):
        return FeatureNotEnabled
    if status == 403 and any(mark in text.casefold() for mark in _UNLICENSED):
        return LicenceMissing
    if status == 400 and any(mark in text for mark in _DUPLICATE):
        return Conflict
    if status < 400:
        return Misconfigured
    return _BY_STATUS.get(status, Transient if status >= 500 else Rejected)


def _words(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    return f"{body.get('detail', '')} {body.get('scimType', '')}"


def retry_after(answer: Answer) -> float | None:
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
