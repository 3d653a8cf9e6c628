"""What happens to jobs is told: to whoever wants it, once, with figures and without names."""

from collections.abc import Callable
from typing import Any

import pytest

from billing.models import PriceBookEntry
from provisioning.models import Job
from provisioning.services import slices
from tenants.models import Message
from tenants.services.audit_checks import Walk
from tenants.services.audit_watch import findings_in
from tests.support.engine import Engine, only, people
from tests.support.rows import add_webhook

TABLE = people(20)
News = Callable[[], list[str]]


@pytest.fixture
def told(engine: Engine) -> News:
    """The events of a webhook's messages so far."""
    add_webhook(engine.tenant.customer)

    def found() -> list[str]:
        rows = Message.objects.exclude(event="notices.test").order_by("pk")
        return list(rows.values_list("event", flat=True))

    return found


def last() -> dict[str, Any]:
    return dict(Message.objects.latest("pk").payload)


def test_a_plan_that_waits(engine: Engine, told: News) -> None:
    job = engine.plan(TABLE)
    assert told() == ["job.waits"]
    payload = last()
    assert payload["text"] == (
        f"Job {job.pk} of {engine.tenant} is planned and waits for somebody to approve it:"
        f" 20 changes; calls: 20 to {job.most_calls}, most likely 20."
    )
    assert payload["link"].endswith(f"/jobs/{job.pk}/")
    assert (payload["facts"]["calls"], payload["facts"]["most"]) == (20, job.most_calls)


def test_a_job_without_failures_is_no_news(engine: Engine, told: News, tmp_path: Any) -> None:
    engine.apply(TABLE)
    assert told() == ["job.waits"]
    assert list(findings_in(tmp_path, Walk())) == []


def test_a_job_with_failures(engine: Engine, told: News) -> None:
    job = engine.approve(engine.plan(TABLE))
    engine.fault(kind="status", status=400, method="POST", times=3)
    job = engine.serve(job)
    assert told() == ["job.waits", "job.finished_with_failures"]
    assert last()["text"] == (
        f"Job {job.pk} of {engine.tenant} has finished; 3 of 20 changes failed."
    )


def test_a_job_that_cannot_be_carried_out(engine: Engine, told: News) -> None:
    PriceBookEntry.objects.all().delete()
    job = engine.serve(engine.upload(TABLE))
    assert job.state == Job.State.FAILED
    assert told() == ["job.failed"]
    assert last()["facts"]["problem"] == job.problem


def test_a_file_that_is_stopped(engine: Engine, told: News) -> None:
    engine.apply(TABLE)
    job = engine.upload(only(TABLE, 0, 1))
    assert job.state == Job.State.STOPPED
    assert told() == ["job.waits", "job.stopped"]
    assert last()["subject"] == f"Job {job.pk}"


def test_a_tenant_that_rests_and_works_again(engine: Engine, told: News) -> None:
    job = engine.approve(engine.plan(TABLE))
    engine.sandbox.put_tenant(engine.directory_id, scim_enabled=False)
    for _ in range(4):
        engine.hurry()
        assert slices.serve_next()
    assert engine.fresh(job).state == Job.State.APPLYING
    assert told()[1:] == ["quarantine.rests"]
    assert "rests after 4 failures" in last()["text"]
