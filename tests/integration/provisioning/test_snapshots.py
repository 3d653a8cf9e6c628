"""Records at rest: sealed, bound to their place, forgotten in time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.models import Job, Snapshot, SnapshotChunk
from provisioning.services import snapshots
from provisioning.tasks import purge_snapshots
from tenants.vault import NotAuthentic
from tests.support.engine import Engine, people, value


def chunks(job: Job) -> list[SnapshotChunk]:
    assert job.snapshot is not None
    return list(job.snapshot.chunks.order_by("number"))


def test_records_come_back_in_order_and_whole(engine: Engine) -> None:
    table = people(2500)
    job = engine.upload(table)
    assert [chunk.number for chunk in chunks(job)] == [0, 1, 2]
    assert job.snapshot is not None
    records = list(snapshots.records_of(job.snapshot))
    assert [tuple(record.values.values()) for record in records] == [r.values for r in table.rows]
    assert [record.line for record in records] == list(range(2, 2502))


def test_chunks_show_nothing_of_the_people(engine: Engine) -> None:
    table = people(40)
    sealed = b"".join(bytes(chunk.sealed) for chunk in chunks(engine.upload(table)))
    for at in range(40):
        for field in ("employee_id", "family_name", "phone"):
            assert value(table, at, field).encode() not in sealed


@pytest.mark.parametrize("place", ["number", "snapshot"])
def test_a_chunk_moved_elsewhere_does_not_open(engine: Engine, other: Engine, place: str) -> None:
    job, stranger = engine.upload(people(2500)), other.upload(people(1500))
    chunk = chunks(job)[2]
    assert job.snapshot is not None
    assert stranger.snapshot is not None
    if place == "number":
        chunk.number = 7
        target = job.snapshot
    else:
        chunk.snapshot = target = stranger.snapshot
    chunk.save()
    with pytest.raises(NotAuthentic):
        list(snapshots.records_of(target))


def test_a_changed_chunk_does_not_open(engine: Engine) -> None:
    job = engine.upload(people(3))
    (chunk,) = chunks(job)
    chunk.sealed = bytes(chunk.sealed)[:-1] + bytes([bytes(chunk.sealed)[-1] ^ 1])
    chunk.save()
    assert job.snapshot is not None
    with pytest.raises(NotAuthentic):
        list(snapshots.records_of(job.snapshot))


def test_an_accepted_read_erases_the_one_before(engine: Engine) -> None:
    first = engine.apply(people(5))
    engine.apply(people(6))
    assert first.snapshot is not None
    old = Snapshot.objects.get(pk=first.snapshot.pk)
    assert old.erased_at is not None
    assert (old.people, old.chunks.count()) == (5, 0)
    assert snapshots.keys_of(old) is None
    assert SnapshotChunk.objects.count() == 1


def test_records_past_their_retention_are_purged(engine: Engine, other: Engine) -> None:
    engine.apply(people(5))
    waiting = other.plan(people(5))
    long_ago = timezone.now() - timedelta(days=31)
    Snapshot.objects.update(created_at=long_ago)
    purge_snapshots()
    # The records of a plan that waits are still needed.
    (left,) = SnapshotChunk.objects.all()
    assert left.snapshot == waiting.snapshot
    ended = Snapshot.objects.exclude(pk=left.snapshot_id).get()
    assert (ended.people, ended.erased_at is not None) == (5, True)
    other.serve(other.approve(waiting))
    purge_snapshots()
    assert SnapshotChunk.objects.count() == 0


def test_records_within_their_retention_stay(engine: Engine) -> None:
    engine.apply(people(5))
    Snapshot.objects.update(created_at=timezone.now() - timedelta(days=29))
    assert snapshots.erase_expired(timezone.now()) == 0
    assert SnapshotChunk.objects.count() == 1


def test_the_read_of_a_job_that_ends_unapplied_is_forgotten(engine: Engine) -> None:
    job = engine.plan(people(5))
    snapshots.discard(job)
    assert Snapshot.objects.count() == SnapshotChunk.objects.count() == 0
    assert engine.fresh(job).snapshot is None
