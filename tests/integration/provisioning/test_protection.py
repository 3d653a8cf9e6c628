"""Accounts that are never written: members of protected groups, guests, and those Entra refuses."""

from typing import Any

import pytest

from provisioning.models import DirectoryObject, Job, Operation, ProtectedMember
from provisioning.services.decisions import DecisionRefused
from provisioning.services.protection import clear_privileged
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Tenant
from tests.support.engine import Engine, person
from tests.support.staff import DEPARTMENTS, export, members, profile, record

THREE = ("1", "2", "3")


def rows(**cells: str) -> bytes:
    return export(record(key, **cells) for key in THREE)


@pytest.fixture
def staff(engine: Engine) -> Engine:
    """Three people with accounts."""
    engine.publish(profile(manager=False))
    engine.apply(rows())
    return engine


def protect(engine: Engine, *entries: str) -> None:
    Tenant.objects.filter(pk=engine.tenant.pk).update(protected_accounts=list(entries))


def group_of(engine: Engine, *keys: str) -> str:
    ids = [engine.user(key)["id"] for key in keys]
    group: dict[str, Any] = {"displayName": "Board", "members": ids}
    return str(engine.sandbox.seed(engine.directory_id, groups=[group])["groups"][0])


def test_members_of_a_protected_group_are_left_alone_for_one_call(staff: Engine) -> None:
    protect(staff, f"group:{group_of(staff, '1').upper()}")
    before = staff.requests()
    job = staff.plan(rows(department="Sales"))
    left = staff.operation(job, "1")
    assert (left.kind, left.state) == (Operation.Kind.LEAVE, Operation.State.SKIPPED)
    assert "member of the group" in left.reason
    assert staff.requests() - before == 1
    job = staff.serve(staff.approve(job))
    assert (job.updated, job.failed) == (2, 0)
    before = staff.requests()
    staff.apply(rows(department="Care"))
    assert staff.requests() - before == 2  # the group is not read again


def test_a_group_that_is_taken_off_the_list_protects_nobody(staff: Engine) -> None:
    protect(staff, f"group:{group_of(staff, '1')}")
    staff.apply(rows(department="Sales"))
    protect(staff)
    assert staff.apply(rows(department="Care")).updated == 3
    assert not ProtectedMember.objects.exists()


def test_a_group_nobody_knows_protects_nobody_and_is_read_once(staff: Engine) -> None:
    protect(staff, "group:00000000-0000-4000-8000-000000000000")
    assert staff.apply(rows(department="Sales")).updated == 3
    before = staff.requests()
    assert staff.apply(rows(department="Care")).updated == 3
    assert staff.requests() - before == 3


@pytest.mark.parametrize("how", ["list", "group", "shadow"])
def test_whoever_becomes_protected_after_planning_is_not_written(staff: Engine, how: str) -> None:
    group = group_of(staff)
    protect(staff, f"group:{group}")
    job = staff.plan(rows(department="Sales"))
    target = staff.user("2")["id"]
    if how == "list":
        protect(staff, staff.user("2")["userName"])
    elif how == "group":
        ProtectedMember.objects.create(
            customer=staff.tenant.customer,
            tenant=staff.tenant,
            group_id=group.lower(),
            entra_id=target.lower(),
            read_at=job.created_at,
        )
    else:
        DirectoryObject.objects.filter(entra_id=target).update(on_premises=True)
    before = staff.requests()
    job = staff.serve(staff.approve(job))
    spared = staff.operation(job, "2")
    assert (spared.state, spared.attempts) == (Operation.State.SKIPPED, 0)
    assert spared.message
    assert (job.updated, job.skipped, job.settled) == (2, 1, job.total)
    assert staff.requests() - before == 2


def refuse(engine: Engine, *keys: str) -> None:
    for key in keys:
        path = f"/users/{engine.user(key)['id']}"
        engine.fault(kind="status", status=403, method="PATCH", path=path)


def test_one_account_refused_while_others_succeed_is_marked_until_somebody_clears_it(
    staff: Engine,
) -> None:
    refuse(staff, "2")
    job = staff.apply(rows(department="Sales"))
    failed = staff.operation(job, "2")
    assert (job.updated, job.failed) == (2, 1)
    assert "may hold a privileged role" in failed.message
    account = DirectoryObject.objects.get(tenant=staff.tenant, key="2")
    assert account.possibly_privileged is not None
    before = staff.requests()
    job = staff.apply(rows(department="Care"))
    left = staff.operation(job, "2")
    assert (left.kind, job.updated) == (Operation.Kind.LEAVE, 2)
    assert "until somebody clears the mark" in left.reason
    assert staff.requests() - before == 2
    clear_privileged(account=account, by=staff.engineer)
    assert AuditEvent.objects.filter(action="account.mark_cleared").count() == 1
    assert staff.apply(rows(department="Care")).updated == 1
    with pytest.raises(DecisionRefused, match="not marked"):
        clear_privileged(account=account, by=staff.engineer)


def test_a_permission_that_is_missing_for_all_marks_nobody(staff: Engine) -> None:
    refuse(staff, *THREE)
    job = staff.apply(rows(department="Sales"))
    assert job.failed == 3
    assert not DirectoryObject.objects.filter(possibly_privileged__isnull=False).exists()


def test_a_permission_for_other_attributes_marks_nobody(staff: Engine) -> None:
    refuse(staff, "2")
    changed = [record("1", family="New"), record("2", department="Sales"), record("3")]
    job = staff.apply(export(changed))
    assert (job.updated, job.failed) == (1, 1)
    assert not DirectoryObject.objects.filter(possibly_privileged__isnull=False).exists()


def test_a_viewer_clears_no_mark(staff: Engine) -> None:
    refuse(staff, "2")
    staff.apply(rows(department="Sales"))
    account = DirectoryObject.objects.get(tenant=staff.tenant, key="2")
    viewer = person(Role.VIEWER, customer=staff.tenant.customer)
    with pytest.raises(DecisionRefused, match="may not edit"):
        clear_privileged(account=account, by=viewer)


@pytest.mark.parametrize("guests", [False, True])
def test_guests_are_adopted_only_if_the_profile_says_so(engine: Engine, guests: bool) -> None:
    entra = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
    engine.seed({"userName": "user1@brindlewick.example", entra: {"userType": "Guest"}})
    definition = profile(manager=False, matching=["userName"])
    engine.publish(definition | ({"guests": True} if guests else {}))
    job = engine.plan(export([record("1")]))
    (operation,) = engine.operations(job)
    if not guests:
        assert (operation.kind, job.state) == (Operation.Kind.LEAVE, Job.State.FINISHED)
        return
    assert operation.kind == Operation.Kind.ADOPT
    job = engine.serve(engine.approve(job, include_adoptions=True))
    assert job.adopted == 1
    assert engine.apply(export([record("1", department="Sales")])).updated == 1


def test_whoever_becomes_protected_after_planning_is_in_no_change_of_members(
    staff: Engine,
) -> None:
    staff.publish(profile(DEPARTMENTS, manager=False))
    job = staff.plan(rows(department="Sales"))
    protect(staff, staff.user("2")["userName"])
    job = staff.serve(staff.approve(job))
    assert members(staff) == {"Dept Sales": {"1", "3"}}
    protect(staff)
    staff.apply(rows(department="Sales"))
    assert members(staff) == {"Dept Sales": {"1", "2", "3"}}
    moved = [record("1", department="Sales"), record("2"), record("3", department="Sales")]
    job = staff.plan(export(moved))
    protect(staff, staff.user("2")["id"])
    job = staff.serve(staff.approve(job))
    assert (job.members_removed, job.settled) == (0, job.total)
    assert members(staff) == {"Dept Sales": {"1", "2", "3"}}
