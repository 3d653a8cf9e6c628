"""People outside the scope: disabled first, deleted after some days and an explicit yes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from msp_portal.demo.generator import people_profile
from msp_portal.demo.table import Table
from provisioning.models import DeletedAccount, DirectoryObject, Job, Operation
from provisioning.selectors import counts_of
from provisioning.services import slices
from provisioning.services.deletions import forget_deletions
from tests.support.engine import Engine, edited, only, people, value

TABLE = people(6)
KEY = value(TABLE, 0, "employee_id")
SCOPE = {"column": "location", "is": "not_equals", "value": "Atlantis"}


def away(at: int = 0) -> Table:
    return edited(TABLE, at, location="Atlantis")


@pytest.fixture(autouse=True)
def _scope(engine: Engine) -> None:
    outside = {"delete_after_days": 30}
    engine.publish({**people_profile(), "scope": SCOPE, "out_of_scope": outside})


def shadow() -> DirectoryObject:
    return DirectoryObject.objects.get(key=KEY)


def days_pass(days: float) -> None:
    """Let days pass since the person was first seen outside."""
    since = timezone.now() - timedelta(days=days)
    DirectoryObject.objects.exclude(outside_since=None).update(outside_since=since)


def left_for(engine: Engine, days: float) -> Job:
    """The plan for somebody who left the scope that many days ago."""
    engine.apply(TABLE)
    engine.apply(away())
    days_pass(days)
    return engine.plan(away())


def test_who_leaves_the_scope_is_disabled_and_the_days_begin(engine: Engine) -> None:
    engine.apply(TABLE)
    assert shadow().outside_since is None
    job = engine.apply(away())
    assert (job.disabled, job.out_of_scope) == (1, 1)
    assert shadow().outside_since is not None
    assert engine.user(KEY)["active"] is False


@pytest.mark.parametrize(("days", "planned"), [(29.9, 0), (30.1, 1)])
def test_the_delete_is_planned_when_the_days_are_over(
    engine: Engine, days: float, planned: int
) -> None:
    job = left_for(engine, days)
    assert (job.planned_calls, job.total, job.withheld) == (planned, 0, planned)
    for operation in engine.operations(job):
        assert (operation.kind, operation.state) == ("delete", "withheld")
        assert "more than 30 days" in operation.reason
    counts = counts_of(job)
    assert (counts.delete, counts.doubtful) == (planned, 0)


def test_nothing_is_deleted_without_an_explicit_yes(engine: Engine) -> None:
    job = engine.approve(left_for(engine, 31), include_withheld=True, include_adoptions=True)
    job = engine.serve(job)
    assert (job.state, job.deleted) == (Job.State.FINISHED, 0)
    assert engine.operation(job, KEY).state == Operation.State.SKIPPED
    assert len(engine.users()) == 6


def test_a_delete_takes_the_call_it_was_planned_with_and_the_shadow_goes(engine: Engine) -> None:
    job = left_for(engine, 31)
    before = engine.requests()
    job = engine.serve(engine.approve(job, include_deletes=True))
    assert (job.state, job.deleted, job.failed) == (Job.State.FINISHED, 1, 0)
    assert engine.requests() - before == job.planned_calls == 1
    assert engine.purposes()["delete"] == 1
    assert len(engine.users()) == 5
    assert not DirectoryObject.objects.filter(key=KEY).exists()
    assert engine.apply(away()).planned_calls == 0


def test_what_is_gone_already_is_done(engine: Engine) -> None:
    job = left_for(engine, 31)
    engine.delete_outside(engine.user(KEY)["id"])
    job = engine.serve(engine.approve(job, include_deletes=True))
    assert (job.deleted, job.failed) == (1, 0)
    assert "already" in engine.operation(job, KEY).message
    assert not DirectoryObject.objects.filter(key=KEY).exists()


def test_who_comes_back_is_enabled_and_the_days_begin_anew(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.apply(away())
    days_pass(31)
    assert engine.apply(TABLE).enabled == 1
    assert shadow().outside_since is None
    assert engine.apply(away()).disabled == 1
    assert engine.apply(away()).planned_calls == 0


def test_who_is_missing_altogether_is_not_deleted(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.apply(away())
    days_pass(31)
    assert engine.plan(only(TABLE, 1, 2, 3, 4, 5)).planned_calls == 0


def test_a_delete_withheld_does_not_keep_the_disables_waiting(engine: Engine) -> None:
    left_for(engine, 31)
    table = edited(edited(away(), 1, location="Atlantis"), 2, job_title="Chief")
    job = engine.plan(table)
    kinds = [op.kind for op in engine.operations(job)]
    assert sorted(kinds) == ["delete", "disable", "update"]
    job = engine.serve(engine.approve(job, include_deletes=True))
    assert (job.disabled, job.deleted, job.updated) == (1, 1, 1)


def test_a_protected_account_is_not_deleted(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.apply(away())
    days_pass(31)
    engine.tenant.protected_accounts = [engine.user(KEY)["userName"]]
    engine.tenant.save()
    (operation,) = engine.operations(engine.plan(away()))
    assert (operation.kind, "Protected" in operation.reason) == ("leave", True)


FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 504, "when": "after"},
    {"kind": "reset", "when": "after"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=["500", "504 after", "reset after"])
def test_a_delete_nobody_heard_of_is_sent_again(engine: Engine, fault: dict[str, Any]) -> None:
    job = left_for(engine, 31)
    engine.fault(**fault, method="DELETE")
    job = engine.serve(engine.approve(job, include_deletes=True))
    assert (job.deleted, job.failed, len(engine.users())) == (1, 0, 5)
    engine.check_calls()


def test_a_worker_that_dies_after_the_delete(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provisioning.services import applying

    job = engine.approve(left_for(engine, 31), include_deletes=True)
    save = applying.save

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(applying, "save", dies)
    with pytest.raises(KeyboardInterrupt):
        slices.serve_next()
    monkeypatch.setattr(applying, "save", save)
    assert len(engine.users()) == 5
    engine.bury()
    job = engine.serve(job)
    assert (job.deleted, job.failed) == (1, 0)
    engine.check_calls()


def test_a_re_hire_within_30_days_of_a_delete_is_told_why(engine: Engine) -> None:
    engine.serve(engine.approve(left_for(engine, 31), include_deletes=True))
    before = engine.requests()
    job = engine.apply(TABLE)
    assert (job.planned_calls, job.failed, engine.requests() - before) == (0, 0, 0)
    operation = engine.operation(job, KEY)
    assert (operation.kind, operation.state) == ("leave", "skipped")
    deleted = DeletedAccount.objects.get()
    free = deleted.deleted_at + timedelta(days=30)
    assert f"keeps it until {free:%Y-%m-%d %H:%M} UTC" in operation.reason


def test_after_30_days_the_account_is_created_anew(engine: Engine) -> None:
    engine.serve(engine.approve(left_for(engine, 31), include_deletes=True))
    DeletedAccount.objects.update(deleted_at=timezone.now() - timedelta(days=30))
    engine.switch(soft_delete_days=0)
    job = engine.apply(TABLE)
    assert (job.created, job.failed) == (1, 0)
    assert forget_deletions(timezone.now()) == 1
    assert not DeletedAccount.objects.exists()
