"""A ciphertext opens in its own place only, and what lies in the database opens none."""

import base64
import hashlib
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.db import connection

from provisioning.domain.records import Record
from provisioning.models import Snapshot, SnapshotChunk
from provisioning.selectors import sources_of
from provisioning.services.snapshots import records_of, store_records
from tenants import sealed, services, vault
from tenants.models import Credential, VaultKey
from tenants.services import keys
from tenants.tokens import CredentialUnreadable, secret_of
from tests.support.rows import add_tenant

KEY = random.Random(5).randbytes(32)


@pytest.fixture(autouse=True)
def _ring(settings):
    settings.VAULT_KEYS = f"k1:{base64.b64encode(KEY).decode()}"


@pytest.fixture
def tenants(db):
    """Two tenants, each with two secrets and a read of two chunks."""
    keys.open_ring()
    return [filled(slug) for slug in ("calm", "other")]


def filled(slug):
    tenant = add_tenant(slug)
    for secret in (f"old of {slug}", f"secret of {slug}"):
        services.store_secret(tenant=tenant, client_id="app", secret=secret, by=None)
    read = Snapshot.objects.create(
        customer=tenant.customer, tenant=tenant, source=sources_of(tenant)[0], columns=[], people=1
    )
    store_records(read, (Record(n, f"{slug}{n}", {"id": slug}) for n in range(1500)))
    return tenant


def move(table: str, column: str, source: Any, target: Any) -> None:
    """As somebody might who can write to the database: past the portal's code."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE id = %s)"
            " WHERE id = %s",
            [source.pk, target.pk],
        )
        assert cursor.rowcount == 1


def test_a_secret_moved_to_another_tenants_row_is_refused(tenants):
    mine, theirs = (tenant.credentials.get(active=True) for tenant in tenants)
    move("tenants_credential", "sealed_secret", mine, theirs)
    theirs.refresh_from_db()
    assert bytes(theirs.sealed_secret) == bytes(mine.sealed_secret)
    with pytest.raises(CredentialUnreadable, match="does not belong here"):
        secret_of(theirs)
    assert secret_of(mine) == "secret of calm"


def test_a_credentials_row_moved_whole_to_another_tenant_is_refused(tenants):
    """The row keeps its id and its secret; only the tenant it names is another."""
    mine = tenants[0].credentials.get(standby=True)
    Credential.objects.filter(tenant=tenants[1], standby=True).delete()
    Credential.objects.filter(pk=mine.pk).update(tenant=tenants[1])
    with pytest.raises(CredentialUnreadable, match="does not belong here"):
        secret_of(Credential.objects.get(pk=mine.pk))


@pytest.mark.parametrize("where", ["another tenant", "another place of the read"])
def test_records_moved_elsewhere_are_refused(tenants, where):
    first = SnapshotChunk.objects.get(snapshot__tenant=tenants[0], number=0)
    target = (
        SnapshotChunk.objects.get(snapshot__tenant=tenants[1], number=0)
        if where == "another tenant"
        else SnapshotChunk.objects.get(snapshot__tenant=tenants[0], number=1)
    )
    move("provisioning_snapshotchunk", "sealed", first, target)
    with pytest.raises(vault.NotAuthentic):
        list(records_of(Snapshot.objects.get(pk=target.snapshot_id)))


def test_a_value_of_one_field_is_refused_in_every_other(tenants):
    rows = [(field, row) for field in sealed.fields() for row in field.rows()]
    assert len({str(field) for field, _ in rows}) > 1
    for field, row in rows:
        for other, place_of in rows:
            value, place = field.sealed_of(row), other.place(place_of)
            if field.place(row) == place:
                assert vault.unseal(value, place)
            else:
                with pytest.raises(vault.NotAuthentic):
                    vault.unseal(value, place)


def test_the_known_value_of_a_key_opens_nothing_elsewhere(tenants):
    known = VaultKey.objects.get()
    for field in sealed.fields():
        for row in field.rows():
            with pytest.raises(vault.NotAuthentic):
                vault.unseal(known.sealed, field.place(row))


def every_value() -> Iterator[Any]:
    """Every value of every row of every table, as a dump would hold it."""
    for model in apps.get_models():
        for row in model._base_manager.values():
            yield from row.values()


def as_keys(value: Any) -> Iterator[bytes]:
    """What might be a key in a value: itself, decoded, hashed, and each stretch of 32 bytes."""
    text = value if isinstance(value, str) else json.dumps(value, default=repr)
    raw = bytes(value) if isinstance(value, bytes | memoryview) else text.encode()
    yield from (digest(raw).digest() for digest in (hashlib.sha256, hashlib.sha3_256))
    yield raw[:32].ljust(32, b"\0")
    for piece in {text, *text.replace('"', " ").replace(":", " ").replace(",", " ").split()}:
        yield from _decoded(piece)
    yield from (raw[at : at + 32] for at in range(len(raw) - 31))


def _decoded(piece: str) -> Iterator[bytes]:
    for decode in (base64.b64decode, base64.urlsafe_b64decode, bytes.fromhex):
        try:
            found = decode(piece)
        except ValueError:
            continue
        if len(found) == 32:
            yield found


def opened_by_the_dump() -> list[bytes]:
    """Keys among all that is in the database which open a sealed value; the place is known."""
    row = Credential.objects.filter(active=True)[0]
    value, place = bytes(row.sealed_secret), vault.binding(
        row.tenant_id, "Credential", "sealed_secret"
    )  # fmt: skip
    head = vault.head_of("k1")
    nonce, body = value[len(head) : len(head) + 12], value[len(head) + 12 :]
    found = []
    for key in {key for each in every_value() for key in as_keys(each) if len(key) == 32}:
        try:
            AESGCM(key).decrypt(nonce, body, head + place)
        except InvalidTag:
            continue
        found.append(key)
    return found


def test_a_dump_alone_decrypts_nothing(tenants):
    assert opened_by_the_dump() == []


@pytest.mark.parametrize(
    "written",
    [
        lambda: base64.b64encode(KEY).decode(),
        lambda: f"k1:{base64.b64encode(KEY).decode()}",
        KEY.hex,
        lambda: f"see {base64.urlsafe_b64encode(KEY).decode()} there",
    ],
    ids=["base64", "ring", "hex", "in a sentence"],
)
def test_a_key_that_lies_in_the_database_is_found(tenants, written):
    """The control: somebody has noted it."""
    services.record("noted", by=None, customer=None, subject="x", note=written())
    assert opened_by_the_dump() == [KEY]


def test_a_key_among_other_bytes_is_found(tenants):
    SnapshotChunk.objects.filter(number=0).update(sealed=b"x" * 7 + KEY + b"y" * 9)
    assert opened_by_the_dump() == [KEY]
