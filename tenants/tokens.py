"""App-only tokens through msal: one application object per credential and process, in memory only.

NoToken
+-- CredentialRefused      Entra answered and said no; a person has to act
|   +-- SecretWrong            store the secret's value
|   +-- SecretExpired          make and store a new one
|   +-- CertificateUnknown     upload the public part
|   +-- CertificateExpired     make and upload a new one
|   +-- AssertionRefused       compare with the federated credential
|   +-- ApplicationUnknown     check client id and consent
|   +-- ApplicationBlocked     disabled, or kept out by a policy
|   +-- TenantUnknown          check tenant id and cloud
|   +-- IdentityElsewhere      the host's managed identity is of another directory
|   +-- ConsentMissing         a token that permits nothing
+-- LoginUnreachable       no proper answer; worth another try later
+-- CredentialUnreadable   the portal cannot read what it stored; the operator has to act
"""

import json
import ssl
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import httpx
import msal
from django.conf import settings
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from tenants import vault
from tenants.domain.clouds import CLOUDS, may_be_sandbox
from tenants.domain.secret import hides_frames
from tenants.domain.token_errors import (
    Refusal,
    TokenProblem,
    consent_missing,
    directory_of,
    explain,
    identity_elsewhere,
    token_roles,
)
from tenants.identity import (
    IdentityUnreachable,
    ManagedIdentity,
    NoIdentity,
    assertion_of,
    workload_assertion,
)
from tenants.models import Credential, Tenant

TEST = "test"  # the purpose of a token that is asked for to see whether it is given
_TIMEOUT = 20.0
# By credential and by how the tenant was reached when the object was made: a worker must not go on
# with an address that was changed in the web process.
_Key = tuple[int, str, str, str]
_applications: dict[_Key, Any] = {}
_lock = Lock()


class NoToken(Exception):
    """No token was given; str() is a sentence for a person."""


class CredentialRefused(NoToken):
    """Entra refused the credential; `problem` has its code and words."""

    def __init__(self, problem: TokenProblem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


class SecretWrong(CredentialRefused):
    """The client secret is not one of the application's."""


class SecretExpired(CredentialRefused):
    """The client secret has expired."""


class CertificateUnknown(CredentialRefused):
    """The certificate is not one of the application's."""


class CertificateExpired(CredentialRefused):
    """The certificate has expired."""


class AssertionRefused(CredentialRefused):
    """The workload identity's assertion does not fit the federated credential."""


class ApplicationUnknown(CredentialRefused):
    """The tenant does not know the application."""


class ApplicationBlocked(CredentialRefused):
    """The application is disabled, or a policy keeps it out."""


class TenantUnknown(CredentialRefused):
    """The cloud does not know the tenant."""


class IdentityElsewhere(CredentialRefused):
    """The host's managed identity belongs to another directory."""


class ConsentMissing(CredentialRefused):
    """A token was given that permits nothing: admin consent is missing."""


class CredentialUnreadable(NoToken):
    """What the portal has stored cannot be read."""


class LoginUnreachable(NoToken):
    """The login service did not answer properly."""


_KINDS: dict[Refusal, type[CredentialRefused]] = {
    Refusal.SECRET_WRONG: SecretWrong,
    Refusal.SECRET_EXPIRED: SecretExpired,
    Refusal.CERTIFICATE_UNKNOWN: CertificateUnknown,
    Refusal.CERTIFICATE_EXPIRED: CertificateExpired,
    Refusal.ASSERTION_REFUSED: AssertionRefused,
    Refusal.APPLICATION_UNKNOWN: ApplicationUnknown,
    Refusal.APPLICATION_BLOCKED: ApplicationBlocked,
    Refusal.TENANT_UNKNOWN: TenantUnknown,
    Refusal.CONSENT_MISSING: ConsentMissing,
    Refusal.IDENTITY_ELSEWHERE: IdentityElsewhere,
    Refusal.OTHER: CredentialRefused,
}


def _refused(problem: TokenProblem) -> CredentialRefused:
    return _KINDS[problem.refusal](problem)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The part of a response msal reads."""

    status_code: int
    text: str
    headers: dict[str, str]

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise LoginUnreachable(f"The login service answered {self.status_code}.")


class LoginClient:
    """HTTP client for msal; for a sandbox it maps the production authority there and back.

    msal refuses any authority and token endpoint that is not https, so the sandbox's addresses
    are written as the authority's in what msal reads, and back in what it asks for. It talks to
    the tenant's own login host (or sandbox) and nowhere else: LoginUnreachable.
    """

    def __init__(self, authority: str, sandbox_url: str = "") -> None:
        self._authority = authority
        self._sandbox = sandbox_url.rstrip("/")
        # A token lasts an hour: a connection kept open would only be left behind by `forget`.
        self._client = httpx.Client(
            timeout=_TIMEOUT,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            verify=_trusted(),
        )

    def get(self, url: str, **kwargs: Any) -> _Answer:
        """GET as msal calls it."""
        return self._send("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> _Answer:
        """POST as msal calls it."""
        return self._send("POST", url, **kwargs)

    def close(self) -> None:
        """Called by msal when it is done."""
        self._client.close()

    def _send(self, method: str, url: str, **kwargs: Any) -> _Answer:
        accepted = {name: kwargs[name] for name in ("params", "data", "headers") if name in kwargs}
        if isinstance(accepted.get("data"), dict):
            accepted["data"] = {name: _text(value) for name, value in accepted["data"].items()}
        if httpx.URL(url).copy_with(raw_path=b"/") != httpx.URL(self._authority + "/"):
            raise LoginUnreachable(f"{url} is not the login service of this tenant's cloud.")
        if self._sandbox:
            if not may_be_sandbox(self._sandbox, settings.SANDBOX_HOSTS):
                raise LoginUnreachable(f"{self._sandbox} is not among SANDBOX_HOSTS.")
            url = url.replace(self._authority, self._sandbox, 1)
        try:
            response = self._client.request(method, url, **accepted)
        except httpx.HTTPError as error:
            raise LoginUnreachable(f"The login service did not answer ({error!s}).") from error
        text = _entras_words(response)
        if self._sandbox:
            text = text.replace(self._sandbox, self._authority)
        return _Answer(response.status_code, text, dict(response.headers))


def _text(value: Any) -> Any:
    """msal gives assertions as bytes, of which httpx would send the Python notation."""
    return value.decode() if isinstance(value, bytes) else value


def _entras_words(response: httpx.Response) -> str:
    """The answer's JSON object; raises LoginUnreachable for an outage or somebody else's page."""
    status = response.status_code
    if 300 <= status < 400 or status == 429 or status >= 500:
        raise LoginUnreachable(f"The login service answered {status}.")
    try:
        found = json.loads(response.text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise LoginUnreachable(
            f"The login service answered {status} with something else than JSON."
        )
    return response.text


@cache
def _trusted() -> ssl.SSLContext:
    """Certificates of the world: loading them takes time, so once a process."""
    return httpx.create_ssl_context()


@hides_frames
def app_token(
    tenant: Tenant, credential: Credential, *, fresh: bool = False, purpose: str = ""
) -> str:
    """A bearer token for the tenant's SCIM API, or NoToken; `fresh` discards what was cached.

    What was asked of Entra is noted on the credential, with its purpose; what was cached is not.
    """
    if fresh:
        forget(credential)
    try:
        token, asked = _token(tenant, credential)
    except CredentialRefused as error:
        _note_refusal(credential, error)
        raise
    if asked:
        _note_use(credential, token, purpose)
    return token


def try_token(tenant: Tenant, credential: Credential) -> tuple[str, ...] | None:
    """Permissions in a fresh token, None if it does not show any; NoToken."""
    return token_roles(app_token(tenant, credential, fresh=True, purpose=TEST))


def _token(tenant: Tenant, credential: Credential) -> tuple[str, bool]:
    """A token, and whether Entra was asked for it."""
    answer = _answer(tenant, credential)
    if "access_token" not in answer:
        raise _refused(_problem(answer))
    token = str(answer["access_token"])
    if token_roles(token) == ():
        forget(credential)
        raise _refused(consent_missing())
    return token, answer.get("token_source") != "cache"


def _answer(tenant: Tenant, credential: Credential) -> dict[str, Any]:
    scope = CLOUDS[tenant.cloud].scope
    try:
        application = _application(tenant, credential)
        if isinstance(application, ManagedIdentity):
            return _own_answer(tenant, application, scope.removesuffix("/.default"))
        found: dict[str, Any] = application.acquire_token_for_client([scope])
        return found
    except NoIdentity as error:
        raise CredentialUnreadable(str(error)) from error
    except IdentityUnreachable as error:
        raise LoginUnreachable(str(error)) from error
    except ValueError as error:
        # msal raises ValueError when the tenant's discovery document is refused.
        raise _refused(explain("invalid_tenant", str(error), [90002])) from error
    except KeyError as error:
        raise LoginUnreachable(f"The login service answered without {error}.") from error


def _own_answer(tenant: Tenant, identity: ManagedIdentity, resource: str) -> dict[str, Any]:
    """A managed identity is known in its own directory only."""
    answer = identity.answer(resource)
    directory = directory_of(str(answer["access_token"]))
    if directory.lower() != tenant.entra_id.lower():
        raise _refused(identity_elsewhere(directory))
    return answer


def _note_use(credential: Credential, token: str, purpose: str) -> None:
    now, roles = timezone.now(), token_roles(token)
    Credential.objects.filter(pk=credential.pk).update(
        first_used_at=Coalesce("first_used_at", Value(now, DateTimeField())),
        last_used_at=now,
        last_used_for=purpose[:60],
        tokens=F("tokens") + 1,
        roles=None if roles is None else sorted(roles),
        refusal="",
    )


def _note_refusal(credential: Credential, error: CredentialRefused) -> None:
    Credential.objects.filter(pk=credential.pk).update(
        refused_at=timezone.now(), refusal=str(error)[:500]
    )


def _problem(answer: dict[str, Any]) -> TokenProblem:
    return explain(
        answer.get("error", "unknown_error"),
        answer.get("error_description", ""),
        [int(code) for code in answer.get("error_codes", [])],
        str(answer.get("trace_id", "")),
        str(answer.get("correlation_id", "")),
    )


def forget(credential: Credential) -> None:
    """Drop the application object and its cached tokens, so that new consent shows."""
    with _lock:
        for key in [key for key in _applications if key[0] == credential.pk]:
            del _applications[key]


def _application(tenant: Tenant, credential: Credential) -> Any:
    """msal's object for a credential, or the host's managed identity."""
    key = (credential.pk, tenant.cloud, tenant.entra_id, tenant.sandbox_url)
    with _lock:
        if key not in _applications:
            _applications[key] = (
                ManagedIdentity(credential.identity_id)
                if credential.kind == Credential.Kind.MANAGED_IDENTITY
                else _confidential(tenant, credential)
            )
        return _applications[key]


def _confidential(tenant: Tenant, credential: Credential) -> msal.ConfidentialClientApplication:
    authority = CLOUDS[tenant.cloud].authority
    return msal.ConfidentialClientApplication(
        credential.client_id,
        client_credential=_proof(tenant, credential),
        authority=f"{authority}/{tenant.entra_id}",
        http_client=LoginClient(authority, tenant.sandbox_url),
    )


def _proof(tenant: Tenant, credential: Credential) -> str | dict[str, Any]:
    """What msal proves the application with."""
    match credential.kind:
        case Credential.Kind.FEDERATED:
            return {"client_assertion": workload_assertion}
        case Credential.Kind.FEDERATED_IDENTITY:
            audience = CLOUDS[tenant.cloud].exchange
            return {"client_assertion": assertion_of(credential.identity_id, audience)}
    secret = secret_of(credential)
    if credential.kind == Credential.Kind.CERTIFICATE:
        key, marker, certificate = secret.partition("-----BEGIN CERTIFICATE-----")
        # Without a thumbprint msal takes the SHA-256 one of the certificate, and PS256.
        return {"private_key": key, "public_certificate": marker + certificate}
    return secret


def secret_place(credential: Credential) -> bytes:
    """What the credential's secret is bound to."""
    return vault.binding(credential.tenant_id, "Credential", "sealed_secret")


@hides_frames
def secret_of(credential: Credential) -> str:
    """The credential's secret in clear text; never store, show or log what this returns."""
    try:
        return vault.unseal(credential.sealed_secret, secret_place(credential)).decode()
    except vault.VaultError as error:
        raise CredentialUnreadable(
            f"The stored credential cannot be opened ({error}) Check that VAULT_KEYS still holds"
            " the key it was sealed with, or store the credential anew."
        ) from error
