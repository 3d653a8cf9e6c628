"""The page of a tenant's credentials: each kind is stored, tried, switched to and removed by it."""

import re
import time
import uuid
from functools import cache

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tenants import services
from tenants.domain.roles import Role
from tenants.models import Credential
from tenants.selectors import active_credential
from tenants.tokens import secret_of
from tests.integration.tenants.conftest import make_tenant
from tests.support.certificates import make_pair
from tests.support.identity_endpoint import identity_endpoint

APP, IDENTITY = str(uuid.uuid4()), str(uuid.uuid4())
SECRET = "a-secret-that-is-never-shown"
ISSUER, SUBJECT = "https://issuer.lanternfield.example", "system:serviceaccount:portal:worker"
EXCHANGE = "api://AzureADTokenExchange"


@cache
def pair():
    return make_pair("portal")


def assertion(audience=EXCHANGE):
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": audience, "exp": now + 3600}
    return jwt.encode(claims, pair().key_pem, algorithm="RS256")


@pytest.fixture
def tenant(db, sandbox):
    entra_id = str(uuid.uuid4())
    secrets = [{"value": SECRET}, {"value": "another"}]
    application = {"client_id": APP, "secrets": secrets, "certificates": [pair().certificate_pem]}
    sandbox.put_tenant(entra_id, applications=[application])
    return make_tenant("fabled", cloud="sandbox", entra_id=entra_id, sandbox_url=sandbox.url)


@pytest.fixture
def page(client, tenant, person):
    """Opens the page of a kind, or hands in its form."""
    client.force_login(person((Role.ENGINEER, None)))
    address = reverse("tenant_credential", args=[tenant.slug])

    def ask(kind="secret", **fields):
        url = f"{address}?kind={kind}"
        if not fields:
            return client.get(url).content.decode()
        return client.post(url, {"client_id": APP, **fields}, follow=True).content.decode()

    ask.client = client
    return ask


def press(page, action, credential):
    address = reverse(f"tenant_credential_{action}", args=[credential.tenant.slug, credential.pk])
    return page.client.post(address, follow=True).content.decode()


def test_a_secret_with_its_end(page, tenant):
    shown = page(secret=SECRET, expires_on="2099-01-31")
    assert "The secret is stored, encrypted" in shown
    assert SECRET not in shown
    credential = active_credential(tenant)
    assert secret_of(credential) == SECRET
    assert f"{credential.expires_at:%Y-%m-%d}" == "2099-01-31"
    assert "31 Jan 2099" in shown


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"secret": SECRET, "expires_on": "2020-01-31"}, "has expired"),
        ({"secret": SECRET, "client_id": "my app"}, "a GUID"),
        ({"secret": "", "client_id": SECRET}, "a GUID"),  # pasted into the wrong field
        ({"secret": SECRET, "use": "whenever"}, ""),
    ],
)
def test_wrong_input_is_said_without_the_secret(page, tenant, fields, words):
    services.store_secret(tenant=tenant, client_id=APP, secret="x", by=None)
    shown = page(**fields)
    assert words in shown
    assert SECRET not in shown
    assert Credential.objects.count() == 1


@pytest.mark.parametrize("form", ["pfx", "pem"])
def test_a_certificate_with_its_private_key(page, tenant, form):
    lock = serialization.BestAvailableEncryption(b"opened-once")
    both = (pair().key, pair().certificate)
    content = (
        pkcs12.serialize_key_and_certificates(b"x", *both, None, lock)
        if form == "pfx"
        else (pair().key_pem + pair().certificate_pem).encode()
    )
    passphrase = "opened-once" if form == "pfx" else ""
    file = SimpleUploadedFile(f"portal.{form}", content)
    shown = page("certificate", file=file, passphrase=passphrase)
    assert "The certificate is stored" in shown
    assert "opened-once" not in shown
    credential = active_credential(tenant)
    assert secret_of(credential) == pair().key_pem + pair().certificate_pem
    assert "Entra gave a token" in press(page, "test", credential)


def test_a_wrong_passphrase_is_said_and_nothing_kept(page):
    lock = serialization.BestAvailableEncryption(b"right")
    content = pkcs12.serialize_key_and_certificates(
        b"x", pair().key, pair().certificate, None, lock
    )
    shown = page("certificate", file=SimpleUploadedFile("x.pfx", content), passphrase="wrong-one")
    assert "The passphrase is wrong, or the file is neither PFX nor PEM." in shown
    assert "wrong-one" not in shown
    assert not Credential.objects.exists()


def test_a_file_that_is_too_large(page):
    shown = page("certificate", file=SimpleUploadedFile("x.pfx", b"x" * 100_001))
    assert "too large for a certificate" in shown


@pytest.mark.parametrize(("bits", "years"), [(3072, 1), (2048, 2)])
def test_a_certificate_that_is_made_here_leaves_by_its_public_part_only(
    page, tenant, sandbox, bits, years
):
    shown = page("generated", bits=bits, years=years)
    credential = active_credential(tenant)
    files = [
        page.client.get(
            reverse("tenant_credential_file", args=[tenant.slug, credential.pk, ending])
        )
        for ending in ("cer", "pem")
    ]
    assert [file.headers["Content-Disposition"] for file in files] == [
        f'attachment; filename="fabled-{credential.pk}.{ending}"' for ending in ("cer", "pem")
    ]
    found = x509.load_der_x509_certificate(files[0].content)
    assert found == x509.load_pem_x509_certificate(files[1].content)
    assert found.public_key().key_size == bits
    assert b"PRIVATE" not in files[1].content
    secret = secret_of(credential)
    assert secret.count("PRIVATE KEY") == 2
    assert secret.splitlines()[3] not in shown
    # Uploaded to the app registration it opens the directory.
    application = {"client_id": APP, "certificates": [files[1].content.decode()]}
    sandbox.put_tenant(tenant.entra_id, applications=[application])
    assert "Entra gave a token" in press(page, "test", credential)


def test_only_a_certificate_has_a_file(page, tenant):
    credential = services.store_secret(tenant=tenant, client_id=APP, secret="x", by=None)
    for ending in ("cer", "pem", "key", "pfx"):
        address = reverse("tenant_credential_file", args=[tenant.slug, credential.pk, ending])
        assert page.client.get(address).status_code == 404


def test_a_workload_identity_shows_what_to_copy(page, tenant, settings, tmp_path):
    settings.FEDERATED_TOKEN_FILE = str(tmp_path / "token")
    (tmp_path / "token").write_text(assertion())
    before = page("federated")
    shown = page("federated", use="now")
    for text in (ISSUER, SUBJECT, EXCHANGE):
        assert text in before
        assert text in shown
    credential = active_credential(tenant)
    assert (credential.issuer, credential.subject) == (ISSUER, SUBJECT)
    assert assertion().split(".")[2][:20] not in shown


def test_an_assertion_for_somebody_else_is_pointed_out(page, settings, tmp_path):
    settings.FEDERATED_TOKEN_FILE = str(tmp_path / "token")
    (tmp_path / "token").write_text(assertion("https://kubernetes.default.svc"))
    assert "have it made for the audience above" in page("federated")


@pytest.mark.parametrize("file", ["", "/nowhere/token"])
def test_a_host_without_a_workload_identity_says_so_before_and_after(page, settings, file):
    settings.FEDERATED_TOKEN_FILE = file
    for shown in (page("federated"), page("federated", use="now")):
        assert "FEDERATED_TOKEN_FILE" in shown
        assert "no workload identity" in shown or "cannot be read" in shown
    assert not Credential.objects.exists()


def test_a_managed_identity_shows_what_to_copy_once_it_is_stored(page, tenant, monkeypatch):
    with identity_endpoint(lambda resource, _: assertion(resource)) as endpoint:
        for name, value in endpoint.as_imds().items():
            monkeypatch.setenv(name, value)
        shown = page("federated-identity", identity_id=IDENTITY)
        assert endpoint.asked[0]["client_id"] == IDENTITY
    for text in (ISSUER, SUBJECT, EXCHANGE, IDENTITY):
        assert text in shown
    assert active_credential(tenant).identity_id == IDENTITY


def test_the_hosts_own_identity_says_where_it_can_be_used(page, tenant):
    shown = page("identity")
    assert "own directory only" in shown
    assert "?kind=federated-identity" in shown
    page("identity", client_id=IDENTITY, user_assigned="on")
    credential = active_credential(tenant)
    assert (credential.kind, credential.identity_id) == ("managed_identity", IDENTITY)


def test_no_other_kind_exists(page):
    address = reverse("tenant_credential", args=["fabled"])
    assert page.client.get(f"{address}?kind=password").status_code == 404


def test_roll_over_by_the_page(page, tenant):
    page(secret=SECRET)
    press(page, "test", active_credential(tenant))
    # What is in use works, so the next one stands by unless it is wanted at once.
    assert re.search('<input[^>]*value="next"[^>]* checked', page())
    shown = page(secret="another", use="next")
    assert "Test it, then switch to it." in shown
    following = tenant.credentials.get(standby=True)
    assert "Switch to it" not in shown
    assert "Test it first" in press(page, "switch", following)
    assert "Switch to it" in press(page, "test", following)
    press(page, "switch", following)
    assert secret_of(active_credential(tenant)) == "another"
    old = tenant.credentials.get(standby=True)
    assert "Its secret is erased" in press(page, "remove", old)
    shown = page()
    assert "Former ones" in shown
    assert "No other one" in shown


def test_a_credential_that_permits_less_is_pointed_out(page, tenant):
    page(secret=SECRET)
    page(secret="another", use="next")
    Credential.objects.filter(active=True).update(roles=["User.Read.All", "Group.Read.All"])
    Credential.objects.filter(standby=True).update(roles=["User.Read.All"])
    assert "Missing in its token: Group.Read.All." in page()


def test_a_refusal_is_shown_with_what_to_do(page, tenant):
    page(secret="wrong")
    shown = press(page, "test", active_credential(tenant))
    assert "Paste the secret&#x27;s value, not its id." in shown


def test_a_former_one_is_not_tried(page, tenant):
    for secret in ("a", "b", "c"):
        page(secret=secret, use="now")
    former = tenant.credentials.get(active=False, standby=False)
    address = reverse("tenant_credential_test", args=[tenant.slug, former.pk])
    assert page.client.post(address).status_code == 404
