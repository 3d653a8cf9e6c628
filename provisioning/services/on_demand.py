"""Sending one chosen person on demand: found by key or name, queued beside every other job."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import Q

from provisioning.domain.records import Record, fold_key
from provisioning.models import DirectoryObject, Job, Snapshot, Source
from provisioning.services import snapshots
from provisioning.services.queueing import (
    QueueRefused,
    newest_read,
    profile_of,
    queue_from_snapshot,
)
from provisioning.services.samples import holds, label_of, naming_columns
from tenants.models import Tenant, User

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Someone:
    """A person who can be chosen; `gone`: only the account is there, the newest read is not."""

    key: str
    label: str
    gone: bool = False


def find_people(
    tenant: Tenant, text: str, limit: int = 20, source: Source | None = None
) -> list[Someone]:
    """People of the newest read whose values hold a text, then accounts of people gone from it.

    Without a source it is the tenant's first one. Raises QueueRefused when there is no profile or
    no read.
    """
    read, key_column = _read_of(tenant, source)
    found = list(islice(_in_read(read, key_column, text), limit))
    gone = _gone(text, read, key_column)[: limit - len(found)] if text.strip() else []
    return found + gone


def person_named(tenant: Tenant, text: str, source: Source | None = None) -> Someone:
    """The one person whose key this is, or whom the text finds; raises QueueRefused."""
    wanted = fold_key(text)
    found = find_people(tenant, text, 1000, source)
    exact = [each for each in found if fold_key(each.key) == wanted]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if not found:
        raise QueueRefused(f"Nobody of the newest read, and no managed account, matches {text!r}.")
    names = ", ".join(each.label for each in found[:_NAMED])
    more = " and more" if len(found) > _NAMED else ""
    raise QueueRefused(f"{text!r} matches {names}{more}. Give the key of one person.")


def send_on_demand(
    *, tenant: Tenant, key: str, by: User | None, source: Source | None = None
) -> Job:
    """Queue a job for one person of the newest read, planned, priced and approved like any other.

    Another open job of the tenant goes on; only an unapproved plan for the same person is
    replaced. Raises QueueRefused.
    """
    read, key_column = _read_of(tenant, source)
    subject = fold_key(key)
    known = any(fold_key(each.key) == subject for each in _records(read, key_column))
    accounts = DirectoryObject.objects.filter(owner=read.source_id, key=subject)
    if not subject or not (known or accounts.exists()):
        raise QueueRefused(
            f"{read.file_name} has nobody with the key {key!r}, and no managed account has it."
        )
    return queue_from_snapshot(
        tenant=tenant, kind=Job.Kind.ON_DEMAND, subject=subject, by=by, source=source
    )


def _read_of(tenant: Tenant, source: Source | None) -> tuple[Snapshot, str]:
    version, _ = profile_of(tenant, source)
    read = newest_read(tenant, Job.Kind.ON_DEMAND, source)
    if read is None:
        raise QueueRefused("No read of this tenant's source is kept. Upload its file first.")
    return read, version.definition["key_column"]


def _records(read: Snapshot, key_column: str) -> Iterator[Record]:
    yield from snapshots.people_of(read, key_column).records


def _in_read(read: Snapshot, key_column: str, text: str) -> Iterator[Someone]:
    wanted, naming = text.strip().casefold(), naming_columns(read.columns)
    for each in _records(read, key_column):
        if not wanted or holds(each, wanted) or fold_key(each.key) == wanted:
            yield Someone(each.key, label_of(each, naming, key_column))


def _gone(text: str, read: Snapshot, key_column: str) -> list[Someone]:
    named = Q(user_name__icontains=text.strip()) | Q(key=fold_key(text))
    managed = DirectoryObject.objects.filter(named, owner=read.source_id).exclude(key="")
    accounts = {row.key: row for row in managed.order_by("user_name")[:1000]}
    for each in _records(read, key_column) if accounts else ():
        accounts.pop(fold_key(each.key), None)
    return [
        Someone(row.external_id or row.key, row.user_name, gone=True) for row in accounts.values()
    ]
