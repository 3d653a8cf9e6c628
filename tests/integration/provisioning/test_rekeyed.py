"""A kept read under a profile that takes another column as the key."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from msp_portal.demo.generator import people_profile
from provisioning.models import Job
from provisioning.services import effects, snapshots
from provisioning.services.queueing import QueueRefused, queue_from_snapshot
from provisioning.services.samples import sample_of
from tests.support.engine import Engine, edited, people, value

PEOPLE = people(8)
# The first person's badge happens to be the employee id; nobody else's is.
FIRST = value(PEOPLE, 0, "employee_id")


def file_of(*badges: str) -> bytes:
    """The people as a file with a column of badges."""
    header, *rows = PEOPLE.to_bytes().decode().splitlines()
    lines = [f"{row},{badge}" for row, badge in zip(rows, badges, strict=True)]
    return "\n".join([f"{header},badge", *lines]).encode()


BADGES = (FIRST, *(f"B{n}" for n in range(1, 8)))


def by_badge() -> dict[str, Any]:
    return {**people_profile(), "key_column": "badge"}


def test_another_key_column_is_asked_of_the_guard(engine: Engine) -> None:
    engine.apply(file_of(*BADGES))
    engine.publish(by_badge())
    job = engine.queue()
    assert job.state == Job.State.STOPPED
    assert job.comparison["missing"] == 7


def test_rows_refused_by_another_key_make_whoever_is_missing_doubtful(engine: Engine) -> None:
    engine.publish(by_badge())
    engine.apply(file_of(*BADGES))
    engine.publish(people_profile())
    table = edited(PEOPLE, 7, employee_id=value(PEOPLE, 6, "employee_id"))
    header, *rows = table.to_bytes().decode().splitlines()
    lines = [f"{row},{badge}" for row, badge in zip(rows, BADGES, strict=True)]
    assert engine.upload("\n".join([f"{header},badge", *lines]).encode()).state == "stopped"
    # The two rows that share an employee id are B6's and B7's, which that read could not know.
    engine.publish(by_badge())
    job = engine.serve(engine.queue())
    for key in ("B6", "B7"):
        operation = engine.operation(job, key)
        assert (operation.kind, operation.state) == ("disable", "withheld")
        assert "the key of 2 rows could not be read" in operation.reason
    sample = sample_of(engine.tenant)
    assert sample is not None
    seen = effects.effect(engine.tenant, by_badge(), sample, timezone.now()).effect
    planned = {(op.key, op.kind, op.reason) for op in engine.operations(job)}
    changes = {(each.key, each.kind.value, each.reason) for each in seen.changes}
    assert planned <= changes


def test_nothing_is_planned_from_an_erased_read(engine: Engine) -> None:
    engine.apply(PEOPLE)
    job = engine.queue()
    assert job.snapshot is not None
    snapshots.erase(job.snapshot, timezone.now())
    job = engine.serve(job)
    assert (job.state, engine.operations(job)) == (Job.State.FAILED, [])
    assert "Upload the file again" in job.problem


def test_no_job_is_queued_from_a_read_that_was_erased_meanwhile(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.apply(PEOPLE)
    reads = snapshots.people_of

    def erased_after(snapshot: Any, key_column: str) -> Any:
        found = reads(snapshot, key_column)
        snapshots.erase_expired(timezone.now() + timedelta(days=9999))
        return found

    monkeypatch.setattr(snapshots, "people_of", erased_after)
    with pytest.raises(QueueRefused, match="Upload its file again"):
        queue_from_snapshot(tenant=engine.tenant, kind=Job.Kind.SYNC, by=engine.engineer)
