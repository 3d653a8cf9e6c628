"""The meter: attempts are rows before they leave, and hourly usage always equals them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from billing.domain.periods import hour_of
from billing.models import Call, Usage
from billing.services import (
    NewCall,
    SettledCall,
    abandon_open_calls,
    open_calls,
    settle_calls,
)
from tenants.models import Tenant
from tests.support.rows import add_tenant

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
