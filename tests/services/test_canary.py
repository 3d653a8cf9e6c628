"""Planted secrets are in nothing a running portal prints, sends, stores or hands out.

On both stacks: web server, worker and beat with every logger at DEBUG. The same look finds a word
that was planted to be found in each of these places.
"""

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tenants import vault
from tests.support import services
from tests.support.canary import Canary, as_pfx, key_pair, made_up, private_forms, vault_key
from tests.support.canary_site import Site, broker_of, database_of, files_of, serve
from tests.support.portal import ADMIN, ENGINEER, PROFILE, QUICK, Portal, open_portal, people

APP = "0d7f7f0c-93a1-4d83-9a0c-6a2c2f8f4f11"
SECRET, NEXT, TYPED, SECRET_KEY = (made_up(name, 7) for name in ("a", "next", "typed", "Django"))
PASSPHRASE, WRONG = made_up("passphrase", 7), made_up("wrong passphrase", 7)
RING, KEY = vault_key("k1", 7)
# What may be found: a word that a leak would take along.
WORD = "LeakedOnPurposeQuillfennick"
_TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}")
_CREDENTIAL = "/tenants/calm/credential/"


@pytest.fixture(scope="module", params=["SQLite and files", "PostgreSQL and Redis"])
def portal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    stack: dict[str, str] = {}
    if request.param.startswith("PostgreSQL"):
        url = request.getfixturevalue("postgres_url")
        roles = services.with_roles(url, f"canary{uuid4().hex[:12]}")
        stack = {
            **roles.environment,
            "ADMIN_DATABASE_URL": roles.admin,
            "REDIS_URL": request.getfixturevalue("redis_url"),
        }
    secrets = {"SECRET_KEY": SECRET_KEY, "VAULT_KEYS": RING}
    loud = {"DJANGO_SETTINGS_MODULE": "tests.support.canary_settings", "SECURE": "0"}
    portal = open_portal(tmp_path_factory.mktemp("canary"), **QUICK, **stack, **secrets, **loud)
    portal.seed(("calm", "brindlewick.example", PROFILE))
    yield portal
    portal.close()


@pytest.fixture(scope="module")
def canary(portal: Portal) -> Canary:
    found = Canary()
    for name, value in {
        "client secret": SECRET,
        "next secret": NEXT,
        "secret as typed": TYPED,
        "passphrase": PASSPHRASE,
        "wrong passphrase": WRONG,
        "SECRET_KEY": SECRET_KEY,
        "vault key": KEY,
        **private_forms(key_pair()),
    }.items():
        found.plant(name, value)
    return found


@pytest.fixture(scope="module")
def word() -> Canary:
    found = Canary()
    found.plant("word", WORD)
    return found


@pytest.fixture(scope="module")
def lived(portal: Portal, canary: Canary) -> dict[str, bytes]:
    """What the portal leaves after its secrets were used in every way, by place."""
    _register(portal)
    portal.start("worker", "beat")
    site = serve(portal, ENGINEER)
    try:
        pages = _use_all(site) + _ask_with_a_token(site, canary)
        handed_out = _hand_out(site)
    finally:
        site.close()
    _plant_generated(portal, canary)
    portal.kill("worker")
    portal.python("tests.support.canary_leak", WORD)
    portal.wait("SELECT COUNT(*) > 0 FROM tenants_auditpayload WHERE subject = ?", WORD)
    waiting = broker_of(portal)
    fixtures = portal.manage("dumpdata").stdout.encode()
    portal.start("worker")
    _until_logged(portal, WORD)
    return {
        "pages": b"".join(pages),
        "files handed out": b"".join(handed_out),
        "broker": waiting,
        "fixtures": fixtures,
        "database": database_of(portal),
        **files_of(portal),
    }


def _register(portal: Portal) -> None:
    """The directory knows the secrets and the certificate."""
    ((entra_id,),) = portal.rows("SELECT entra_id FROM tenants_tenant WHERE slug = 'calm'")
    known = {
        "client_id": APP,
        "secrets": [{"value": SECRET}, {"value": NEXT}],
        "certificates": [key_pair().certificate_pem],
    }
    portal.sandbox.put_tenant(entra_id, applications=[known])


def _use_all(site: Site) -> list[bytes]:
    """Typed wrongly, stored, tried, switched, used by a test, a job and the beat."""
    shown = []

    def form(kind: str, files: Any = None, **fields: str) -> None:
        answer = site.post(
            f"{_CREDENTIAL}?kind={kind}", {"client_id": APP, "use": "next", **fields}, files
        )
        shown.append(answer.content)

    def press(action: str, column: str) -> None:
        ((pk,),) = site.portal.rows(f"SELECT id FROM tenants_credential WHERE {column}")
        shown.append(site.post(f"{_CREDENTIAL}{pk}/{action}/", {}).content)

    pfx = {"file": ("x.pfx", as_pfx(key_pair(), PASSPHRASE))}
    form("secret", client_id="no id", secret=TYPED)
    form("secret", client_id=TYPED, secret="")
    form("secret", secret=SECRET, use="now")
    press("test", "active")
    assert b"Entra gave a token" in shown[-1]
    form("certificate", pfx, passphrase=WRONG)
    assert b"passphrase is wrong" in shown[-1]
    form("certificate", pfx, passphrase=PASSPHRASE, use="next")
    press("test", "standby")
    press("switch", "standby")
    form("secret", secret=NEXT, use="next")
    press("test", "standby")
    shown.append(site.post("/tenants/calm/connection/", {}).content)
    assert b"The connection works." in shown[-1]
    report = site.portal.sync("calm", people(12), "--apply")
    assert report["done"]["created"] == 12
    form("generated", bits="2048", years="1", use="next")
    press("test", "standby")  # Entra does not know it
    shown.append(site.get(f"/nowhere/{WORD}/"))
    shown.append(site.get(_CREDENTIAL))
    contact = {"name": WORD, "email": "ida@brindlewick.example", "duty": "hr"}
    shown.append(site.post("/customers/calm/contacts/", contact).content)
    return shown


def _ask_with_a_token(site: Site, canary: Canary) -> list[bytes]:
    """A token that is right, one with a slip of the pen, and one that is revoked."""
    token = site.portal.python("tests.support.canary_token", ADMIN).strip()
    wrong = f"{token[:-1]}{'x' if token[-1] != 'x' else 'y'}"
    canary.plant("API token", token)
    canary.plant("API token, typed wrongly", wrong)
    shown = []
    for text, status in ((token, 200), (wrong, 401)):
        given = {"Authorization": f"Bearer {text}"}
        for path in ("customers", "costs?month=2026-05", "statements", "prices"):
            answer = site.client.get(f"/api/v1/{path}", headers=given)
            assert answer.status_code == status, answer.text
            shown.append(answer.content)
    return shown


def _hand_out(site: Site) -> list[bytes]:
    """Every file: CSV, YAML, certificate, scripts, and the archive of an offboarding."""
    ((job,),) = site.portal.rows("SELECT MAX(id) FROM provisioning_job")
    ((made,),) = site.portal.rows("SELECT id FROM tenants_credential WHERE standby")
    paths = [
        f"/jobs/{job}/operations.csv",
        "/tenants/calm/profile.yaml",
        "/tenants/calm/onboarding/script/azure-cli/",
        "/tenants/calm/onboarding/script/powershell/",
        "/costs/usage.csv",
        f"{_CREDENTIAL}{made}/certificate.pem",
        f"{_CREDENTIAL}{made}/certificate.cer",
    ]
    files = [site.get(path) for path in paths]
    archive = site.portal.python("tests.support.canary_archive", "calm")
    packed = zipfile.ZipFile(io.BytesIO(base64.b64decode(archive)))
    return [*files, *(packed.read(name) for name in packed.namelist())]


def _plant_generated(portal: Portal, canary: Canary) -> None:
    """The private key that was made by the portal is looked for as well."""
    from cryptography.hazmat.primitives import serialization
    from django.test import override_settings

    ((tenant, value),) = portal.rows("SELECT tenant_id, sealed_secret FROM tenants_credential"
                                     " WHERE standby")  # fmt: skip
    with override_settings(VAULT_KEYS=RING):
        pem = vault.unseal(value, vault.binding(tenant, "Credential", "sealed_secret"))
    key: Any = serialization.load_pem_private_key(pem, None)
    number = key.private_numbers().d
    canary.plant("key made here", number.to_bytes((number.bit_length() + 7) // 8))


def _until_logged(portal: Portal, text: str) -> None:
    import time

    until = time.monotonic() + 60
    while text not in portal.log("worker"):
        assert time.monotonic() < until, "the worker has not seen the message"
        time.sleep(0.1)


def test_no_secret_is_anywhere(lived: dict[str, bytes], canary: Canary) -> None:
    assert {"web.log", "worker.log", "beat.log"} <= set(lived)
    assert {place: found for place, data in lived.items() if (found := canary.found_in(data))} == {}


def test_no_token_is_anywhere(lived: dict[str, bytes]) -> None:
    assert [place for place, data in lived.items() if _TOKEN.search(data)] == []


@pytest.mark.parametrize(
    "place",
    ["pages", "files handed out", "broker", "fixtures", "database", "web.log", "worker.log"],
)
def test_the_same_look_finds_what_was_leaked(
    lived: dict[str, bytes], word: Canary, place: str
) -> None:
    assert word.found_in(lived[place]), place


def test_everything_was_said_aloud(lived: dict[str, bytes]) -> None:
    for name in ("web.log", "worker.log", "beat.log"):
        assert b"DEBUG " in lived[name], name
    assert b"httpcore" in lived["worker.log"]
    assert b"msal" in lived["web.log"] + lived["worker.log"]


def test_files_that_were_handed_out_are_what_they_should_be(lived: dict[str, bytes]) -> None:
    handed_out = lived["files handed out"]
    for part in (b"BEGIN CERTIFICATE", b"az login", b"key_column"):
        assert part in handed_out, part


def test_keys_are_rotated_within_the_running_portal(portal: Portal, lived: Any) -> None:
    """The last: on PostgreSQL as the role that row-level security binds."""
    first, _ = vault_key("k2", 7)
    rotated = dict(portal.environment, VAULT_KEYS=f"{first},{RING}")
    before, portal.environment = portal.environment, rotated
    try:
        said = portal.manage("rotate_keys").stdout
        assert re.search(r"tenants.Credential.sealed_secret: [1-9]\d* sealed anew", said), said
        assert re.search(r"provisioning.SnapshotChunk.sealed: [1-9]\d* sealed anew", said), said
        assert "k1: 0 values; may be dropped from the ring" in said
        portal.environment = dict(rotated, VAULT_KEYS=first)
        tried = portal.manage("try_connection", "calm", "--as", ENGINEER).stdout
        assert re.search("token +done", tried), tried
    finally:
        portal.environment = before
