"""A source's records at rest: JSON lines, compressed, sealed in chunks."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from provisioning.domain.keys import keyed, same_keys
from provisioning.domain.records import Record, RefusedRow, fold_key
from provisioning.models import HeldRecord, Job, Snapshot, SnapshotChunk
from tenants import vault

_CHUNK = 1000


def store_records(snapshot: Snapshot, records: Iterable[Record]) -> None:
    """Seal the records of a read, a chunk at a time."""
    stream = iter(records)
    number = 0
    while chunk := list(islice(stream, _CHUNK)):
        lines = "\n".join(
            json.dumps([record.line, record.key, dict(record.values)], ensure_ascii=False)
            for record in chunk
        )
        SnapshotChunk.objects.create(
            customer_id=snapshot.customer_id,
            snapshot=snapshot,
            number=number,
            sealed=vault.seal(zlib.compress(lines.encode()), _binding(snapshot, number)),
        )
        number += 1


def records_of(snapshot: Snapshot) -> Iterator[Record]:
    """Records of a snapshot in the source's order, one chunk in memory at a time."""
    for chunk in snapshot.chunks.order_by("number").iterator(chunk_size=4):
        yield from _opened(snapshot, chunk)


def _opened(snapshot: Snapshot, chunk: SnapshotChunk) -> Iterator[Record]:
    plain = zlib.decompress(vault.unseal(chunk.sealed, _binding(snapshot, chunk.number)))
    for text in plain.decode().split("\n"):
        line, key, values = json.loads(text)
        yield Record(line, key, values)


def record_at(snapshot: Snapshot, position: int) -> Record | None:
    """One record by its place in the source, from 0; only its chunk is opened."""
    number, place = divmod(max(position, 0), _CHUNK)
    chunk = snapshot.chunks.filter(number=number).first()
    records = list(_opened(snapshot, chunk)) if chunk else []
    return records[place] if place < len(records) else None


class People(NamedTuple):
    """Records by a key column; `own` is whether they were read by it, and not sorted out anew."""

    records: Iterable[Record]
    refused: Sequence[RefusedRow]
    own: bool


def people_of(snapshot: Snapshot, key_column: str) -> People:
    """A snapshot's records under a key column, and the rows that it cannot tell apart.

    What was read by this column streams; a sample, or a read by another one, is sorted out first.
    """
    if snapshot.complete and same_keys(records_of(snapshot), key_column):
        return People(records_of(snapshot), (), own=True)
    found = keyed(records_of(snapshot), key_column)
    return People(found.records, found.refused, own=False)


def refused_of(snapshot: Snapshot) -> list[str]:
    """Keys of the rows refused when the snapshot was read, "" where nobody could read it."""
    job = Job.objects.filter(snapshot=snapshot).order_by("pk").first()
    if job is None:
        return []
    rows = job.held_records.filter(stage=HeldRecord.Stage.READ)
    keys = list(rows.exclude(key="").values_list("key", flat=True))
    return keys + [""] * job.unreadable_keys


def keys_of(snapshot: Snapshot) -> set[str] | None:
    """Folded keys of a snapshot; None when its records were erased."""
    if snapshot.erased_at is not None:
        return None
    return {fold_key(record.key) for record in records_of(snapshot)}


def accept_read_of(job: Job, at: datetime) -> None:
    """Accept what a job for everybody was planned from; a part of a read is no yardstick."""
    if job.snapshot is not None and job.kind == Job.Kind.SYNC:
        accept(job.snapshot, at)


@transaction.atomic
def accept(snapshot: Snapshot, at: datetime) -> None:
    """Make a read the source's snapshot; the records of those before are erased."""
    Snapshot.objects.filter(pk=snapshot.pk).update(accepted_at=at)
    earlier = Snapshot.objects.filter(source_id=snapshot.source_id, pk__lt=snapshot.pk)
    for old in earlier.filter(erased_at=None):
        erase(old, at)


def discard(job: Job) -> None:
    """Forget the read of a job that will not be applied; what a part was planned from stays."""
    if job.kind != Job.Kind.SYNC:
        return
    if job.snapshot is not None and job.snapshot.accepted_at is None:
        job.snapshot.delete()


def erase(snapshot: Snapshot, at: datetime) -> None:
    """Delete a snapshot's records; its counts and columns stay for the guard."""
    snapshot.chunks.all().delete()
    Snapshot.objects.filter(pk=snapshot.pk).update(erased_at=at)


@transaction.atomic
def erase_expired(now: datetime) -> int:
    """Erase records past their retention, except those of an open job; returns how many reads."""
    limit = now - timedelta(days=settings.SNAPSHOT_RETENTION_DAYS)
    old = Snapshot.objects.select_for_update().filter(created_at__lt=limit, erased_at=None)
    locked = list(old.order_by("pk"))
    # Asked with the rows locked: whoever queues a job from one of them does so before, or not.
    opened = Job.objects.filter(state__in=Job.OPEN, snapshot__in=locked)
    needed = set(opened.values_list("snapshot_id", flat=True))
    expired = [snapshot for snapshot in locked if snapshot.pk not in needed]
    for snapshot in expired:
        erase(snapshot, now)
    return len(expired)


def chunk_place(chunk: SnapshotChunk) -> bytes:
    """What a chunk's records are bound to."""
    return _binding(chunk.snapshot, chunk.number)


def _binding(snapshot: Snapshot, number: int) -> bytes:
    return vault.binding(snapshot.tenant_id, f"Snapshot#{snapshot.pk}", "records", number)
