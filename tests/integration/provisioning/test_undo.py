"""Undoing a job: previewed, priced, approved, applied, and nothing but what it wrote."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from provisioning.domain.approval_policy import Limit, Policy
from provisioning.models import DirectoryObject, Job
from provisioning.services.decisions import DecisionRefused
from provisioning.services.policies import change_policy
from provisioning.services.queueing import QueueRefused
from provisioning.services.replanning import plan_again
from provisioning.services.undoing import preview_of, undo_job
from tenants.domain.roles import Role
from tests.support.engine import Engine, edited, only, people, person, user_name, value

TABLE = people(12)
BARRED = re.compile(r"disabled> .{0,400} Plan this undo </button>")


def key(at: int) -> str:
    return value(TABLE, at, "employee_id")


def undone(engine: Engine, job: Job, **options: bool) -> Job:
    return engine.serve(undo_job(job=engine.fresh(job), by=engine.engineer, **options))


def test_a_job_of_every_kind_is_taken_back(engine: Engine) -> None:
    engine.apply(only(TABLE, *range(10)))
    table = edited(TABLE, 5, status="inactive")
    assert engine.apply(only(table, *range(10))).disabled == 1
    before = {user["externalId"]: user for user in engine.users()}
    changed = edited(edited(table, 0, job_title="Chief", phone=""), 5, status="active")
    changed = only(changed, *(at for at in range(12) if at != 3))
    job = engine.apply(changed)
    assert (job.created, job.updated, job.disabled, job.enabled) == (2, 1, 1, 1)
    plan = undone(engine, job)
    assert (plan.state, plan.title) == (Job.State.PLANNED, f"Undo of job {job.pk}")
    assert plan.planned_calls == 5
    calls = engine.requests()
    plan = engine.serve(engine.approve(plan))
    assert (plan.state, plan.failed, plan.disabled) == (Job.State.FINISHED, 0, 3)
    assert engine.requests() - calls == plan.planned_calls
    for user in engine.users():
        known = before.get(user["externalId"])
        if known is None:
            assert user["active"] is False, "created, so it is disabled"
        else:
            assert {**user, "meta": None} == {**known, "meta": None}
    # The shadow knows: undone once more there is nothing left, and a sync would do it all again.
    assert undone(engine, job).planned_calls == 0
    assert engine.plan(changed).planned_calls == plan.planned_calls


def test_what_changed_since_stays(engine: Engine) -> None:
    engine.apply(TABLE)
    first = engine.apply(edited(edited(TABLE, 0, job_title="Chief", location="Oslo"), 1, phone=""))
    engine.apply(edited(edited(TABLE, 0, job_title="Head", location="Oslo"), 1, phone=""))
    plan = undone(engine, first)
    (one, two) = sorted(engine.operations(plan), key=lambda each: each.key)
    assert "Job title" in one.reason
    assert "title" not in one.after
    assert one.after
    assert two.after
    engine.serve(engine.approve(plan))
    assert engine.user(key(0))["title"] == "Head"


def test_created_accounts_are_deleted_only_with_a_yes_of_their_own(engine: Engine) -> None:
    job = engine.apply(TABLE)
    plan = undone(engine, job, deletes=True)
    assert (plan.withheld, plan.total) == (12, 0)
    plan = engine.serve(engine.approve(plan))
    assert (plan.deleted, len(engine.users())) == (0, 12)
    plan = engine.serve(engine.approve(undone(engine, job, deletes=True), include_deletes=True))
    assert (plan.deleted, engine.users()) == (12, [])
    assert not DirectoryObject.objects.filter(tenant=engine.tenant).exists()


def test_an_adoption_is_given_up(engine: Engine) -> None:
    engine.publish({**people_profile(), "matching": ["userName"]})
    engine.seed({"userName": user_name(TABLE, 0), "title": "Old title"})
    job = engine.serve(engine.approve(engine.plan(only(TABLE, 0)), include_adoptions=True))
    assert job.adopted == 1
    plan = undone(engine, job)
    (operation,) = engine.operations(plan)
    assert "Cannot go back: " in operation.reason, "names that an account must have"
    plan = engine.serve(engine.approve(plan))
    assert (plan.state, plan.failed) == (Job.State.FINISHED, 0)
    (user,) = engine.users()
    assert (user["title"], user.get("externalId"), user["active"]) == ("Old title", None, True)
    shadow = DirectoryObject.objects.get(tenant=engine.tenant)
    assert (shadow.key, shadow.external_id) == ("", "")
    assert engine.plan(only(TABLE, 0)).withheld == 1, "a sync proposes to adopt it again"


def test_the_policy_holds_for_an_undo(engine: Engine) -> None:
    job = engine.apply(TABLE)
    wide = Limit(12, 100)  # type: ignore[arg-type]
    policy = Policy(automatic=True, disables=wide)
    change_policy(tenant=engine.tenant, policy=policy, by=person(Role.ADMIN))
    plan = undone(engine, job)
    assert (plan.state, plan.disabled, plan.automatic) == (Job.State.FINISHED, 12, True)


def test_the_preview_is_the_plan(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.apply(edited(only(TABLE, *range(11)), 0, job_title="Chief"))
    calls = engine.requests()
    preview = preview_of(job, deletes=False, most=50)
    assert engine.requests() == calls
    plan = undone(engine, job)
    assert preview.calls == plan.planned_calls == 2
    planned = {(each.kind, each.key) for each in engine.operations(plan)}
    assert {(each.kind.value, each.key) for each in preview.shown} == planned


def test_an_undo_does_not_expire(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.apply(edited(TABLE, 0, job_title="Chief"))
    plan = undone(engine, job)
    engine.publish({**people_profile(), "matching": ["userName"]})
    with pytest.raises(QueueRefused, match="does not expire"):
        plan_again(job=plan, by=engine.engineer)
    assert engine.serve(engine.approve(plan)).updated == 1


def test_an_undo_is_undone(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.apply(edited(TABLE, 0, job_title="Chief"))
    back = engine.serve(engine.approve(undone(engine, job)))
    engine.serve(engine.approve(undone(engine, back)))
    assert engine.user(key(0))["title"] == "Chief"


def test_what_cannot_be_undone(engine: Engine) -> None:
    job = engine.plan(TABLE)
    with pytest.raises(QueueRefused, match="not ended"):
        undo_job(job=job, by=engine.engineer)
    job = engine.serve(engine.approve(job))
    with pytest.raises(DecisionRefused, match="may not upload"):
        undo_job(job=job, by=person(Role.FINANCE))
    unchanged = engine.apply(TABLE)
    with pytest.raises(QueueRefused, match="changed nothing"):
        undo_job(job=unchanged, by=engine.engineer)
    waiting = engine.plan(edited(TABLE, 0, job_title="Chief"))
    with pytest.raises(QueueRefused, match=f"Job {waiting.pk} "):
        undo_job(job=job, by=engine.engineer)


def test_nothing_to_take_back_is_not_planned(engine: Engine, client: Client) -> None:
    job = engine.apply(TABLE)
    first = undone(engine, job)
    again = reverse("job_undo", args=[job.pk])
    client.force_login(engine.engineer)
    engine.serve(engine.approve(first))
    text = text_of(client.get(again))
    assert "Nothing to take back" in text
    assert BARRED.search(text)
    empty = undone(engine, job)
    told = text_of(client.get(reverse("job_detail", args=[empty.pk])))
    assert "Nothing of that job can be taken back any more" in told
    assert "what this file says" not in told


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_report_leads_to_the_preview_and_that_to_the_plan(engine: Engine) -> None:
    job = engine.apply(TABLE)
    client = Client()
    client.force_login(engine.engineer)
    undo = reverse("job_undo", args=[job.pk])
    assert undo in text_of(client.get(reverse("job_detail", args=[job.pk])))
    text = text_of(client.get(undo))
    assert "The next sync does the same again" in text
    assert "USD 0.024" in text
    assert "Deletion cannot be" not in text_of(client.get(undo, {"deletes": "1"}))
    response = client.post(undo)
    plan = engine.serve(Job.objects.get(kind=Job.Kind.UNDO))
    assert response.headers["Location"] == reverse("job_detail", args=[plan.pk])
    assert f"Undo of job {job.pk}" in text_of(client.get(response.headers["Location"]))
