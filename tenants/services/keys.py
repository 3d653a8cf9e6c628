"""The key ring beside what was sealed: keys that are lost, and moving everything to the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError, transaction

from tenants import sealed, vault
from tenants.models import VaultKey
from tenants.row_security import everything
from tenants.services.audit import record

_KNOWN = b"the key ring holds this key"
_BATCH = 100
OTHER = "(another key)"


@dataclass(frozen=True, slots=True)
class LostKey:
    """A key that values need and the ring has not: under its name is nothing, or another key."""

    name: str
    replaced: bool
    values: dict[str, int]

    def __str__(self) -> str:
        how = "holds another key under the name" if self.replaced else "lacks the key"
        lost = ", ".join(f"{count:,} in {field}" for field, count in self.values.items())
        return f"The key ring (VAULT_KEYS) {how} {self.name!r}. Not readable without it: {lost}."


ADVICE = (
    "Put the key back into the ring, behind the first one if another is to encrypt from now on. If"
    " it is lost for good: `manage.py rotate_keys --give-up NAME`, then store these credentials"
    " anew and upload the HR exports again."
)


def under_keys() -> dict[str, dict[str, int]]:
    """How many values of each field are sealed with which key; those of the ring are all named."""
    names = dict.fromkeys([*vault.key_names(), *VaultKey.objects.values_list("name", flat=True)])
    found: dict[str, dict[str, int]] = {}
    for field in sealed.fields():
        counts = {name: field.count(name) for name in names}
        counts[OTHER] = field.count() - sum(counts.values())
        found[str(field)] = counts
    return found


def lost_keys() -> list[LostKey]:
    """Keys that something was sealed with and that the ring does not hold any more."""
    names, lost = vault.key_names(), []
    for key in VaultKey.objects.order_by("pk"):
        if _opens(key):
            continue
        counted = {str(field): field.count(key.name) for field in sealed.fields()}
        values = {field: count for field, count in counted.items() if count}
        if values:
            lost.append(LostKey(key.name, key.name in names, values))
    return lost


def open_ring() -> None:
    """At the start of a process: ImproperlyConfigured for a lost key; new ones are noted."""
    try:
        with everything():
            lost = lost_keys()
        if not lost:
            note_keys()
    except (OperationalError, ProgrammingError):
        # No database yet, or not migrated: whoever asks it for a row will say so.
        return
    if lost:
        raise ImproperlyConfigured(" ".join([*map(str, lost), ADVICE]))


def note_keys() -> None:
    """A row for each key of the ring; the name of one that nothing was sealed with is free."""
    for name in vault.key_names():
        key = VaultKey.objects.filter(name=name).first()
        if key is None or not _opens(key):
            known = vault.seal(_KNOWN, _place(name), name)
            VaultKey.objects.update_or_create(name=name, defaults={"sealed": known})


def _opens(key: VaultKey) -> bool:
    try:
        return vault.unseal(key.sealed, _place(key.name)) == _KNOWN
    except vault.VaultError:
        return False


def _place(name: str) -> bytes:
    return f"vault-key:{name}".encode()


@transaction.atomic
def give_up(name: str) -> bool:
    """Let the portal start without a key that is lost for good; whether it was known."""
    known, _ = VaultKey.objects.filter(name=name).delete()
    if known:
        record("vault_key.given_up", by=None, customer=None, subject=name)
    return bool(known)


@dataclass(slots=True)
class Rotated:
    """What was done to a field: values sealed anew, written meanwhile, and not to be opened."""

    field: str
    resealed: int = 0
    changed_meanwhile: int = 0
    unreadable: int = 0


def rotate() -> Iterator[Rotated]:
    """Seal every value with the ring's first key; gives the figures so far after each batch.

    Each batch is a transaction: what is done stays done. A value that somebody has written since it
    was read stays as it is. So this may be killed, repeated, and run beside workers.
    """
    for field in sealed.fields():
        done, after = Rotated(str(field)), None
        while batch := _batch(field, after):
            with transaction.atomic():
                for row in batch:
                    _reseal(field, row, done)
            after = batch[-1].pk
            yield done
        yield done


def note_rotation(done: list[Rotated]) -> None:
    """Into the audit trail: what was sealed anew, and with which key."""
    counts = {each.field: each.resealed for each in done if each.resealed}
    if counts:
        record("vault_key.rotated", by=None, customer=None, subject=vault.key_names()[0], **counts)


def _batch(field: sealed.SealedField, after: Any) -> list[Any]:
    rows = field.not_under(vault.key_names()[0])
    return list((rows if after is None else rows.filter(pk__gt=after))[:_BATCH])


def _reseal(field: sealed.SealedField, row: Any, done: Rotated) -> None:
    old, place = field.sealed_of(row), field.place(row)
    if not old or old.startswith(vault.head_of(vault.key_names()[0])):
        return
    try:
        anew = vault.seal(vault.unseal(old, place), place)
    except vault.VaultError:
        done.unreadable += 1
        return
    if field.replace(row, anew):
        done.resealed += 1
    else:
        done.changed_meanwhile += 1
