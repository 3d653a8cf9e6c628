"""Handing in a file: refused whole, refused rows, replacing a plan, the guard."""

from dataclasses import replace

import pytest

from msp_portal.demo.generator import people_profile
from msp_portal.demo.table import (
    Table,
    with_duplicate_key,
    with_unreadable_key,
    without,
)
from provisioning.models import (
    HeldRecord,
    Job,
    MappingProfile,
    Operation,
    Snapshot,
    SnapshotChunk,
)
from provisioning.services import approval, lanes, snapshots
from provisioning.services.approval import DecisionRefused
from provisioning.services.profiles import publish
from provisioning.services.uploads import UploadRefused
from tenants.models import AuditEvent
from tests.support.engine import Engine, edited, held, only, people, value

TABLE = people(12)


def renamed(table: Table, old: str, new: str) -> Table:
    columns = tuple(new if column == old else column for column in table.columns)
    return replace(table, columns=columns)


WHOLE = [
    # what is wrong with the file, its bytes, a word of the sentence
    ("a workbook", b"PK\x03\x04[Content_Types].xml" + bytes(200), "Excel"),
    ("no text", b"\x00\x01\x02" * 300, "not text"),
    ("empty", b"", "empty"),
    ("no header", b"1,2,3\r\n4,5,6\r\n", "names of columns"),
    ("a duplicate header", renamed(TABLE, "phone", "department").to_bytes(), "department"),
    ("no key column", renamed(TABLE, "employee_id", "number").to_bytes(), "employee_id"),
    ("a column the profile needs", renamed(TABLE, "job_title", "role").to_bytes(), "job_title"),
    ("a header alone", TABLE.to_bytes().split(b"\r\n")[0] + b"\r\n", "no row"),
    ("a quote never closed", TABLE.to_bytes() + b'9,"x\r\n', "never closed"),
]


@pytest.mark.parametrize(("data", "word"), [row[1:] for row in WHOLE], ids=[r[0] for r in WHOLE])
def test_a_file_refused_whole_leaves_nothing(engine: Engine, data: bytes, word: str) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(UploadRefused, match=word):
        engine.upload(data)
    for model in (Snapshot, SnapshotChunk, Job, HeldRecord, Operation):
        assert model.objects.count() == 0, model
    assert AuditEvent.objects.count() == before


def test_a_tenant_without_a_profile_takes_no_file(engine: Engine) -> None:
    MappingProfile.objects.all().delete()
    with pytest.raises(UploadRefused, match="no mapping profile"):
        engine.upload(TABLE)
    assert Job.objects.count() == Snapshot.objects.count() == 0


def test_refused_rows_are_held_with_line_and_key(engine: Engine) -> None:
    table = with_unreadable_key(with_duplicate_key(TABLE, seed=2), seed=3)
    (doubled,) = {
        value(table, at, "employee_id")
        for at in range(12)
        if sum(row.values[0] == value(table, at, "employee_id") for row in table.rows) > 1
    }
    lines = [at + 2 for at, row in enumerate(table.rows) if row.values[0] == doubled]
    (damaged,) = (at + 2 for at, row in enumerate(table.rows) if row.values[0] == "1.23E+05")
    job = engine.upload(table)
    expected = [(line, doubled, "duplicate_key") for line in lines]
    assert held(job) == sorted([*expected, (damaged, "", "unreadable_key")])
    assert (job.people, job.held, job.unreadable_keys) == (12, 3, 1)
    assert job.snapshot is not None
    assert job.snapshot.people == 9


def test_a_row_with_a_field_too_many_is_held_without_its_key(engine: Engine) -> None:
    data = TABLE.to_bytes() + ",".join(["x"] * 12).encode() + b"\r\n"
    job = engine.upload(data)
    assert held(job) == [(14, "", "too_many_fields")]


def test_a_waiting_plan_is_replaced(engine: Engine) -> None:
    first = engine.plan(TABLE)
    second = engine.plan(only(TABLE, 0, 1))
    first = engine.fresh(first)
    assert (first.state, first.snapshot) == (Job.State.CANCELLED, None)
    assert "Replaced" in first.problem
    assert first.ended_at is not None
    assert second.state == Job.State.PLANNED
    assert SnapshotChunk.objects.count() == 1
    with pytest.raises(DecisionRefused):
        engine.approve(first)


def test_a_stopped_file_is_replaced_too(engine: Engine) -> None:
    engine.apply(TABLE)
    stopped = engine.upload(only(TABLE, 0, 1))
    assert stopped.state == Job.State.STOPPED
    assert engine.plan(TABLE).state == Job.State.FINISHED
    assert engine.fresh(stopped).state == Job.State.CANCELLED


@pytest.mark.parametrize("state", [Job.State.PLANNING, Job.State.APPLYING])
def test_a_running_job_refuses_an_upload_and_goes_on(engine: Engine, state: str) -> None:
    job = engine.upload(TABLE)
    if state == Job.State.APPLYING:
        job = engine.approve(engine.serve(job))
    with pytest.raises(UploadRefused, match=f"Job {job.pk} "):
        engine.upload(TABLE)
    assert Snapshot.objects.count() == 1
    assert Job.objects.count() == 1
    engine.serve(job)


def test_the_open_job_of_another_tenant_is_no_obstacle(engine: Engine, other: Engine) -> None:
    first, second = engine.plan(TABLE), other.plan(TABLE)
    assert first.state == second.state == Job.State.PLANNED


def test_the_database_keeps_one_open_job_per_tenant(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.plan(TABLE)
    # As if both uploads had looked before either had written.
    monkeypatch.setattr("provisioning.services.uploads.replace_open_job", lambda *_: None)
    with pytest.raises(UploadRefused, match="same moment"):
        engine.upload(TABLE)
    assert Job.objects.count() == Snapshot.objects.count() == 1


# The guard.


def test_a_file_that_lost_its_people_stops_before_planning(engine: Engine) -> None:
    table = people(40)
    engine.apply(table)
    calls = engine.requests()
    job = engine.upload(without(table, 5))
    assert job.state == Job.State.STOPPED
    assert job.comparison is not None
    assert (job.comparison["missing"], job.comparison["people_before"]) == (5, 40)
    assert len(job.comparison["sample"]) == 5
    assert lanes.claim() is None
    assert engine.requests() == calls


@pytest.mark.parametrize(
    ("count", "missing", "stops"),
    [
        (40, 4, False),  # a tenth, and fewer than five
        (40, 5, True),
        (60, 6, False),  # exactly a tenth is within the limit
        (60, 7, True),
        (12, 4, False),  # a third, but fewer than five
        (12, 5, True),
    ],
)
def test_the_guard_stops_beyond_a_tenth_and_five(
    engine: Engine, count: int, missing: int, stops: bool
) -> None:
    table = people(count)
    job = engine.plan(table)
    assert job.snapshot is not None
    engine.approve(job)
    Job.objects.all().update(state=Job.State.FINISHED)
    assert (engine.upload(without(table, missing)).state == Job.State.STOPPED) is stops


def test_a_lost_column_stops_even_if_the_profile_does_not_need_it(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.upload(renamed(TABLE, "manager_id", "boss"))
    assert job.state == Job.State.STOPPED
    assert job.comparison is not None
    assert job.comparison["columns_lost"] == ["manager_id"]
    assert job.comparison["columns_added"] == ["boss"]


def test_a_person_accepts_the_loss_and_it_is_planned(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.upload(without(TABLE, 6))
    approval.accept_loss(job=job, by=engine.engineer)
    job = engine.serve(job)
    assert job.state == Job.State.PLANNED
    assert (job.planned_calls, job.withheld) == (6, 0)
    assert AuditEvent.objects.filter(action="job.loss_accepted").count() == 1
    with pytest.raises(DecisionRefused):
        approval.accept_loss(job=job, by=engine.engineer)


def test_held_rows_with_a_readable_key_count_as_present(engine: Engine) -> None:
    table = people(20)
    engine.apply(table)
    # Three rows repeat a key each: six rows are refused, three keys are still there.
    keys = [value(table, at, "employee_id") for at in range(3)]
    doubled = table
    for at, key in enumerate(keys):
        doubled = edited(doubled, at + 3, employee_id=key)
    job = engine.upload(doubled)
    assert job.state == Job.State.PLANNING
    assert job.comparison is not None
    assert job.comparison["missing"] == 3
    assert job.held == 6


def test_after_erasure_the_guard_falls_back_to_counts(engine: Engine) -> None:
    job = engine.apply(TABLE)
    assert job.snapshot is not None
    snapshots.erase(job.snapshot, job.ended_at)
    swapped = people(12, seed=9)
    for at in range(12):
        swapped = edited(swapped, at, employee_id=f"new-{at}")
    assert engine.upload(swapped).state == Job.State.PLANNING
    Job.objects.filter(state=Job.State.PLANNING).update(state=Job.State.CANCELLED)
    fewer = engine.upload(without(TABLE, 6))
    assert fewer.state == Job.State.STOPPED
    assert fewer.comparison is not None
    assert (fewer.comparison["missing"], fewer.comparison["sample"]) == (6, [])


def test_the_file_of_a_cancelled_plan_is_no_yardstick(engine: Engine) -> None:
    engine.apply(people(40))
    small = engine.upload(people(10))
    assert small.state == Job.State.STOPPED
    approval.cancel(job=small, by=engine.engineer)
    assert engine.upload(people(39)).state == Job.State.PLANNING


def test_a_new_profile_version_decides_which_columns_are_needed(engine: Engine) -> None:
    profile = people_profile()
    profile["attributes"] = [
        rule for rule in profile["attributes"] if rule.get("column") != "phone"
    ]
    publish(tenant=engine.tenant, definition=profile, by=engine.engineer)
    assert engine.upload(renamed(TABLE, "phone", "telephone")).state == Job.State.PLANNING
