"""Planted secrets are in no page, export, fixture, crash page or traceback, however written.

What the running processes print, send and store is looked through in tests/services/test_canary.py.
"""

import io
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import DatabaseError
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from django.utils.log import AdminEmailHandler

from tenants import services, vault
from tenants.domain.roles import Role
from tenants.models import Credential, Customer, Destination, Tenant, User
from tenants.services.destinations import secrets_of
from tenants.tokens import secret_of
from tests.integration.portal.test_access import ROUTES
from tests.support.access import address, body_of, objects, routes_of
from tests.support.api import make_token
from tests.support.canary import Canary, as_pfx, key_pair, made_up, private_forms, vault_key
from tests.support.rows import add_person

APP = "0d7f7f0c-93a1-4d83-9a0c-6a2c2f8f4f11"
SECRET, NEXT, TYPED = (made_up(name, 3) for name in ("secret", "next", "typed"))
PASSPHRASE, WRONG_PASSPHRASE = made_up("passphrase", 3), made_up("wrong passphrase", 3)
SECRET_KEY = made_up("Django's key", 3)
RING, KEY = vault_key("k1", 3)


@pytest.fixture
def canary(settings: Any) -> Canary:
    settings.SECRET_KEY, settings.VAULT_KEYS = SECRET_KEY, RING
    found = Canary()
    for name, value in {
        "client secret": SECRET,
        "next secret": NEXT,
        "secret as typed": TYPED,
        "passphrase": PASSPHRASE,
        "wrong passphrase": WRONG_PASSPHRASE,
        "SECRET_KEY": SECRET_KEY,
        "vault key": KEY,
        **private_forms(key_pair()),
    }.items():
        found.plant(name, value)
    return found


@pytest.fixture
def world(db: None, canary: Canary) -> dict[str, dict[str, Any]]:
    """A tenant of everything, with a secret in use and a certificate beside it."""
    names = objects("own")
    tenant = Tenant.objects.get(slug="own")
    services.store_certificate(
        tenant=tenant,
        client_id="app",
        pem=as_pfx(key_pair(), PASSPHRASE),
        passphrase=PASSPHRASE,
        by=None,
    )
    names["person"] = {"pk": User.objects.create_user("nobody@msp.example").pk}
    webhook = Destination.objects.get(customer=tenant.customer)
    (signs,) = secrets_of(webhook, timezone.now())
    canary.plant("webhook secret", signs)
    certificate = services.store_secret(tenant=tenant, client_id="app", secret=SECRET, by=None)
    by = User.objects.create_superuser("tokens@msp.example")
    row, token = make_token(by)
    canary.plant("API token", token)
    canary.plant("API token, typed wrongly", token[:-1] + "x")
    assert row.digest
    names["credential"]["pk"] = tenant.credentials.get(standby=True).pk
    assert certificate.active
    assert canary.found_in(secret_of(certificate)), "what is looked for is what is stored"
    return names


@pytest.fixture
def people(world: Any) -> dict[str, User]:
    customer = Customer.objects.get(slug="customer-own")
    return {role.value: add_person(role, customer) for role in Role}


def address_of(name: str, world: dict[str, dict[str, Any]]) -> str:
    return address(name, ROUTES[name], world)


def test_no_page_shows_any(
    client: Client, world: Any, people: dict[str, User], canary: Canary
) -> None:
    """Every route as every role and as a visitor, whatever the answer: also 403, 404 and 405."""
    answers: dict[int, int] = {}
    for person in (None, *people.values()):
        client.logout()
        if person is not None:
            client.force_login(person)
        for name in ROUTES:
            response = client.get(address_of(name, world))
            answers[response.status_code] = answers.get(response.status_code, 0) + 1
            headers = repr(sorted(response.headers.items())) + repr(client.cookies)
            found = canary.found_in(body_of(response) + headers)
            assert not found, (person, name, found)
    assert {200, 302, 403, 405} <= set(answers)
    assert sum(answers.values()) == len(ROUTES) * (len(people) + 1)
    missing = client.get("/tenants/nowhere/credential/")
    assert missing.status_code in (403, 404)


def test_every_route_is_looked_at() -> None:
    assert {route.name for route in routes_of(get_resolver())} == set(ROUTES)


def test_a_page_that_leaks_is_noticed(
    client: Client, world: Any, people: dict[str, User], canary: Canary
) -> None:
    """The control: a name that is shown is the secret."""
    Tenant.objects.filter(slug="own").update(name=SECRET)
    client.force_login(people["engineer"])
    found = canary.found_in(body_of(client.get(address_of("tenant_detail", world))))
    assert any("client secret" in each for each in found)


BAD = {
    "secret": [
        {"client_id": "no id", "secret": TYPED},
        {"client_id": TYPED, "secret": ""},
        {"client_id": "no id", "secret": TYPED, "expires_on": "never", "use": "?"},
        {"client_id": APP, "secret": TYPED + "\0"},
    ],
    "federated-identity": [{"client_id": TYPED, "identity_id": TYPED}],
    "identity": [{"client_id": TYPED}],
    "generated": [{"client_id": TYPED, "bits": "1", "years": "9"}],
}


@pytest.mark.parametrize("kind", BAD)
def test_forms_that_are_refused_do_not_show_it_again(
    client: Client, world: Any, people: dict[str, User], canary: Canary, kind: str
) -> None:
    client.force_login(people["engineer"])
    for fields in BAD[kind]:
        response = client.post(f"{address_of('tenant_credential', world)}?kind={kind}", fields)
        assert response.status_code == 200
        assert 'class="errorlist"' in response.content.decode()
        assert not canary.found_in(body_of(response))


@pytest.mark.parametrize("content", ["wrong passphrase", "pem with its key", "no certificate"])
def test_files_that_are_refused_do_not_show_it_either(
    client: Client, world: Any, people: dict[str, User], canary: Canary, content: str
) -> None:
    files = {
        "wrong passphrase": as_pfx(key_pair(), PASSPHRASE),
        "pem with its key": (key_pair().key_pem + key_pair().certificate_pem).encode(),
        "no certificate": key_pair().key_pem.encode(),
    }
    client.force_login(people["engineer"])
    response = client.post(
        f"{address_of('tenant_credential', world)}?kind=certificate",
        {
            "client_id": APP,
            "file": SimpleUploadedFile("x.pfx", files[content]),
            "passphrase": WRONG_PASSPHRASE,
            "use": "next",
        },
    )
    assert response.status_code == 200
    assert 'class="errorlist"' in response.content.decode()
    assert not canary.found_in(body_of(response))


def post_a_secret(client: Client, world: Any) -> Any:
    """What is typed reaches the vault, which cannot seal."""
    fields = {"client_id": APP, "secret": TYPED, "use": "now"}
    return client.post(address_of("tenant_credential", world), fields)


def post_a_certificate(client: Client, world: Any) -> Any:
    return client.post(
        f"{address_of('tenant_credential', world)}?kind=certificate",
        {
            "client_id": APP,
            "file": SimpleUploadedFile(
                "x.pem", (key_pair().key_pem + key_pair().certificate_pem).encode()
            ),
            "passphrase": "",
            "use": "now",
        },
    )


CRASHES = {"secret": post_a_secret, "certificate": post_a_certificate}


@pytest.mark.parametrize("crash", CRASHES)
@pytest.mark.parametrize("debug", [False, True])
def test_a_crash_page_and_its_mail_show_none(
    client: Client,
    world: Any,
    people: dict[str, User],
    canary: Canary,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    crash: str,
    debug: bool,
) -> None:
    settings.DEBUG = debug
    settings.ADMINS = [("Operator", "operator@msp.example")]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.force_login(people["engineer"])
    client.raise_request_exception = False
    settings.VAULT_KEYS = "k1:none"
    with caplog.at_level(logging.DEBUG), reporting():
        response = CRASHES[crash](client, world)
    assert response.status_code == 500
    text = body_of(response)
    assert ("Traceback" in text) is debug
    assert not canary.found_in(text)
    assert not canary.found_in(caplog.text)
    assert mail.outbox
    whole = "".join(str(message.message()) for message in mail.outbox)
    assert "ImproperlyConfigured" in whole
    assert not canary.found_in(whole), canary.found_in(whole)


@contextmanager
def reporting() -> Iterator[None]:
    """Django's mails to administrators, with the technical page, as a portal might send them."""
    handler = AdminEmailHandler(include_html=True)
    logging.getLogger("django.request").addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger("django.request").removeHandler(handler)


def test_django_s_own_crash_page_would_show_it(
    client: Client, world: Any, people: dict[str, User], canary: Canary, settings: Any
) -> None:
    """The control: without the filter of ours the page shows what was posted."""
    settings.DEBUG, settings.VAULT_KEYS = True, "k1:none"
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = "django.views.debug.SafeExceptionReporterFilter"
    _forget_filter()
    client.force_login(people["engineer"])
    client.raise_request_exception = False
    try:
        assert canary.found_in(body_of(post_a_secret(client, world)))
    finally:
        _forget_filter()


def _forget_filter() -> None:
    from django.views import debug

    debug.get_default_exception_reporter_filter.cache_clear()


@pytest.mark.parametrize("crash", CRASHES)
def test_a_traceback_with_the_variables_of_our_frames_shows_none(
    client: Client, world: Any, people: dict[str, User], canary: Canary, settings: Any, crash: str
) -> None:
    client.force_login(people["engineer"])
    settings.VAULT_KEYS = "k1:none"
    with pytest.raises(Exception, match="VAULT_KEYS") as caught:
        CRASHES[crash](client, world)
    shown = with_variables(caught.value)
    assert "tenants/views/credentials.py" in shown
    assert not canary.found_in(shown), canary.found_in(shown)


def with_variables(error: BaseException) -> str:
    """From where the request reaches the view on; the test's own frames hold what it posts."""
    found = error.__traceback__
    while found and "core/handlers/base.py" not in found.tb_frame.f_code.co_filename:
        found = found.tb_next
    assert found is not None
    return printed(error, found)


def printed(error: BaseException, begins: TracebackType | None = None) -> str:
    """A traceback with each frame's variables, from this frame on or the one the test called."""
    if begins is None and error.__traceback__ is not None:
        begins = error.__traceback__.tb_next
    told = traceback.TracebackException(type(error), error, begins, capture_locals=True)
    return "".join(told.format(chain=True))


@pytest.mark.parametrize("kind", ["secret", "certificate"])
def test_the_same_of_a_credential_that_is_used(
    world: Any, canary: Canary, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The login service cannot be reached, deep within msal, where the secret is a variable."""
    from tenants import tokens

    tenant = Tenant.objects.get(slug="own")
    tenant.cloud, tenant.sandbox_url = "sandbox", "http://127.0.0.1:9"
    credential = tenant.credentials.get(active=kind == "secret", standby=kind != "secret")
    with pytest.raises(tokens.NoToken) as caught:
        tokens.app_token(tenant, credential)
    shown = printed(caught.value)
    assert "did not answer" in shown
    assert not canary.found_in(shown), canary.found_in(shown)
    # The control: the same without the function that hides frames.
    with pytest.raises(tokens.NoToken) as bare:
        tokens.app_token.__wrapped__(tenant, credential)  # type: ignore[attr-defined]
    assert canary.found_in(printed(bare.value))


@pytest.mark.parametrize("wrong", [False, True])
def test_a_traceback_of_a_token_that_is_looked_up_shows_none(
    world: Any, canary: Canary, monkeypatch: pytest.MonkeyPatch, wrong: bool
) -> None:
    """The database fails while somebody asks, or while one is made."""
    from tenants.services import api_tokens

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("gone")

    text = canary.secrets["API token, typed wrongly" if wrong else "API token"].decode()
    monkeypatch.setattr(api_tokens, "is_well_formed" if wrong else "digest_of", fail)
    given = {"Authorization": f"Bearer {text}"}
    with pytest.raises(DatabaseError) as caught:
        Client().get(address_of("api_customers", world), headers=given)
    shown = with_variables(caught.value)
    assert "tenants/api.py" in shown
    assert not canary.found_in(shown), canary.found_in(shown)
    made: list[str] = []
    real = api_tokens.new_token
    monkeypatch.setattr(api_tokens, "new_token", lambda: made.append(real()) or made[-1])
    monkeypatch.setattr(api_tokens, "digest_of", fail)
    with pytest.raises(DatabaseError) as failed:
        make_token(User.objects.get(email="tokens@msp.example"))
    assert made[0] not in printed(failed.value)


def test_no_object_shows_it(world: Any, canary: Canary) -> None:
    from tenants import tokens

    for credential in Credential.objects.all():
        shown = [
            repr(credential),
            str(credential),
            repr(vars(credential)),
            f"{credential.tenant!r}",
        ]
        assert not canary.found_in("".join(shown))
    shown = repr(list(Credential.objects.values())) + repr(vault._ring) + repr(tokens._applications)
    assert not canary.found_in(shown)


@pytest.mark.parametrize("form", ["json", "xml", "yaml", "jsonl"])
def test_no_fixture_holds_it(world: Any, canary: Canary, form: str) -> None:
    out = io.StringIO()
    call_command("dumpdata", format=form, stdout=out)
    assert "tenants.credential" in out.getvalue()
    assert not canary.found_in(out.getvalue())


def test_a_fixture_that_holds_it_is_noticed(world: Any, canary: Canary) -> None:
    """The control: sealed with nothing."""
    Credential.objects.filter(active=True).update(sealed_secret=SECRET.encode())
    out = io.StringIO()
    call_command("dumpdata", "tenants.Credential", stdout=out)
    assert canary.found_in(out.getvalue())


def test_there_is_no_admin() -> None:
    assert not apps.is_installed("django.contrib.admin")
    names = {route.name for route in routes_of(get_resolver())}
    assert not any("admin" in str(name) or "_change" in str(name) for name in names - set(ROUTES))


@pytest.fixture(autouse=True)
def _no_cached_applications() -> Iterator[None]:
    from tenants import tokens

    tokens._applications.clear()
    yield
    tokens._applications.clear()
