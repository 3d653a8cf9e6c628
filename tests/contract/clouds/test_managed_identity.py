"""A managed identity opens its own directory, and by a federated credential those of customers.

Both forms of the identity endpoint are stood in for on loopback; tokens and directories are the
sandbox's.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import jwt
import pytest

from provisioning.adapters.directory import open_client
from provisioning.scim.messages import Purpose
from tenants import services, tokens
from tenants.domain.clouds import CLOUDS
from tenants.models import Credential, Customer, Tenant
from tenants.services import TenantFacts
from tests.support.certificates import KeyPair, make_pair
from tests.support.identity_endpoint import IdentityEndpoint, identity_endpoint
from tests.support.sandbox import RunningSandbox
from tests.support.services import free_port

APP, IDENTITY = str(uuid.uuid4()), str(uuid.uuid4())
HOST_DIRECTORY, OBJECT = str(uuid.uuid4()), str(uuid.uuid4())
ISSUER = f"https://login.microsoftonline.com/{HOST_DIRECTORY}/v2.0"
GRAPH, EXCHANGE = "https://graph.microsoft.com", "api://AzureADTokenExchange"
FORMS = {"imds": IdentityEndpoint.as_imds, "app service": IdentityEndpoint.as_app_service}


@cache
def issuer() -> KeyPair:
    return make_pair("login service")


def assertion(audience: str) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": OBJECT, "aud": audience, "iat": now, "exp": now + 3600}
    return jwt.encode(claims, issuer().key_pem, algorithm="RS256")


class Host:
    """A host with a user-assigned identity; `tokens` are what its endpoint gives for Graph."""

    def __init__(self, sandbox: RunningSandbox, tenant: Tenant) -> None:
        self.sandbox, self.tenant = sandbox, tenant
        self.directory = tenant.entra_id
        self.identities = {IDENTITY}
        federated = {"issuer": ISSUER, "subject": OBJECT, "public_key": issuer().public_pem}
        sandbox.put_tenant(
            tenant.entra_id,
            applications=[
                {"client_id": APP, "federated": [federated]},
                # How the sandbox knows the identity's service principal.
                {"client_id": IDENTITY, "client_secret": "of-the-stand-in"},
            ],
        )

    def give(self, resource: str, client_id: str) -> str | None:
        if client_id and client_id not in self.identities:
            return None
        if resource == EXCHANGE:
            return assertion(resource)
        assert resource == GRAPH
        return self.sandbox.token(self.directory, IDENTITY, "of-the-stand-in")


@pytest.fixture
def host(db: None, sandbox: RunningSandbox) -> Host:
    tokens._applications.clear()
    customer = Customer.objects.create(name="Fabled", slug="fabled")
    facts = TenantFacts(
        name="Fabled directory",
        slug="fabled",
        cloud="sandbox",
        entra_id=str(uuid.uuid4()),
        sandbox_url=sandbox.url,
    )
    return Host(sandbox, services.add_tenant(customer=customer, facts=facts, by=None))


@pytest.fixture(params=FORMS)
def endpoint(
    host: Host, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[IdentityEndpoint]:
    with identity_endpoint(host.give) as running:
        set_environment(monkeypatch, FORMS[request.param](running))
        yield running


def set_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def federated(host: Host, identity_id: str = IDENTITY) -> Credential:
    return services.store_federated(
        tenant=host.tenant, client_id=APP, identity_id=identity_id, by=None
    )


def own(host: Host, *, user_assigned: bool = True) -> Credential:
    return services.store_managed_identity(
        tenant=host.tenant, client_id=IDENTITY, user_assigned=user_assigned, by=None
    )


STORE: dict[str, Callable[[Host], Credential]] = {
    "federated": federated,
    "user-assigned": own,
    "system-assigned": lambda host: own(host, user_assigned=False),
}


@pytest.mark.parametrize("kind", STORE)
def test_each_way_opens_the_directory(host: Host, endpoint: IdentityEndpoint, kind: str) -> None:
    credential = STORE[kind](host)
    claims = jwt.decode(
        tokens.app_token(host.tenant, credential), options={"verify_signature": False}
    )
    assert claims["tid"] == host.tenant.entra_id
    assert claims["appid"] == (APP if kind == "federated" else IDENTITY)
    with open_client(host.tenant, "test", lambda: time.monotonic() + 60) as client:
        assert list(client.users(Purpose.CONNECTION_TEST, ("userName",))) == [[]]
    (asked,) = endpoint.asked
    assert asked["resource"] == (EXCHANGE if kind == "federated" else GRAPH)
    assert asked.get("client_id") == (None if kind == "system-assigned" else IDENTITY)
    assert not credential.sealed_secret


def test_tokens_are_kept_and_noted(host: Host, endpoint: IdentityEndpoint) -> None:
    credential = own(host)
    for _ in range(3):
        tokens.app_token(host.tenant, credential, purpose="job:1")
    assert len(endpoint.asked) == 1
    credential.refresh_from_db()
    assert (credential.tokens, credential.last_used_for) == (1, "job:1")


def test_a_managed_identity_of_another_directory_is_named_as_such(
    host: Host, endpoint: IdentityEndpoint
) -> None:
    host.directory = str(uuid.uuid4())
    host.sandbox.put_tenant(
        host.directory,
        applications=[{"client_id": IDENTITY, "client_secret": "of-the-stand-in"}],
    )
    credential = own(host)
    with pytest.raises(tokens.IdentityElsewhere, match="federated credential") as refused:
        tokens.app_token(host.tenant, credential)
    assert host.directory in refused.value.problem.description
    credential.refresh_from_db()
    assert "another directory" in credential.refusal


@pytest.mark.parametrize("store", [federated, own])
def test_an_identity_that_is_not_assigned(
    host: Host, endpoint: IdentityEndpoint, store: Any
) -> None:
    host.identities.clear()
    with pytest.raises(tokens.CredentialUnreadable, match="is assigned to this host"):
        tokens.app_token(host.tenant, store(host))


@pytest.mark.parametrize("store", [federated, own])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_endpoint_that_is_busy_is_tried_again_later(
    host: Host, endpoint: IdentityEndpoint, store: Any, status: int
) -> None:
    endpoint.status = status
    with pytest.raises(tokens.LoginUnreachable, match=str(status)):
        tokens.app_token(host.tenant, store(host))


@pytest.mark.parametrize("store", [federated, own])
def test_a_host_without_any(host: Host, monkeypatch: pytest.MonkeyPatch, store: Any) -> None:
    nowhere = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://127.0.0.1:{free_port()}"}
    set_environment(monkeypatch, nowhere)
    with pytest.raises(tokens.CredentialUnreadable, match="has no managed identity"):
        tokens.app_token(host.tenant, store(host))


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("global", EXCHANGE),
        ("usgov", f"{EXCHANGE}USGov"),
        ("dod", f"{EXCHANGE}USGov"),
        ("china", f"{EXCHANGE}China"),
    ],
)
def test_the_assertion_is_made_for_the_tenants_cloud(cloud: str, audience: str) -> None:
    assert CLOUDS[cloud].exchange == audience
