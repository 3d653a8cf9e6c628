"""Groups by rules, from an upload to the directory: created, filled, emptied, adopted."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Call
from provisioning.domain.groups import GroupAct
from provisioning.domain.retry import MAX_ATTEMPTS
from provisioning.models import DirectoryGroup, GroupMember, HeldRecord, Job, Operation
from provisioning.services import effects
from provisioning.services.samples import sample_of
from provisioning.services.undoing import preview_of, undo_job
from tests.support.engine import Engine
from tests.support.staff import DEPARTMENTS, PROJECTS, export, members, profile, record

STAFF = [record(f"{n:02}", department="Sales" if n % 2 else "Care") for n in range(6)]


@pytest.fixture
def staff(engine: Engine) -> Engine:
    engine.publish(profile(DEPARTMENTS))
    return engine


def kinds(job: Job) -> dict[str, int]:
    found: dict[str, int] = {}
    for operation in job.operations.all():
        found[operation.kind] = found.get(operation.kind, 0) + 1
    return found


def check(engine: Engine, job: Job) -> None:
    """The shadow of our groups is the directory, and every call is accounted for."""
    groups = engine.sandbox.groups(engine.directory_id)
    there = {each["id"]: set(each["members"]) for each in groups}
    for row in DirectoryGroup.objects.filter(tenant=engine.tenant, members_known=True):
        assert there[row.entra_id] == set(row.members.values_list("entra_id", flat=True))
    assert not job.operations.filter(state__in=Operation.UNSETTLED).exists()
    assert engine.fresh(job).settled == engine.fresh(job).total
    engine.check_calls()


def test_a_group_for_each_department_in_as_few_calls_as_can_be(staff: Engine) -> None:
    job = staff.apply(export(STAFF))
    assert members(staff) == {"Dept Sales": {"01", "03", "05"}, "Dept Care": {"00", "02", "04"}}
    assert staff.purposes() == {"inventory": 1, "create": 6, "group_create": 2, "member_add": 2}
    assert (job.groups_created, job.additions, job.members_added) == (2, 2, 6)
    assert job.planned_calls == 10
    check(staff, job)


def test_the_same_file_again_costs_nothing(staff: Engine) -> None:
    staff.apply(export(STAFF))
    calls = staff.requests()
    job = staff.apply(export(STAFF))
    assert (job.state, job.total, staff.requests()) == (Job.State.FINISHED, 0, calls)


def test_more_than_twenty_are_added_by_twenties(staff: Engine) -> None:
    job = staff.apply(export(record(f"{n:02}", department="Sales") for n in range(45)))
    assert staff.purposes()["member_add"] == 3
    assert len(members(staff)["Dept Sales"]) == 45
    assert job.planned_calls == 45 + 1 + 3
    check(staff, job)


def test_who_moves_is_added_before_being_removed(staff: Engine) -> None:
    staff.apply(export(STAFF))
    moved = [STAFF[0] | {"department": "Sales"}, *STAFF[1:]]
    job = staff.apply(export(moved))
    assert kinds(job) == {"update": 1, "member_add": 1, "member_remove": 1}
    calls = Call.objects.filter(job=job.label).order_by("started_at")
    assert list(calls.values_list("purpose", flat=True)) == [
        "update",
        "member_add",
        "member_remove",
    ]
    assert members(staff)["Dept Sales"] == {"00", "01", "03", "05"}
    check(staff, job)


def test_a_rename_of_the_rule_is_one_change(staff: Engine) -> None:
    staff.apply(export(STAFF))
    staff.publish(profile(DEPARTMENTS | {"name": 'Append("Team ", [value])'}))
    job = staff.serve(staff.queue())
    job = staff.serve(staff.approve(job))
    assert kinds(job) == {"group_change": 2}
    assert set(members(staff)) == {"Team Sales", "Team Care"}
    check(staff, job)


def test_an_emptied_group_is_deleted_after_a_yes_and_kept_otherwise(staff: Engine) -> None:
    staff.publish(profile(DEPARTMENTS | {"emptied": "delete"}))
    staff.apply(export(STAFF))
    merged = export([each | {"department": "Sales"} for each in STAFF])
    job = staff.plan(merged)
    assert kinds(job) == {"update": 3, "member_add": 1, "group_delete": 1}
    assert job.withheld == 1
    job = staff.serve(staff.approve(job))
    assert "Dept Care" in members(staff)
    job = staff.serve(staff.approve(staff.serve(staff.queue()), include_deletes=True))
    assert set(members(staff)) == {"Dept Sales"}
    check(staff, job)


def test_leavers_keep_their_groups_and_nobody_else_is_touched(staff: Engine) -> None:
    staff.apply(export(STAFF))
    (stranger,) = staff.seed({"userName": "stranger@brindlewick.example"})
    group = DirectoryGroup.objects.get(name="Dept Sales")
    with staff.outside() as client:
        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "members", "value": [{"value": stranger}]}],
        }
        assert client.patch(f"/groups/{group.entra_id}", json=body).status_code == 204
    job = staff.apply(export(STAFF[1:]))
    assert kinds(job) == {"disable": 1}
    assert members(staff)["Dept Sales"] >= {"stranger@brindlewick.example"}
    assert "00" in members(staff)["Dept Care"]


def test_a_group_that_exists_is_adopted_by_its_id_with_its_members(staff: Engine) -> None:
    known = staff.seed({"userName": "known@brindlewick.example"})
    seeded = staff.sandbox.seed(
        staff.directory_id, groups=[{"displayName": "Old sales", "members": known}]
    )
    rule = DEPARTMENTS | {"adopt": {"sales": seeded["groups"][0]}}
    staff.publish(profile(rule))
    job = staff.plan(export(STAFF))
    assert staff.purposes() == {"inventory": 3}
    assert kinds(job) == {"create": 6, "group_adopt": 1, "group_create": 1, "member_add": 2}
    job = staff.serve(staff.approve(job))
    assert members(staff)["Old sales"] == {"known@brindlewick.example", "01", "03", "05"}
    row = DirectoryGroup.objects.get(entra_id=seeded["groups"][0])
    assert (row.adopted, row.key) == (True, "department/sales")
    check(staff, job)


@pytest.mark.parametrize("switch", [400, 404])
def test_one_account_that_is_gone_does_not_keep_the_others_out(staff: Engine, switch: int) -> None:
    staff.switch(member_add_unknown_status=switch)
    staff.apply(export([each | {"department": ""} for each in STAFF]))
    staff.delete_outside(staff.user("03")["id"])
    job = staff.plan(export(STAFF))
    Operation.objects.filter(job=job, kind="update", key="03").update(state="skipped")
    Job.objects.filter(pk=job.pk).update(total=job.total - 1)
    job = staff.serve(staff.approve(job))
    assert members(staff)["Dept Sales"] == {"01", "05"}
    added = job.operations.get(kind="member_add", person="Dept Sales")
    assert (added.state, added.warning[:9]) == ("done", "1 account")


def test_a_removal_of_somebody_who_was_removed_outside_is_done(staff: Engine) -> None:
    staff.apply(export(STAFF))
    group = DirectoryGroup.objects.get(name="Dept Care")
    DirectoryGroup.objects.update(seen_at=None)
    gone = staff.user("00")["id"]
    with staff.outside() as client:
        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "remove", "path": f'members[value eq "{gone}"]'}],
        }
        assert client.patch(f"/groups/{group.entra_id}", json=body).status_code == 204
    job = staff.apply(export([STAFF[0] | {"department": ""}, *STAFF[1:]]))
    assert (job.members_removed, job.failed) == (1, 0)
    assert staff.purposes()["verify"] == 1
    check_members = GroupMember.objects.filter(group=group, entra_id=gone)
    assert not check_members.exists()


def test_a_group_deleted_outside_is_planned_anew(staff: Engine) -> None:
    staff.apply(export(STAFF))
    group = DirectoryGroup.objects.get(name="Dept Care")
    with staff.outside() as client:
        assert client.delete(f"/groups/{group.entra_id}").status_code == 204
    moved = export([*STAFF[:5], STAFF[5] | {"department": "Care"}])
    job = staff.apply(moved)
    assert job.failed == 1
    job = staff.apply(moved)
    assert members(staff)["Dept Care"] == {"00", "02", "04", "05"}
    check_groups = DirectoryGroup.objects.filter(name="Dept Care")
    assert check_groups.count() == 1


@pytest.mark.parametrize("happened", [True, False])
def test_a_creation_nobody_knows_the_end_of_is_looked_for_by_its_nickname(
    staff: Engine, happened: bool
) -> None:
    when = "after" if happened else "before"
    job = staff.plan(export(STAFF))
    staff.fault(kind="reset", when=when, method="POST", path="/groups")
    job = staff.approve(job)
    job = serve_in_a_hurry(staff, job)
    if happened:
        assert (job.groups_created, job.failed) == (2, 0)
        assert len(members(staff)["Dept Sales"]) == len(members(staff)["Dept Care"]) == 3
        check(staff, job)
        return
    failed = job.operations.get(kind="group_create", state="failed")
    assert failed.message.startswith("Nobody knows whether Entra created this group")
    assert len(members(staff)) == 1
    again = staff.serve(staff.queue())
    withheld = again.operations.get(kind="group_create")
    assert (withheld.state, withheld.person) == ("withheld", failed.person)
    again = staff.serve(staff.approve(again, include_withheld=True))
    assert len(members(staff)) == 2
    check(staff, again)


def test_a_doubt_that_somebody_has_decided_is_none_any_more(staff: Engine) -> None:
    staff.publish(profile(DEPARTMENTS | {"emptied": "delete"}))
    sales = [each | {"department": "Sales"} for each in STAFF]
    job = staff.plan(export(sales))
    staff.fault(kind="reset", when="before", method="POST", path="/groups")
    job = serve_in_a_hurry(staff, staff.approve(job))
    assert job.failed == 2
    staff.serve(staff.approve(staff.serve(staff.queue()), include_withheld=True))
    nobody = export([each | {"department": ""} for each in STAFF])
    job = staff.plan(nobody)
    staff.serve(staff.approve(job, include_deletes=True))
    assert members(staff) == {}
    job = staff.plan(export(sales))
    assert job.operations.get(kind="group_create").state == "proposed"


def test_an_addition_given_up_in_doubt_is_read_and_taken_back(staff: Engine) -> None:
    staff.apply(export(STAFF))
    moved = [STAFF[0] | {"department": "Sales"}, *STAFF[1:]]
    staff.fault(
        kind="status",
        status=500,
        when="after",
        method="PATCH",
        path="/groups",
        times=MAX_ATTEMPTS,
    )
    job = serve_in_a_hurry(staff, staff.approve(staff.plan(export(moved))))
    assert (job.failed, job.members_removed) == (1, 1)
    assert members(staff)["Dept Sales"] == {"00", "01", "03", "05"}
    job = staff.apply(export(STAFF))
    assert members(staff) == {"Dept Sales": {"01", "03", "05"}, "Dept Care": {"00", "02", "04"}}
    check(staff, job)


def test_a_group_in_doubt_that_is_gone_is_created_anew(staff: Engine) -> None:
    staff.apply(export(STAFF))
    group = DirectoryGroup.objects.get(name="Dept Care")
    DirectoryGroup.objects.filter(pk=group.pk).update(members_known=False)
    with staff.outside() as client:
        assert client.delete(f"/groups/{group.entra_id}").status_code == 204
    job = staff.apply(export(STAFF))
    assert (job.failed, job.groups_created) == (0, 1)
    assert members(staff)["Dept Care"] == {"00", "02", "04"}


def serve_in_a_hurry(engine: Engine, job: Job) -> Job:
    from provisioning.services import slices

    for _ in range(200):
        job = engine.fresh(job)
        if job.state not in Job.IN_LANE:
            return job
        if not slices.serve_next():
            engine.hurry()
    raise AssertionError(f"{job} does not come to its end")


def test_members_wait_for_their_accounts_and_those_without_one_are_left_out(
    staff: Engine,
) -> None:
    staff.fault(kind="status", status=400, method="POST", path="/users")
    job = staff.apply(export(STAFF))
    assert (job.created, job.failed, job.members_added) == (5, 1, 5)
    (short,) = [each for each in job.operations.filter(kind="member_add") if each.warning]
    assert short.warning == "1 of 3 got no account; they are added when there is one."
    job = staff.apply(export(STAFF))
    assert (job.created, job.members_added) == (1, 1)
    check(staff, job)


def test_lists_give_several_groups_and_a_bad_record_is_only_held_from_groups(
    engine: Engine,
) -> None:
    rule = PROJECTS | {"name": 'IIF([value] = "x", "", [value])'}
    engine.publish(profile(rule))
    job = engine.apply(export([record("1", projects="a;b"), record("2", projects="b;x")]))
    assert members(engine) == {"a": {"1"}, "b": {"1"}}
    (held,) = HeldRecord.objects.filter(job=job)
    assert (held.stage, held.key, job.held) == (HeldRecord.Stage.GROUPS, "2", 0)
    assert job.created == 2


def test_a_pilot_takes_its_people_only(staff: Engine) -> None:
    job: Any = staff.serve(staff.upload(export(STAFF), pilot_size=2))
    assert kinds(job) == {"create": 2, "group_create": 2, "member_add": 2}


def test_the_preview_of_a_profile_counts_the_calls_of_its_groups(staff: Engine) -> None:
    staff.apply(export(STAFF))
    definition = profile(DEPARTMENTS | {"name": 'Append("Team ", [value])'}, PROJECTS)
    found = sample_of(staff.tenant)
    assert found is not None
    before = staff.requests()
    shown = effects.effect(staff.tenant, definition, found, timezone.now()).effect
    assert staff.requests() == before
    staff.publish(definition)
    job = staff.serve(staff.queue())
    assert shown.calls == job.planned_calls == 2
    assert shown.acts == {GroupAct.CHANGE: 2}


def test_what_a_job_did_to_groups_is_taken_back(staff: Engine) -> None:
    staff.apply(export(STAFF))
    moved = [STAFF[0] | {"department": "Sales"}, STAFF[1] | {"department": "New"}, *STAFF[2:]]
    job = staff.apply(export(moved))
    assert members(staff)["Dept New"] == {"01"}
    preview = preview_of(job, deletes=False, most=50)
    plan = staff.serve(undo_job(job=job, by=staff.engineer))
    assert kinds(plan) == {"update": 2, "group_leave": 1, "member_add": 2, "member_remove": 2}
    assert preview.calls == plan.planned_calls == 6
    calls = staff.requests()
    plan = staff.serve(staff.approve(plan))
    assert (plan.state, plan.failed) == (Job.State.FINISHED, 0)
    assert staff.requests() - calls == 6
    assert members(staff) == {
        "Dept Sales": {"01", "03", "05"},
        "Dept Care": {"00", "02", "04"},
        "Dept New": set(),
    }
    check(staff, plan)
    assert not preview_of(job, deletes=False, most=50).acts
    browser = Client()
    browser.force_login(staff.engineer)
    text = browser.get(reverse("job_undo", args=[job.pk])).content.decode()
    assert "Nothing can be taken back" in text
    assert "Everything is as it was" not in text


def test_a_group_that_a_job_created_is_deleted_after_a_yes(staff: Engine) -> None:
    job = staff.apply(export(STAFF))
    plan = staff.serve(undo_job(job=job, by=staff.engineer, deletes=True))
    assert kinds(plan) == {"delete": 6, "group_delete": 2}
    plan = staff.serve(staff.approve(plan, include_deletes=True))
    assert (plan.failed, members(staff), staff.users()) == (0, {}, [])
