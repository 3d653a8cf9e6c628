"""The first file of a tenant, read before there is a profile."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone

from msp_portal.demo.generator import people_profile
from provisioning.domain.suggestions import suggest_keys
from provisioning.models import Job, Snapshot, SnapshotChunk
from provisioning.services import snapshots
from provisioning.services.samples import (
    people_matching,
    person_at,
    sample_of,
    take_sample,
)
from provisioning.services.uploads import UploadRefused
from tests.support.engine import Engine, held, people

TABLE = people(12)
DIRTY = b"""id;mail;name
1;a@x.example;Ada
2;b@x.example;Bo
2;c@x.example;Cy
;d@x.example;Di
5;e
"""


def take(engine: Engine, data: bytes) -> Snapshot:
    return take_sample(
        tenant=engine.tenant, file=io.BytesIO(data), file_name="first.csv", by=engine.engineer
    )


def test_a_sample_is_sealed_and_queues_no_job(engine: Engine) -> None:
    snapshot = take(engine, TABLE.to_bytes())
    assert (snapshot.people, snapshot.accepted_at, snapshot.complete) == (12, None, False)
    assert Job.objects.count() == 0
    sealed = b"".join(bytes(chunk.sealed) for chunk in SnapshotChunk.objects.all())
    assert b"employee_id" not in sealed
    sample = sample_of(engine.tenant)
    assert sample is not None
    assert suggest_keys(sample.statistics.values())[0].column == "employee_id"
    assert len(sample.keyed("employee_id").records) == 12


def test_another_key_column_tells_other_people_apart(engine: Engine) -> None:
    take(engine, DIRTY)
    sample = sample_of(engine.tenant)
    assert sample is not None
    assert [each.key for each in sample.keyed("id").records] == ["1"]
    assert sample.keyed("id").unreadable == 2
    assert [each.key[0] for each in sample.keyed("mail").records] == ["a", "b", "c", "d"]
    assert [row.line for row in sample.keyed("mail").refused] == [6]


def test_a_newer_sample_replaces_the_older_one(engine: Engine) -> None:
    take(engine, DIRTY)
    newer = take(engine, TABLE.to_bytes())
    assert list(Snapshot.objects.all()) == [newer]


def test_a_read_that_a_job_uses_is_not_touched(engine: Engine) -> None:
    job = engine.plan(TABLE)
    take(engine, DIRTY)
    assert engine.fresh(job).snapshot is not None
    assert Snapshot.objects.count() == 2


def test_an_accepted_upload_is_a_sample_too(engine: Engine) -> None:
    job = engine.apply(TABLE)
    sample = sample_of(engine.tenant)
    assert sample is not None
    assert sample.snapshot == job.snapshot


def test_a_file_that_the_guard_stopped_is_none(engine: Engine) -> None:
    first = engine.apply(people(40))
    assert engine.upload(people(10)).state == Job.State.STOPPED
    sample = sample_of(engine.tenant)
    assert sample is not None
    assert sample.snapshot == first.snapshot


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"id;name\n", b"1;2\n3;4\n", b"a;a\n1;2\n"])
def test_what_is_no_table_with_a_header_is_refused_and_not_kept(
    engine: Engine, data: bytes
) -> None:
    with pytest.raises(UploadRefused):
        take(engine, data)
    assert Snapshot.objects.count() == 0


def test_a_sample_is_erased_after_its_retention(engine: Engine) -> None:
    take(engine, DIRTY)
    assert snapshots.erase_expired(timezone.now() + timedelta(days=31)) == 1
    assert sample_of(engine.tenant) is None
    assert SnapshotChunk.objects.count() == 0


def test_people_are_found_by_name_or_key(engine: Engine) -> None:
    take(engine, DIRTY)
    sample = sample_of(engine.tenant)
    assert sample is not None
    assert [each.label for each in people_matching(sample, "ADA", "id")] == ["Ada (1)"]
    assert [each.position for each in people_matching(sample, "b@x", "mail")] == [1]
    assert len(people_matching(sample, "", "id", limit=2)) == 2
    found = person_at(sample, 2, "id")
    assert found is not None
    assert (found[0].label, found[1].values["mail"]) == ("Cy (2)", "c@x.example")
    assert person_at(sample, 99, "id") is None


def test_a_pilot_of_a_sample_takes_the_profiles_key(engine: Engine) -> None:
    take(engine, TABLE.to_bytes())
    job = engine.serve(engine.queue(Job.Kind.PILOT, 3))
    assert [op.key for op in engine.operations(job)] == list(TABLE.keys())[:3]


def test_a_read_planned_by_another_key_holds_whom_it_cannot_tell_apart(engine: Engine) -> None:
    engine.plan(TABLE)
    engine.publish({**people_profile(), "key_column": "country"})
    job = engine.serve(engine.queue(Job.Kind.PILOT, 3))
    assert {code for _, _, code in held(job)} == {"duplicate_key"}
