"""Joiners and leavers over several syncs of the same file, days apart, in the customer's zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from provisioning.domain.plan_values import Kind
from provisioning.models import DirectoryObject, Job, Operation
from provisioning.selectors import counts_of, profile_in
from provisioning.selectors.reports import report_of
from provisioning.services.effects import effect
from provisioning.services.policies import figures_of
from provisioning.services.samples import sample_of
from tenants.models import Tenant
from tests.support.engine import DOMAIN, Engine, held
from tests.support.lifecycles import FULL, LEAVE_DATE, profile_data

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HEADER = "id,name,status,title,hire,leave,note\n"


def file(*rows: str) -> bytes:
    return (HEADER + "".join(f"{row}\n" for row in rows)).encode()


def row(key: str, **cells: str) -> str:
    found = {"status": "active", "title": "Chief", "hire": "", "leave": "", **cells}
    return ",".join([key, "Ann", *found.values(), ""])


def publish(engine: Engine, lifecycle: Any, zone: str = "Europe/Stockholm") -> None:
    Tenant.objects.filter(pk=engine.tenant.pk).update(time_zone=zone)
    data = profile_data(lifecycle)
    data["attributes"][0]["expression"] = f'Append([id], "@{DOMAIN}")'
    engine.publish(data)


def planned(engine: Engine, job: Job, at: datetime) -> Job:
    """The plan as it is made at a moment."""
    Job.objects.filter(pk=job.pk).update(created_at=at)
    return engine.serve(job)


def applied(engine: Engine, job: Job, at: datetime = NOON, **yes: bool) -> Job:
    """Plan at a moment, approve and apply."""
    job = planned(engine, job, at)
    if job.state == Job.State.PLANNED:
        job = engine.serve(engine.approve(job, **yes))
    assert (job.state, job.failed) == (Job.State.FINISHED, 0), job.problem
    return job


def again(engine: Engine, at: datetime, **yes: bool) -> Job:
    """The same read once more, at another moment."""
    return applied(engine, engine.queue(), at, **yes)


def days(number: float) -> datetime:
    return NOON + timedelta(days=number)


def shadow(key: str) -> DirectoryObject:
    return DirectoryObject.objects.get(key=key)


def test_a_joiner_is_created_before_and_active_on_the_start_date(engine: Engine) -> None:
    publish(engine, FULL)
    before = engine.requests()
    job = applied(engine, engine.upload(file(row("1", hire="2026-03-20"))))
    (operation,) = engine.operations(job)
    assert (operation.kind, operation.state) == ("leave", "skipped")
    assert "Joins on 2026-03-20; the account is made from 2026-03-13 on." in operation.reason
    assert (job.inactive, job.planned_calls, engine.users()) == (1, 0, [])

    job = again(engine, days(3))
    (operation,) = engine.operations(job)
    assert (operation.kind, operation.reason[:20]) == ("create", "Joins on 2026-03-20;")
    assert (job.created, engine.user("1")["active"]) == (1, False)
    assert again(engine, days(9)).planned_calls == 0
    job = again(engine, days(10))
    assert (job.enabled, job.planned_calls, engine.user("1")["active"]) == (1, 1, True)
    assert again(engine, days(11)).planned_calls == 0
    assert engine.requests() - before == 1 + 1 + 1  # the inventory, the creation, the first day


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu"])
def test_the_last_day_ends_at_midnight_where_the_customer_is(engine: Engine, zone: str) -> None:
    publish(engine, {"last_day": {"column": "leave"}}, zone)
    midnight = datetime(2026, 3, 11, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    applied(engine, engine.upload(file(row("1", leave="2026-03-10"))), midnight - timedelta(days=2))
    assert again(engine, midnight - timedelta(seconds=1)).planned_calls == 0
    assert engine.user("1")["active"] is True
    job = again(engine, midnight)
    assert (job.disabled, job.planned_calls) == (1, 1)
    assert engine.operation(job, "1").reason == "The last day was 2026-03-10."
    assert engine.user("1")["active"] is False
    assert shadow("1").left_since == date(2026, 3, 11)


def test_the_start_begins_at_midnight_where_the_customer_is(engine: Engine) -> None:
    publish(engine, {"start": {"column": "hire"}}, "America/Los_Angeles")
    midnight = datetime(2026, 3, 10, tzinfo=ZoneInfo("America/Los_Angeles"))
    job = applied(
        engine,
        engine.upload(file(row("1", hire="2026-03-10"))),
        midnight - timedelta(seconds=1),
    )
    assert (job.created, job.inactive) == (0, 1)
    assert again(engine, midnight).created == 1


def definition_of(tenant: Tenant) -> Any:
    found = profile_in(tenant)
    assert found is not None
    assert found.current is not None
    return found.current.definition


def test_the_effect_shows_the_day_of_the_customer(engine: Engine) -> None:
    publish(engine, {"last_day": {"column": "leave"}}, "Pacific/Auckland")
    applied(engine, engine.upload(file(row("1", leave="2026-03-10"))), days(-2))
    tenant = Tenant.objects.get(pk=engine.tenant.pk)
    sample = sample_of(tenant)
    assert sample is not None
    definition = definition_of(tenant)
    midnight = datetime(2026, 3, 11, tzinfo=ZoneInfo("Pacific/Auckland"))
    for moment, calls in ((midnight - timedelta(seconds=1), 0), (midnight, 1)):
        assert effect(tenant, definition, sample, moment).effect.calls == calls


@pytest.mark.parametrize("gone", [True, False], ids=["absent", "inactive"])
def test_steps_follow_each_other_over_syncs_of_the_same_file(engine: Engine, gone: bool) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1"), row("2"))))
    rows = [row("2")] if gone else [row("1", status="inactive"), row("2")]
    before = engine.requests()

    job = applied(engine, engine.upload(file(*rows)), days(1))
    assert engine.operation(job, "1").after == {"active": False, LEAVE_DATE: "2026-03-11T00:00:00Z"}
    assert (job.disabled, job.planned_calls) == (1, 1)
    assert shadow("1").left_since == date(2026, 3, 11)
    assert again(engine, days(1.2)).planned_calls == 0

    job = again(engine, days(2))
    (operation,) = engine.operations(job)
    assert (operation.kind, operation.after) == ("update", {"title": "Has left"})
    assert (job.updated, job.flapping) == (1, {})
    assert again(engine, days(30)).planned_calls == 0

    job = again(engine, days(31))
    assert engine.operation(job, "1").after == {"title": None}
    assert "title" not in engine.user("1")
    assert again(engine, days(90)).planned_calls == 0

    job = planned(engine, engine.queue(), days(91))
    (operation,) = engine.operations(job)
    assert (operation.kind, operation.state) == ("delete", "withheld")
    assert "since 2026-03-11, more than 90 days." in operation.reason
    assert (counts_of(job).delete, figures_of(job).deletes, job.total) == (1, 1, 0)
    engine.serve(engine.approve(job))
    assert len(engine.users()) == 2
    job = again(engine, days(91), include_deletes=True)
    assert (job.deleted, len(engine.users())) == (1, 1)
    assert engine.requests() - before == 4
    assert again(engine, days(92)).planned_calls == 0


def test_what_is_due_at_once_is_one_call(engine: Engine) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1", leave="2026-03-30"))))
    job = again(engine, days(30))
    (operation,) = engine.operations(job)
    assert (operation.kind, job.planned_calls) == ("disable", 1)
    assert operation.after == {
        "active": False,
        "title": "Has left",
        LEAVE_DATE: "2026-03-30T00:00:00Z",
    }


def test_a_re_hire_enables_the_same_account_in_one_call(engine: Engine) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1"), row("2"))))
    account = engine.user("1")["id"]
    applied(engine, engine.upload(file(row("2"))), days(1))
    again(engine, days(3))
    assert engine.user("1")["title"] == "Has left"
    job = applied(engine, engine.upload(file(row("1"), row("2"))), days(9))
    (operation,) = engine.operations(job)
    assert (operation.kind, job.planned_calls) == ("enable", 1)
    assert operation.after == {"active": True, "title": "Chief", LEAVE_DATE: None}
    found = engine.user("1")
    assert (found["id"], found["active"], found["title"]) == (account, True, "Chief")
    assert shadow("1").left_since is None
    assert again(engine, days(10)).planned_calls == 0


def test_a_last_day_that_moves_brings_the_account_back(engine: Engine) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1", leave="2026-03-01"))), days(-20))
    again(engine, NOON)
    assert engine.user("1")["active"] is False
    job = applied(engine, engine.upload(file(row("1", leave="2026-06-30"))), days(1))
    assert (job.enabled, shadow("1").left_since) == (1, None)


def test_a_hire_in_the_future_waits_although_the_account_exists(engine: Engine) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1"), row("2"))))
    applied(engine, engine.upload(file(row("2"))), days(1))
    job = applied(engine, engine.upload(file(row("1", hire="2026-04-01"), row("2"))), days(5))
    assert (job.enabled, job.updated) == (0, 1)  # the leave date goes, the account stays disabled
    assert engine.user("1")["active"] is False
    assert again(engine, datetime(2026, 4, 1, 12, tzinfo=UTC)).enabled == 1


def test_after_a_deletion_the_user_name_is_explained(engine: Engine) -> None:
    publish(engine, {"leavers": [{"do": "disable"}, {"do": "delete", "after_days": 3}]})
    applied(engine, engine.upload(file(row("1"), row("2"))))
    applied(engine, engine.upload(file(row("2"))), days(1))
    again(engine, days(4), include_deletes=True)
    before = engine.requests()
    job = applied(engine, engine.upload(file(row("1"), row("2"))), days(5))
    operation = engine.operation(job, "1")
    assert (operation.kind, operation.state) == ("leave", Operation.State.SKIPPED)
    assert "Entra keeps it until" in operation.reason
    assert (job.planned_calls, engine.requests()) == (0, before)


def test_a_date_that_cannot_be_read_holds_its_record_only(engine: Engine) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1"), row("2"))))
    job = applied(
        engine, engine.upload(file(row("1", leave="soon"), row("2", title="Boss"))), days(1)
    )
    assert held(job) == [(2, "1", "mapping")]
    assert "'soon', which is no date" in job.held_records.get().message
    assert (job.updated, job.disabled, shadow("1").left_since) == (1, 0, None)


def test_a_row_whose_key_is_unreadable_keeps_later_steps_waiting(engine: Engine) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1"), row("2"), row("3"))))
    applied(engine, engine.upload(file(row("2"), row("3"))), days(1))
    job = planned(engine, engine.upload(file(row("3"), ",Nobody,active,,,,")), days(4))
    kinds = {each.key: (each.kind, each.state) for each in engine.operations(job)}
    assert kinds == {"1": ("leave", "skipped"), "2": ("disable", "withheld")}
    assert shadow("2").left_since is None
    assert shadow("1").left_since == date(2026, 3, 11)


def test_a_pilot_takes_nobody_for_a_leaver(engine: Engine) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1"), row("2"))))
    job = applied(engine, engine.queue(Job.Kind.PILOT, 1), days(9))
    assert (job.planned_calls, shadow("2").left_since) == (0, None)


def test_people_out_of_scope_are_leavers_by_that_entry_only(engine: Engine) -> None:
    scope = {"column": "title", "is": "not_equals", "value": "Board"}
    data = profile_data(FULL, scope=scope, out_of_scope="disable")
    data["attributes"][0]["expression"] = f'Append([id], "@{DOMAIN}")'
    engine.publish(data)
    applied(engine, engine.upload(file(row("1"))))
    job = applied(engine, engine.upload(file(row("1", title="Board"))), days(1))
    assert engine.operation(job, "1").after == {"active": False}
    assert shadow("1").left_since is None
    assert again(engine, days(200)).planned_calls == 0


def test_without_an_entry_leavers_are_disabled_and_never_deleted(engine: Engine) -> None:
    publish(engine, None)
    applied(engine, engine.upload(file(row("1"), row("2"), row("3"))))
    rows = [row("2", status="inactive"), row("3")]
    assert applied(engine, engine.upload(file(*rows)), days(1)).disabled == 2
    assert again(engine, days(4000)).planned_calls == 0


def test_the_report_names_the_way_in(engine: Engine) -> None:
    publish(engine, FULL)
    job = applied(engine, engine.upload(file(row("1"))))
    assert "Temporary Access Pass" in report_of(job)["way_in"]


def test_an_effect_counts_who_joins_later_as_inactive(engine: Engine) -> None:
    publish(engine, FULL)
    applied(engine, engine.upload(file(row("1"), row("2", hire="2026-05-01"))))
    tenant = Tenant.objects.get(pk=engine.tenant.pk)
    sample = sample_of(tenant)
    assert sample is not None
    found = effect(tenant, definition_of(tenant), sample, NOON).effect
    assert found.counts[Kind.INACTIVE] == 1
