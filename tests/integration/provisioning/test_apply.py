"""Applying a plan: the order, the bounds, and answers that say clearly what happened."""

import time
from typing import Any

import pytest

from billing.models import Call
from provisioning.domain.retry import MAX_ATTEMPTS
from provisioning.models import DirectoryObject, Job, Operation
from provisioning.scim.errors import NotSent, Throttled
from provisioning.services import slices
from tenants.models import Tenant
from tests.support.engine import DOMAIN, Engine, edited, only, people, user_name, value
from tests.support.services import free_port

TABLE = people(12)
DUPLICATE = [409, 400]


def key(at: int) -> str:
    return value(TABLE, at, "employee_id")


def test_people_of_a_file_become_users(engine: Engine) -> None:
    table = people(60)
    job = engine.apply(table)
    assert (job.created, job.failed, job.total) == (60, 0, 60)
    assert engine.purposes() == {"inventory": 1, "create": 60}
    assert engine.requests() == 61
    assert all(user["password_set"] for user in engine.users())
    engine.check(job, table)


def test_the_same_file_again_is_nothing(engine: Engine) -> None:
    engine.apply(TABLE)
    calls = engine.requests()
    job = engine.apply(TABLE)
    assert (job.state, job.total, job.unchanged) == (Job.State.FINISHED, 0, 12)
    assert engine.requests() == calls


def test_leavers_go_first_and_joiners_last(engine: Engine, settings: Any) -> None:
    engine.apply(only(TABLE, *range(6)))
    settings.SCIM_BATCH = 1
    changed = edited(edited(TABLE, 0, job_title="Chief"), 1, status="inactive")
    job = engine.apply(only(changed, 0, 1, 2, 3, 4, 6))
    calls = Call.objects.filter(job=job.label).order_by("started_at")
    assert list(calls.values_list("purpose", flat=True)) == [
        "disable",
        "disable",
        "update",
        "create",
    ]


def test_a_slice_ends_and_the_next_goes_on(engine: Engine, settings: Any) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    settings.SCIM_BATCH = 5
    job = engine.approve(engine.plan(TABLE))
    for created in (5, 10, 12):
        assert slices.serve_next()
        assert engine.fresh(job).created == created
    assert engine.serve(job).state == Job.State.FINISHED
    engine.check(job, TABLE)


# Clear answers.


def test_a_value_entra_refuses_fails_alone_with_its_words(engine: Engine) -> None:
    engine.fault(kind="status", status=400, method="POST")
    job = engine.apply(TABLE)
    assert (job.created, job.failed) == (11, 1)
    (failed,) = job.operations.filter(state=Operation.State.FAILED)
    assert failed.status == 400
    assert failed.detail == "Fault on demand: 400."
    assert "Correct the record" in failed.message
    assert failed.attempts == 1


def test_a_domain_that_is_not_verified_is_explained_by_entra(engine: Engine) -> None:
    engine.sandbox.put_tenant(engine.directory_id, domains=["elsewhere.example"])
    job = engine.apply(only(TABLE, 0))
    (failed,) = engine.operations(job)
    assert failed.state == Operation.State.FAILED
    assert "verified domain" in failed.detail
    assert engine.requests() == 2


def test_a_failed_person_is_planned_again(engine: Engine) -> None:
    engine.fault(kind="status", status=400, method="POST")
    assert engine.apply(TABLE).failed == 1
    again = engine.apply(TABLE)
    assert (again.created, again.planned_calls) == (1, 1)
    engine.check(again, TABLE)


@pytest.mark.parametrize("status", [500, 503])
def test_a_service_that_keeps_failing_is_given_up(engine: Engine, status: int) -> None:
    engine.fault(kind="status", status=status, method="POST", times=1000)
    job = engine.apply(only(TABLE, 0, 1))
    assert (job.failed, job.created) == (2, 0)
    assert {op.attempts for op in engine.operations(job)} == {MAX_ATTEMPTS}
    assert engine.by_status()[str(status)] == 2 * MAX_ATTEMPTS
    engine.check_calls()


def test_a_change_that_stays_unknown_is_given_up(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.fault(kind="status", status=504, method="PATCH", times=1000)
    job = engine.apply(edited(TABLE, 0, job_title="Chief"))
    (operation,) = engine.operations(job)
    assert (operation.state, operation.attempts) == (Operation.State.FAILED, MAX_ATTEMPTS)
    engine.check_calls()


# Throttling.


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_nothing_is_sent_before_retry_after_has_passed(engine: Engine, method: str) -> None:
    if method == "PATCH":
        engine.apply(TABLE)
    table = TABLE
    for at in range(12):
        table = edited(table, at, job_title="Chief")
    job = engine.approve(engine.plan(table))
    engine.fault(kind="status", status=429, retry_after=2, method=method)
    engine.serve(job)
    throttled, *_ = Call.objects.filter(status=429)
    later = Call.objects.filter(started_at__gt=throttled.started_at, job=job.label)
    after = [(call.started_at - throttled.started_at).total_seconds() for call in later]
    assert any(seconds >= 2 for seconds in after)
    # What other threads had leave to send may be on its way for a moment.
    at_once = [seconds for seconds in after if 0.5 < seconds < 2]
    assert at_once == []
    assert job.failed == 0
    engine.check(job, table)


def test_a_throttled_batch_stops_at_once(engine: Engine, settings: Any) -> None:
    settings.SCIM_THREADS = 2
    settings.SCIM_BATCH = 64
    table = people(60)
    job = engine.approve(engine.plan(table))
    before = engine.requests()
    engine.fault(kind="status", status=429, retry_after=16, method="POST", times=1000)
    slices.serve_next()
    # What was on its way already may still arrive, one request for each thread.
    assert engine.requests() - before <= 4
    engine.sandbox.clear_faults(engine.directory_id)
    engine.hurry()
    job = engine.serve(job)
    engine.check(job, table)


def test_throttling_without_retry_after_is_waited_out(engine: Engine) -> None:
    engine.fault(kind="status", status=429, method="POST", times=4)
    job = engine.apply(TABLE)
    assert job.created == 12
    engine.check(job, TABLE)


def test_a_throttled_inventory_waits_and_goes_on(engine: Engine) -> None:
    engine.fault(kind="status", status=429, retry_after=0.05, method="GET", times=3)
    assert engine.plan(TABLE).state == Job.State.PLANNED
    assert engine.requests() == 4


def test_a_long_wait_gives_the_lane_back(engine: Engine) -> None:
    engine.fault(kind="status", status=429, retry_after=900, method="GET")
    job = engine.upload(TABLE)
    began = time.monotonic()
    assert slices.serve_next()
    assert time.monotonic() - began < 2
    job = engine.fresh(job)
    assert (job.state, job.problem) == (Job.State.PLANNING, Throttled.sentence)
    assert not slices.serve_next()
    engine.hurry()
    assert engine.serve(job).problem == ""


# A service that is not there.


def test_a_service_that_cannot_be_reached_is_said_and_asked_seldom(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.approve(engine.plan(TABLE))
    nowhere = f"http://127.0.0.1:{free_port()}"
    with monkeypatch.context() as patch:
        patch.setattr("provisioning.adapters.directory.scim_base", lambda _: nowhere)
        patch.setattr("provisioning.adapters.directory.origins", lambda _: {nowhere})
        assert slices.serve_next()
        assert engine.fresh(job).problem == NotSent.sentence
        assert not slices.serve_next(), "it does not try again at once"
        for _ in range(3):
            engine.hurry()
            assert slices.serve_next()
    # The batch that met it, and one for each look afterwards.
    assert engine.call_states() == {"answered": 1, "unsent": 15}
    engine.hurry()
    job = engine.serve(job)
    assert (job.created, job.problem) == (12, "")
    assert {operation.attempts for operation in engine.operations(job)} == {1}
    engine.check(job, TABLE)


def test_a_sandbox_tenant_never_reaches_entra(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.approve(engine.plan(TABLE))
    Tenant.objects.filter(pk=engine.tenant.pk).update(sandbox_url="https://graph.microsoft.com")
    monkeypatch.setattr("provisioning.adapters.directory.app_token", lambda *_, **__: "token")
    assert slices.serve_next()
    assert "is not an address of this tenant's cloud" in engine.fresh(job).problem
    assert engine.call_states() == {"answered": 1}


def test_a_sandbox_that_is_not_listed_any_more_is_not_called(engine: Engine, settings: Any) -> None:
    job = engine.approve(engine.plan(TABLE))
    settings.SANDBOX_HOSTS = ["lab.example"]
    assert slices.serve_next()
    assert "is not an address of this tenant's cloud" in engine.fresh(job).problem
    assert engine.call_states() == {"answered": 1}


# Duplicates.


def taken_outside(engine: Engine, at: int, **values: Any) -> str:
    """An account that appears between plan and approval."""
    (entra_id,) = engine.seed({"userName": user_name(TABLE, at).upper(), **values})
    return entra_id


@pytest.mark.parametrize("status", DUPLICATE)
@pytest.mark.parametrize("external_id", [None, "somebody-else"])
def test_a_name_taken_by_a_stranger_fails_and_leaves_the_stranger(
    engine: Engine, status: int, external_id: str | None
) -> None:
    engine.switch(duplicate_status=status)
    job = engine.plan(TABLE)
    values = {"externalId": external_id} if external_id else {}
    entra_id = taken_outside(engine, 2, title="Founder", **values)
    job = engine.serve(engine.approve(job))
    assert (job.created, job.failed) == (11, 1)
    operation = engine.operation(job, key(2))
    assert operation.state == Operation.State.FAILED
    assert entra_id in operation.message
    assert "not touched" in operation.message
    (stranger,) = [user for user in engine.users() if user["id"] == entra_id]
    assert stranger["title"] == "Founder"
    assert not DirectoryObject.objects.filter(key=key(2)).exists()
    assert engine.purposes()["lookup"] == 1
    engine.check_calls()


@pytest.mark.parametrize("status", DUPLICATE)
def test_a_name_taken_with_our_key_is_ours(engine: Engine, status: int) -> None:
    engine.switch(duplicate_status=status)
    job = engine.plan(TABLE)
    entra_id = taken_outside(engine, 2, externalId=key(2), title="Founder")
    job = engine.serve(engine.approve(job))
    assert (job.created, job.failed) == (12, 0)
    shadow = DirectoryObject.objects.get(key=key(2))
    assert shadow.entra_id == entra_id
    # What we did not write ourselves is not known, so the next plan brings it in line.
    again = engine.apply(TABLE)
    assert (again.updated, again.planned_calls) == (1, 1)
    assert engine.user(key(2))["title"] == value(TABLE, 2, "job_title")
    assert engine.apply(TABLE).planned_calls == 0


@pytest.mark.parametrize("status", DUPLICATE)
def test_a_name_kept_by_a_deleted_account_says_so(engine: Engine, status: int) -> None:
    engine.switch(duplicate_status=status)
    engine.apply(only(TABLE, 0))
    engine.delete_outside(engine.user(key(0))["id"])
    DirectoryObject.objects.all().delete()
    job = engine.apply(only(TABLE, 0))
    (operation,) = engine.operations(job)
    assert operation.state == Operation.State.FAILED
    assert "30 days" in operation.message
    assert "userPrincipalName already exists" in operation.detail
    assert engine.purposes()["lookup"] == 1


# Accounts deleted outside.


def test_an_update_of_an_account_deleted_outside_fails_and_is_created_next(engine: Engine) -> None:
    engine.switch(soft_delete_days=0.0)
    engine.apply(TABLE)
    engine.delete_outside(engine.user(key(0))["id"])
    changed = edited(TABLE, 0, job_title="Chief")
    job = engine.apply(changed)
    (operation,) = engine.operations(job)
    assert (operation.state, operation.status) == (Operation.State.FAILED, 404)
    assert "deleted outside" in operation.message
    assert operation.target is None
    assert not DirectoryObject.objects.filter(key=key(0)).exists()
    again = engine.apply(changed)
    assert (again.created, again.planned_calls) == (1, 1)
    engine.check(again, changed, outside=1)


def test_a_disable_of_an_account_deleted_outside_is_done(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.delete_outside(engine.user(key(0))["id"])
    rest = only(TABLE, *range(1, 12))
    job = engine.apply(rest)
    (operation,) = engine.operations(job)
    assert (operation.state, job.disabled, job.failed) == (Operation.State.DONE, 1, 0)
    assert "deleted outside" in operation.message
    assert engine.apply(rest).planned_calls == 0
    engine.check(job, rest, outside=1)


# Staleness.


@pytest.mark.parametrize("how", ["moved", "gone", "given to somebody else"])
def test_an_account_that_changed_after_planning_is_not_written(engine: Engine, how: str) -> None:
    engine.apply(TABLE)
    changed = edited(edited(TABLE, 0, job_title="Chief"), 1, job_title="Chief")
    job = engine.approve(engine.plan(changed))
    target = DirectoryObject.objects.filter(key=key(0))
    calls = engine.requests()
    if how == "moved":
        target.update(revision=7, state={**target.get().state, "title": "Head"})
    elif how == "gone":
        target.delete()
    else:
        target.update(revision=7, key="somebody-else")
    job = engine.serve(job)
    operation = engine.operation(job, key(0))
    assert operation.state == Operation.State.FAILED
    assert "next plan" in operation.message
    assert (job.updated, job.failed) == (1, 1)
    assert engine.requests() - calls == 1
    assert engine.user(key(0))["title"] == value(TABLE, 0, "job_title")


def test_a_batch_of_nothing_but_stale_operations_sends_nothing(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.approve(engine.plan(edited(TABLE, 0, job_title="Chief")))
    DirectoryObject.objects.update(revision=7, key="")
    calls = engine.requests()
    assert engine.serve(job).failed == 1
    assert engine.requests() == calls


def test_two_tenants_with_the_same_keys_do_not_mix(engine: Engine, other: Engine) -> None:
    first, second = engine.approve(engine.plan(TABLE)), other.approve(other.plan(TABLE))
    first, second = engine.serve(first), other.serve(second)
    engine.check(first, TABLE)
    other.check(second, TABLE)
    assert {user["userName"].split("@")[1] for user in other.users()} == {DOMAIN}
