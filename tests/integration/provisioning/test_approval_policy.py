"""What a tenant's policy lets through without a person, and whom it asks for otherwise."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from msp_portal.demo.table import with_unreadable_key, without
from provisioning.domain.approval_policy import Limit, Policy
from provisioning.models import ApprovalPolicy, Job, Operation, Snapshot
from provisioning.services import approval, planning
from provisioning.services.approval import DecisionRefused
from provisioning.services.policies import change_policy, policy_of
from provisioning.services.profiles import publish
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tests.support.engine import Engine, edited, people, person

TABLE = people(20)
WIDE = Limit(100, Decimal(100))
OPEN = Policy(automatic=True, creations=WIDE, changes=WIDE, disables=WIDE, deletes=WIDE)


def allow(engine: Engine, policy: Policy = OPEN) -> None:
    change_policy(tenant=engine.tenant, policy=policy, by=person(Role.ADMIN))


def page(engine: Engine, job: Job) -> str:
    client = Client()
    client.force_login(engine.engineer)
    text = client.get(reverse("job_detail", args=[job.pk])).content.decode()
    return " ".join(text.split())


def test_without_a_policy_a_person_approves_everything(engine: Engine) -> None:
    job = engine.plan(TABLE)
    assert job.state == Job.State.PLANNED
    assert job.approval == {
        "approvers": "one",
        "reasons": ["Every plan of this tenant is approved by a person."],
    }
    assert 'Needs a person because:</p> <ul class="list"> <li>Every plan' in page(engine, job)


def test_a_plan_within_the_limits_is_applied_without_a_person(engine: Engine) -> None:
    allow(engine)
    job = engine.plan(TABLE)
    assert (job.state, job.created, job.failed) == (Job.State.FINISHED, 20, 0)
    assert (job.approved_by, job.automatic) == (None, True)
    assert job.approved_at is not None
    assert Snapshot.objects.get().accepted_at is not None
    engine.check(job, TABLE)
    event = AuditEvent.objects.get(action="job.approved_by_policy")
    assert event.actor is None
    assert event.detail["figures"] | {"creations": 20, "cost": "0.04"} == event.detail["figures"]
    assert event.detail["policy"]["creations"] == {"number": 100, "percent": "100"}
    assert "approval policy, within its limits" in page(engine, job)


def test_a_plan_above_a_limit_waits_and_says_why(engine: Engine) -> None:
    engine.apply(TABLE)
    allow(engine, replace(OPEN, changes=Limit(1, Decimal(100))))
    changed = edited(edited(TABLE, 0, job_title="Chief"), 1, job_title="Chief")
    job = engine.plan(changed)
    assert job.state == Job.State.PLANNED
    assert "<li>2 changes: at most 1 go without a person.</li>" in page(engine, job)
    assert engine.serve(engine.approve(job)).updated == 2


def test_the_share_is_of_the_accounts_managed(engine: Engine) -> None:
    engine.apply(TABLE)
    allow(engine, replace(OPEN, changes=Limit(100, Decimal(5))))
    once = edited(TABLE, 0, job_title="Chief")
    assert engine.plan(once).state == Job.State.FINISHED
    twice = edited(edited(once, 1, job_title="Chief"), 2, job_title="Chief")
    job = engine.plan(twice)
    assert job.state == Job.State.PLANNED
    assert "10 % of the 20 accounts managed" in page(engine, job)


def test_doubtful_disables_are_never_approved_without_a_person(engine: Engine) -> None:
    engine.apply(TABLE)
    allow(engine)
    damaged = edited(with_unreadable_key(without(TABLE, 1), seed=5), 0, job_title="Chief")
    job = engine.plan(damaged)
    assert job.state == Job.State.PLANNED
    assert job.withheld > 0
    assert "yes of" in page(engine, job)
    allow(engine, replace(OPEN, rest_automatic=True))
    job = engine.plan(damaged)
    assert (job.state, job.updated, job.disabled) == (Job.State.FINISHED, 1, 0)
    left = job.operations.filter(kind=Operation.Kind.DISABLE)
    assert {row.state for row in left} == {Operation.State.SKIPPED}
    assert "yes of its own" in left[0].message
    assert all(user["active"] for user in engine.users())


def test_a_pilot_is_never_approved_without_a_person(engine: Engine) -> None:
    allow(engine)
    job = engine.serve(engine.upload(TABLE, pilot_size=3))
    assert job.state == Job.State.PLANNED


def test_a_profile_changed_while_planning_is_not_approved_by_itself(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(engine)
    job = engine.upload(TABLE)
    inventory = planning.read_inventory

    def meanwhile(*arguments: object) -> None:
        inventory(*arguments)  # type: ignore[arg-type]
        profile = people_profile()
        profile["attributes"].append({"target": "preferredLanguage", "constant": "en"})
        publish(tenant=engine.tenant, definition=profile, by=engine.engineer)

    monkeypatch.setattr(planning, "read_inventory", meanwhile)
    job = engine.serve(job)
    assert (job.state, engine.users()) == (Job.State.PLANNED, [])
    assert "This plan has expired" in page(engine, job)


def test_the_requester_may_be_barred(engine: Engine) -> None:
    allow(engine, Policy(requester_barred=True))
    job = engine.plan(TABLE)
    with pytest.raises(DecisionRefused, match="somebody else"):
        engine.approve(job)
    text = page(engine, job)
    assert "somebody else has to approve it" in text
    assert reverse("job_approve", args=[job.pk]) not in text
    approval.approve(job=job, by=person(Role.ADMIN))
    assert engine.fresh(job).state == Job.State.APPLYING


def leaving(engine: Engine, number: int) -> Job:
    """A plan with deletes that wait for their yes, and one change."""
    engine.apply(TABLE)
    job = engine.plan(edited(TABLE, 0, job_title="Chief"))
    for target in engine.tenant.directory_objects.order_by("pk")[5 : 5 + number]:
        Operation.objects.create(
            customer=job.customer,
            tenant=job.tenant,
            job=job,
            kind="delete",
            state="withheld",
            key=target.external_id,
            person=target.user_name,
            user_name=target.user_name,
            target=target,
            target_revision=target.revision,
        )
    Job.objects.filter(pk=job.pk).update(withheld=number, planned_calls=1 + number)
    return engine.fresh(job)


def test_deletes_above_the_limit_take_two_people(engine: Engine) -> None:
    allow(engine, Policy(two_above=1))
    job = leaving(engine, 2)
    assert "take two people" in page(engine, job)
    job = engine.approve(job, include_deletes=True)
    assert (job.state, job.first_approved_by) == (Job.State.PLANNED, engine.engineer)
    assert "Second approval needed" in page(engine, job)
    with pytest.raises(DecisionRefused, match="second person"):
        engine.approve(job, include_deletes=True)
    second = person(Role.ADMIN)
    approval.approve(job=job, by=second, include_deletes=True)
    job = engine.serve(job)
    assert (job.deleted, job.updated, job.approved_by) == (2, 1, second)
    assert len(engine.users()) == 18
    event = AuditEvent.objects.filter(action="job.approved").first()
    assert event is not None
    assert (event.actor, event.detail["first"]) == (second, engine.engineer.email)
    assert AuditEvent.objects.get(action="job.approved_first").actor == engine.engineer


def test_without_the_deletes_one_person_is_enough(engine: Engine) -> None:
    allow(engine, Policy(two_above=1))
    job = engine.approve(leaving(engine, 2), include_deletes=True)
    job = engine.serve(engine.approve(job))
    assert (job.deleted, job.updated, len(engine.users())) == (0, 1, 20)


def test_up_to_the_limit_one_person_deletes(engine: Engine) -> None:
    allow(engine, Policy(two_above=2))
    job = engine.serve(engine.approve(leaving(engine, 2), include_deletes=True))
    assert (job.deleted, job.first_approved_by) == (2, None)


def test_a_first_approval_by_somebody_who_lost_the_right_does_not_count(engine: Engine) -> None:
    allow(engine, Policy(two_above=0))
    job = leaving(engine, 1)
    gone = person(Role.ENGINEER, "gone@lanternfield.example")
    approval.approve(job=job, by=gone, include_deletes=True)
    gone.grants.all().delete()
    job = engine.approve(job, include_deletes=True)
    assert (job.state, job.first_approved_by) == (Job.State.PLANNED, engine.engineer)


def test_only_who_edits_the_tenant_changes_the_policy(engine: Engine, other: Engine) -> None:
    theirs = person(Role.ENGINEER, "theirs@l.example", customer=other.tenant.customer)
    with pytest.raises(DecisionRefused, match="may not edit"):
        change_policy(tenant=engine.tenant, policy=OPEN, by=theirs)
    assert policy_of(engine.tenant) == Policy()


def fields(**values: str) -> dict[str, str]:
    kinds = ("creations", "changes", "disables", "deletes")
    numbers = {f"{kind}_number": "7" for kind in kinds}
    return {**numbers, **{f"{kind}_percent": "12.5" for kind in kinds}, **values}


def test_the_page_saves_what_it_shows(engine: Engine) -> None:
    client, address = Client(), reverse("approval_policy", args=[engine.tenant.slug])
    admin = person(Role.ADMIN)
    client.force_login(admin)
    given = fields(automatic="on", cost="2.50", currency="usd", two_above="3")
    assert client.post(address, given).status_code == 302
    limit = Limit(7, Decimal("12.50"))
    assert policy_of(engine.tenant) == Policy(
        True, limit, limit, limit, limit, Decimal("2.50"), "USD", two_above=3
    )
    event = AuditEvent.objects.get(action="approval_policy.changed")
    assert (event.actor, event.detail["before"]["automatic"]) == (admin, False)
    text = client.get(address).content.decode()
    assert 'value="12.50"' in text
    assert "Last changed" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"creations_percent": "101"},
        {"disables_number": "-1"},
        {"cost": "1"},
        {"cost": "1", "currency": "US"},
        {"changes_number": ""},
    ],
)
def test_nothing_wrong_is_saved(engine: Engine, wrong: dict[str, str]) -> None:
    client, address = Client(), reverse("approval_policy", args=[engine.tenant.slug])
    client.force_login(person(Role.ADMIN))
    response = client.post(address, fields(automatic="on") | wrong)
    assert response.status_code == 422
    assert "Nothing was saved" in response.content.decode()
    assert not ApprovalPolicy.objects.exists()


def test_an_engineer_reads_the_limits_and_does_not_loosen_them(engine: Engine) -> None:
    client, address = Client(), reverse("approval_policy", args=[engine.tenant.slug])
    client.force_login(engine.engineer)
    text = client.get(address).content.decode()
    assert "Only an administrator changes these limits." in text
    assert "Save" not in text
    assert client.post(address, fields(automatic="on")).status_code == 403
    with pytest.raises(DecisionRefused, match="approval policy"):
        change_policy(tenant=engine.tenant, policy=OPEN, by=engine.engineer)
    assert policy_of(engine.tenant) == Policy()
