"""Retrying the failed ones only: planned anew for them, priced and approved like any plan."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from msp_portal.demo.generator import people_profile
from provisioning.domain.approval_policy import Limit, Policy
from provisioning.models import DirectoryObject, Job, Snapshot
from provisioning.services import slices, snapshots
from provisioning.services.decisions import DecisionRefused
from provisioning.services.policies import change_policy
from provisioning.services.profiles import publish
from provisioning.services.queueing import QueueRefused
from provisioning.services.replanning import plan_again, retry_failed
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tests.support.engine import Engine, edited, only, people, person, value

TABLE = people(12)


def failed_job(engine: Engine, times: int = 2) -> Job:
    """A job of 12 creations of which some were refused."""
    job = engine.approve(engine.plan(TABLE))
    engine.fault(kind="status", status=400, method="POST", times=times)
    job = engine.serve(job)
    assert (job.state, job.created, job.failed) == (Job.State.FINISHED, 12 - times, times)
    return job


def failed_keys(job: Job) -> set[str]:
    return set(job.operations.filter(state="failed").values_list("key", flat=True))


def retry(engine: Engine, job: Job) -> Job:
    return engine.serve(retry_failed(job=job, by=engine.engineer))


def more_in_profile(engine: Engine) -> None:
    profile = people_profile()
    profile["attributes"].append({"target": "preferredLanguage", "constant": "en"})
    publish(tenant=engine.tenant, definition=profile, by=engine.engineer)


def test_only_the_failed_ones_are_planned_priced_and_approved(engine: Engine) -> None:
    first = failed_job(engine)
    # Everybody would differ by now; the retry is about two.
    more_in_profile(engine)
    job = retry(engine, first)
    assert (job.state, job.kind, job.title) == (
        Job.State.PLANNED,
        Job.Kind.RETRY,
        f"Retry of job {first.pk}",
    )
    assert (job.planned_calls, job.unit_price) == (2, Decimal("0.002"))
    assert {operation.key for operation in engine.operations(job)} == failed_keys(first)
    assert len(engine.users()) == 10
    job = engine.serve(engine.approve(job))
    assert (job.state, job.created, job.failed) == (Job.State.FINISHED, 2, 0)
    engine.check(job, TABLE)
    languages = [user.get("preferredLanguage") for user in engine.users()]
    assert languages.count("en") == 2
    assert AuditEvent.objects.filter(action="job.queued").latest("pk").detail["retry_of"] == (
        first.pk
    )


def test_what_is_right_by_now_costs_nothing(engine: Engine) -> None:
    first = failed_job(engine)
    engine.apply(TABLE)
    calls = engine.requests()
    job = retry(engine, first)
    assert (job.state, job.planned_calls, job.unchanged) == (Job.State.FINISHED, 0, 2)
    assert engine.requests() == calls


def test_a_failed_disable_is_retried_and_nobody_else_is_missing(engine: Engine) -> None:
    engine.apply(TABLE)
    fewer = only(TABLE, *range(11))
    job = engine.approve(engine.plan(fewer))
    engine.fault(kind="status", status=400, method="PATCH")
    first = engine.serve(job)
    assert (first.disabled, first.failed) == (0, 1)
    # Somebody whom a sync would find missing.
    ghost = DirectoryObject.objects.filter(external_id=value(TABLE, 0, "employee_id"))
    assert ghost.update(key="a ghost") == 1
    job = retry(engine, first)
    (operation,) = engine.operations(job)
    assert (operation.kind, operation.key) == ("disable", value(TABLE, 11, "employee_id"))
    assert engine.serve(engine.approve(job)).disabled == 1
    assert engine.user(value(TABLE, 11, "employee_id"))["active"] is False
    assert engine.user(value(TABLE, 0, "employee_id"))["active"] is True


def test_it_is_planned_from_the_newest_read(engine: Engine) -> None:
    first = failed_job(engine, times=1)
    (key,) = failed_keys(first)
    at = TABLE.keys().index(key)
    newer = edited(TABLE, at, job_title="Chief")
    plan = engine.plan(newer)
    with pytest.raises(QueueRefused, match=rf"Job {plan.pk} .* open \(waiting for approval\)"):
        retry_failed(job=first, by=engine.engineer)
    engine.fault(kind="status", status=400, method="POST")
    assert engine.serve(engine.approve(plan)).failed == 1
    job = engine.serve(engine.approve(retry(engine, first)))
    assert job.created == 1
    assert engine.user(key)["title"] == "Chief"


def test_the_read_of_a_retry_stays_whatever_becomes_of_it(engine: Engine) -> None:
    """A retry looks at a part of the read, so it neither accepts nor forgets it."""
    first = failed_job(engine)
    Snapshot.objects.update(accepted_at=None)
    job = engine.serve(engine.approve(retry(engine, first)))
    assert job.created == 2
    snapshot = Snapshot.objects.get()
    assert snapshot.accepted_at is None
    snapshots.discard(job)
    assert Snapshot.objects.filter(pk=snapshot.pk).exists()


def test_the_policy_holds_for_a_retry_too(engine: Engine) -> None:
    first = failed_job(engine)
    wide = Limit(2, Decimal(100))
    change_policy(
        tenant=engine.tenant,
        policy=Policy(automatic=True, creations=wide),
        by=person(Role.ADMIN),
    )
    job = retry(engine, first)
    assert (job.state, job.created, job.automatic) == (Job.State.FINISHED, 2, True)


def test_a_stale_retry_is_planned_again_as_one(engine: Engine) -> None:
    first = failed_job(engine)
    job = retry(engine, first)
    more_in_profile(engine)
    with pytest.raises(DecisionRefused, match="profile has changed"):
        engine.approve(job)
    again = engine.serve(plan_again(job=job, by=engine.engineer))
    assert (again.kind, again.retry_of, again.planned_calls) == (Job.Kind.RETRY, first, 2)


def test_a_retry_that_fails_again_is_retried_itself(engine: Engine) -> None:
    job = engine.approve(retry(engine, failed_job(engine)))
    engine.fault(kind="status", status=400, method="POST")
    job = engine.serve(job)
    assert (job.created, job.failed) == (1, 1)
    assert retry(engine, job).planned_calls == 1


def test_a_worker_that_dies_leaves_a_retry_to_the_next(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = retry_failed(job=failed_job(engine), by=engine.engineer)

    def dies(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("provisioning.services.planning._finish_planning", dies)
        with pytest.raises(KeyboardInterrupt):
            slices.serve_next()
    engine.bury()
    job = engine.serve(engine.approve(engine.serve(job)))
    assert job.created == 2
    engine.check(job, TABLE)


def test_what_cannot_be_retried(engine: Engine) -> None:
    job = engine.approve(engine.plan(TABLE))
    with pytest.raises(QueueRefused, match="has not ended"):
        retry_failed(job=job, by=engine.engineer)
    job = engine.serve(job)
    with pytest.raises(QueueRefused, match="Nothing of this job has failed"):
        retry_failed(job=job, by=engine.engineer)
    with pytest.raises(DecisionRefused, match="may not upload"):
        retry_failed(job=job, by=person(Role.FINANCE))


def test_without_a_kept_read_it_says_what_to_do(engine: Engine) -> None:
    job = failed_job(engine)
    snapshots.erase_expired(timezone.now() + timedelta(days=4000))
    with pytest.raises(QueueRefused, match="Upload its file"):
        retry_failed(job=job, by=engine.engineer)


def test_the_report_offers_it_and_the_plan_says_whom_it_is_about(engine: Engine) -> None:
    first = failed_job(engine)
    client = Client()
    client.force_login(engine.engineer)
    report = client.get(reverse("job_detail", args=[first.pk])).content.decode()
    assert "Retry the failed ones only" in report
    response = client.post(reverse("job_retry", args=[first.pk]))
    job = engine.serve(Job.objects.latest("pk"))
    assert response.headers["Location"] == reverse("job_detail", args=[job.pk])
    text = client.get(response.headers["Location"]).content.decode()
    assert f"Retry of job {first.pk}" in text
    assert "Nobody else is changed, disabled or deleted" in text
    refused = client.post(reverse("job_retry", args=[first.pk]), follow=True)
    assert "Decide on it first" in refused.content.decode()
