"""Two sources and one directory: an account is transferred by a yes, never fought over."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from msp_portal.demo.table import Row, Table, with_unreadable_key
from provisioning.models import DirectoryObject, Job, Operation, Source
from provisioning.selectors import counts_of
from provisioning.services import snapshots
from provisioning.services.decisions import DecisionRefused
from provisioning.services.ownership import ask_for_transfer
from provisioning.services.profiles import publish
from provisioning.services.replanning import plan_again
from provisioning.services.sources import add_source, move_source
from tenants.domain.roles import Role
from tests.support.engine import Engine, edited, only, people, person, value

STAFF = people(6)
OTHERS = people(9)
"""The first six are the same humans as the staff."""


def renamed(table: Table, prefix: str) -> Table:
    """The same people under the keys of another system."""
    at = table.fields.index("employee_id")
    rows = tuple(
        Row((*row.values[:at], f"{prefix}{row.values[at]}", *row.values[at + 1 :]), row.fate)
        for row in table.rows
    )
    return replace(table, rows=rows)


CONTRACTORS = renamed(only(OTHERS, 6, 7, 8), "C-")
"""Three people who are not among the staff."""
HIRED = replace(STAFF, rows=(*STAFF.rows, OTHERS.rows[6]))
"""The staff with the first contractor, under a key of the staff's."""
CONTRACTOR, EMPLOYEE = value(CONTRACTORS, 0, "employee_id"), value(OTHERS, 6, "employee_id")


@pytest.fixture
def contractors(engine: Engine) -> Source:
    """A second source, which comes after the staff, with everybody's accounts made."""
    source = add_source(tenant=engine.tenant, name="Contractors", by=engine.engineer)
    definition = with_key_free_numbers()
    publish(tenant=engine.tenant, definition=definition, by=engine.engineer, source=source)
    engine.publish(definition)
    engine.apply(STAFF)
    apply(engine, CONTRACTORS, source)
    return source


def with_key_free_numbers() -> dict[str, Any]:
    """The profile without the employee number, so that a change of key changes only the key."""
    profile = people_profile()
    rules = [each for each in profile["attributes"] if "employeeNumber" not in each["target"]]
    return {**profile, "attributes": rules}


def plan(engine: Engine, table: Table, source: Source | None = None) -> Job:
    return engine.serve(engine.upload(table, source=source))


def apply(engine: Engine, table: Table, source: Source | None = None, **included: bool) -> Job:
    job = plan(engine, table, source)
    if job.state == Job.State.PLANNED:
        job = engine.serve(engine.approve(job, **included))
    assert job.state == Job.State.FINISHED, (job.state, job.problem)
    return job


def leave(table: Table, *positions: int) -> Table:
    """The table without these rows."""
    return only(table, *(at for at in range(len(table.rows)) if at not in positions))


def owners() -> dict[str, str]:
    rows = DirectoryObject.objects.exclude(key="").select_related("owner")
    return {row.key: row.owner.slug for row in rows if row.owner}


def test_each_account_belongs_to_the_source_that_created_it(
    engine: Engine, contractors: Source
) -> None:
    assert sorted(owners().values()) == ["contractors"] * 3 + ["main"] * 6
    # Neither takes the other's people for leavers.
    assert apply(engine, STAFF).total == 0
    assert apply(engine, CONTRACTORS, contractors).total == 0
    engine.check_calls()


def test_a_person_of_both_is_a_conflict_that_names_the_owner(
    engine: Engine, contractors: Source
) -> None:
    job = plan(engine, HIRED)
    operation = engine.operation(job, EMPLOYEE)
    assert (job.state, operation.kind) == (Job.State.FINISHED, Operation.Kind.LEAVE)
    assert operation.reason == (
        "The account belongs to the source Contractors: the person is still in Contractors."
        " People comes first."
    )
    assert engine.user(CONTRACTOR)["active"] is True


@pytest.mark.parametrize("staff_first", [True, False])
def test_a_contractor_becomes_an_employee_by_one_patch(
    engine: Engine, contractors: Source, *, staff_first: bool
) -> None:
    before = engine.purposes()
    moved = edited(HIRED, 6, job_title="Partner")
    if staff_first:
        apply(engine, moved)  # a conflict still
    else:
        job = plan(engine, moved)
        assert job.state == Job.State.FINISHED
    job = plan(engine, leave(CONTRACTORS, 0), contractors)
    kept = engine.operation(job, CONTRACTOR)
    assert (kept.kind, kept.state) == (Operation.Kind.DISABLE, Operation.State.WITHHELD)
    assert kept.reason == (
        "This person is in the source People now: transfer the account there instead."
    )
    engine.serve(engine.approve(job))
    job = plan(engine, moved)
    moving = engine.operation(job, EMPLOYEE)
    assert (moving.kind, moving.state) == (Operation.Kind.TRANSFER, Operation.State.WITHHELD)
    assert moving.reason == "From Contractors to People: the person has left Contractors."
    assert set(moving.after) == {"externalId", "title"}
    assert counts_of(job).transfer == 1
    assert (counts_of(job).doubtful, job.planned_calls) == (0, 1)
    job = engine.serve(engine.approve(job, include_transfers=True))
    assert (job.transferred, job.failed, job.settled) == (1, 0, job.total)
    assert engine.purposes() - before == {"update": 1}
    user = engine.user(EMPLOYEE)
    assert (user["title"], user["active"]) == ("Partner", True)
    # From now on it is the new source's alone.
    assert owners()[EMPLOYEE.casefold()] == "main"
    assert apply(engine, leave(CONTRACTORS, 0), contractors).total == 0
    assert apply(engine, moved).total == 0
    assert apply(engine, STAFF).disabled == 1
    engine.check_calls()


def test_without_the_yes_nothing_is_transferred(engine: Engine, contractors: Source) -> None:
    engine.serve(engine.upload(HIRED))
    apply(engine, leave(CONTRACTORS, 0), contractors)
    job = apply(engine, HIRED, include_withheld=True, include_adoptions=True)
    operation = engine.operation(job, EMPLOYEE)
    assert (operation.state, job.transferred) == (Operation.State.SKIPPED, 0)
    assert owners()[CONTRACTOR.casefold()] == "contractors"


def test_a_transfer_that_changes_nothing_costs_no_call(engine: Engine, contractors: Source) -> None:
    same = replace(STAFF, rows=(*STAFF.rows, CONTRACTORS.rows[0]))
    engine.serve(engine.upload(same))
    apply(engine, leave(CONTRACTORS, 0), contractors)
    calls = engine.requests()
    job = plan(engine, same)
    # It waits for the yes although there is nothing to send.
    assert (job.state, job.planned_calls, job.withheld) == (Job.State.PLANNED, 0, 1)
    engine.approve(job, include_transfers=True)
    operation = engine.operation(job, CONTRACTOR)
    assert (operation.kind, operation.state) == (Operation.Kind.TRANSFER, Operation.State.DONE)
    job = engine.serve(job)
    assert (job.state, job.transferred, job.settled) == (Job.State.FINISHED, 1, 1)
    assert owners()[CONTRACTOR.casefold()] == "main"
    assert engine.requests() == calls


def test_a_free_transfer_of_an_account_that_moved_on_fails(
    engine: Engine, contractors: Source
) -> None:
    same = replace(STAFF, rows=(*STAFF.rows, CONTRACTORS.rows[0]))
    engine.serve(engine.upload(same))
    apply(engine, leave(CONTRACTORS, 0), contractors)
    job = plan(engine, same)
    account = DirectoryObject.objects.filter(key=CONTRACTOR.casefold())
    account.update(revision=account.get().revision + 1)
    job = engine.serve(engine.approve(job, include_transfers=True))
    assert (job.failed, job.transferred) == (1, 0)
    assert owners()[CONTRACTOR.casefold()] == "contractors"


def test_a_transfer_that_is_refused_leaves_the_account_to_its_owner(
    engine: Engine, contractors: Source
) -> None:
    engine.serve(engine.upload(HIRED))
    apply(engine, leave(CONTRACTORS, 0), contractors)
    job = plan(engine, HIRED)
    engine.fault(kind="status", status=400, times=1, method="PATCH")
    job = engine.serve(engine.approve(job, include_transfers=True))
    assert (job.failed, job.transferred) == (1, 0)
    assert owners()[CONTRACTOR.casefold()] == "contractors"


def test_a_worker_that_dies_in_a_transfer_sends_it_again(
    engine: Engine, contractors: Source
) -> None:
    engine.serve(engine.upload(HIRED))
    apply(engine, leave(CONTRACTORS, 0), contractors)
    job = plan(engine, HIRED)
    engine.fault(kind="reset", times=1, method="PATCH")
    job = engine.serve(engine.approve(job, include_transfers=True))
    assert (job.transferred, owners()[EMPLOYEE.casefold()]) == (1, "main")
    assert engine.user(EMPLOYEE)["active"] is True


def test_rows_that_cannot_be_read_keep_an_account_with_its_owner(
    engine: Engine, contractors: Source
) -> None:
    apply(engine, with_unreadable_key(leave(CONTRACTORS, 0)), contractors)
    assert engine.operation(plan(engine, HIRED), EMPLOYEE).kind == Operation.Kind.LEAVE


def test_an_owner_whose_read_was_erased_keeps_its_accounts(
    engine: Engine, contractors: Source
) -> None:
    engine.serve(engine.upload(HIRED))
    apply(engine, leave(CONTRACTORS, 0), contractors)
    read = contractors.snapshot
    assert read is not None
    assert read.accepted_at is not None
    snapshots.erase(read, read.accepted_at)
    operation = engine.operation(plan(engine, HIRED), EMPLOYEE)
    assert operation.kind == Operation.Kind.LEAVE
    assert "no read is kept" in operation.reason


def test_the_source_further_down_takes_over_when_somebody_asks(
    engine: Engine, contractors: Source
) -> None:
    freed = replace(CONTRACTORS, rows=(*CONTRACTORS.rows, renamed(STAFF, "C-").rows[5]))
    key = value(freed, 3, "employee_id")
    job = plan(engine, freed, contractors)
    left = engine.operation(job, key)
    assert (left.kind, left.reason.endswith("People comes first.")) == ("leave", True)
    ask_for_transfer(operation=left, by=engine.engineer)
    job = engine.serve(engine.queue_of(contractors))
    assert engine.operation(job, key).reason == (
        "From People to Contractors: somebody asked for it."
    )
    job = engine.serve(engine.approve(job, include_transfers=True))
    assert (job.transferred, owners()[key.casefold()]) == (1, "contractors")
    # The staff's own plan leaves it alone from now on, and nobody is disabled.
    job = plan(engine, STAFF)
    assert engine.operation(job, value(STAFF, 5, "employee_id")).kind == Operation.Kind.LEAVE
    assert DirectoryObject.objects.filter(offered_to__isnull=False).count() == 0


def test_only_who_may_approve_may_ask_and_only_for_an_account_of_another_source(
    engine: Engine, contractors: Source
) -> None:
    job = plan(engine, HIRED)
    left = engine.operation(job, EMPLOYEE)
    with pytest.raises(DecisionRefused, match="may not"):
        ask_for_transfer(operation=left, by=person(Role.VIEWER, customer=engine.tenant.customer))
    own = Operation(job=job, kind=Operation.Kind.LEAVE, target=None)
    with pytest.raises(DecisionRefused, match="no other source"):
        ask_for_transfer(operation=own, by=engine.engineer)


def test_precedence_decides_who_may_take_over(engine: Engine, contractors: Source) -> None:
    move_source(source=contractors, earlier=True, by=engine.engineer)
    engine.serve(engine.upload(HIRED, source=engine.main))
    apply(engine, leave(CONTRACTORS, 0), contractors)
    operation = engine.operation(plan(engine, HIRED, engine.main), EMPLOYEE)
    assert operation.kind == Operation.Kind.LEAVE
    assert operation.reason.endswith("Contractors comes first.")


def test_plans_expire_by_reads_of_their_own_source_only(
    engine: Engine, contractors: Source
) -> None:
    job = plan(engine, edited(STAFF, 0, job_title="Fellow"))
    again = plan_again(job=job, by=engine.engineer)
    assert (again.source.slug, again.file_name) == ("main", job.file_name)
    again = engine.serve(again)
    assert engine.serve(engine.approve(again)).updated == 1


def test_the_plans_page_asks_for_the_transfer_and_the_conflict_can_be_asked_for(
    engine: Engine, contractors: Source, client: Client
) -> None:
    client.force_login(engine.engineer)
    conflict = plan(engine, HIRED)
    page = reverse("job_detail", args=[conflict.pk])
    assert "Ask for a transfer" in client.get(page).content.decode()
    left = engine.operation(conflict, EMPLOYEE)
    client.post(reverse("job_ask_transfer", args=[conflict.pk, left.pk]))
    job = engine.serve(engine.queue_of(engine.main))
    text = client.get(reverse("job_detail", args=[job.pk])).content.decode()
    assert "1 account to transfer to People" in text
    assert "From Contractors to People: somebody asked for it." in text
    client.post(reverse("job_approve", args=[job.pk]), {"include_transfers": "on"})
    assert engine.serve(job).transferred == 1
