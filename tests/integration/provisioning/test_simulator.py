"""What the simulator makes of a real history: a firm synced day by day, as its meter counted."""

from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.utils import timezone

from billing.domain.periods import start_of
from billing.domain.pricing import price_at
from billing.domain.simulator import MINUTES_A_MONTH, Kind, Scenario, replay
from billing.models import Call, DailyUsage
from billing.selectors import price_book
from provisioning.domain.what_if import DAY, WEEK, side_by_side
from provisioning.models import DirectoryObject, Job, Operation, Schedule
from provisioning.past import days_of, history_of, metered_writes, newest_people, pace_of
from tests.support.engine import Engine
from tests.support.firm import Firm

DAYS = 6
PURPOSES = {
    Kind.CREATE: ("create",),
    Kind.CHANGE: ("update", "disable"),
    Kind.DELETE: ("delete",),
    Kind.GROUP: ("group_create", "group_update", "group_delete"),
    Kind.ADD: ("member_add",),
    Kind.REMOVE: ("member_remove",),
}


@pytest.fixture
def firm(engine: Engine) -> Firm:
    """A firm whose file came every day for six days, the last one yesterday."""
    firm = Firm(seed=7, size=30)
    for day in range(DAYS):
        firm.next_day()
        engine.publish(firm.profile())
        job = engine.apply(firm.file())
        move(job, timezone.now() - timedelta(days=DAYS - day))
    return firm


def move(job: Job, at: datetime) -> None:
    """Let a job and its calls have been made then."""
    Job.objects.filter(pk=job.pk).update(created_at=at)
    calls = Call.objects.filter(job=job.label)
    today = timezone.now().date()
    for row in calls.values("purpose", "status").distinct():
        number = calls.filter(**row).count()
        usage = DailyUsage.objects.filter(tenant=job.tenant, purpose=row["purpose"])
        same = usage.filter(status=row["status"] or 0)
        same.filter(day=today).update(calls=F("calls") - number)
        moved, _ = same.get_or_create(
            day=at.date(),
            defaults={
                "tenant": job.tenant,
                "customer": job.customer,
                "purpose": row["purpose"],
                "status": row["status"] or 0,
                "calls": 0,
            },
        )
        DailyUsage.objects.filter(pk=moved.pk).update(calls=F("calls") + number)
    DailyUsage.objects.filter(tenant=job.tenant, calls=0).delete()
    calls.update(started_at=at)


def metered(engine: Engine, since: datetime) -> Counter[Kind]:
    """Calls that the meter has by kind, since a moment; second calls are updates there."""
    calls = Call.objects.filter(tenant=engine.tenant, started_at__gte=since)
    by_purpose = Counter(calls.values_list("purpose", flat=True))
    return Counter({kind: sum(by_purpose[p] for p in them) for kind, them in PURPOSES.items()})


def folded(calls: dict[Kind, int]) -> Counter[Kind]:
    """Calls by kind as the meter has them."""
    found = Counter(calls)
    found[Kind.CHANGE] += found.pop(Kind.SECOND, 0)
    return Counter({kind: found[kind] for kind in PURPOSES})


def test_try(engine, firm):
    now = timezone.now()
    days = days_of(engine.tenant, now)
    print(days)
    for begin in (days.usual, days.earliest):
        start = start_of(begin)
        pace = pace_of(engine.tenant, start)
        h = history_of(engine.tenant, start, now, pace)
        print(pace, h.people, h.users, h.group_sizes, len(h.writes))
        print(metered(engine, start))
        print(folded(replay(h, pace.sync_minutes)), replay(h, pace.sync_minutes))
        print(metered_writes(engine.tenant, begin), sum(metered(engine, start).values()))
    print(Counter(Call.objects.values_list("purpose","status")))
