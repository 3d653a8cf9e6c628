"""Pausing between two batches: the lane is given back, no answer is lost, and nothing is sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import Job, Lane, Operation
from provisioning.scim.client import ScimClient
from provisioning.services import applying, approval, pausing, slices
from provisioning.services.approval import DecisionRefused
from provisioning.services.queueing import QueueRefused
from tenants import tokens
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tests.support.engine import CLIENT_ID, Engine, edited, people, person

TABLE = people(20)
APPLYING, PAUSED = Job.State.APPLYING, Job.State.PAUSED


def pause(engine: Engine, job: Job) -> Job:
    pausing.pause(job=engine.fresh(job), by=engine.engineer)
    return engine.fresh(job)


def resume(engine: Engine, job: Job) -> Job:
    pausing.resume(job=engine.fresh(job), by=engine.engineer)
    return engine.fresh(job)


def counts(engine: Engine, job: Job) -> dict[str, int]:
    states = [operation.state for operation in engine.operations(job)]
    return {state: states.count(state) for state in sorted(set(states))}


def page(engine: Engine, job: Job) -> str:
    client = Client()
    client.force_login(engine.engineer)
    text = client.get(reverse("job_detail", args=[job.pk])).content.decode()
    return " ".join(text.split())


def after_sending(patch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Do something once, when the first batch has been sent and nothing of it is settled."""
    send_all, done = ScimClient.send_all, []

    def sends(self: ScimClient, *arguments: Any) -> Any:
        answers = send_all(self, *arguments)
        if not done:
            done.append(True)
            then()
        return answers

    patch.setattr(ScimClient, "send_all", sends)


@pytest.fixture
def job(engine: Engine, settings: Any) -> Job:
    """An approved job of 20 creations, of which a batch takes six."""
    settings.SCIM_BATCH = 6
    return engine.approve(engine.plan(TABLE))


def test_a_pause_settles_the_batch_on_its_way_and_gives_the_lane_back(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        after_sending(patch, lambda: pause(engine, job))
        job = engine.serve(job)
    assert (job.state, job.created, job.pause_requested) == (PAUSED, 6, False)
    assert counts(engine, job) == {"done": 6, "pending": 14}
    lane = Lane.objects.get()
    assert (lane.holder, lane.wanted) == ("", False)
    assert len(engine.users()) == 6
    requests = engine.requests()
    assert not slices.serve_next()
    assert engine.requests() == requests
    engine.check_calls()
    job = engine.serve(resume(engine, job))
    assert (job.state, job.created) == (Job.State.FINISHED, 20)
    engine.check(job, TABLE)
    actions = AuditEvent.objects.filter(action__in=["job.paused", "job.resumed"])
    assert {event.actor for event in actions} == {engine.engineer}
    assert actions.count() == 2


def test_a_job_that_nobody_works_on_is_paused_without_a_call(engine: Engine, job: Job) -> None:
    before = engine.requests()
    job = engine.serve(pause(engine, job))
    assert (job.state, engine.requests()) == (PAUSED, before)
    assert engine.serve(resume(engine, job)).created == 20


@pytest.mark.parametrize("asked", ["before", "after"])
def test_a_worker_that_dies_loses_no_answer_to_a_pause(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """The batch was sent, nothing of it settled: unknown while paused, found out afterwards."""

    def dies() -> None:
        if asked == "before":
            pause(engine, job)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        after_sending(patch, dies)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    if asked == "after":
        pause(engine, job)
    assert engine.fresh(job).state == APPLYING
    engine.bury()
    job = engine.serve(job)
    assert job.state == PAUSED
    assert counts(engine, job) == {"pending": 14, "unknown": 6}
    assert "outcome of 6 changes is not known yet" in page(engine, job)
    assert len(engine.users()) == 6
    job = engine.serve(resume(engine, job))
    assert (job.state, job.created, job.failed) == (Job.State.FINISHED, 20, 0)
    engine.check(job, TABLE)


def test_a_worker_that_dies_beginning_the_pause_leaves_it_to_the_next(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause(engine, job)

    def dies(*_arguments: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(slices, "pauses", dies)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    engine.bury()
    assert engine.serve(job).state == PAUSED


def test_a_paused_job_survives_a_worker_that_dies_before_it_gives_the_lane_back(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause(engine, job)

    def dies(*_arguments: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(slices.lanes, "release", dies)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    engine.bury()
    assert engine.fresh(job).state == PAUSED
    assert slices.serve_next()
    assert (engine.fresh(job).state, Lane.objects.get().wanted) == (PAUSED, False)
    job = engine.serve(resume(engine, job))
    engine.check(job, TABLE)


def test_an_unknown_outcome_is_looked_up_after_the_pause(
    engine: Engine, job: Job, settings: Any
) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    engine.fault(kind="status", status=504, method="POST", when="after", times=2)
    assert slices.serve_next()
    job = engine.serve(pause(engine, job))
    assert (job.state, counts(engine, job)["unknown"]) == (PAUSED, 2)
    settings.LANE_SLICE_SECONDS = 30.0
    job = engine.serve(resume(engine, job))
    assert (job.created, job.failed) == (20, 0)
    engine.check(job, TABLE)


def test_a_pause_is_taken_back_before_it_began(engine: Engine, job: Job) -> None:
    job = resume(engine, pause(engine, job))
    assert (job.state, job.pause_requested) == (APPLYING, False)
    assert engine.serve(job).state == Job.State.FINISHED


def test_a_job_whose_last_batch_is_settled_ends_instead(
    engine: Engine, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCIM_BATCH = 20
    job = engine.approve(engine.plan(TABLE))
    with monkeypatch.context() as patch:
        after_sending(patch, lambda: pause(engine, job))
        job = engine.serve(job)
    assert (job.state, job.created) == (Job.State.FINISHED, 20)


def test_a_paused_job_is_cancelled(engine: Engine, job: Job, settings: Any) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    engine.fault(kind="status", status=504, method="POST", when="after", times=1)
    assert slices.serve_next()
    job = engine.serve(pause(engine, job))
    approval.cancel(job=job, by=engine.engineer)
    job = engine.serve(job)
    assert (job.state, job.created, job.skipped) == (Job.State.CANCELLED, 6, 14)
    assert len(engine.users()) == 6
    engine.check_calls()


def test_a_cancel_is_stronger_than_a_pause(engine: Engine, job: Job) -> None:
    pause(engine, job)
    approval.cancel(job=engine.fresh(job), by=engine.engineer)
    with pytest.raises(DecisionRefused, match="being cancelled"):
        pause(engine, job)
    assert engine.serve(job).state == Job.State.CANCELLED


def test_nothing_replaces_a_paused_job(engine: Engine, job: Job) -> None:
    job = engine.serve(pause(engine, job))
    with pytest.raises(QueueRefused, match=r"is paused\. Let it go on, or cancel it"):
        engine.upload(edited(TABLE, 0, job_title="Chief"))
    assert engine.fresh(job).state == PAUSED


def test_a_job_in_trouble_is_paused_without_a_credential(engine: Engine, job: Job) -> None:
    app = {"client_id": CLIENT_ID, "client_secret": "another"}
    engine.sandbox.put_tenant(engine.directory_id, applications=[app])
    tokens._applications.clear()
    assert slices.serve_next()
    assert engine.fresh(job).problem
    job = engine.serve(pause(engine, job))
    assert (job.state, job.problem) == (PAUSED, "")


def test_only_what_is_applied_is_paused(engine: Engine) -> None:
    job = engine.plan(TABLE)
    for decide in (pause, resume):
        with pytest.raises(DecisionRefused, match="waiting for approval by now"):
            decide(engine, job)
    job = engine.approve(job)
    with pytest.raises(DecisionRefused, match="not paused"):
        resume(engine, job)
    engine.serve(job)
    for decide in (pause, resume):
        with pytest.raises(DecisionRefused, match="finished by now"):
            decide(engine, job)


def test_who_may_not_cancel_may_not_pause(engine: Engine, job: Job) -> None:
    for decide in (pausing.pause, pausing.resume):
        with pytest.raises(DecisionRefused, match="may not"):
            decide(job=job, by=person(Role.VIEWER, customer=engine.tenant.customer))


def test_the_page_pauses_and_lets_go_on(engine: Engine, job: Job) -> None:
    client = Client()
    client.force_login(engine.engineer)
    assert reverse("job_pause", args=[job.pk]) in page(engine, job)
    client.post(reverse("job_pause", args=[job.pk]))
    text = page(engine, job)
    assert "Pausing" in text
    assert "Go on after all" in text
    job = engine.serve(job)
    text = page(engine, job)
    assert "20 changes are left" in text
    assert reverse("job_resume", args=[job.pk]) in text
    assert (
        "A job is paused"
        in client.get(reverse("tenant_detail", args=[engine.tenant.slug])).content.decode()
    )
    assert f"/jobs/{job.pk}/" in client.get(reverse("customer_list")).content.decode()
    client.post(reverse("job_resume", args=[job.pk]))
    assert engine.fresh(job).state == APPLYING
    assert engine.serve(job).created == 20


def test_pauses_writes_nothing_when_the_lane_is_lost(engine: Engine, job: Job) -> None:
    pause(engine, job)
    held = slices.lanes.claim()
    assert held is not None
    Lane.objects.update(holder="another")
    with pytest.raises(slices.LaneLost):
        applying.pauses(job, held)
    assert engine.fresh(job).state == APPLYING
    assert Operation.objects.filter(state=Operation.State.PENDING).count() == 20
