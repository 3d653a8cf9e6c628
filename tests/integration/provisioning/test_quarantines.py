"""Repeated failures slow a tenant down and tell people; success, or a person, ends that."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.domain import retry
from provisioning.domain.quarantine import Stage
from provisioning.models import Job, Lane, Operation, Quarantine
from provisioning.services import approval, quarantines, slices
from provisioning.services.decisions import DecisionRefused
from tenants import tokens
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tenants.services import store_secret
from tests.support.engine import CLIENT_ID, SECRET, Engine, edited, people, person

TABLE = people(20)
APP: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": SECRET}


def told() -> list[str]:
    found = AuditEvent.objects.filter(action__startswith="quarantine.").order_by("pk")
    return list(found.values_list("action", flat=True))


def let_pass(engine: Engine) -> None:
    """Let the time pass that lane and rest wait for."""
    Quarantine.objects.filter(until__isnull=False).update(until=timezone.now())
    engine.hurry()


def hours_of_rest(engine: Engine) -> float:
    """Fail once more; how long the tenant rests then, rounded to hours."""
    let_pass(engine)
    assert slices.serve_next()
    until = Quarantine.objects.get().until
    lane = Lane.objects.get().wake_at
    rest = 0.0 if until is None else round((until - timezone.now()).total_seconds() / 3600, 1)
    assert lane == until if until else lane - timezone.now() <= timedelta(seconds=60)
    return rest


@pytest.fixture
def off(engine: Engine) -> Job:
    """An approved job in a tenant whose feature was switched off after planning."""
    job = engine.approve(engine.plan(TABLE))
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=False)
    return job


def test_failures_of_a_kind_make_longer_rests_and_success_ends_them(
    engine: Engine, off: Job
) -> None:
    assert [hours_of_rest(engine) for _ in range(9)] == [0, 0, 0, 1, 2, 6, 12, 24, 24]
    row = Quarantine.objects.get()
    assert (row.stage, row.kind, row.failures, row.step) == ("call", "feature_not_enabled", 9, 6)
    assert "not switched on" in row.message
    assert told() == ["quarantine.rests"] * 6
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=True)
    let_pass(engine)
    job = engine.serve(off)
    engine.check(job, TABLE)
    assert not Quarantine.objects.exists()
    assert told()[-1] == "quarantine.ended"


def test_while_a_tenant_rests_nothing_is_sent_until_a_person_says_try_now(
    engine: Engine, off: Job
) -> None:
    assert [hours_of_rest(engine) for _ in range(4)][-1] == 1
    requests = engine.requests()
    engine.hurry()  # somebody wanted the lane: the rest is not the lane's alone
    assert slices.serve_next()
    assert engine.requests() == requests
    assert Quarantine.objects.get().failures == 4
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=True)
    with pytest.raises(DecisionRefused):
        quarantines.try_now(tenant=engine.tenant, by=person(Role.FINANCE))
    quarantines.try_now(tenant=engine.tenant, by=engine.engineer)
    job = engine.serve(off)
    assert (job.created, job.problem) == (20, "")
    assert told() == ["quarantine.rests", "quarantine.tried", "quarantine.ended"]
    event = AuditEvent.objects.get(action="quarantine.tried")
    assert event.actor == engine.engineer
    with pytest.raises(DecisionRefused, match="does not rest"):
        quarantines.try_now(tenant=engine.tenant, by=engine.engineer)


def test_try_now_that_fails_goes_on_with_the_next_step(engine: Engine, off: Job) -> None:
    assert [hours_of_rest(engine) for _ in range(4)][-1] == 1
    quarantines.try_now(tenant=engine.tenant, by=engine.engineer)
    requests = engine.requests()
    assert slices.serve_next()
    assert engine.requests() == requests + 1, "one request finds out"
    assert Quarantine.objects.get().step == 2


def test_planning_and_cancelling_go_on_while_a_tenant_rests(engine: Engine, off: Job) -> None:
    assert [hours_of_rest(engine) for _ in range(4)][-1] == 1
    requests = engine.requests()
    approval.cancel(job=engine.fresh(off), by=engine.engineer)
    assert engine.serve(off).state == Job.State.CANCELLED
    job = engine.plan(TABLE)
    assert job.state == Job.State.PLANNED
    engine.approve(job)
    assert slices.serve_next()
    assert "not switched on" in engine.fresh(job).problem
    assert engine.requests() == requests


def test_another_kind_of_failure_begins_anew(engine: Engine, off: Job) -> None:
    assert [hours_of_rest(engine) for _ in range(4)][-1] == 1
    wrong = APP | {"client_secret": "another"}
    engine.sandbox.put_tenant(engine.directory_id, applications=[wrong])
    tokens._applications.clear()
    assert hours_of_rest(engine) == 0
    row = Quarantine.objects.get()
    assert (row.kind, row.failures) == ("credential_refused", 1)


def test_a_new_secret_ends_the_rest_by_itself(engine: Engine) -> None:
    wrong = APP | {"client_secret": "the-next"}
    engine.sandbox.put_tenant(engine.directory_id, applications=[wrong])
    job = engine.upload(TABLE)
    assert [hours_of_rest(engine) for _ in range(4)][-1] == 1
    assert quarantines.mended(timezone.now()) == 0
    store_secret(tenant=engine.tenant, client_id=CLIENT_ID, secret="the-next", by=engine.engineer)
    assert quarantines.mended(timezone.now()) == 1
    assert engine.serve(job).state == Job.State.PLANNED


def test_what_passes_by_itself_is_no_reason_to_rest(engine: Engine) -> None:
    engine.tenant.credentials.all().delete()
    engine.upload(TABLE)
    for _ in range(5):
        engine.hurry()
        assert slices.serve_next()
    assert not Quarantine.objects.exists()


# Jobs in which many failed, and plans that cannot be made.


def test_jobs_in_which_many_fail_alike_keep_schedules_from_starting(engine: Engine) -> None:
    engine.apply(TABLE)
    table = TABLE
    for title, step in (("Chief", 0), ("Head", 1)):
        for at in range(6):
            table = edited(table, at, job_title=title)
        engine.fault(kind="status", status=403, method="PATCH", times=6)
        assert engine.apply(table).failed == 6
        row = Quarantine.objects.get()
        assert (row.stage, row.step) == (Stage.JOB, step)
    assert "6 of 6 changes" in row.message
    assert told() == ["quarantine.rests"]
    # Whoever is there may go on; the next success ends it.
    job = engine.apply(edited(table, 0, job_title="Chair"))
    assert job.failed == 0
    assert not Quarantine.objects.exists()


def test_a_single_bad_person_is_no_reason_to_rest(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.fault(kind="status", status=400, method="PATCH", times=1)
    job = engine.apply(edited(edited(TABLE, 0, job_title="Chief"), 1, job_title="Head"))
    assert (job.failed, job.updated) == (1, 1)
    assert not Quarantine.objects.exists()


def test_a_plan_that_fails_again_and_again_rests_and_a_plan_ends_it(engine: Engine) -> None:
    job = engine.plan(TABLE)
    for failures in (1, 2):
        quarantines.plan_failed(job, "The mapping profile cannot be used.", timezone.now())
        row = Quarantine.objects.get()
        assert (row.stage, row.step) == (Stage.PLAN, failures - 1)
    assert engine.plan(people(3)).state == Job.State.PLANNED
    assert not Quarantine.objects.exists()


# One person among others.


def test_a_person_who_waits_says_why_and_until_when_and_then_nothing_is_left_of_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.apply(TABLE)
    monkeypatch.setattr(retry, "_FIRST_DELAY", 30.0)
    engine.fault(kind="status", status=503, method="PATCH", times=1)
    job = engine.plan(edited(edited(TABLE, 0, job_title="Chief"), 1, job_title="Head"))
    engine.approve(job)
    assert slices.serve_next()
    assert slices.serve_next() is False
    waiting = Operation.objects.get(job=job, state=Operation.State.PENDING)
    assert "temporary failure" in waiting.message
    assert (waiting.attempts, engine.fresh(job).updated) == (1, 1)
    assert waiting.not_before is not None
    assert waiting.not_before > timezone.now()
    engine.hurry()
    job = engine.serve(job)
    waiting.refresh_from_db()
    assert (job.updated, waiting.state, waiting.message) == (2, Operation.State.DONE, "")
