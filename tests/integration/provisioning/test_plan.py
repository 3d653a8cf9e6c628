"""From a file to a priced plan."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing.models import PriceBookEntry
from msp_portal.demo.generator import people_profile
from msp_portal.demo.table import Table, with_unreadable_key, without
from provisioning.models import DirectoryObject, HeldRecord, Job, Operation, Snapshot
from provisioning.selectors.reports import report_of
from provisioning.services.profiles import publish
from tests.support.engine import Engine, edited, held, only, people, user_name, value

TABLE = people(8)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def key(at: int) -> str:
    return value(TABLE, at, "employee_id")


def test_a_plan_shows_each_person_with_calls_and_price(engine: Engine) -> None:
    job = engine.plan(TABLE)
    assert (job.state, job.total, job.planned_calls) == (Job.State.PLANNED, 8, 8)
    assert (job.unit_price, job.currency) == (Decimal("0.002"), "USD")
    assert report_of(job)["plan"]["price"] == {"currency": "USD", "amount": "0.016000000"}
    operation = engine.operation(job, key(0))
    assert (operation.kind, operation.state) == ("create", "proposed")
    assert operation.before == {}
    assert operation.after["externalId"] == key(0)
    assert operation.after["userName"] == operation.user_name == user_name(TABLE, 0)
    assert operation.after["active"] is True
    assert engine.users() == []


def test_a_plan_is_priced_by_the_entry_in_force(engine: Engine) -> None:
    PriceBookEntry.objects.create(
        cloud="sandbox",
        unit_price=Decimal("0.0015"),
        currency="EUR",
        rule="all",
        effective_from="2026-01-01T00:00Z",
    )
    job = engine.plan(TABLE)
    assert report_of(job)["plan"]["price"] == {"currency": "EUR", "amount": "0.012000000"}


def test_a_tenant_without_a_price_gets_no_plan(engine: Engine) -> None:
    PriceBookEntry.objects.all().delete()
    job = engine.plan(TABLE)
    assert (job.state, Snapshot.objects.count()) == (Job.State.FAILED, 0)
    assert "price" in job.problem


def test_the_calls_of_a_plan_are_the_calls_it_takes(engine: Engine) -> None:
    engine.apply(TABLE)
    mixed = edited(TABLE, 0, job_title="Chief", department="Board", phone="+44 20 7946 0001")
    mixed = edited(mixed, 1, status="inactive")
    mixed = without_row(edited(mixed, 2, location="Leeds"), 3)
    mixed = with_row(mixed, people(9), 8)
    before = engine.requests()
    job = engine.plan(mixed)
    kinds = sorted(operation.kind for operation in engine.operations(job))
    assert kinds == ["create", "disable", "disable", "update", "update"]
    assert (job.planned_calls, job.unchanged) == (5, 4)
    job = engine.serve(engine.approve(job))
    assert engine.requests() - before == job.planned_calls
    assert (job.created, job.updated, job.disabled) == (1, 2, 2)


def test_the_clock_of_a_mapping_is_the_job_s(engine: Engine) -> None:
    definition = people_profile()
    rules = [rule for rule in definition["attributes"] if rule["target"] != "title"]
    clock = {"target": "title", "expression": 'FormatDateTime(Now(), , , "yyyy-MM-dd HH:mm:ss")'}
    publish(tenant=engine.tenant, definition={**definition, "attributes": [*rules, clock]}, by=None)
    job = engine.plan(TABLE)
    shown = {operation.after["title"] for operation in engine.operations(job)}
    assert shown == {f"{job.created_at:%Y-%m-%d %H:%M:%S}"}


def without_row(table: Table, at: int) -> Table:
    return replace(table, rows=table.rows[:at] + table.rows[at + 1 :])


def with_row(table: Table, source: Table, at: int) -> Table:
    return replace(table, rows=(*table.rows, source.rows[at]))


def test_an_update_carries_only_what_differs(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.plan(edited(TABLE, 0, job_title="Chief", phone=""))
    (operation,) = engine.operations(job)
    phone = 'phoneNumbers[type eq "work"].value'
    assert operation.before == {
        "title": value(TABLE, 0, "job_title"),
        phone: value(TABLE, 0, "phone"),
    }
    assert operation.after == {"title": "Chief", phone: None}
    engine.serve(engine.approve(job))
    assert engine.user(key(0))["title"] == "Chief"
    assert "phoneNumbers" not in engine.user(key(0))
    assert engine.apply(edited(TABLE, 0, job_title="Chief", phone="")).planned_calls == 0


def test_what_the_profile_does_not_map_is_never_compared(engine: Engine) -> None:
    engine.apply(TABLE)
    with engine.outside() as client:
        entra_id = engine.user(key(0))["id"]
        change = {"op": "replace", "path": "preferredLanguage", "value": "en"}
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
        assert client.patch(f"/users/{entra_id}", json={**body, "Operations": [change]}).is_success
    engine.apply(edited(TABLE, 0, job_title="Chief"))
    assert engine.user(key(0))["preferredLanguage"] == "en"


def test_a_key_in_another_case_is_the_same_person(engine: Engine) -> None:
    letters = edited(TABLE, 0, employee_id="Ab-01")
    engine.apply(letters)
    job = engine.apply(edited(TABLE, 0, employee_id="aB-01"))
    # Only the attribute that carries the key as the source writes it differs.
    (operation,) = engine.operations(job)
    assert operation.after == {f"{ENTERPRISE}:employeeNumber": "aB-01"}
    assert len(engine.users()) == 8


def test_leading_zeros_make_two_people(engine: Engine) -> None:
    table = edited(edited(TABLE, 0, employee_id="0042"), 1, employee_id="42")
    assert engine.apply(table).created == 8


# Held records.


def test_a_failed_mapping_is_held_and_its_person_is_not_disabled(engine: Engine) -> None:
    engine.apply(TABLE)
    broken = edited(edited(TABLE, 0, status="who knows"), 1, hire_date="31.02.2024")
    job = engine.plan(broken)
    assert (job.state, job.planned_calls, job.held) == (Job.State.FINISHED, 0, 2)
    assert held(job) == [(2, key(0), "mapping"), (3, key(1), "mapping")]
    assert {record.stage for record in job.held_records.all()} == {HeldRecord.Stage.MAPPING}
    assert engine.user(key(0))["active"] is True


def test_a_refused_row_holds_its_person(engine: Engine) -> None:
    engine.apply(TABLE)
    doubled = with_row(TABLE, edited(people(9), 8, employee_id=key(0).lower()), 8)
    job = engine.apply(doubled)
    assert (job.held, job.planned_calls, job.withheld) == (2, 0, 0)
    assert engine.user(key(0))["active"] is True


def test_an_unreadable_key_withholds_every_disable_by_absence(engine: Engine) -> None:
    table = people(30)
    engine.apply(table)
    damaged = with_unreadable_key(without(table, 2), seed=5)
    damaged = edited(damaged, 0, job_title="Chief") if damaged.rows[0].fate else damaged
    job = engine.plan(damaged)
    assert (job.state, job.withheld, job.unreadable_keys) == (Job.State.PLANNED, 3, 1)
    withheld = job.operations.filter(state=Operation.State.WITHHELD)
    assert withheld.count() == 3
    assert all("could not be read" in operation.reason for operation in withheld)
    assert (job.planned_calls, job.total) == (4, 1)


def test_planning_again_after_a_crash_writes_no_row_twice(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provisioning.services import planning, slices

    finish = planning._finish_planning
    broken = edited(TABLE, 0, status="who knows")
    job = engine.upload(broken)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "_finish_planning", dies)
    with pytest.raises(KeyboardInterrupt):
        slices.serve_next()
    assert engine.fresh(job).state == Job.State.PLANNING
    assert job.operations.count() == 7
    monkeypatch.setattr(planning, "_finish_planning", finish)
    engine.bury()
    job = engine.serve(job)
    assert (job.state, job.operations.count(), job.held) == (Job.State.PLANNED, 7, 1)
    assert engine.requests() == 1


# Inactive people.


def test_an_inactive_person_without_an_account_costs_nothing(engine: Engine) -> None:
    job = engine.apply(edited(TABLE, 0, status="inactive"))
    assert (job.created, job.inactive, job.operations.count()) == (7, 1, 7)


def test_an_inactive_person_is_disabled_in_the_call_that_changes_the_rest(engine: Engine) -> None:
    engine.apply(TABLE)
    before = engine.requests()
    gone = edited(TABLE, 0, status="inactive", job_title="Former chief")
    job = engine.apply(gone)
    (operation,) = engine.operations(job)
    assert operation.kind == Operation.Kind.DISABLE
    assert operation.after == {"active": False, "title": "Former chief"}
    assert engine.requests() - before == 1
    account = engine.user(key(0))
    assert (account["active"], account["title"]) == (False, "Former chief")
    assert engine.apply(gone).planned_calls == 0


def test_a_person_who_is_gone_stays_disabled_without_further_calls(engine: Engine) -> None:
    engine.apply(TABLE)
    assert engine.apply(without_row(TABLE, 0)).disabled == 1
    assert engine.apply(without_row(TABLE, 0)).planned_calls == 0
    back = engine.apply(TABLE)
    assert (back.enabled, back.planned_calls) == (1, 1)
    assert engine.user(key(0))["active"] is True


# User names.


def test_of_two_people_with_one_user_name_the_first_gets_it(engine: Engine) -> None:
    names = {name: value(TABLE, 0, name) for name in ("given_name", "family_name")}
    job = engine.apply(edited(TABLE, 3, **names))
    assert (job.created, job.planned_calls) == (7, 7)
    second = engine.operation(job, key(3))
    assert (second.kind, second.state) == ("leave", "skipped")
    assert key(0) in second.reason


def test_a_new_user_name_that_is_taken_is_left(engine: Engine) -> None:
    engine.apply(TABLE)
    names = {name: value(TABLE, 0, name) for name in ("given_name", "family_name")}
    job = engine.plan(edited(TABLE, 3, **names))
    (operation,) = engine.operations(job)
    assert operation.kind == "leave"
    assert user_name(TABLE, 0) in operation.reason


def test_a_renamed_person_keeps_the_account(engine: Engine) -> None:
    engine.apply(TABLE)
    entra_id = engine.user(key(0))["id"]
    renamed = edited(TABLE, 0, family_name="Married")
    job = engine.apply(renamed)
    assert (job.updated, job.planned_calls) == (1, 1)
    account = engine.user(key(0))
    assert (account["id"], account["userName"]) == (entra_id, user_name(renamed, 0))
    shadow = DirectoryObject.objects.get(key=key(0))
    assert shadow.folded_user_name == user_name(renamed, 0)
    assert shadow.revision == 2
    # The old name is free for somebody new.
    assert engine.apply(with_row(renamed, edited(people(9), 8, **first_name()), 8)).created == 1


def first_name() -> dict[str, str]:
    return {name: value(TABLE, 0, name) for name in ("given_name", "family_name")}


def test_a_tenants_plan_knows_nothing_of_another_tenant(engine: Engine, other: Engine) -> None:
    engine.apply(TABLE)
    job = other.plan(only(TABLE, 0, 1))
    assert (job.planned_calls, job.withheld) == (2, 0)
    assert not Operation.objects.filter(job=job).exclude(tenant=other.tenant).exists()
