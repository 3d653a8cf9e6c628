"""A plan expires when the profile or the source has changed since; the way out is to plan again."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from provisioning.models import Job, Snapshot
from provisioning.services import snapshots
from provisioning.services.approval import DecisionRefused
from provisioning.services.profiles import publish
from provisioning.services.queueing import QueueRefused
from provisioning.services.replanning import plan_again
from tenants.domain.roles import Role
from tests.support.engine import Engine, edited, people, person

TABLE = people(12)


def change_profile(engine: Engine) -> None:
    profile = people_profile()
    profile["attributes"].append({"target": "preferredLanguage", "constant": "en"})
    publish(tenant=engine.tenant, definition=profile, by=engine.engineer)


def read_again(engine: Engine, job: Job, *, complete: bool = True) -> Snapshot:
    """A newer read of the same source, as it comes in while a plan waits."""
    old = job.snapshot
    assert old is not None
    records = list(snapshots.records_of(old))
    new = Snapshot.objects.create(
        customer=old.customer,
        tenant=old.tenant,
        source=old.source,
        file_name="newer.csv",
        people=len(records) - 1,
        columns=old.columns,
        complete=complete,
    )
    snapshots.store_records(new, records[1:])
    return new


def signed_in(engine: Engine) -> Client:
    client = Client()
    client.force_login(engine.engineer)
    return client


def page(engine: Engine, job: Job) -> str:
    text = signed_in(engine).get(reverse("job_detail", args=[job.pk])).content.decode()
    return " ".join(text.split())


def test_a_plan_that_holds_says_nothing_of_expiry(engine: Engine) -> None:
    job = engine.plan(TABLE)
    text = page(engine, job)
    assert "expired" not in text
    assert reverse("job_approve", args=[job.pk]) in text


def test_a_changed_profile_is_shown_and_the_button_plans_again(engine: Engine) -> None:
    job = engine.plan(TABLE)
    change_profile(engine)
    text = page(engine, job)
    assert "This plan has expired" in text
    assert "The mapping profile has changed" in text
    assert reverse("job_approve", args=[job.pk]) not in text
    response = signed_in(engine).post(reverse("job_plan_again", args=[job.pk]))
    again = Job.objects.latest("pk")
    assert response.headers["Location"] == reverse("job_detail", args=[again.pk])
    assert engine.fresh(job).state == Job.State.CANCELLED
    assert (again.kind, again.snapshot, again.requested_by) == (
        Job.Kind.SYNC,
        job.snapshot,
        engine.engineer,
    )
    done = engine.serve(engine.approve(engine.serve(again)))
    assert (done.created, {user["preferredLanguage"] for user in engine.users()}) == (12, {"en"})


def test_a_newer_read_makes_a_plan_stale(engine: Engine) -> None:
    job = engine.plan(TABLE)
    new = read_again(engine, job)
    with pytest.raises(DecisionRefused, match="read again"):
        engine.approve(job)
    assert "The source was read again" in page(engine, job)
    assert engine.fresh(job).state == Job.State.PLANNED
    again = plan_again(job=job, by=engine.engineer)
    assert (again.snapshot, again.file_name) == (new, "newer.csv")
    assert engine.serve(engine.approve(engine.serve(again))).created == 11


def test_a_newer_sample_does_not(engine: Engine) -> None:
    job = engine.plan(TABLE)
    read_again(engine, job, complete=False)
    assert engine.approve(job).state == Job.State.APPLYING


def test_a_pilot_is_planned_again_as_one(engine: Engine) -> None:
    job = engine.serve(engine.upload(TABLE, pilot_size=3))
    change_profile(engine)
    again = plan_again(job=job, by=engine.engineer)
    assert (again.kind, again.pilot_size) == (Job.Kind.PILOT, 3)


def test_only_a_waiting_plan_is_made_again(engine: Engine) -> None:
    job = engine.approve(engine.plan(TABLE))
    with pytest.raises(QueueRefused, match="applying by now"):
        plan_again(job=job, by=engine.engineer)
    engine.serve(job)
    with pytest.raises(QueueRefused, match="finished by now"):
        plan_again(job=job, by=engine.engineer)


def test_the_page_says_why_it_cannot_be_planned_again(engine: Engine) -> None:
    job = engine.plan(TABLE)
    version = engine.publish({**people_profile(), "key_column": "Nowhere"})
    assert version.number == 2
    client = signed_in(engine)
    response: Any = client.post(reverse("job_plan_again", args=[job.pk]), follow=True)
    assert "uses columns that people.csv lacks: Nowhere" in response.content.decode()
    assert engine.fresh(job).state == Job.State.PLANNED


def test_somebody_without_the_right_does_not_plan_again(engine: Engine) -> None:
    job = engine.plan(TABLE)
    with pytest.raises(DecisionRefused, match="may not upload"):
        plan_again(job=job, by=person(Role.FINANCE))


def test_an_approved_job_goes_on_whatever_changes(engine: Engine) -> None:
    job = engine.approve(engine.plan(TABLE))
    change_profile(engine)
    assert engine.serve(job).created == 12
    assert engine.plan(edited(TABLE, 0, job_title="Chief")).planned_calls == 12
