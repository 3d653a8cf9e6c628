"""A tenant of each cloud reaches its own hosts over verified TLS, and nothing else."""

import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from provisioning.adapters.directory import open_client
from provisioning.domain.attributes import MAIL_NICKNAME
from provisioning.models import ConnectionTest
from provisioning.scim import transport
from provisioning.scim.errors import Misconfigured, NotSent, error_of
from provisioning.scim.messages import Attempt, Fate, Purpose
from provisioning.scim.transport import WrongHost
from provisioning.scim.users import create_user
from tenants import services, tokens
from tenants.domain.roles import Role
from tenants.models import Credential, Customer, Tenant
from tenants.services import TenantFacts
from tenants.tokens import LoginClient, LoginUnreachable
from tests.support.clouds import Clouds, open_clouds
from tests.support.rows import add_person
from tests.support.sandbox import RunningSandbox

APP = "0d7f7f0c-93a1-4d83-9a0c-6a2c2f8f4f11"
HOSTS = {
    "global": {"login.microsoftonline.com", "graph.microsoft.com"},
    "usgov": {"login.microsoftonline.us", "graph.microsoft.us"},
    "dod": {"login.microsoftonline.us", "dod-graph.microsoft.us"},
    "china": {"login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"},
}
ADA: dict[str, str | bool] = {
    "userName": "ada@fabled.example",
    "displayName": "Ada Byron",
    "name.givenName": "Ada",
    "name.familyName": "Byron",
    "active": True,
    MAIL_NICKNAME: "ada",
}


def forget_certificates() -> None:
    transport._trusted.cache_clear()
    tokens._trusted.cache_clear()
    tokens._applications.clear()


@pytest.fixture
def clouds(
    sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Clouds]:
    with open_clouds(sandbox.url, tmp_path) as found:
        monkeypatch.setenv("HTTPS_PROXY", found.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(found.ca))
        for name in ("NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        forget_certificates()
        yield found
    forget_certificates()


def tenant_in(sandbox: RunningSandbox, cloud: str) -> Tenant:
    entra_id = str(uuid.uuid4())
    app = {"client_id": APP, "client_secret": "secret"}
    sandbox.put_tenant(entra_id, domains=["fabled.example"], applications=[app])
    customer = Customer.objects.create(name="Fabled", slug=f"fabled-{entra_id[:8]}")
    facts = TenantFacts(name="Fabled", slug=customer.slug, cloud=cloud, entra_id=entra_id)
    tenant = services.add_tenant(customer=customer, facts=facts, by=None)
    services.store_secret(tenant=tenant, client_id=APP, secret="secret", by=None)
    return tenant


def deadline() -> float:
    return time.monotonic() + 60


@pytest.mark.parametrize("cloud", HOSTS)
def test_an_onboarding_reaches_and_names_the_hosts_of_its_cloud_only(
    db: None, client: Client, sandbox: RunningSandbox, clouds: Clouds, cloud: str
) -> None:
    tenant = tenant_in(sandbox, cloud)
    entra_id, domain = tenant.entra_id, f"{tenant.slug}.example"
    sandbox.put_tenant(entra_id, domains=[domain])
    Tenant.objects.filter(pk=tenant.pk).update(entra_id=domain)
    client.force_login(add_person(Role.ENGINEER, tenant.customer))
    base = f"/tenants/{tenant.slug}"
    client.post(f"{base}/onboarding/lookup/")
    assert Tenant.objects.get(pk=tenant.pk).entra_id == entra_id
    client.post(f"{base}/connection/")
    test = ConnectionTest.objects.get()
    assert test.worked, test.steps
    assert set(clouds.asked) == HOSTS[cloud]
    note = {"application-client_id": APP, "application-shared_application": "on"}
    client.post(f"{base}/onboarding/application/", note)
    shown = ["onboarding/", "connection/", "onboarding/script/azure-cli/"]
    shown.append("onboarding/script/powershell/")
    text = "".join(client.get(f"{base}/{page}").content.decode() for page in shown)
    named = set(re.findall(r"https://([\w.-]+)", text))
    assert named == HOSTS[cloud]


@pytest.mark.parametrize("cloud", HOSTS)
def test_a_tenant_reaches_the_hosts_of_its_cloud_only(
    db: None, sandbox: RunningSandbox, clouds: Clouds, cloud: str
) -> None:
    tenant = tenant_in(sandbox, cloud)
    with open_client(tenant, "test", deadline) as client:
        assert list(client.users(Purpose.INVENTORY, ("userName",))) == [[]]
        client.write(create_user(ADA, "Long-enough-1", ""))
    assert set(clouds.asked) == HOSTS[cloud]
    assert [user["userName"] for user in sandbox.users(tenant.entra_id)] == ["ada@fabled.example"]


def test_a_server_without_a_trusted_certificate_is_told_nothing(
    db: None, sandbox: RunningSandbox, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = tenant_in(sandbox, "global")
    with open_client(tenant, "test", deadline) as client:
        token = client.bearer.value
    monkeypatch.delenv("SSL_CERT_FILE")
    forget_certificates()
    with pytest.raises(LoginUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
        tokens.app_token(tenant, Credential.objects.get())
    monkeypatch.setattr("provisioning.adapters.directory.app_token", lambda *_, **__: token)
    with open_client(tenant, "test", deadline) as client:
        attempt = Attempt(create_user(ADA, "Long-enough-1", ""))
        (exchange,) = client.send_all([attempt], deadline())
    assert exchange.answer.fate is Fate.UNSENT
    assert type(error_of(exchange)) is NotSent
    assert sandbox.usage(tenant.entra_id)["requests"] == 0


def test_a_redirect_to_another_host_is_not_followed(
    db: None, sandbox: RunningSandbox, clouds: Clouds
) -> None:
    tenant = tenant_in(sandbox, "usgov")
    with open_client(tenant, "test", deadline) as client:
        clouds.redirect = "https://graph.microsoft.com/rp/scim/users"
        with pytest.raises(Misconfigured):
            list(client.users(Purpose.INVENTORY, ("userName",)))
    assert set(clouds.asked) == HOSTS["usgov"]


def test_a_login_service_that_points_elsewhere_is_not_followed(
    db: None, sandbox: RunningSandbox, clouds: Clouds
) -> None:
    clouds.redirect = "https://login.microsoftonline.com/token"
    with pytest.raises(LoginUnreachable, match="answered 307"):
        LoginClient("https://login.microsoftonline.us").get("https://login.microsoftonline.us/x")
    assert clouds.asked == ["login.microsoftonline.us"]


@pytest.mark.parametrize(
    "url",
    [
        "https://login.microsoftonline.us/tenant/oauth2/v2.0/token",
        "http://login.microsoftonline.com/tenant/oauth2/v2.0/token",
        "https://login.microsoftonline.com.elsewhere.example/token",
        "https://login.microsoftonline.com:8443/token",
        "https://someone@elsewhere.example/login.microsoftonline.com",
    ],
)
@pytest.mark.parametrize("sandbox_url", ["", "http://127.0.0.1:9"])
def test_the_login_client_knows_one_host(clouds: Clouds, url: str, sandbox_url: str) -> None:
    client = LoginClient("https://login.microsoftonline.com", sandbox_url)
    with pytest.raises(LoginUnreachable, match="is not the login service"):
        client.post(url, data={})
    assert clouds.asked == []


@pytest.mark.parametrize("cloud", HOSTS)
def test_a_tenant_of_entra_never_reaches_a_sandbox(
    db: None, sandbox: RunningSandbox, clouds: Clouds, monkeypatch: Any, cloud: str
) -> None:
    tenant = tenant_in(sandbox, cloud)
    monkeypatch.setattr(
        "provisioning.adapters.directory.scim_base", lambda _: f"{sandbox.url}/rp/scim"
    )
    with pytest.raises(WrongHost), open_client(tenant, "test", deadline):
        pass
    assert sandbox.usage(tenant.entra_id)["requests"] == 0
