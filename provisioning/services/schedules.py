"""Starting jobs by schedule: claimed from the database, so that two beats start one job.

A claim moves `next_run_at` a little ahead by compare-and-set; after the start it is set to the
next moment from now, so that however many runs were missed, one makes up for them. A worker that
dies in between costs that little; the job that was started already is found open then.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from provisioning.domain.local_time import told
from provisioning.domain.quarantine import STEPS
from provisioning.domain.schedules import next_run
from provisioning.models import Job, Schedule
from provisioning.services.notices import tell
from provisioning.services.queueing import (
    QueueRefused,
    newest_read,
    profile_of,
    queue_from_snapshot,
    require_replaceable,
)
from tenants.models import Tenant
from tenants.services import record

logger = logging.getLogger(__name__)
_CLAIM = timedelta(minutes=5)
# A tick starts no more than this, so that it does not keep a worker from its lanes.
_AT_ONCE = 20
_LATE = timedelta(minutes=2)
_UNEXPECTED = "The portal failed unexpectedly when it started this; the next run tries again."


def offered() -> list[tuple[str, str]]:
    """What a schedule can start, as choices of a form."""
    return [(what.value, what.label) for what in _STARTERS]


def start(schedule: Schedule, now: datetime) -> Job:
    """Start what a schedule is for. Raises QueueRefused when that is not possible now.

    Nothing is replaced but a plan that waits for approval and has expired.
    """
    starter = _STARTERS.get(Schedule.What(schedule.what))
    if starter is None:
        raise QueueRefused(f"“{schedule.get_what_display()}” cannot be started by a schedule.")
    return starter(schedule.tenant, now)


def run_due(now: datetime) -> int:
    """Start what is due; gives how many schedules were served. Tenants that rest wait for the end.

    Safe to be called by several workers at once.
    """
    claimed = [each for each in due(now)[:_AT_ONCE] if _claim(each, now)]
    for schedule in claimed:
        _run(schedule, now)
    return len(claimed)


def due(now: datetime) -> QuerySet[Schedule]:
    """Schedules whose moment has come and whose tenant does not rest, the oldest first."""
    rows = Schedule.objects.filter(enabled=True, next_run_at__lte=now)
    rows = rows.exclude(tenant__quarantine__until__gt=now)
    return rows.select_related("tenant__customer").order_by("next_run_at", "pk")


def follow_zones(now: datetime) -> None:
    """Set the next run anew where the tenant's time zone was changed since it was computed."""
    moved = Schedule.objects.filter(enabled=True).exclude(time_zone=F("tenant__time_zone"))
    for schedule in moved.select_related("tenant"):
        mine = Schedule.objects.filter(pk=schedule.pk, next_run_at=schedule.next_run_at)
        mine.update(next_run_at=next_run(schedule.rule, now), time_zone=schedule.tenant.time_zone)


def _claim(schedule: Schedule, now: datetime) -> bool:
    mine = Schedule.objects.filter(pk=schedule.pk, enabled=True, next_run_at=schedule.next_run_at)
    return bool(mine.update(next_run_at=now + _CLAIM))


def _run(schedule: Schedule, now: datetime) -> None:
    job, result = None, ""
    try:
        job = start(schedule, now)
    except QueueRefused as refused:
        result = f"Not started. {refused}"
    except Exception:
        logger.exception("%s of %s: unexpected failure", schedule, schedule.tenant)
        result = _UNEXPECTED
    else:
        result = f"Started job {job.pk}{_lateness(schedule, now)}."
    _settle(schedule, now, job, result)


@transaction.atomic
def _settle(schedule: Schedule, now: datetime, job: Job | None, result: str) -> None:
    """Note what came of a run, and the next one unless a person has changed that meanwhile."""
    row = Schedule.objects.filter(pk=schedule.pk)
    row.update(last_run_at=now, last_result=result, last_job=job)
    ahead = next_run(schedule.rule, now)
    row.filter(enabled=True, next_run_at=now + _CLAIM).update(next_run_at=ahead)
    if job is None and result != schedule.last_result:
        tell(schedule.tenant, "schedule.not_started", result, schedule=schedule.pk)
    if job is not None:
        record(
            "schedule.started",
            by=None,
            customer=schedule.tenant.customer,
            subject=job,
            schedule=schedule.pk,
        )


def _lateness(schedule: Schedule, now: datetime) -> str:
    planned = schedule.next_run_at
    if planned is None or now - planned < _LATE:
        return ""
    late = int((now - planned).total_seconds())
    units = (("days", 86_400), ("hours", 3_600), ("minutes", 60))
    name, size = next(unit for unit in units if late >= 2 * unit[1])
    return f", {late // size} {name} late: one run for all that were missed"


def _evaluate(tenant: Tenant, now: datetime) -> Job:
    """A sync from the newest read that is kept; without differences it ends without a call."""
    require_replaceable(tenant)  # before the records are opened for nothing
    _require_patience(tenant, now)
    return queue_from_snapshot(tenant=tenant, kind=Job.Kind.SYNC, by=None, gently=True)


def _require_patience(tenant: Tenant, now: datetime) -> None:
    """Raises QueueRefused while nothing would be sent but what has just failed on some people.

    They are tried again 1, 2, 6, 12 and 24 hours after they failed, and at once on another day of
    the customer, with another read, or with another version of the profile.
    """
    version, _ = profile_of(tenant)
    snapshot = newest_read(tenant, Job.Kind.SYNC)
    alike = Job.objects.filter(tenant=tenant, profile_version=version, snapshot=snapshot)
    ended = alike.filter(kind=Job.Kind.SYNC, state=Job.State.FINISHED).order_by("-pk")
    tried = list(ended[: len(STEPS)])
    failures = next((at for at, job in enumerate(tried) if not job.failed), len(tried))
    last = tried[0] if failures else None
    if last is None or last.ended_at is None:
        return
    again = last.ended_at + STEPS[failures - 1]
    same_day = _day(last.created_at, tenant) == _day(now, tenant)
    if now < again and same_day:
        raise QueueRefused(
            f"Nothing has changed since job {last.pk}, in which {last.failed} failed; they are"
            f" tried again after {told(again, tenant.zone)}."
        )


def _day(moment: datetime, tenant: Tenant) -> object:
    return moment.astimezone(tenant.zone).date()


_Starter = Callable[[Tenant, datetime], Job]
_STARTERS: dict[Schedule.What, _Starter] = {Schedule.What.EVALUATE: _evaluate}
