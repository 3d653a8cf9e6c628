"""The meter: attempts are rows before they leave, and hourly usage always equals them."""

import importlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.apps import apps

from billing.domain.periods import hour_of
from billing.models import Call, DailyUsage, Usage
from billing.services import (
    NewCall,
    SettledCall,
    abandon_open_calls,
    open_calls,
    prune_calls,
    settle_calls,
)
from tenants.models import Tenant
from tests.support.rows import add_tenant, add_usage

START = datetime(2026, 5, 31, 23, 59, 58, tzinfo=UTC)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("metered")


def opened(tenant: Tenant, count: int, purpose: str = "create") -> list[UUID]:
    ids = [uuid4() for _ in range(count)]
    open_calls(tenant, [NewCall(i, "job:1", purpose, "POST", "/users", "x", START) for i in ids])
    return ids


def answered(call: UUID, status: int = 201, after: float = 0.0) -> SettledCall:
    started = START + timedelta(seconds=after)
    return SettledCall(call, Call.State.ANSWERED, status, 12, started)


def usage(tenant: Tenant) -> dict[tuple[datetime, int], int]:
    rows = Usage.objects.filter(tenant=tenant).values_list("hour", "status", "calls")
    return {(hour, status): calls for hour, status, calls in rows}


def test_an_attempt_on_its_way_is_a_row_and_no_usage_yet(tenant: Tenant) -> None:
    opened(tenant, 3)
    assert Call.objects.filter(state=Call.State.OPEN, customer=tenant.customer).count() == 3
    assert usage(tenant) == {}


def test_an_answer_counts_in_the_hour_it_left(tenant: Tenant) -> None:
    first, second, third = opened(tenant, 3)
    settle_calls(tenant, [answered(first), answered(second, after=3), answered(third, 404)])
    may, june = hour_of(START), datetime(2026, 6, 1, tzinfo=UTC)
    assert usage(tenant) == {(may, 201): 1, (june, 201): 1, (may, 404): 1}


def test_settling_twice_counts_once(tenant: Tenant) -> None:
    (call,) = opened(tenant, 1)
    for _ in range(2):
        settle_calls(tenant, [answered(call)])
    assert usage(tenant) == {(hour_of(START), 201): 1}


def test_what_never_left_is_kept_and_not_counted(tenant: Tenant) -> None:
    (call,) = opened(tenant, 1)
    settle_calls(tenant, [SettledCall(call, Call.State.UNSENT, None, 0, START)])
    assert Call.objects.get().state == Call.State.UNSENT
    assert usage(tenant) == {}


def test_open_calls_of_a_dead_worker_are_uncertain_and_stay_so(tenant: Tenant) -> None:
    first, second = opened(tenant, 2)
    settle_calls(tenant, [answered(first)])
    assert abandon_open_calls(tenant) == 1
    settle_calls(tenant, [answered(second)])  # the dead worker was only slow
    assert Call.objects.get(pk=second).state == Call.State.UNCERTAIN
    assert usage(tenant) == {(hour_of(START), 201): 1, (hour_of(START), 0): 1}


def test_one_tenants_calls_are_not_anothers_to_settle(tenant: Tenant) -> None:
    other = add_tenant("other")
    (call,) = opened(tenant, 1)
    settle_calls(other, [answered(call)])
    assert abandon_open_calls(other) == 0
    assert Call.objects.get().state == Call.State.OPEN
    assert usage(other) == {}


def test_usage_equals_the_calls_behind_it(tenant: Tenant) -> None:
    ids = opened(tenant, 40) + opened(tenant, 10, "lookup")
    settle_calls(
        tenant, [answered(c, (201, 409, 429)[n % 3], n * 200.0) for n, c in enumerate(ids[:45])]
    )
    abandon_open_calls(tenant)
    calls = Counter(
        (hour_of(call.started_at), call.purpose, call.status or 0) for call in Call.objects.all()
    )
    rows = Usage.objects.values_list("hour", "purpose", "status", "calls")
    assert {(hour, purpose, status): n for hour, purpose, status, n in rows} == dict(calls)
    days: Counter[tuple[date, str, int]] = Counter()
    for (hour, purpose, status), n in calls.items():
        days[hour.date(), purpose, status] += n
    daily = DailyUsage.objects.values_list("day", "purpose", "status", "calls")
    assert {(day, purpose, status): n for day, purpose, status, n in daily} == dict(days)


def test_usage_is_told_by_jobs(tenant: Tenant) -> None:
    first = opened(tenant, 3)
    other = uuid4()
    open_calls(tenant, [NewCall(other, "job:2", "create", "POST", "/users", "x", START)])
    settle_calls(tenant, [answered(call) for call in (*first, other)])
    rows = Usage.objects.order_by("job").values_list("job", "calls")
    assert list(rows) == [("job:1", 3), ("job:2", 1)]
    assert DailyUsage.objects.get().calls == 4


def test_old_calls_are_pruned_and_usage_stays(tenant: Tenant) -> None:
    ended = opened(tenant, 25)
    settle_calls(tenant, [answered(call, after=n) for n, call in enumerate(ended)])
    opened(tenant, 1)  # on its way, whatever its age
    assert prune_calls(START + timedelta(seconds=20), batch=7) == 20
    assert Call.objects.count() == 6
    assert sum(Usage.objects.values_list("calls", flat=True)) == 25
    assert prune_calls(START) == 0


def test_usage_from_before_is_told_by_jobs_and_days(tenant: Tenant) -> None:
    calls = opened(tenant, 4)
    settle_calls(tenant, [answered(call, 201) for call in calls])
    Call.objects.filter(pk=calls[0]).update(job="job:2")
    DailyUsage.objects.all().delete()
    Usage.objects.update(job="")
    add_usage(tenant, hour_of(START), 429, 9)  # its calls are not kept any more
    DailyUsage.objects.all().delete()
    importlib.import_module("billing.migrations.0006_daily_usage").fill(apps, None)
    rows = Usage.objects.order_by("job").values_list("job", "status", "calls")
    assert list(rows) == [("", 429, 9), ("job:1", 201, 3), ("job:2", 201, 1)]
    daily = DailyUsage.objects.order_by("status").values_list("status", "calls")
    assert list(daily) == [(201, 4), (429, 9)]
