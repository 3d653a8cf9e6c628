"""What people enter about schedules and blackouts; each change with its actor and audit row."""

from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any

from django.db import transaction

from provisioning.domain.blackouts import BlackoutError, leaves_no_gap
from provisioning.domain.schedules import next_run
from provisioning.models import Blackout, Schedule
from provisioning.services import lanes
from provisioning.services.decisions import DecisionRefused
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """What a person says of a schedule; field names are those of the model."""

    what: str
    unit: str
    every: int | None = None
    anchor: datetime | None = None
    times: tuple[time, ...] = ()
    days: tuple[int, ...] = ()

    def values(self) -> dict[str, Any]:
        """As model values."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        times = sorted(f"{at:%H:%M}" for at in set(self.times))
        return plain | {"times": times, "days": sorted(set(self.days))}


@dataclass(frozen=True, slots=True)
class BlackoutFacts:
    """What a person says of a blackout; field names are those of the model."""

    kind: str
    begins: time
    ends: time
    days: tuple[int, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    note: str = ""

    def values(self) -> dict[str, Any]:
        """As model values."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return plain | {"days": sorted(set(self.days))}


@transaction.atomic
def add_schedule(*, tenant: Tenant, facts: ScheduleFacts, by: User, now: datetime) -> Schedule:
    """Add a schedule, switched on. Raises ScheduleError, and DecisionRefused without the right."""
    _require(tenant, by)
    schedule = Schedule(
        tenant=tenant, customer_id=tenant.customer_id, created_by=by, **facts.values()
    )
    _plan(schedule, now)
    schedule.save()
    _record("schedule.added", by, schedule)
    return schedule


@transaction.atomic
def change_schedule(
    *, schedule: Schedule, facts: ScheduleFacts, by: User, now: datetime
) -> Schedule:
    """Change a schedule; its next run is computed anew. Raises like `add_schedule`."""
    _require(schedule.tenant, by)
    before = str(schedule)
    for name, value in facts.values().items():
        setattr(schedule, name, value)
    _plan(schedule, now)
    schedule.save()
    _record("schedule.changed", by, schedule, before=before)
    return schedule


@transaction.atomic
def switch_schedule(*, schedule: Schedule, enabled: bool, by: User, now: datetime) -> None:
    """Switch a schedule on or off; what it missed while it was off is not made up for."""
    _require(schedule.tenant, by)
    schedule.enabled = enabled
    _plan(schedule, now)
    schedule.save(update_fields=["enabled", "next_run_at", "time_zone"])
    _record("schedule.switched_on" if enabled else "schedule.switched_off", by, schedule)


@transaction.atomic
def remove_schedule(*, schedule: Schedule, by: User) -> None:
    """Delete a schedule; jobs it has started stay."""
    _require(schedule.tenant, by)
    _record("schedule.removed", by, schedule)
    schedule.delete()


@transaction.atomic
def add_blackout(*, tenant: Tenant, facts: BlackoutFacts, by: User, now: datetime) -> Blackout:
    """Add a blackout, switched on; a slice that is under way keeps to it within seconds.

    Raises BlackoutError, and DecisionRefused without the right.
    """
    _require(tenant, by)
    blackout = Blackout(
        tenant=tenant, customer_id=tenant.customer_id, created_by=by, **facts.values()
    )
    return _keep(blackout, "blackout.added", by, now)


@transaction.atomic
def change_blackout(
    *, blackout: Blackout, facts: BlackoutFacts, by: User, now: datetime
) -> Blackout:
    """Change a blackout. Raises like `add_blackout`."""
    _require(blackout.tenant, by)
    before = str(blackout)
    for name, value in facts.values().items():
        setattr(blackout, name, value)
    return _keep(blackout, "blackout.changed", by, now, before=before)


@transaction.atomic
def switch_blackout(*, blackout: Blackout, enabled: bool, by: User, now: datetime) -> None:
    """Switch a blackout on or off. Raises BlackoutError if nothing could be sent ever after."""
    _require(blackout.tenant, by)
    blackout.enabled = enabled
    _keep(blackout, "blackout.switched_on" if enabled else "blackout.switched_off", by, now)


@transaction.atomic
def remove_blackout(*, blackout: Blackout, by: User) -> None:
    """Delete a blackout; a job that waits for its end goes on."""
    _require(blackout.tenant, by)
    _record("blackout.removed", by, blackout)
    blackout.delete()
    lanes.want(blackout.tenant)


def _require(tenant: Tenant, by: User) -> None:
    if not tenants_for(by, Action.EDIT_TENANT).filter(pk=tenant.pk).exists():
        raise DecisionRefused(f"{by.email} may not edit {tenant}.")


def _plan(schedule: Schedule, now: datetime) -> None:
    rule = schedule.rule  # also refuses what is no schedule while it is switched off
    schedule.next_run_at = next_run(rule, now) if schedule.enabled else None
    schedule.time_zone = schedule.tenant.time_zone


def _keep(blackout: Blackout, action: str, by: User, now: datetime, **detail: Any) -> Blackout:
    tenant = blackout.tenant
    windows = [blackout.window] if blackout.enabled else []
    others = Blackout.objects.filter(tenant=tenant, enabled=True).exclude(pk=blackout.pk)
    windows += [other.window for other in others]
    if leaves_no_gap(windows, tenant.zone, now):
        raise BlackoutError(
            "With this, the weekly blackouts leave no time in which anything could be sent. Leave a"
            " gap, or pause the job instead."
        )
    blackout.save()
    _record(action, by, blackout, **detail)
    lanes.want(tenant)
    return blackout


def _record(action: str, by: User, row: Schedule | Blackout, **detail: Any) -> None:
    record(action, by=by, customer=row.tenant.customer, subject=row.tenant, rule=str(row), **detail)
