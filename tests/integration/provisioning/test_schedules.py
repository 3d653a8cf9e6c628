"""Schedules: due once whatever the beats do, missed runs once, and nothing replaced silently."""

import threading
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from provisioning import tasks
from provisioning.domain.schedules import ScheduleError, Unit
from provisioning.models import Job, Quarantine, Schedule
from provisioning.services import schedules
from provisioning.services.decisions import DecisionRefused
from provisioning.services.scheduling import (
    ScheduleFacts,
    add_schedule,
    change_schedule,
    remove_schedule,
    switch_schedule,
)
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Tenant
from tests.support.engine import Engine, edited, people, person

TABLE = people(6)
EVALUATE = Schedule.What.EVALUATE


def hourly(anchor: datetime) -> ScheduleFacts:
    return ScheduleFacts(EVALUATE, Unit.HOURS, every=1, anchor=anchor)


def due(engine: Engine, late: timedelta = timedelta()) -> Schedule:
    """An hourly schedule whose moment came so long ago."""
    now = timezone.now()
    schedule = add_schedule(
        tenant=engine.tenant, facts=hourly(now - late), by=engine.engineer, now=now - late
    )
    Schedule.objects.filter(pk=schedule.pk).update(next_run_at=now - late)
    return fresh(schedule)


def fresh(schedule: Schedule) -> Schedule:
    return Schedule.objects.select_related("tenant__customer", "last_job").get(pk=schedule.pk)


def run(schedule: Schedule) -> Schedule:
    schedules.run_due(timezone.now())
    return fresh(schedule)


def publish_another(engine: Engine, job: Job) -> None:
    """A profile version that lets the plans made with the job's expire."""
    rule = {"target": "preferredLanguage", "constant": "en"}
    definition = job.profile_version.definition
    engine.publish({**definition, "attributes": [*definition["attributes"], rule]})


def events() -> list[str]:
    found = AuditEvent.objects.filter(action__startswith="schedule.").order_by("pk")
    return list(found.values_list("action", flat=True))


def test_a_due_schedule_evaluates_the_newest_read_and_an_unchanged_one_costs_no_call(
    engine: Engine,
) -> None:
    engine.apply(TABLE)
    requests = engine.requests()
    schedule = run(due(engine))
    job = schedule.last_job
    assert job is not None
    assert (job.kind, job.state, job.requested_by) == (Job.Kind.SYNC, Job.State.PLANNING, None)
    assert schedule.last_result == f"Started job {job.pk}."
    job = engine.serve(job)
    assert (job.state, job.unchanged, engine.requests()) == (Job.State.FINISHED, 6, requests)
    assert events() == ["schedule.added", "schedule.started"]
    assert schedule.next_run_at is not None
    assert timedelta() < schedule.next_run_at - timezone.now() <= timedelta(hours=1)
    assert schedules.run_due(timezone.now()) == 0, "not before its next moment"


def test_runs_that_were_missed_are_made_up_for_by_one(engine: Engine) -> None:
    engine.apply(TABLE)
    jobs = Job.objects.count()
    schedule = run(due(engine, late=timedelta(days=3, minutes=20)))
    assert Job.objects.count() == jobs + 1
    assert "3 days late: one run for all that were missed" in schedule.last_result
    assert schedule.next_run_at is not None
    assert schedule.next_run_at > timezone.now()
    assert schedules.run_due(timezone.now()) == 0


def test_two_beats_at_once_start_one_job(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.apply(TABLE)
    schedule, jobs, now = due(engine), Job.objects.count(), timezone.now()
    meet, served = threading.Barrier(2), []
    claim = schedules._claim

    def both_have_seen_it(*arguments: Any) -> bool:
        meet.wait(10)
        return claim(*arguments)

    def beat() -> None:
        try:
            served.append(schedules.run_due(now))
        finally:
            connection.close()

    monkeypatch.setattr(schedules, "_claim", both_have_seen_it)
    beats = [threading.Thread(target=beat) for _ in range(2)]
    for each in beats:
        each.start()
    for each in beats:
        each.join()
    assert sorted(served) == [0, 1]
    assert Job.objects.count() == jobs + 1
    assert fresh(schedule).last_result.startswith("Started job")


def test_a_worker_that_dies_after_its_claim_costs_minutes(engine: Engine) -> None:
    engine.apply(TABLE)
    schedule, now = due(engine), timezone.now()
    assert schedules._claim(schedule, now)
    assert schedules.run_due(now) == 0
    assert schedules.run_due(now + timedelta(minutes=5)) == 1
    assert fresh(schedule).last_result.startswith("Started job")


def test_the_tick_starts_what_is_due(engine: Engine) -> None:
    engine.apply(TABLE)
    schedule = due(engine)
    tasks.tick()
    assert fresh(schedule).last_job is not None


def test_a_plan_that_waits_is_left_and_one_that_has_expired_is_replaced(engine: Engine) -> None:
    plan = engine.plan(TABLE)
    schedule = run(due(engine))
    assert schedule.last_result == (
        f"Not started. Job {plan.pk} of this tenant is open (waiting for approval); it was left"
        " alone."
    )
    assert (schedule.last_job, engine.fresh(plan).state) == (None, Job.State.PLANNED)
    publish_another(engine, plan)
    Schedule.objects.update(next_run_at=timezone.now())
    schedule = run(schedule)
    assert schedule.last_job is not None
    assert engine.fresh(plan).state == Job.State.CANCELLED
    assert engine.serve(schedule.last_job).planned_calls == 6


@pytest.mark.parametrize("state", [Job.State.STOPPED, Job.State.APPLYING, Job.State.PAUSED])
def test_a_job_that_is_worked_on_is_left(engine: Engine, state: Job.State) -> None:
    job = engine.plan(TABLE)
    Job.objects.filter(pk=job.pk).update(state=state)
    schedule = run(due(engine))
    assert f"Job {job.pk} of this tenant is open" in schedule.last_result
    assert (Job.objects.count(), engine.fresh(job).state) == (1, state)


def test_an_expired_pilot_is_nobodys_to_replace(engine: Engine) -> None:
    pilot = engine.serve(engine.upload(TABLE, pilot_size=2))
    assert pilot.state == Job.State.PLANNED
    publish_another(engine, pilot)
    assert f"Job {pilot.pk}" in run(due(engine)).last_result


def test_without_a_read_the_schedule_says_what_is_missing_and_tells_it_once(engine: Engine) -> None:
    schedule = due(engine)
    for _ in range(3):
        Schedule.objects.update(next_run_at=timezone.now())
        schedule = run(schedule)
    assert "Upload its file" in schedule.last_result
    assert events() == ["schedule.added", "schedule.not_started"]


def test_people_who_failed_are_tried_again_with_growing_pauses(engine: Engine) -> None:
    engine.apply(TABLE)
    engine.fault(kind="status", status=400, method="PATCH", times=1)
    job = engine.apply(edited(TABLE, 0, job_title="Chief"))
    assert job.failed == 1
    schedule = run(due(engine))
    assert f"Nothing has changed since job {job.pk}, in which 1 failed" in schedule.last_result
    # An hour later they are tried, and fail again: then it takes two.
    an_hour = timezone.now() - timedelta(minutes=61)
    Job.objects.filter(pk=job.pk).update(ended_at=an_hour, created_at=timezone.now())
    engine.fault(kind="status", status=400, method="PATCH", times=1)
    Schedule.objects.update(next_run_at=timezone.now())
    again = run(schedule).last_job
    assert again is not None
    again = engine.serve(engine.approve(engine.serve(again)))
    assert again.failed == 1
    Job.objects.filter(pk=again.pk).update(ended_at=an_hour)
    Schedule.objects.update(next_run_at=timezone.now())
    assert f"since job {again.pk}" in run(schedule).last_result
    # On another day everything is looked at anew, because dates may have come.
    Job.objects.filter(pk=again.pk).update(created_at=timezone.now() - timedelta(days=1))
    Schedule.objects.update(next_run_at=timezone.now())
    assert run(schedule).last_result.startswith("Started job")


def test_a_tenant_that_rests_starts_when_the_rest_is_over(engine: Engine) -> None:
    engine.apply(TABLE)
    schedule, now = due(engine), timezone.now()
    rest = Quarantine.objects.create(
        customer=engine.tenant.customer,
        tenant=engine.tenant,
        stage="job",
        kind="x",
        since=now,
        failures=2,
        step=1,
        failed_at=now,
        until=now + timedelta(hours=1),
        message="It failed.",
    )
    assert schedules.run_due(now) == 0
    assert schedules.run_due(now + timedelta(hours=1)) == 1
    rest.refresh_from_db()
    assert fresh(schedule).last_job is not None


# Editing.


def test_times_follow_the_tenants_zone_also_when_it_changes(engine: Engine) -> None:
    Tenant.objects.update(time_zone="Europe/Berlin")
    engine.tenant.refresh_from_db()
    facts = ScheduleFacts(EVALUATE, Unit.WEEKLY, times=(time(18), time(6)), days=(3, 0))
    now = timezone.now()
    schedule = add_schedule(tenant=engine.tenant, facts=facts, by=engine.engineer, now=now)
    told = "Every Monday and Thursday at 06:00 and 18:00 (Europe/Berlin)"
    assert schedule.sentence == told
    assert schedule.next_run_at is not None
    assert schedule.next_run_at.astimezone(engine.tenant.zone).hour in (6, 18)
    Tenant.objects.update(time_zone="Asia/Tokyo")
    schedules.follow_zones(now)
    schedule = fresh(schedule)
    assert schedule.next_run_at is not None
    assert schedule.next_run_at.astimezone(schedule.tenant.zone).hour in (6, 18)
    assert str(schedule.tenant.zone) == "Asia/Tokyo"


def test_what_people_do_with_schedules_is_recorded(engine: Engine) -> None:
    now = timezone.now()
    schedule, by = due(engine), engine.engineer
    switch_schedule(schedule=schedule, enabled=False, by=by, now=now)
    assert fresh(schedule).next_run_at is None
    assert schedules.run_due(now + timedelta(days=9)) == 0
    switch_schedule(schedule=fresh(schedule), enabled=True, by=by, now=now)
    assert (fresh(schedule).next_run_at or now) > now
    facts = ScheduleFacts(EVALUATE, Unit.DAILY, times=(time(6),))
    change_schedule(schedule=fresh(schedule), facts=facts, by=by, now=now)
    assert fresh(schedule).sentence == "Every day at 06:00 (UTC)"
    remove_schedule(schedule=fresh(schedule), by=by)
    assert events() == [
        "schedule.added",
        "schedule.switched_off",
        "schedule.switched_on",
        "schedule.changed",
        "schedule.removed",
    ]


def test_only_who_may_edit_the_tenant_may_schedule(engine: Engine) -> None:
    now, finance = timezone.now(), person(Role.FINANCE)
    with pytest.raises(DecisionRefused):
        add_schedule(tenant=engine.tenant, facts=hourly(now), by=finance, now=now)
    with pytest.raises(ScheduleError):
        add_schedule(
            tenant=engine.tenant,
            facts=ScheduleFacts(EVALUATE, Unit.MINUTES, every=4, anchor=now),
            by=engine.engineer,
            now=now,
        )
    assert not Schedule.objects.exists()
