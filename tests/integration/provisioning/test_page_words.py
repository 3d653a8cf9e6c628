"""What pages say of a job has to be so: paused, resting, cancelled, undone, read back."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import Job
from provisioning.services import approval, pausing, slices
from provisioning.services.undoing import undo_job
from tests.integration.provisioning.test_blackouts import begin
from tests.support.engine import Engine, edited, people

TABLE = people(12)


@pytest.fixture
def browser(client: Client, engine: Engine) -> Client:
    client.force_login(engine.engineer)
    return client


def text_of(browser: Client, name: str, *arguments: Any) -> str:
    page = browser.get(reverse(name, args=arguments)).content.decode()
    return " ".join(page.split())


def test_a_paused_job_is_no_plan_that_waits(engine: Engine, browser: Client, settings: Any) -> None:
    settings.LANE_SLICE_SECONDS = 0.0
    job = engine.approve(engine.plan(TABLE))
    upload = text_of(browser, "tenant_upload", engine.tenant.slug)
    assert f"Job {job.pk} of this tenant is applying" in upload
    pausing.pause(job=engine.fresh(job), by=engine.engineer)
    job = engine.serve(job)
    assert job.state == Job.State.PAUSED
    overview = text_of(browser, "customer_list")
    assert "Nothing is written before somebody approves" not in overview
    assert f'data-label="Left" class="num">{job.left}<' in overview
    upload = text_of(browser, "tenant_upload", engine.tenant.slug)
    assert f"Job {job.pk} of this tenant is paused" in upload
    assert "Another file waits" not in upload


def test_a_blackout_is_what_the_badge_says(engine: Engine, browser: Client) -> None:
    job = engine.approve(engine.plan(TABLE))
    assert "Waiting for the blackout" not in text_of(browser, "job_detail", job.pk)
    begin(engine)
    assert slices.serve_next()
    assert "Waiting for the blackout" in text_of(browser, "job_detail", job.pk)


def test_a_plan_that_was_cancelled_applied_nothing(engine: Engine, browser: Client) -> None:
    job = engine.plan(people(1))
    approval.cancel(job=job, by=engine.engineer)
    text = text_of(browser, "job_detail", job.pk)
    assert "cancelled before it was approved" in text
    assert "What had been applied" not in text
    assert "<dt>Predicted calls</dt> <dd> 1<" in text


def test_the_plan_of_an_undo_speaks_of_no_file(engine: Engine, browser: Client) -> None:
    engine.apply(TABLE)
    first = engine.plan(edited(TABLE, 0, job_title="Chief"))
    assert "<dt>Read</dt>" in text_of(browser, "job_detail", first.pk)
    job = engine.serve(engine.approve(first))
    undo = engine.serve(undo_job(job=job, by=engine.engineer))
    text = text_of(browser, "job_detail", undo.pk)
    for absent in ("<dt>Read</dt>", "gone or inactive", "random password", "managers before"):
        assert absent not in text


def test_approvals_belong_to_customers_in_the_navigation(engine: Engine, browser: Client) -> None:
    text = text_of(browser, "approval_policy", engine.tenant.slug)
    assert 'aria-current="page"' in text.split("</nav>")[0]
