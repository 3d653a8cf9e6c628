"""ID tokens of Microsoft Entra: whose they are, checked as Microsoft's reference asks.

The issuer differs by tenant, `{authority}/{tid}/v2.0`, so it is worked out from the tenant that the
token names, once that one is on our list; keys and signature are that tenant's. A person is known
by `tid:oid` alone: e-mail addresses and names in a token are whatever somebody typed in there.
"""

import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from tenants.domain.guid import is_guid

_LEEWAY_SECONDS = 60
_REQUIRED = ["aud", "exp", "iat", "iss", "nonce", "oid", "tid"]


class Refused(OAuth2Error):  # type: ignore[misc]
    """A sign-in that is not accepted; str() is for people."""

    for_people = True


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in at Entra, and whether with a second factor."""

    tid: str
    oid: str
    name: str
    factor: bool

    @property
    def uid(self) -> str:
        """What an account is bound to."""
        return f"{self.tid}:{self.oid}"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say; `strict` tenants always demand a second factor."""

    authority: str
    client_id: str
    nonce: str
    tenants: Collection[str]
    strict: Collection[str] = ()


def identity_of(
    token: str, expected: Expected, keys_of: Callable[[str], Mapping[str, Any]]
) -> Identity:
    """Who a token is about; `keys_of` gives a tenant's JWKS. Raises Refused."""
    tid = _tenant_of(token, expected.tenants)
    issuer = f"{expected.authority}/{tid}/v2.0"
    try:
        key = _key(jwt.get_unverified_header(token), keys_of(tid), issuer, tid)
        claims = jwt.decode(
            token,
            key=key,
            algorithms=["RS256"],
            audience=expected.client_id,
            issuer=issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except jwt.PyJWTError as error:
        raise Refused("Microsoft's answer could not be verified.") from error
    if not hmac.compare_digest(str(claims["nonce"]).encode(), expected.nonce.encode()):
        raise Refused("Microsoft's answer belongs to another sign-in. Try again.")
    oid = str(claims["oid"]).lower()
    if claims["tid"] != tid or not is_guid(oid):
        raise Refused("Microsoft's answer names nobody.")
    factor = tid in expected.strict or "mfa" in (claims.get("amr") or [])
    return Identity(tid, oid, str(claims.get("preferred_username", "")), factor)


def _tenant_of(token: str, allowed: Collection[str]) -> str:
    try:
        tid = jwt.decode(token, options={"verify_signature": False}).get("tid")
    except jwt.PyJWTError as error:
        raise Refused("Microsoft's answer could not be read.") from error
    if not isinstance(tid, str) or tid not in allowed:
        raise Refused("People of this Microsoft tenant do not sign in here.")
    return tid


def _key(header: Mapping[str, Any], found: Mapping[str, Any], issuer: str, tid: str) -> jwt.PyJWK:
    """The key that signed; one of another issuer's in the same set does not count."""
    for entry in found.get("keys", []):
        of = str(entry.get("issuer", issuer)).replace("{tenantid}", tid)
        if entry.get("kid") == header.get("kid") and entry.get("kty") == "RSA" and of == issuer:
            return jwt.PyJWK(dict(entry), algorithm="RS256")
    raise Refused("Microsoft's answer was signed by nobody we know.")
