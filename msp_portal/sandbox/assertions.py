"""Client assertions: JWTs signed with a certificate's key, or by another issuer (RFC 7523).

A certificate is known by the thumbprint in the JWT's header, a foreign issuer by `iss`.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from msp_portal.sandbox.http import Json

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE = "api://AzureADTokenExchange"
AUTHORITIES = (
    "https://login.microsoftonline.com",
    "https://login.microsoftonline.us",
    "https://login.partner.microsoftonline.cn",
)
_ALGORITHMS = ["RS256", "PS256"]
_SKEW = 300  # seconds a clock may be off
_LONGEST = 24 * 3600  # seconds an assertion may be valid


class BadAssertionError(Exception):
    """An assertion is refused: AADSTS code, and what its sentence is about."""

    def __init__(self, code: int, subject: str) -> None:
        super().__init__(code, subject)
        self.code = code
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Certificate:
    """The public part of an application's certificate; `not_after` in seconds since 1970."""

    pem: str
    sha1: str
    sha256: str
    not_before: float
    not_after: float

    @classmethod
    def read(cls, pem: str) -> "Certificate":
        """From PEM; ValueError for anything but an X.509 certificate with an RSA key."""
        found = x509.load_pem_x509_certificate(pem.encode())
        if not isinstance(found.public_key(), RSAPublicKey):
            raise ValueError("A certificate needs an RSA key.")
        return cls(
            pem=found.public_bytes(serialization.Encoding.PEM).decode(),
            sha1=_encoded(found.fingerprint(hashes.SHA1())),  # noqa: S303 - the service's own name
            sha256=_encoded(found.fingerprint(hashes.SHA256())),
            not_before=found.not_valid_before_utc.timestamp(),
            not_after=found.not_valid_after_utc.timestamp(),
        )

    def key(self) -> Any:
        """The public key."""
        return x509.load_pem_x509_certificate(self.pem.encode()).public_key()


@dataclass(frozen=True, slots=True)
class Federated:
    """A federated identity credential: whose assertions are believed, and the key they bear."""

    issuer: str
    subject: str
    public_key: str
    audience: str = EXCHANGE


@dataclass(frozen=True, slots=True)
class Expected:
    """What an assertion has to say: of which application, for which endpoints, at what time."""

    client_id: str
    endpoints: frozenset[str]
    now: float


def check_assertion(
    assertion: str,
    certificates: Iterable[Certificate],
    federated: Iterable[Federated],
    expected: Expected,
) -> None:
    """Nothing if the assertion proves the application; BadAssertionError otherwise."""
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise BadAssertionError(50027, "") from None
    if "x5t" in header or "x5t#S256" in header:
        _check_certificate(assertion, header, claims, certificates, expected)
    else:
        _check_federated(assertion, claims, federated, expected)


def _check_certificate(
    assertion: str,
    header: Json,
    claims: Json,
    certificates: Iterable[Certificate],
    expected: Expected,
) -> None:
    given = (header.get("x5t"), header.get("x5t#S256"))
    names = {str(each).rstrip("=") for each in given if each}  # some clients keep the padding
    found = next((each for each in certificates if names <= {each.sha1, each.sha256}), None)
    if found is None:
        raise BadAssertionError(700027, "is not registered on the application")
    _check_signature(assertion, found.key())
    if not found.not_before <= expected.now < found.not_after:
        raise BadAssertionError(700027, "is expired or not yet valid on the application")
    if {str(claims.get("iss")).lower(), str(claims.get("sub")).lower()} != {
        expected.client_id.lower()
    }:
        raise BadAssertionError(700021, "")
    if claims.get("aud") not in expected.endpoints:
        raise BadAssertionError(700023, "")
    _check_times(claims, expected.now)


def _check_federated(
    assertion: str, claims: Json, federated: Iterable[Federated], expected: Expected
) -> None:
    trusted = [each for each in federated if each.issuer == claims.get("iss")]
    if not trusted:
        raise BadAssertionError(700211, str(claims.get("iss")))
    audience = [each for each in trusted if claims.get("aud") in (each.audience, [each.audience])]
    if not audience:
        raise BadAssertionError(700212, str(claims.get("aud")))
    found = next((each for each in audience if each.subject == claims.get("sub")), None)
    if found is None:
        raise BadAssertionError(700213, str(claims.get("sub")))
    _check_signature(assertion, serialization.load_pem_public_key(found.public_key.encode()))
    _check_times(claims, expected.now)


def _check_signature(assertion: str, key: Any) -> None:
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    options["verify_aud"] = False  # checked with the sandbox's own clock and endpoints
    try:
        jwt.decode(assertion, key, algorithms=_ALGORITHMS, options=options)
    except (jwt.InvalidTokenError, TypeError, ValueError):
        raise BadAssertionError(700027, "did not sign the assertion") from None


def _check_times(claims: Json, now: float) -> None:
    begins, ends = claims.get("nbf", claims.get("iat", now)), claims.get("exp")
    if not isinstance(ends, int | float) or not isinstance(begins, int | float):
        raise BadAssertionError(700024, "")
    if not begins - _SKEW <= now < ends + _SKEW or ends - begins > _LONGEST:
        raise BadAssertionError(700024, "")


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
