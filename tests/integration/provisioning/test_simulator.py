"""What the simulator makes of a tenant's past: a firm synced day by day, as its meter counted."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.domain.periods import start_of
from billing.domain.pricing import price_at
from billing.domain.simulator import MINUTES_A_MONTH, Kind, Scenario, replay
from billing.models import Call, DailyUsage
from billing.selectors import price_book
from provisioning.domain.what_if import DAY, side_by_side
from provisioning.models import DirectoryObject, Job, Operation
from provisioning.selectors.past import days_of, history_of, metered_writes, newest_people, pace_of
from tenants.models import Tenant
from tests.support.engine import Engine
from tests.support.firm import Firm
from tests.support.staff import members

DAYS, A_DAY = 6, timedelta(days=1)
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


def text(client: Client, tenant: Tenant, **query: object) -> str:
    """A tenant's page, blanks put together."""
    response = client.get(reverse("simulator", kwargs={"slug": tenant.slug}), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def folded(calls: dict[Kind, int]) -> Counter[Kind]:
    """Calls by kind as the meter has them."""
    found = Counter(calls)
    found[Kind.CHANGE] += found.pop(Kind.SECOND, 0)
    return Counter({kind: found[kind] for kind in PURPOSES})


def test_a_months_calls_are_those_that_the_meter_counted_scaled(
    engine: Engine, firm: Firm, client: Client
) -> None:
    now, tenant = timezone.now(), engine.tenant
    days = days_of(tenant, now)
    assert days is not None
    assert days.first_load == days.earliest == (now - timedelta(days=DAYS)).date()
    assert (days.usual - days.first_load, days.latest - days.usual) == (A_DAY, 4 * A_DAY)
    price = price_at(price_book(), now, tenant.cloud)
    for begin in (days.usual, days.earliest):  # without the first load, and with it
        start = start_of(begin)
        pace = pace_of(tenant, start)
        assert (pace.sync_minutes, pace.reconcile_minutes) == (DAY, None)
        history = history_of(tenant, start, now, pace)
        counted = metered(engine, start)
        assert folded(replay(history, DAY)) == counted
        assert metered_writes(tenant, begin) == counted.total()
        present = Scenario(DAY)
        (line,) = (each for each in side_by_side(history, present, present, price) if each.present)
        month = line.answer.month.ours
        minutes = (now - start) // timedelta(minutes=1)
        for kind, number in folded(dict(month.calls)).items():
            exact = counted[kind] * MINUTES_A_MONTH / minutes
            # A second call is an update to the meter: two kinds are rounded up instead of one.
            assert exact <= number < exact + 1 + (kind is Kind.CHANGE), kind
        assert month.amount == month.total * Decimal("0.002")
    assert counted[Kind.CREATE] == DirectoryObject.objects.filter(tenant=tenant).count() == 55
    assert history.people == len(firm.rows) == 45
    assert history.users == 55
    assert sorted(history.group_sizes) == sorted(map(len, members(engine).values()))
    assert sum(write.members for write in history.writes if write.kind is Kind.REMOVE) == 49
    assert newest_people(tenant) == 45
    client.force_login(engine.engineer)
    told = text(client, tenant)
    assert "changes take 204 calls; the meter counted 204 writes" in told
    assert "45 people who have an account that is not disabled, 55 accounts" in told


def test_what_was_not_sent_or_not_done_is_no_write(engine: Engine, firm: Firm) -> None:
    now, start = timezone.now(), start_of((timezone.now() - timedelta(days=DAYS)).date())
    pace = pace_of(engine.tenant, start)
    before = Counter(w.kind for w in history_of(engine.tenant, start, now, pace).writes)
    of_people = Operation.objects.exclude(kind__in=Operation.ON_GROUPS)
    for kind in ("create", "disable"):
        one, other = of_people.filter(kind=kind)[:2]
        Operation.objects.filter(pk=one.pk).update(state="failed")
        Operation.objects.filter(pk=other.pk).update(first_sent_at=None)
    after = Counter(w.kind for w in history_of(engine.tenant, start, now, pace).writes)
    lost = before - after
    assert (lost[Kind.CREATE], lost[Kind.CHANGE]) == (2, 2)
    assert set(lost) <= {Kind.CREATE, Kind.CHANGE, Kind.SECOND}
    assert not history_of(engine.tenant, now, now + timedelta(days=1), pace).writes
