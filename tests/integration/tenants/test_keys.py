"""Keys of the vault: rotated while values change, read from a file, missed when they are lost."""

import os
import random
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db.models import BinaryField

from provisioning.domain.records import Record
from provisioning.models import Snapshot, SnapshotChunk
from provisioning.selectors import sources_of
from provisioning.services.snapshots import records_of, store_records
from tenants import checks, sealed, services, vault
from tenants.models import AuditEvent, Credential, User, VaultKey
from tenants.services import keys
from tenants.services.destinations import rotate_secret
from tenants.sign_in.factors import seal_for, unseal_for
from tenants.tokens import secret_of
from tests.support.rows import add_tenant, add_webhook
from tests.support.sandbox import ROOT


def key(name, seed=0):
    return f"{name}:{b64encode(random.Random(f'{name}/{seed}').randbytes(32)).decode()}"


OLD, NEW = key("k1"), key("k2")


@pytest.fixture(autouse=True)
def _ring(settings):
    settings.VAULT_KEYS = OLD


@pytest.fixture
def tenant(db):
    """Three credentials' secrets (two tenants) and a read of 2,500 records, three chunks."""
    keys.open_ring()
    tenant = add_tenant("calm")
    store(tenant, "first")
    store(tenant, "second")
    store(add_tenant("other"), "third")
    source = sources_of(tenant)[0]
    read = Snapshot.objects.create(
        customer=tenant.customer, tenant=tenant, source=source, columns=["id"], people=2500
    )
    store_records(read, (Record(n, str(n), {"id": str(n)}) for n in range(2500)))
    return tenant


def store(tenant, secret):
    return services.store_secret(tenant=tenant, client_id="app", secret=secret, by=None)


def readable():
    """Everything in clear text."""
    secrets = [secret_of(c) for c in Credential.objects.exclude(sealed_secret=b"").order_by("pk")]
    return secrets, sum(1 for _ in records_of(Snapshot.objects.get()))


WHOLE = (["first", "second", "third"], 2500)


def under():
    """How many values are sealed with which key."""
    counted = keys.under_keys().values()
    return {name: sum(each.get(name, 0) for each in counted) for name in ("k1", "k2", keys.OTHER)}


def rotate(*options):
    out = StringIO()
    call_command("rotate_keys", *options, stdout=out)
    return out.getvalue()


class TestRotation:
    def test_everything_is_sealed_with_the_first_key(self, tenant, settings):
        settings.VAULT_KEYS = f"{NEW},{OLD}"
        assert under() == {"k1": 6, "k2": 0, keys.OTHER: 0}
        said = rotate()
        assert "tenants.Credential.sealed_secret: 3 sealed anew" in said
        assert "provisioning.SnapshotChunk.sealed: 3 sealed anew" in said
        assert "k1: 0 values; may be dropped from the ring" in said
        assert under() == {"k1": 0, "k2": 6, keys.OTHER: 0}
        settings.VAULT_KEYS = NEW
        assert readable() == WHOLE
        keys.open_ring()

    def test_it_may_be_repeated(self, tenant, settings):
        settings.VAULT_KEYS = f"{NEW},{OLD}"
        rotate()
        before = list(Credential.objects.values_list("sealed_secret", flat=True))
        assert "sealed_secret: 0 sealed anew" in rotate()
        assert list(Credential.objects.values_list("sealed_secret", flat=True)) == before

    def test_only_looking_changes_nothing(self, tenant, settings):
        settings.VAULT_KEYS = f"{NEW},{OLD}"
        said = rotate("--check")
        assert "k1: 6 values (3 in provisioning.SnapshotChunk.sealed, 3 in" in said
        assert "still needed" in said
        assert under()["k1"] == 6

    def test_what_is_done_stays_done_when_it_is_interrupted(self, tenant, settings, monkeypatch):
        settings.VAULT_KEYS = f"{NEW},{OLD}"
        monkeypatch.setattr(keys, "_BATCH", 2)
        next(done for done in keys.rotate() if done.resealed)  # and never looked at again
        assert under() == {"k1": 4, "k2": 2, keys.OTHER: 0}
        assert readable() == WHOLE
        assert sum(done.resealed for done in last(keys.rotate())) == 4
        assert under()["k1"] == 0

    def test_a_value_that_is_written_meanwhile_is_not_lost(self, tenant, settings, monkeypatch):
        settings.VAULT_KEYS = f"{NEW},{OLD}"
        seal, written = vault.seal, []

        def slow(plain, bound_to, *rest):
            if not written and b"Credential" in bound_to:
                # Between our reading a row and our writing it, somebody stores another secret.
                written.append(True)
                for row in Credential.objects.all():
                    place = vault.binding(row.tenant_id, "Credential", "sealed_secret")
                    row.sealed_secret = seal(b"newer", place)
                    row.save()
            return seal(plain, bound_to, *rest)

        monkeypatch.setattr(keys.vault, "seal", slow)
        (done,) = [d for d in last(keys.rotate()) if d.field.startswith("tenants.Cred")]
        assert (done.resealed, done.changed_meanwhile) == (0, 3)
        monkeypatch.undo()
        settings.VAULT_KEYS = f"{NEW},{OLD}"
        assert readable()[0] == ["newer"] * 3

    def test_what_cannot_be_opened_stays_and_is_counted(self, tenant, settings):
        Credential.objects.filter(tenant=tenant, active=True).update(sealed_secret=sealed_by("k9"))
        settings.VAULT_KEYS = f"{NEW},{OLD}"
        with pytest.raises(CommandError, match="1 values could not be opened"):
            rotate()
        assert under() == {"k1": 0, "k2": 5, keys.OTHER: 1}

    def test_a_replaced_key_is_not_rotated_over(self, tenant, settings):
        settings.VAULT_KEYS = f"{NEW},{key('k1', seed=1)}"
        with pytest.raises(CommandError, match="another key under the name 'k1'"):
            rotate()

    def test_values_in_documents_are_rotated_too(self, tenant, settings):
        factor = add_factor("totp")
        settings.VAULT_KEYS = f"{NEW},{OLD}"
        assert under()["k1"] == 7
        rotate()
        assert under() == {"k1": 0, "k2": 7, keys.OTHER: 0}
        settings.VAULT_KEYS = NEW
        factor = Authenticator.objects.get(pk=factor.pk)
        assert unseal_for(factor.user_id, factor.data["secret"]) == "totp"
        assert factor.data["other"] == 1


def add_factor(seed):
    """Somebody's authenticator app, its seed sealed in a JSON document."""
    person = User.objects.create_user("ann@msp.example")
    data = {"secret": seal_for(person.pk, seed), "other": 1}
    return Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data=data)


def last(progress):
    """The last figures of each field."""
    return list({done.field: done for done in progress}.values())


def sealed_by(name):
    from django.conf import settings

    before, settings.VAULT_KEYS = settings.VAULT_KEYS, key(name)
    try:
        return vault.seal(b"x", b"somewhere")
    finally:
        settings.VAULT_KEYS = before


class TestLostKeys:
    def test_a_whole_ring_says_nothing(self, tenant):
        assert keys.lost_keys() == []
        assert checks.key_ring(None) == []

    @pytest.mark.parametrize(
        ("ring", "words"),
        [(NEW, "lacks the key 'k1'"), (key("k1", seed=1), "holds another key under the name 'k1'")],
        ids=["lost", "replaced"],
    )
    def test_a_lost_key_is_named_with_what_is_lost(self, tenant, settings, ring, words):
        settings.VAULT_KEYS = ring
        (error,) = checks.key_ring(None)
        assert error.id == "tenants.E005"
        assert words in error.msg
        assert "3 in provisioning.SnapshotChunk.sealed, 3 in tenants.Credential.sealed" in error.msg
        assert "Put the key back" in error.hint
        with pytest.raises(ImproperlyConfigured, match=words):
            keys.open_ring()
        # Nothing was noted: the key that is missed stays known.
        assert list(VaultKey.objects.values_list("name", flat=True)) == ["k1"]

    def test_a_key_that_sealed_nothing_is_not_missed(self, db, settings):
        keys.open_ring()
        settings.VAULT_KEYS = NEW
        keys.open_ring()
        assert keys.lost_keys() == []

    def test_the_name_of_such_a_key_may_be_given_to_another(self, db, settings):
        keys.open_ring()
        settings.VAULT_KEYS = key("k1", seed=1)
        keys.open_ring()
        store(add_tenant("calm"), "x")
        settings.VAULT_KEYS = OLD
        assert len(keys.lost_keys()) == 1

    def test_a_key_that_is_lost_for_good_is_given_up(self, tenant, settings):
        settings.VAULT_KEYS = NEW
        with pytest.raises(CommandError, match="The ring holds 'k2'"):
            rotate("--give-up", "k2")
        assert "starts without k1" in rotate("--give-up", "k1")
        keys.open_ring()
        store(tenant, "stored anew")
        assert under() == {"k1": 0, "k2": 1, keys.OTHER: 5}
        assert AuditEvent.objects.filter(
            action="vault_key.given_up", payload__subject="k1"
        ).exists()
        with pytest.raises(CommandError, match="Nothing was ever sealed"):
            rotate("--give-up", "k7")


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """The environment of a portal with a credential sealed by k1."""
    tmp_path = tmp_path_factory.mktemp("keys")
    environment = {
        **{n: v for n, v in os.environ.items() if n not in ("DATABASE_URL", "VAULT_KEYS")},
        "PORTAL_VAR": str(tmp_path / "var"),
        "VAULT_KEYS": OLD,
    }
    assert manage(environment, "migrate", "-v0").returncode == 0
    seed = (
        "from tests.support.rows import add_tenant; from tenants import services;"
        "from tenants.services.keys import open_ring; open_ring();"
        "services.store_secret(tenant=add_tenant('a'), client_id='a', secret='s', by=None)"
    )
    assert manage(environment, "shell", "-v0", "-c", seed).returncode == 0
    return environment


class TestProcesses:
    """As they start: with the ring they are given."""

    @pytest.mark.parametrize(
        "command",
        [
            ("-c", "import msp_portal.wsgi"),
            ("-m", "celery", "-A", "msp_portal", "worker", "--pool", "solo"),
            ("manage.py", "check", "--deploy", "--fail-level", "ERROR"),
        ],
        ids=["web", "worker", "check"],
    )
    def test_without_the_key_nothing_starts(self, portal, command):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env={**portal, "VAULT_KEYS": NEW},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0
        assert "lacks the key 'k1'. Not readable without it: 1 in tenants.Credential" in done.stderr
        assert NEW.partition(":")[2] not in done.stdout + done.stderr

    def test_with_it_the_web_process_starts(self, portal):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", "import msp_portal.wsgi"],
            cwd=ROOT,
            env={**portal, "VAULT_KEYS": f"{NEW},{OLD}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")

    def test_the_ring_in_a_file(self, portal, tmp_path):
        path = tmp_path / "ring"
        path.write_text(f"# of 2027\n{NEW}\n\n{OLD}\n")
        path.chmod(0o600)
        environment = {n: v for n, v in portal.items() if n != "VAULT_KEYS"}
        environment["VAULT_KEYS_FILE"] = str(path)
        # A copy: the other tests want what is sealed by k1.
        environment["PORTAL_VAR"] = str(tmp_path / "var")
        shutil.copytree(portal["PORTAL_VAR"], environment["PORTAL_VAR"])
        done = manage(environment, "rotate_keys")
        assert "Credential.sealed_secret: 1 sealed anew" in done.stdout
        for mode, name in ((0o640, "group"), (0o604, "world")):
            path.chmod(mode)
            refused = manage(environment, "rotate_keys", "--check")
            assert refused.returncode != 0, name
            assert "others than its owner may open" in refused.stderr
        path.chmod(0o600)
        both = manage({**environment, "VAULT_KEYS": OLD}, "rotate_keys", "--check")
        assert "not both" in both.stderr
        path.unlink()
        gone = manage(environment, "rotate_keys", "--check")
        assert "VAULT_KEYS_FILE cannot be read" in gone.stderr
        for each in (refused, both, gone):
            assert NEW.partition(":")[2] not in each.stdout + each.stderr


def manage(environment, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class TestRegistry:
    # Binary columns that hold nothing sealed by the ring for good, and why.
    OTHERS = {("tenants.VaultKey", "sealed"): "tells whether the ring holds a key"}

    def test_every_binary_column_is_registered(self):
        found = {
            (model._meta.label, field.name)
            for model in apps.get_models()
            for field in model._meta.get_fields()
            if isinstance(field, BinaryField)
        }
        registered = {(f.label, f.field) for f in sealed.fields() if f.wrapping is None}
        assert registered == found - set(self.OTHERS), (
            "A column of sealed values is registered when its app is ready: sealed.register(...);"
            " what else is binary is named in OTHERS with the reason."
        )

    def test_every_module_that_seals_is_known(self):
        """A call of `seal` in a module that is not named here may be about another column."""
        known = {
            "tenants/vault.py",
            "tenants/services/keys.py",
            "tenants/services/credentials.py",
            "tenants/services/destinations.py",
            "tenants/sign_in/factors.py",
            "provisioning/services/snapshots.py",
        }
        rooms = ("tenants", "provisioning", "billing", "msp_portal")
        found = {
            str(path.relative_to(ROOT))
            for room in rooms
            for path in (ROOT / room).rglob("*.py")
            if re.search(r"vault\.seal\(|from tenants\.vault import .*\bseal\b", path.read_text())
        }
        assert found | {"tenants/vault.py"} == known, (
            "Register the column this module seals into (tenants/sealed.py), then name it here."
        )

    def test_places_are_those_that_values_were_sealed_for(self, tenant):
        add_factor("totp")
        webhook = add_webhook(tenant.customer)
        rotate_secret(destination=webhook, by=User.objects.get(email="ann@msp.example"))
        for field in sealed.fields():
            rows = list(field.rows())
            assert rows, f"{field}: the fixture has no value of it"
            for row in rows:
                assert vault.unseal(field.sealed_of(row), field.place(row))

    def test_a_read_is_not_loaded_to_be_counted(self, tenant, django_assert_num_queries):
        with django_assert_num_queries(2):
            next(f for f in sealed.fields() if f.label.endswith("Chunk")).count("k1")
            next(f for f in sealed.fields() if f.label.endswith("Chunk")).count()
        assert SnapshotChunk.objects.count() == 3
