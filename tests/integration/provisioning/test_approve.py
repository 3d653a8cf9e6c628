"""Approving a plan: by whom, how often, and what is released."""

import pytest

from msp_portal.demo.generator import people_profile
from msp_portal.demo.table import with_unreadable_key, without
from provisioning.models import Job, Lane, Operation, Snapshot
from provisioning.services import approval
from provisioning.services.approval import DecisionRefused
from provisioning.services.profiles import publish
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tests.support.engine import Engine, edited, people, person, value

TABLE = people(30)


def test_an_approval_releases_every_operation_and_names_the_person(engine: Engine) -> None:
    job = engine.approve(engine.plan(TABLE))
    assert job.state == Job.State.APPLYING
    assert job.approved_by == engine.engineer
    assert set(job.operations.values_list("state", flat=True)) == {"pending"}
    event = AuditEvent.objects.get(action="job.approved")
    assert (event.actor, event.detail["calls"]) == (engine.engineer, 30)
    assert Lane.objects.get().wanted
    assert Snapshot.objects.get().accepted_at is not None


def test_nothing_is_written_before_the_approval(engine: Engine) -> None:
    job = engine.plan(TABLE)
    assert job.state == Job.State.PLANNED
    assert not Lane.objects.get().wanted
    assert engine.users() == []


@pytest.mark.parametrize("role", [Role.FINANCE, Role.VIEWER, None])
def test_an_approval_by_somebody_else_is_refused(engine: Engine, role: Role | None) -> None:
    job = engine.plan(TABLE)
    customer = engine.tenant.customer if role is Role.VIEWER else None
    who = person(role, customer=customer) if role else person(Role.ENGINEER, "x@lantern.example")
    if role is None:
        who.grants.all().delete()
    for decide in (approval.approve, approval.cancel, approval.accept_loss):
        with pytest.raises(DecisionRefused, match="may not"):
            decide(job=job, by=who)  # type: ignore[operator]
    assert engine.fresh(job).state == Job.State.PLANNED


def test_an_engineer_of_another_customer_is_refused(engine: Engine, other: Engine) -> None:
    who = person(Role.ENGINEER, "theirs@lanternfield.example", customer=other.tenant.customer)
    with pytest.raises(DecisionRefused):
        approval.approve(job=engine.plan(TABLE), by=who)
    approval.approve(job=other.plan(TABLE), by=who)


def test_a_second_approval_is_refused(engine: Engine) -> None:
    job = engine.plan(TABLE)
    stale = engine.fresh(job)
    engine.approve(job)
    with pytest.raises(DecisionRefused, match="applying by now"):
        approval.approve(job=stale, by=engine.engineer)
    assert AuditEvent.objects.filter(action="job.approved").count() == 1
    engine.serve(job)
    with pytest.raises(DecisionRefused, match="finished by now"):
        engine.approve(job)


@pytest.mark.parametrize("state", ["stopped", "planning", "cancelled"])
def test_what_is_no_waiting_plan_cannot_be_approved(engine: Engine, state: str) -> None:
    job = engine.upload(TABLE)
    Job.objects.filter(pk=job.pk).update(state=state)
    with pytest.raises(DecisionRefused):
        engine.approve(job)


def test_a_profile_changed_after_planning_refuses_the_approval(engine: Engine) -> None:
    job = engine.plan(TABLE)
    profile = people_profile()
    profile["attributes"].append({"target": "preferredLanguage", "constant": "en"})
    publish(tenant=engine.tenant, definition=profile, by=engine.engineer)
    with pytest.raises(DecisionRefused, match="profile has changed"):
        engine.approve(job)
    job = engine.fresh(job)
    assert (job.state, job.approved_by) == (Job.State.PLANNED, None)
    assert set(job.operations.values_list("state", flat=True)) == {"proposed"}
    again = engine.apply(TABLE)
    assert again.created == 30
    assert {user["preferredLanguage"] for user in engine.users()} == {"en"}


def test_publishing_the_same_profile_again_changes_nothing(engine: Engine) -> None:
    job = engine.plan(TABLE)
    publish(tenant=engine.tenant, definition=people_profile(), by=engine.engineer)
    assert engine.approve(job).state == Job.State.APPLYING


def test_withheld_disables_are_not_applied_by_a_plain_yes(engine: Engine) -> None:
    engine.apply(TABLE)
    damaged = edited(with_unreadable_key(without(TABLE, 2), seed=5), 0, job_title="Chief")
    job = engine.plan(damaged)
    assert job.withheld == 3
    job = engine.serve(engine.approve(job))
    assert (job.updated, job.disabled, job.skipped) == (1, 0, 0)
    skipped = job.operations.filter(state=Operation.State.SKIPPED)
    assert {operation.message for operation in skipped} == {"Not approved with the plan."}
    assert all(user["active"] for user in engine.users())


def test_withheld_disables_are_applied_by_an_explicit_yes(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.plan(with_unreadable_key(without(TABLE, 2), seed=5))
    job = engine.serve(engine.approve(job, include_withheld=True))
    assert (job.disabled, job.total, job.settled) == (3, 3, 3)
    assert sum(not user["active"] for user in engine.users()) == 3


def test_a_plan_of_nothing_but_withheld_disables_ends_without_a_call(engine: Engine) -> None:
    engine.apply(TABLE)
    calls = engine.requests()
    job = engine.plan(with_unreadable_key(without(TABLE, 2), seed=5))
    job = engine.serve(engine.approve(job))
    assert (job.state, job.total, job.settled) == (Job.State.FINISHED, 0, 0)
    assert engine.requests() == calls


def test_people_refused_their_disable_are_planned_again_by_the_next_file(engine: Engine) -> None:
    engine.apply(TABLE)
    fewer = without(TABLE, 2)
    engine.serve(engine.approve(engine.plan(with_unreadable_key(fewer, seed=5))))
    job = engine.plan(fewer)
    assert (job.state, job.planned_calls, job.withheld) == (Job.State.PLANNED, 2, 0)
    gone = {operation.key for operation in engine.operations(job)}
    assert gone == set(TABLE.keys()) - set(fewer.keys())
    assert value(TABLE, 0, "employee_id") not in gone
