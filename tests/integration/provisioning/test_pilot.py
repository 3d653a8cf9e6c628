"""A pilot: the first people of a source, planned and applied like any job, and nobody else."""

import io

import pytest

from msp_portal.demo.generator import people_profile
from msp_portal.demo.table import with_unreadable_key, without
from provisioning.models import Job, Operation, Snapshot
from provisioning.selectors.reports import report_of
from provisioning.services import snapshots
from provisioning.services.queueing import QueueRefused
from provisioning.services.samples import take_sample
from provisioning.services.uploads import UploadRefused
from tests.support.engine import Engine, edited, held, people, value

PILOT = Job.Kind.PILOT
TABLE = people(8)


def key(at: int) -> str:
    return value(TABLE, at, "employee_id")


def other_profile() -> dict[str, object]:
    """A definition that differs from the one the engine publishes first."""
    data = people_profile()
    rules = [rule for rule in data["attributes"] if rule["target"] != "title"]
    return {**data, "attributes": [*rules, {"target": "title", "constant": "Colleague"}]}


def test_a_pilot_takes_the_first_people_and_nobody_else(engine: Engine) -> None:
    job = engine.serve(engine.upload(TABLE, pilot_size=3))
    assert (job.state, job.kind, job.planned_calls) == (Job.State.PLANNED, PILOT, 3)
    assert [op.key for op in engine.operations(job)] == [key(at) for at in range(3)]
    job = engine.serve(engine.approve(job))
    assert (job.state, job.created, len(engine.users())) == (Job.State.FINISHED, 3, 3)
    report = report_of(job)
    assert (report["kind"], report["pilot_size"]) == ("pilot", 3)


def test_a_pilot_disables_nobody_for_being_absent(engine: Engine) -> None:
    engine.apply(TABLE)
    changed = edited(without(TABLE, 2), 0, job_title="Chief")
    job = engine.serve(engine.upload(changed, pilot_size=2))
    assert [op.kind for op in engine.operations(job)] == ["update"]
    engine.serve(engine.approve(job))
    assert all(user["active"] for user in engine.users())


def test_a_pilot_is_no_yardstick_and_its_read_is_kept(engine: Engine) -> None:
    engine.apply(TABLE)
    accepted = engine.source.snapshot
    few = edited(without(TABLE, 5), 0, job_title="Chief")
    job = engine.serve(engine.approve(engine.serve(engine.upload(few, pilot_size=1))))
    assert job.state == Job.State.FINISHED
    assert engine.source.snapshot == accepted
    assert Snapshot.objects.filter(erased_at=None).count() == 2
    # The same read for everybody is held against the last accepted one, as if handed in now.
    everybody = engine.queue()
    assert (everybody.state, everybody.snapshot_id) == (Job.State.STOPPED, job.snapshot_id)


def test_a_cancelled_pilot_keeps_its_read(engine: Engine) -> None:
    job = engine.serve(engine.upload(TABLE, pilot_size=1))
    again = engine.queue(PILOT, 2)
    assert engine.fresh(job).state == Job.State.CANCELLED
    assert again.snapshot_id == job.snapshot_id
    assert engine.serve(again).planned_calls == 2


def test_a_pilot_passes_over_whom_the_profile_is_not_for(engine: Engine) -> None:
    site = {"column": "location", "is": "equals", "value": "Kiruna"}
    engine.publish({**people_profile(), "scope": site})
    table = edited(edited(TABLE, 2, location="Kiruna"), 5, location="Kiruna")
    job = engine.serve(engine.upload(table, pilot_size=1))
    assert [op.key for op in engine.operations(job)] == [key(2)]
    assert job.out_of_scope == 2


def test_a_record_that_is_held_counts_as_one_of_the_first(engine: Engine) -> None:
    table = edited(TABLE, 0, status="who knows")
    job = engine.serve(engine.upload(table, pilot_size=2))
    assert [op.key for op in engine.operations(job)] == [key(1)]
    assert [who for _, who, _ in held(job)] == [key(0)]


def test_a_new_version_that_needs_a_pilot_lets_no_sync_through(engine: Engine) -> None:
    engine.apply(TABLE)
    version = engine.publish(other_profile(), needs_pilot=True)
    with pytest.raises(UploadRefused, match=r"Version 2 .* Plan a pilot"):
        engine.upload(TABLE)
    with pytest.raises(QueueRefused, match="Plan a pilot"):
        engine.queue()
    job = engine.serve(engine.queue(PILOT, 2))
    assert (job.profile_version, job.planned_calls) == (version, 2)
    with pytest.raises(QueueRefused, match="Plan a pilot"):
        engine.queue()
    assert engine.serve(engine.approve(job)).state == Job.State.FINISHED
    assert engine.serve(engine.queue()).planned_calls == 6


@pytest.mark.parametrize("trouble", ["failed", "held"])
def test_a_pilot_with_failures_does_not_open_the_way(engine: Engine, trouble: str) -> None:
    engine.publish(other_profile(), needs_pilot=True)
    table = TABLE
    if trouble == "failed":
        engine.fault(kind="status", status=400, method="POST")
    else:
        table = edited(TABLE, 0, status="who knows")
    job = engine.serve(engine.approve(engine.serve(engine.upload(table, pilot_size=2))))
    assert job.state == Job.State.FINISHED
    with pytest.raises(UploadRefused, match="Plan a pilot"):
        engine.upload(TABLE)


def test_rows_without_a_key_of_their_own_are_no_failure_of_a_pilot(engine: Engine) -> None:
    engine.publish(other_profile(), needs_pilot=True)
    doubled = edited(TABLE, 7, employee_id=key(6)).to_bytes()
    take_sample(
        tenant=engine.tenant, file=io.BytesIO(doubled), file_name="first.csv", by=engine.engineer
    )
    pilot = engine.serve(engine.approve(engine.serve(engine.queue(PILOT, 2))))
    assert (pilot.state, len(held(pilot))) == (Job.State.FINISHED, 2)
    assert engine.plan(TABLE).planned_calls == 6


def test_a_pilot_that_covered_nobody_does_not_open_the_way(engine: Engine) -> None:
    nobody = {"column": "location", "is": "equals", "value": "Atlantis"}
    engine.publish({**people_profile(), "scope": nobody}, needs_pilot=True)
    assert engine.serve(engine.upload(TABLE, pilot_size=2)).state == Job.State.FINISHED
    with pytest.raises(UploadRefused, match="Plan a pilot"):
        engine.upload(TABLE)


def test_a_job_from_a_kept_read_knows_what_was_refused_in_it(engine: Engine) -> None:
    engine.apply(people(30))
    damaged = with_unreadable_key(without(people(30), 2), seed=5)
    pilot = engine.serve(engine.upload(damaged, pilot_size=1))
    assert (pilot.state, pilot.unreadable_keys, len(held(pilot))) == (Job.State.FINISHED, 1, 1)
    job = engine.serve(engine.queue())
    assert (job.state, job.unreadable_keys, job.withheld) == (Job.State.PLANNED, 1, 3)
    assert len(held(job)) == 1


def test_a_sample_serves_pilots_only(engine: Engine) -> None:
    engine.apply(TABLE)
    accepted = engine.source.snapshot
    sample = Snapshot.objects.create(
        customer_id=engine.tenant.customer_id,
        tenant=engine.tenant,
        source=engine.source,
        file_name="sample.csv",
        people=1,
        columns=accepted.columns,
    )
    first = next(snapshots.records_of(accepted))
    snapshots.store_records(sample, [first])
    assert engine.queue(PILOT, 5).snapshot_id == sample.pk
    job = engine.serve(engine.fresh(Job.objects.first()))
    assert (job.state, job.unchanged) == (Job.State.FINISHED, 1)
    assert engine.serve(engine.queue()).snapshot_id == accepted.pk
    assert Snapshot.objects.get(pk=sample.pk).erased_at is None


@pytest.mark.parametrize(
    ("size", "words"), [(None, "at least one"), (0, "at least one"), (-1, "at least one")]
)
def test_a_pilot_of_nobody_is_refused(engine: Engine, size: int | None, words: str) -> None:
    engine.apply(TABLE)
    with pytest.raises(QueueRefused, match=words):
        engine.queue(PILOT, size)


def test_without_a_kept_read_there_is_nothing_to_plan(engine: Engine) -> None:
    with pytest.raises(QueueRefused, match="Upload its file"):
        engine.queue(PILOT, 1)


def test_a_column_that_the_kept_read_lacks_is_named(engine: Engine) -> None:
    engine.apply(TABLE)
    data = people_profile()
    engine.publish(
        {**data, "attributes": [*data["attributes"], {"target": "userType", "column": "grade"}]}
    )
    with pytest.raises(QueueRefused, match="lacks: grade"):
        engine.queue(PILOT, 1)


def test_a_job_in_work_is_not_disturbed(engine: Engine) -> None:
    engine.upload(TABLE)
    with pytest.raises(QueueRefused, match="planning"):
        engine.queue(PILOT, 1)
    assert Operation.objects.count() == 0


def test_a_correction_of_what_was_not_tried_asks_for_a_pilot_as_well(engine: Engine) -> None:
    engine.publish(other_profile(), needs_pilot=True)
    constant = {"target": "userType", "constant": "Colleague"}
    data = other_profile()
    corrected = {**data, "attributes": [*data["attributes"], constant]}
    assert engine.publish(corrected).needs_pilot
    with pytest.raises(UploadRefused, match=r"Version 3 .* Plan a pilot"):
        engine.upload(TABLE)
    engine.serve(engine.approve(engine.serve(engine.upload(TABLE, pilot_size=1))))
    assert not engine.publish(other_profile()).needs_pilot
