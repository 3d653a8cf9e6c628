"""Groups read back: the cheaper way to their members, what drifted, and ours or theirs."""

from typing import Any

import pytest

from provisioning.models import AcceptedDrift, DirectoryGroup, Drift, GroupMember, Job
from provisioning.services import approval
from provisioning.services.reconciling import forecast_of
from provisioning.services.undoing import undo_job
from tests.integration.provisioning.test_reconcile import OURS, THEIRS, decide, drift, reconcile
from tests.support.engine import Engine
from tests.support.staff import DEPARTMENTS, export, members, profile, record

STAFF = [record(f"{n:02}", department="Sales" if n % 2 else "Care") for n in range(6)]
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
URN = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:Group"


@pytest.fixture
def staff(engine: Engine) -> Engine:
    engine.publish(profile(DEPARTMENTS))
    engine.apply(export(STAFF))
    return engine


def change_group(engine: Engine, name: str, *operations: dict[str, Any]) -> None:
    group = DirectoryGroup.objects.get(tenant=engine.tenant, name=name)
    with engine.outside() as client:
        for operation in operations:
            body = {"schemas": [PATCH], "Operations": [operation]}
            assert client.patch(f"/groups/{group.entra_id}", json=body).status_code == 204


def delete_group(engine: Engine, name: str) -> None:
    group = DirectoryGroup.objects.get(tenant=engine.tenant, name=name)
    with engine.outside() as client:
        assert client.delete(f"/groups/{group.entra_id}").status_code == 204


def part(engine: Engine, key: str) -> dict[str, Any]:
    return {"op": "remove", "path": f'members[value eq "{engine.user(key)["id"]}"]'}


def join(entra_id: str) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": entra_id}]}


def finish(engine: Engine, job: Job, **included: bool) -> Job:
    job = engine.serve(engine.approve(job, **included))
    assert job.state == Job.State.FINISHED, (job.state, job.problem)
    check(engine)
    return job


def check(engine: Engine) -> None:
    """The shadow of our groups is the directory."""
    there = {each["id"]: each for each in engine.sandbox.groups(engine.directory_id)}
    for row in DirectoryGroup.objects.filter(tenant=engine.tenant).exclude(key=""):
        found = there[row.entra_id]
        assert set(found["members"]) == set(row.members.values_list("entra_id", flat=True))
        assert found["displayName"] == row.name


def test_nothing_changed_costs_what_was_promised(staff: Engine) -> None:
    promised = forecast_of(staff.source, None)
    before = staff.requests()
    job = reconcile(staff)
    assert (job.state, drift(job)) == (Job.State.FINISHED, [])
    # One page of users, one of groups, and the members of two groups.
    assert staff.requests() - before == promised.calls == 4
    assert promised.groups == 3


def test_few_people_in_many_groups_are_read_by_person(engine: Engine) -> None:
    rule = {"rule": "projects", "expression": 'Split([projects], ";")'}
    engine.publish(profile(rule))
    engine.apply(export([record("00", projects=";".join(f"P{n}" for n in range(9)))]))
    gone = DirectoryGroup.objects.get(name="P4")
    change_group(engine, "P4", part(engine, "00"))
    before = engine.requests()
    promised = forecast_of(engine.source, None)
    job = reconcile(engine)
    assert engine.requests() - before == promised.calls == 3
    row = job.drift.get()
    assert (row.kind, row.entra_id, row.writable) == ("parted", gone.entra_id, True)
    finish(engine, job)
    assert members(engine)["P4"] == {"00"}


def test_who_was_removed_outside_is_added_and_who_was_added_stays(staff: Engine) -> None:
    (stranger,) = staff.seed({"userName": "stranger@brindlewick.example"})
    change_group(staff, "Dept Sales", part(staff, "01"), part(staff, "03"), join(stranger))
    job = reconcile(staff)
    assert sorted(kind for kind, _, _ in drift(job)) == ["joined", "parted", "parted"]
    assert (job.planned_calls, job.operations.get().kind) == (1, "member_add")
    joined = job.drift.get(kind="joined")
    assert (joined.writable, "Not added by this portal" in joined.note) == (False, True)
    finish(staff, job)
    assert members(staff)["Dept Sales"] == {"01", "03", "05", "stranger@brindlewick.example"}
    assert not GroupMember.objects.get(entra_id=stranger).ours
    assert reconcile(staff).state == Job.State.FINISHED


def test_a_stranger_in_a_fully_managed_group_is_removed_unless_accepted(engine: Engine) -> None:
    engine.publish(profile(DEPARTMENTS | {"fully_managed": True}))
    engine.apply(export(STAFF))
    ids = engine.seed(*({"userName": f"s{n}@brindlewick.example"} for n in range(2)))
    change_group(engine, "Dept Care", *map(join, ids))
    job = reconcile(engine)
    assert job.planned_calls == 2
    assert decide(engine, job, THEIRS, path=f"members:{ids[0]}") == 1
    assert engine.fresh(job).planned_calls == 1
    finish(engine, job)
    assert members(engine)["Dept Care"] == {"00", "02", "04", "s0@brindlewick.example"}
    assert engine.plan(export(STAFF)).planned_calls == 0


def test_one_removed_outside_is_left_out_until_the_source_changes(staff: Engine) -> None:
    change_group(staff, "Dept Sales", part(staff, "01"), part(staff, "03"))
    job = reconcile(staff)
    gone = staff.user("01")["id"]
    assert decide(staff, job, THEIRS, path=f"members:{gone}") == 1
    assert decide(staff, job, OURS, path=f"members:{gone}") == 1
    assert len(job.operations.get().members) == 2
    assert decide(staff, job, THEIRS, kind="parted") == 2
    assert (staff.fresh(job).planned_calls, job.operations.get().state) == (0, "skipped")
    finish(staff, job)
    assert staff.plan(export(STAFF)).planned_calls == 0
    assert AcceptedDrift.objects.filter(on_group=True).count() == 2
    # Elsewhere and back again: nothing is left of what was accepted.
    staff.apply(export([each | {"department": "Care"} for each in STAFF]))
    staff.apply(export(STAFF))
    assert members(staff)["Dept Sales"] == {"01", "03", "05"}


def test_a_name_changed_outside_is_written_back_or_left(staff: Engine) -> None:
    for name in ("Dept Sales", "Dept Care"):
        change = {"op": "replace", "path": "displayName", "value": f"{name}!"}
        change_group(staff, name, change)
    job = reconcile(staff)
    assert job.planned_calls == 2
    assert decide(staff, job, THEIRS, record_key="department/care") == 1
    finish(staff, job)
    assert set(members(staff)) == {"Dept Sales", "Dept Care!"}
    assert staff.plan(export(STAFF)).planned_calls == 0
    staff.publish(profile(DEPARTMENTS | {"name": 'Append("Team ", [value])'}))
    job = staff.serve(staff.approve(staff.serve(staff.queue())))
    assert set(members(staff)) == {"Team Sales", "Team Care"}


def test_a_group_deleted_outside_comes_again_with_its_members(staff: Engine) -> None:
    delete_group(staff, "Dept Sales")
    job = reconcile(staff)
    assert sorted(each.kind for each in job.operations.all()) == ["group_create", "member_add"]
    finish(staff, job)
    assert members(staff)["Dept Sales"] == {"01", "03", "05"}


def test_or_stays_deleted(staff: Engine) -> None:
    delete_group(staff, "Dept Sales")
    job = reconcile(staff)
    assert decide(staff, job, THEIRS, kind="group_gone") == 1
    assert staff.fresh(job).planned_calls == 0
    approval.cancel(job=job, by=staff.engineer)
    assert staff.plan(export(STAFF)).planned_calls == 0
    assert set(members(staff)) == {"Dept Care"}


def test_who_is_created_again_gets_the_groups_back(staff: Engine) -> None:
    staff.switch(soft_delete_days=0)
    staff.delete_outside(staff.user("03")["id"])
    job = reconcile(staff)
    assert sorted(each.kind for each in job.operations.all()) == ["create", "member_add"]
    finish(staff, job)
    assert members(staff)["Dept Sales"] == {"01", "03", "05"}


def test_groups_that_vanish_in_numbers_stop_for_a_person(engine: Engine) -> None:
    engine.publish(profile({"rule": "projects", "expression": 'Split([projects], ";")'}))
    engine.apply(export([record("00", projects=";".join(f"P{n}" for n in range(9)))]))
    for n in range(6):
        delete_group(engine, f"P{n}")
    job = reconcile(engine)
    assert (job.state, job.operations.count()) == (Job.State.STOPPED, 0)
    assert "6 of 9 managed groups" in job.comparison["reasons"][0]
    approval.accept_loss(job=job, by=engine.engineer)
    job = engine.serve(job)
    assert (job.state, Drift.objects.filter(job=job, kind="group_gone").count()) == ("planned", 6)


def test_a_group_that_is_not_there_and_did_not_drift_is_left_to_a_sync(staff: Engine) -> None:
    """Nobody can be added to it, and the reconcile would promise a call that is never made."""
    moved = [STAFF[0] | {"department": "New"}, *STAFF[1:]]
    job = staff.apply(export(moved))
    undone = staff.serve(undo_job(job=job, by=staff.engineer, deletes=True))
    finish(staff, undone, include_deletes=True)
    staff.delete_outside(staff.user("00")["id"])
    staff.switch(soft_delete_days=0)
    job = reconcile(staff)
    assert [each.kind for each in staff.operations(job)] == ["create"]
    job = finish(staff, job)
    assert (job.created, job.failed) == (1, 0)
    staff.apply(export(moved))
    assert members(staff)["Dept New"] == {"00"}
