"""Credentials and permissions that fail in the middle: the job waits, says why, and goes on."""

from typing import Any

import pytest

from provisioning.models import Job, Operation
from provisioning.services import slices
from tenants import tokens
from tenants.services import store_secret
from tests.support.engine import CLIENT_ID, SECRET, Engine, edited, people

TABLE = people(40)
APP: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": SECRET}


def application(engine: Engine, **changes: Any) -> None:
    engine.sandbox.put_tenant(engine.directory_id, applications=[APP | changes])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_secret": "another"}, "client secret is wrong"),
        ({"secret_expired": True}, "client secret has expired"),
        ({"client_id": "somebody-else"}, "does not know this application"),
        ({"blocked": True}, "conditional access"),
    ],
)
def test_a_refused_credential_is_explained_and_costs_nothing(
    engine: Engine, changes: dict[str, Any], words: str
) -> None:
    application(engine, **changes)
    job = engine.upload(TABLE)
    assert slices.serve_next()
    job = engine.fresh(job)
    assert job.state == Job.State.PLANNING
    assert words in job.problem
    assert engine.requests() == 0
    assert not slices.serve_next(), "it does not try again at once"


def test_a_job_goes_on_after_the_secret_was_replaced(engine: Engine) -> None:
    application(engine, client_secret="the-next-secret")
    job = engine.upload(TABLE)
    assert slices.serve_next()
    store_secret(
        tenant=engine.tenant, client_id=CLIENT_ID, secret="the-next-secret", by=engine.engineer
    )
    engine.hurry()
    job = engine.serve(job)
    assert (job.state, job.problem) == (Job.State.PLANNED, "")


def test_a_secret_that_ends_in_the_middle_of_a_job_loses_nothing(
    engine: Engine, settings: Any
) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    job = engine.approve(engine.plan(TABLE))
    assert slices.serve_next()
    application(engine, client_secret="the-next-secret")
    tokens._applications.clear()
    assert slices.serve_next()
    job = engine.fresh(job)
    assert (job.state, job.created, job.failed) == (Job.State.APPLYING, 16, 0)
    assert "client secret is wrong" in job.problem
    assert engine.requests() == 17
    store_secret(
        tenant=engine.tenant, client_id=CLIENT_ID, secret="the-next-secret", by=engine.engineer
    )
    engine.hurry()
    job = engine.serve(job)
    assert (job.created, job.problem) == (40, "")
    engine.check(job, TABLE)


def test_a_tenant_without_a_credential_says_so(engine: Engine) -> None:
    engine.tenant.credentials.all().delete()
    job = engine.upload(TABLE)
    assert slices.serve_next()
    assert "No credential is stored" in engine.fresh(job).problem


# Tokens that expire.


def test_an_expired_token_is_replaced_once_and_nothing_waits(
    engine: Engine, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    job = engine.approve(engine.plan(TABLE))
    assert slices.serve_next()
    fetched = []
    fetch = tokens.app_token

    def counted(*arguments: Any, fresh: bool, purpose: str) -> str:
        fetched.append(fresh)
        return fetch(*arguments, fresh=fresh, purpose=purpose)

    monkeypatch.setattr("provisioning.adapters.directory.app_token", counted)
    # Every token given so far has expired for the service; ours believes in it for an hour.
    engine.sandbox.advance_clock(7200)
    settings.LANE_SLICE_SECONDS = 30.0
    job = engine.serve(job)
    assert (job.created, job.failed, job.problem) == (40, 0, "")
    assert fetched.count(True) == 1
    assert engine.by_status()["401"] == 16, "the batch that met it, and no more"
    engine.check(job, TABLE)


def test_an_expired_token_of_an_inventory_is_replaced(engine: Engine) -> None:
    engine.plan(TABLE)
    engine.tenant.directory.delete()
    engine.sandbox.advance_clock(7200)
    assert engine.plan(TABLE).state == Job.State.PLANNED
    assert engine.by_status() == {"200": 2, "401": 1}


def test_tokens_of_a_second_are_enough(engine: Engine) -> None:
    engine.switch(token_lifetime_seconds=1)
    job = engine.apply(TABLE)
    assert job.created == 40
    engine.check(job, TABLE)


def test_a_token_that_is_refused_even_when_fresh_stops_the_lane(engine: Engine) -> None:
    engine.switch(token_lifetime_seconds=0)
    job = engine.upload(TABLE)
    assert slices.serve_next()
    job = engine.fresh(job)
    assert "also a fresh one" in job.problem
    assert engine.by_status() == {"401": 2}
    engine.switch(token_lifetime_seconds=3599)
    engine.hurry()
    assert engine.serve(job).state == Job.State.PLANNED


def test_a_refused_token_in_the_middle_stops_the_lane_with_every_operation_kept(
    engine: Engine,
) -> None:
    job = engine.approve(engine.plan(TABLE))
    engine.fault(kind="status", status=401, method="POST", times=1000)
    assert slices.serve_next()
    assert "also a fresh one" in engine.fresh(job).problem
    assert engine.by_status()["401"] == 32, "the batch, and what the fresh token was tried with"
    assert set(job.operations.values_list("state", flat=True)) == {Operation.State.PENDING}
    engine.sandbox.clear_faults(engine.directory_id)
    engine.hurry()
    job = engine.serve(job)
    engine.check(job, TABLE)


# The feature and permissions.


@pytest.mark.parametrize("status", [400, 401])
def test_the_feature_switched_off_stops_the_job_until_it_is_on(
    engine: Engine, settings: Any, status: int
) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    engine.switch(feature_off_status=status)
    job = engine.approve(engine.plan(TABLE))
    assert slices.serve_next()
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=False)
    assert slices.serve_next()
    job = engine.fresh(job)
    assert "SCIM Provisioning API is not switched on" in job.problem
    assert (job.state, job.failed) == (Job.State.APPLYING, 0)
    assert not slices.serve_next()
    probes = engine.requests()
    engine.hurry()
    assert slices.serve_next()
    assert engine.requests() - probes == 1, "one request finds out"
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=True)
    engine.hurry()
    job = engine.serve(job)
    assert (job.created, job.failed, job.problem) == (40, 0, "")
    assert {operation.attempts for operation in engine.operations(job)} == {1}
    engine.check(job, TABLE)


def test_a_feature_that_was_never_on_stops_the_inventory(engine: Engine) -> None:
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=False)
    job = engine.upload(TABLE)
    assert slices.serve_next()
    job = engine.fresh(job)
    assert "SCIM Provisioning API is not switched on" in job.problem
    assert job.state == Job.State.PLANNING


def test_nobody_can_be_created_without_the_permission(engine: Engine) -> None:
    application(engine, permissions=["User.Read.All"])
    job = engine.approve(engine.plan(TABLE))
    assert slices.serve_next()
    job = engine.fresh(job)
    assert "User.ReadWrite.All" in job.problem
    assert (job.state, job.failed, job.created) == (Job.State.APPLYING, 0, 0)
    application(engine)
    tokens._applications.clear()
    engine.hurry()
    job = engine.serve(job)
    engine.check(job, TABLE)


def test_a_privileged_account_that_may_not_be_changed_fails_alone(engine: Engine) -> None:
    engine.apply(TABLE)
    changed = edited(edited(TABLE, 0, job_title="Chief"), 1, job_title="Chief")
    engine.fault(kind="status", status=403, method="PATCH")
    job = engine.apply(changed)
    assert (job.updated, job.failed) == (1, 1)
    (failed,) = job.operations.filter(state=Operation.State.FAILED)
    assert "privileged" in failed.message
