"""Entra's token errors (AADSTS codes) by what a person must do, in words with the next step."""

import base64
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Refusal(StrEnum):
    """Why no token was given, named by what has to be mended."""

    SECRET_WRONG = "secret_wrong"  # noqa: S105 - a name, not a secret
    SECRET_EXPIRED = "secret_expired"  # noqa: S105
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    CERTIFICATE_EXPIRED = "certificate_expired"
    ASSERTION_REFUSED = "assertion_refused"
    APPLICATION_UNKNOWN = "application_unknown"
    APPLICATION_BLOCKED = "application_blocked"
    TENANT_UNKNOWN = "tenant_unknown"
    CONSENT_MISSING = "consent_missing"
    IDENTITY_ELSEWHERE = "identity_elsewhere"
    OTHER = "other"


_BY_CODE = {
    7000215: Refusal.SECRET_WRONG,
    7000218: Refusal.SECRET_WRONG,
    7000222: Refusal.SECRET_EXPIRED,
    700027: Refusal.CERTIFICATE_UNKNOWN,
    50027: Refusal.ASSERTION_REFUSED,
    70021: Refusal.ASSERTION_REFUSED,
    700021: Refusal.ASSERTION_REFUSED,
    700023: Refusal.ASSERTION_REFUSED,
    700024: Refusal.ASSERTION_REFUSED,
    700211: Refusal.ASSERTION_REFUSED,
    700212: Refusal.ASSERTION_REFUSED,
    700213: Refusal.ASSERTION_REFUSED,
    700016: Refusal.APPLICATION_UNKNOWN,
    7000112: Refusal.APPLICATION_BLOCKED,
    53003: Refusal.APPLICATION_BLOCKED,
    90002: Refusal.TENANT_UNKNOWN,
}
_SENTENCES = {
    Refusal.SECRET_WRONG: "The client secret is wrong. Paste the secret's value, not its id.",
    Refusal.SECRET_EXPIRED: "The client secret has expired. Create a new one in the app"
    " registration and store it here.",
    Refusal.CERTIFICATE_UNKNOWN: "Entra refused the certificate. Upload its public part to the app"
    " registration, or store the key that belongs to the one uploaded there.",
    Refusal.CERTIFICATE_EXPIRED: "The certificate has expired. Upload a new one to the app"
    " registration and store it here.",
    Refusal.ASSERTION_REFUSED: "Entra refused the workload identity's assertion. Compare issuer,"
    " subject and audience with the app registration's federated credential, and the clocks.",
    Refusal.IDENTITY_ELSEWHERE: "The managed identity of this host belongs to another directory,"
    " where it cannot be let in here. Use it as a federated credential of an app registration.",
    Refusal.APPLICATION_UNKNOWN: "Entra does not know this application in this tenant. Check the"
    " client id, and that the application was consented to in this tenant.",
    Refusal.TENANT_UNKNOWN: "Entra does not know this tenant. Check the tenant id and the cloud.",
    Refusal.CONSENT_MISSING: "The application has no permission in this tenant. An administrator"
    " has to grant admin consent to its Microsoft Graph application permissions.",
}
_BLOCKED = {
    53003: "A conditional access policy of the tenant blocks this application. An administrator"
    " has to exclude it from the policy.",
    7000112: "The application is disabled in the tenant. An administrator has to enable it.",
}


@dataclass(frozen=True, slots=True)
class TokenProblem:
    """Why no token was given: AADSTS code (0 when none), Entra's words, ours, and its trace."""

    code: int
    description: str
    sentence: str
    refusal: Refusal = Refusal.OTHER
    trace_id: str = ""
    correlation_id: str = ""


def explain(
    error: str, description: str, codes: list[int], trace_id: str = "", correlation_id: str = ""
) -> TokenProblem:
    """The answer of a token endpoint as a sentence that says what to do."""
    code = next((code for code in codes if code in _BY_CODE), codes[0] if codes else 0)
    refusal = _BY_CODE.get(code, Refusal.OTHER)
    if refusal is Refusal.CERTIFICATE_UNKNOWN and "expired" in description.lower():
        refusal = Refusal.CERTIFICATE_EXPIRED
    sentence = _BLOCKED.get(code) or _SENTENCES.get(refusal)
    if sentence is None:
        sentence = f"Entra refused the application's credential ({error})."
    return TokenProblem(code, description, sentence, refusal, trace_id, correlation_id)


def consent_missing() -> TokenProblem:
    """A token was given that permits nothing."""
    return TokenProblem(
        0,
        "The token names no application permission (claim roles).",
        _SENTENCES[Refusal.CONSENT_MISSING],
        Refusal.CONSENT_MISSING,
    )


def identity_elsewhere(directory: str) -> TokenProblem:
    """A managed identity's token was given, of another directory."""
    return TokenProblem(
        0,
        f"The token is of the directory {directory or '(unknown)'} (claim tid).",
        _SENTENCES[Refusal.IDENTITY_ELSEWHERE],
        Refusal.IDENTITY_ELSEWHERE,
    )


def token_roles(token: str) -> tuple[str, ...] | None:
    """Application permissions in a token (claim `roles`), not verified; None if it is opaque."""
    claims = _claims(token)
    if claims is None:
        return None
    roles = claims.get("roles", [])
    return tuple(map(str, roles)) if isinstance(roles, list) else ()


def directory_of(token: str) -> str:
    """The directory a token belongs to (claim `tid`), "" if it does not show it."""
    return str((_claims(token) or {}).get("tid", ""))


@dataclass(frozen=True, slots=True)
class AssertionFacts:
    """What a federated credential in Entra has to name of an assertion."""

    issuer: str
    subject: str
    audience: str


def assertion_facts(token: str) -> AssertionFacts | None:
    """What a host's assertion says of itself, not verified; None if it is no readable JWT."""
    claims = _claims(token)
    if claims is None:
        return None
    audience = claims.get("aud", "")
    if isinstance(audience, list):
        audience = " ".join(map(str, audience))
    return AssertionFacts(str(claims.get("iss", "")), str(claims.get("sub", "")), str(audience))


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
