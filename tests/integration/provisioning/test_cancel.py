"""Ending a job before its end: at once while it waits, between slices while it is worked on."""

from typing import Any

import pytest

from provisioning.models import DirectoryObject, Job, Operation, Snapshot
from provisioning.scim.client import ScimClient
from provisioning.services import approval, planning, slices
from provisioning.services.approval import DecisionRefused
from tenants import tokens
from tenants.models import AuditEvent
from tests.support.engine import CLIENT_ID, Engine, edited, only, people, value

TABLE = people(20)


def cancel(engine: Engine, job: Job) -> Job:
    approval.cancel(job=engine.fresh(job), by=engine.engineer)
    return engine.fresh(job)


def states(job: Job) -> set[str]:
    return set(job.operations.values_list("state", flat=True))


def test_a_waiting_plan_is_cancelled_at_once(engine: Engine) -> None:
    job = cancel(engine, engine.plan(TABLE))
    assert (job.state, job.snapshot) == (Job.State.CANCELLED, None)
    assert Snapshot.objects.count() == 0
    assert AuditEvent.objects.get(action="job.cancelled").actor == engine.engineer
    with pytest.raises(DecisionRefused, match="cancelled"):
        engine.approve(job)
    with pytest.raises(DecisionRefused, match="ended already"):
        cancel(engine, job)
    assert engine.users() == []


def test_a_stopped_file_is_cancelled_at_once(engine: Engine) -> None:
    engine.apply(TABLE)
    job = cancel(engine, engine.upload(only(TABLE, 0)))
    assert job.state == Job.State.CANCELLED
    assert engine.plan(TABLE).state == Job.State.FINISHED


def test_a_job_is_cancelled_before_its_planning_begins(engine: Engine) -> None:
    job = cancel(engine, engine.upload(TABLE))
    job = engine.serve(job)
    assert (job.state, engine.requests()) == (Job.State.CANCELLED, 0)
    assert Snapshot.objects.count() == 0


def test_a_job_is_cancelled_while_it_is_planned(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.upload(TABLE)
    inventory = planning.read_inventory

    def meanwhile(*arguments: Any) -> None:
        inventory(*arguments)
        cancel(engine, job)

    monkeypatch.setattr(planning, "read_inventory", meanwhile)
    job = engine.serve(job)
    assert (job.state, job.snapshot) == (Job.State.CANCELLED, None)
    assert engine.upload(TABLE).state == Job.State.PLANNING


def test_a_plan_without_operations_that_is_cancelled_while_planned_is_not_accepted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.apply(TABLE)
    job = engine.upload(TABLE)
    monkeypatch.setattr(planning, "read_inventory", lambda *_: cancel(engine, job))
    assert engine.serve(job).state == Job.State.CANCELLED
    assert Snapshot.objects.count() == 1


def test_a_job_ends_between_two_slices(engine: Engine, settings: Any) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    settings.SCIM_BATCH = 6
    job = engine.approve(engine.plan(TABLE))
    assert slices.serve_next()
    job = cancel(engine, job)
    assert (job.state, job.cancel_requested) == (Job.State.APPLYING, True)
    job = engine.serve(job)
    assert (job.state, job.created, job.skipped) == (Job.State.CANCELLED, 6, 14)
    assert (job.settled, job.total) == (20, 20)
    assert states(job) == {Operation.State.DONE, Operation.State.SKIPPED}
    assert len(engine.users()) == 6
    engine.check_calls()
    # The rest is planned again by the next file.
    again = engine.apply(TABLE)
    assert again.created == 14
    engine.check(again, TABLE)


@pytest.mark.parametrize("status", [504, 500])
def test_unknown_creations_are_still_resolved(engine: Engine, settings: Any, status: int) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    settings.SCIM_BATCH = 6
    job = engine.approve(engine.plan(TABLE))
    engine.fault(kind="status", status=status, method="POST", when="after", times=2)
    engine.fault(kind="status", status=status, method="POST", times=2)
    assert slices.serve_next()
    job = engine.serve(cancel(engine, job))
    assert (job.state, job.created, job.skipped) == (Job.State.CANCELLED, 4, 16)
    assert DirectoryObject.objects.exclude(key="").count() == len(engine.users()) == 4
    engine.check_calls()


@pytest.mark.parametrize("doubt", ["504", "500", "crash"])
def test_unknown_changes_are_still_resolved(
    engine: Engine, settings: Any, monkeypatch: pytest.MonkeyPatch, doubt: str
) -> None:
    engine.apply(TABLE)
    settings.SCIM_BATCH = 2
    settings.LANE_SLICE_SECONDS = 0.0
    changed = TABLE
    for at in range(6):
        changed = edited(changed, at, job_title="Chief")
    job = engine.approve(engine.plan(changed))
    if doubt == "crash":
        with monkeypatch.context() as patch:
            die_after_sending(patch)
            with pytest.raises(KeyboardInterrupt):
                slices.serve_next()
        engine.bury()
    else:
        engine.fault(kind="status", status=int(doubt), method="PATCH", when="after", times=2)
        assert slices.serve_next()
    job = engine.serve(cancel(engine, job))
    assert (job.state, job.updated, job.skipped) == (Job.State.CANCELLED, 2, 4)
    # What the portal believes is what the directory has, so the old file has two to change back.
    assert [user["title"] for user in engine.users()].count("Chief") == 2
    assert engine.apply(TABLE).updated == 2
    assert {user["title"] for user in engine.users()} == {
        value(TABLE, at, "job_title") for at in range(20)
    }


def die_after_sending(patch: pytest.MonkeyPatch) -> None:
    send_all = ScimClient.send_all

    def dies(self: ScimClient, *arguments: Any) -> Any:
        send_all(self, *arguments)
        raise KeyboardInterrupt

    patch.setattr(ScimClient, "send_all", dies)


def test_a_throttled_operation_is_skipped(engine: Engine, settings: Any) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    job = engine.approve(engine.plan(TABLE))
    engine.fault(kind="status", status=429, retry_after=600, method="POST", times=1000)
    assert slices.serve_next()
    job = engine.serve(cancel(engine, job))
    assert (job.state, job.skipped, engine.users()) == (Job.State.CANCELLED, 20, [])


def test_a_job_that_waits_for_the_feature_can_be_cancelled(engine: Engine) -> None:
    job = engine.approve(engine.plan(TABLE))
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=False)
    assert slices.serve_next()
    assert engine.serve(cancel(engine, job)).state == Job.State.CANCELLED


@pytest.mark.parametrize("state", [Job.State.PLANNING, Job.State.APPLYING])
def test_a_job_that_waits_for_a_credential_can_be_cancelled(engine: Engine, state: str) -> None:
    job = engine.upload(TABLE)
    if state == Job.State.APPLYING:
        job = engine.approve(engine.serve(job))
    app = {"client_id": CLIENT_ID, "client_secret": "another"}
    engine.sandbox.put_tenant(engine.directory_id, applications=[app])
    tokens._applications.clear()
    assert slices.serve_next()
    assert "secret is wrong" in engine.fresh(job).problem
    job = cancel(engine, job)
    assert slices.serve_next()
    job = engine.fresh(job)
    assert (job.state, job.problem) == (Job.State.CANCELLED, "")
    assert Job.objects.filter(state__in=Job.OPEN).count() == 0


def test_a_finished_job_cannot_be_cancelled(engine: Engine) -> None:
    job = engine.apply(TABLE)
    with pytest.raises(DecisionRefused, match="finished"):
        cancel(engine, job)
