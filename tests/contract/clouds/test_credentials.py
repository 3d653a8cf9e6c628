"""Every kind of credential gets a token that SCIM takes, and every refusal says what to do."""

import time
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest

from provisioning.adapters.directory import open_client
from provisioning.scim.messages import Purpose
from tenants import services, tokens
from tenants.models import Credential, Customer, Tenant
from tenants.services import TenantFacts
from tenants.tokens import app_token
from tests.support.certificates import KeyPair, make_pair
from tests.support.sandbox import RunningSandbox

APP = "0d7f7f0c-93a1-4d83-9a0c-6a2c2f8f4f11"
SECRET = "a-secret-of-this-test"
ISSUER, SUBJECT = "https://issuer.lanternfield.example", "system:serviceaccount:portal:worker"
EXCHANGE = "api://AzureADTokenExchange"


@cache
def pair(days_before: float = -1, days_after: float = 30) -> KeyPair:
    return make_pair("portal", days=(days_before, days_after))


@cache
def issuer() -> KeyPair:
    return make_pair("issuer")


def assertion(signer: KeyPair | None = None, **changes: Any) -> str:
    """A workload identity's token, as a cluster's issuer signs it."""
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": EXCHANGE, "iat": now, "exp": now + 3600}
    return jwt.encode(claims | changes, (signer or issuer()).key_pem, algorithm="RS256")


class Place:
    """A tenant of the sandbox with one application, and what the portal stores for it."""

    def __init__(self, sandbox: RunningSandbox, tenant: Tenant, token_file: Path) -> None:
        self.sandbox = sandbox
        self.tenant = tenant
        self.token_file = token_file
        self.app: dict[str, Any] = {
            "client_id": APP,
            "client_secret": SECRET,
            "certificates": [pair().certificate_pem],
            "federated": [
                {"issuer": ISSUER, "subject": SUBJECT, "public_key": issuer().public_pem}
            ],
        }
        self.register()

    def register(self, **changes: Any) -> None:
        """Have the application registered with these changes."""
        self.sandbox.put_tenant(
            self.tenant.entra_id,
            domains=["fabled.example"],
            applications=[self.app | changes],
        )

    def secret(self, secret: str = SECRET, client_id: str = APP) -> Credential:
        return services.store_secret(
            tenant=self.tenant, client_id=client_id, secret=secret, by=None
        )

    def certificate(self, found: KeyPair | None = None) -> Credential:
        found = found or pair()
        text = found.key_pem + found.certificate_pem
        return services.store_certificate(tenant=self.tenant, client_id=APP, pem=text, by=None)

    def federated(self, token: str = "") -> Credential:
        self.token_file.write_text((token or assertion()) + "\n")
        return services.store_federated(tenant=self.tenant, client_id=APP, by=None)


@pytest.fixture
def place(db: None, sandbox: RunningSandbox, tmp_path: Path, settings: Any) -> Place:
    settings.FEDERATED_TOKEN_FILE = str(tmp_path / "token")
    customer = Customer.objects.create(name="Fabled", slug="fabled")
    facts = TenantFacts(
        name="Fabled directory",
        slug="fabled",
        cloud="sandbox",
        entra_id=str(uuid.uuid4()),
        sandbox_url=sandbox.url,
    )
    tenant = services.add_tenant(customer=customer, facts=facts, by=None)
    return Place(sandbox, tenant, tmp_path / "token")


STORE: dict[str, Callable[[Place], Credential]] = {
    "secret": Place.secret,
    "certificate": Place.certificate,
    "client assertion": Place.federated,
}


@pytest.mark.parametrize("kind", STORE)
def test_every_kind_of_credential_opens_the_directory(place: Place, kind: str) -> None:
    credential = STORE[kind](place)
    claims = jwt.decode(app_token(place.tenant, credential), options={"verify_signature": False})
    assert claims["tid"] == place.tenant.entra_id
    assert claims["appidacr"] == ("1" if kind == "secret" else "2")
    with open_client(place.tenant, "test", lambda: time.monotonic() + 60) as client:
        assert list(client.users(Purpose.CONNECTION_TEST, ("userName",))) == [[]]
    assert place.sandbox.usage(place.tenant.entra_id)["by_status"] == {"200": 1}


def test_a_rotated_workload_token_is_read_anew(place: Place) -> None:
    credential = place.federated()
    app_token(place.tenant, credential)
    place.token_file.write_text(assertion(jti="another"))
    assert app_token(place.tenant, credential, fresh=True)


def refusal(place: Place, credential: Credential) -> tokens.NoToken:
    with pytest.raises(tokens.NoToken) as caught:
        app_token(place.tenant, credential)
    assert place.sandbox.usage(place.tenant.entra_id)["requests"] == 0, "a token is no SCIM call"
    return caught.value


def blocked(place: Place) -> Credential:
    place.register(blocked=True)
    return place.secret()


def disabled(place: Place) -> Credential:
    place.register(disabled=True)
    return place.secret()


def without_consent(place: Place) -> Credential:
    place.register(consented=False)
    return place.secret()


def expired_secret(place: Place) -> Credential:
    place.register(client_secret=None, secrets=[{"value": SECRET, "expires": 1.0}])
    return place.secret()


def expired_certificate(place: Place) -> Credential:
    # Valid when it was stored; the directory's clock is beyond its end by the time it is used.
    short = pair(-2, 0.0005)
    place.register(certificates=[short.certificate_pem])
    credential = place.certificate(short)
    place.sandbox.advance_clock(60)
    return credential


def other_certificate(place: Place) -> Credential:
    return place.certificate(pair(-3, 40))


REFUSED: list[tuple[str, Callable[[Place], Credential], type[tokens.NoToken], int, str]] = [
    ("wrong secret", lambda p: p.secret("wrong"), tokens.SecretWrong, 7000215, "not its id"),
    ("expired secret", expired_secret, tokens.SecretExpired, 7000222, "has expired"),
    ("unknown certificate", other_certificate, tokens.CertificateUnknown, 700027, "public part"),
    ("expired certificate", expired_certificate, tokens.CertificateExpired, 700027, "has expired"),
    (
        "foreign issuer",
        lambda p: p.federated(assertion(iss="https://elsewhere.example")),
        tokens.AssertionRefused, 700211, "federated credential",
    ),
    (
        "foreign audience",
        lambda p: p.federated(assertion(aud="api://else")),
        tokens.AssertionRefused, 700212, "federated credential",
    ),
    (
        "foreign subject",
        lambda p: p.federated(assertion(sub="system:serviceaccount:other:app")),
        tokens.AssertionRefused, 700213, "federated credential",
    ),
    (
        "another's key",
        lambda p: p.federated(assertion(pair())),
        tokens.CertificateUnknown, 700027, "public part",
    ),
    (
        "an old assertion",
        lambda p: p.federated(assertion(iat=1_700_000_000, exp=1_700_003_600)),
        tokens.AssertionRefused, 700024, "clocks",
    ),
    ("no JWT", lambda p: p.federated("opaque"), tokens.AssertionRefused, 50027, "assertion"),
    (
        "unknown application",
        lambda p: p.secret(client_id=str(uuid.uuid4())),
        tokens.ApplicationUnknown, 700016, "Check the client id",
    ),
    ("disabled", disabled, tokens.ApplicationBlocked, 7000112, "has to enable it"),
    ("blocked by policy", blocked, tokens.ApplicationBlocked, 53003, "conditional access"),
    ("no consent", without_consent, tokens.ConsentMissing, 0, "admin consent"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("prepare", "kind", "code", "words"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_every_refusal_has_its_class_and_its_next_step(
    place: Place,
    prepare: Callable[[Place], Credential],
    kind: type[tokens.NoToken],
    code: int,
    words: str,
) -> None:
    error = refusal(place, prepare(place))
    assert type(error) is kind
    assert words in str(error)
    assert isinstance(error, tokens.CredentialRefused)
    assert error.problem.code == code
    if code:
        assert f"AADSTS{code}" in error.problem.description
        assert error.problem.trace_id
        assert error.problem.correlation_id


def test_a_tenant_nobody_knows_is_named_as_such(place: Place) -> None:
    place.tenant.entra_id = str(uuid.uuid4())
    place.tenant.save()
    credential = place.secret()
    with pytest.raises(tokens.TenantUnknown, match="Check the tenant id"):
        app_token(place.tenant, credential)


def test_consent_that_is_given_shows_at_once(place: Place) -> None:
    credential = without_consent(place)
    assert type(refusal(place, credential)) is tokens.ConsentMissing
    place.register()
    assert app_token(place.tenant, credential)


@pytest.mark.parametrize("lost", ["unset", "missing file"])
def test_a_host_without_a_workload_identity_says_so(place: Place, settings: Any, lost: str) -> None:
    credential = place.federated()
    settings.FEDERATED_TOKEN_FILE = "" if lost == "unset" else "/nowhere/token"
    assert type(refusal(place, credential)) is tokens.CredentialUnreadable


def test_a_lost_vault_key_names_the_setting(place: Place, settings: Any) -> None:
    credential = place.secret()
    settings.VAULT_KEYS = "other:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="
    error = refusal(place, credential)
    assert type(error) is tokens.CredentialUnreadable
    assert "VAULT_KEYS" in str(error)
