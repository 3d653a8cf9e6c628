"""Uncertain calls that are found by what they made: one count moves, once, in hour and day."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from billing import selectors
from billing.domain.budgets import Span
from billing.domain.periods import Month, hour_of
from billing.models import Budget, Call, DailyUsage, Statement, Usage
from billing.selectors.budgets import standing_of
from billing.services import (
    Made,
    NewCall,
    SettledCall,
    abandon_open_calls,
    open_calls,
    prune_calls,
    settle_calls,
)
from billing.services.statements import add_correction, close_statement, open_statement
from tenants.domain.roles import Role
from tenants.models import Tenant, User
from tests.support.rows import add_person, add_tenant

START = datetime(2026, 5, 31, 23, 30, tzinfo=UTC)
MAY = Month(2026, 5)
IT = Made("ada", "create", frozenset({"job:1"}))


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("found")


def sent(
    tenant: Tenant,
    status: int | None = None,
    *,
    job: str = "job:1",
    method: str = "POST",
    subject: str = "ada",
    at: datetime = START,
    state: Call.State | None = None,
) -> UUID:
    """A creation that left and ended: uncertain without a status."""
    call = uuid4()
    open_calls(tenant, [NewCall(call, job, "create", method, "/users", subject, at)])
    ended = state or (Call.State.ANSWERED if status else Call.State.UNCERTAIN)
    settle_calls(tenant, [SettledCall(call, ended, status, 12, at)])
    return call


def find(tenant: Tenant, *made: Made) -> None:
    settle_calls(tenant, [], made or [IT])


def states(tenant: Tenant) -> Counter[str]:
    return Counter(Call.objects.filter(tenant=tenant).values_list("state", flat=True))


def counts(tenant: Tenant) -> dict[tuple[datetime, int], int]:
    """Hourly usage by hour and status, and that the days say the same."""
    hours: Counter[tuple[datetime, int]] = Counter()
    days: Counter[tuple[date, int]] = Counter()
    for hour, status, calls in Usage.objects.filter(tenant=tenant).values_list(
        "hour", "status", "calls"
    ):
        hours[hour, status] += calls
        days[hour.date(), status] += calls
    rows = DailyUsage.objects.filter(tenant=tenant).values_list("day", "status", "calls")
    assert {(day, status): calls for day, status, calls in rows} == days
    return dict(+hours)


def test_one_call_moves_from_uncertain_to_found(tenant: Tenant) -> None:
    sent(tenant)
    sent(tenant, 201, subject="bob")
    find(tenant)
    assert states(tenant) == {"found": 1, "answered": 1}
    assert counts(tenant) == {(hour_of(START), 1): 1, (hour_of(START), 201): 1}
    (row,) = selectors.costs_of([tenant], MAY)
    assert (row.cost.billable, row.cost.uncertain, row.cost.found) == (2, 0, 1)
    assert row.cost.amounts == {"USD": Decimal("0.004")}


def test_it_is_found_once_however_often_it_is_shown(tenant: Tenant) -> None:
    for _ in range(3):
        sent(tenant)
    find(tenant, IT, IT)
    find(tenant)
    assert states(tenant) == {"found": 1, "uncertain": 2}
    assert counts(tenant) == {(hour_of(START), 0): 2, (hour_of(START), 1): 1}


def test_its_count_moves_in_its_own_hour_and_day(tenant: Tenant) -> None:
    """Found in the next month by a lookup that is settled in the same breath."""
    sent(tenant)
    lookup, june = uuid4(), datetime(2026, 6, 1, 0, 10, tzinfo=UTC)
    open_calls(tenant, [NewCall(lookup, "job:1", "lookup", "GET", "/users", "ada", june)])
    settle_calls(tenant, [SettledCall(lookup, Call.State.ANSWERED, 200, 3, june)], [IT])
    assert counts(tenant) == {(hour_of(START), 1): 1, (june.replace(minute=0), 200): 1}


@pytest.mark.parametrize(
    "other",
    [
        {"status": 504},
        {"status": 201},
        {"at": START + timedelta(hours=1)},
        {"job": "job:2"},
    ],
)
def test_nothing_is_found_where_another_call_may_have_made_it(
    tenant: Tenant, other: dict[str, object]
) -> None:
    sent(tenant)
    sent(tenant, **other)  # type: ignore[arg-type]
    before = counts(tenant)
    find(tenant, Made("ada", "create", frozenset({"job:1", "job:2"})))
    assert states(tenant)["found"] == 0
    assert counts(tenant) == before


@pytest.mark.parametrize(
    "other",
    [
        {"status": 409},
        {"status": 429},
        {"state": Call.State.UNSENT},
        {"method": "GET"},
        {"subject": "bob"},
        {"job": "job:2"},  # which was not among those that may have made it
    ],
)
def test_what_made_nothing_is_in_nobodys_way(tenant: Tenant, other: dict[str, object]) -> None:
    first = sent(tenant)
    sent(tenant, **other)  # type: ignore[arg-type]
    find(tenant)
    assert Call.objects.get(state="found").pk == first


def test_only_ones_own_calls_are_found(tenant: Tenant) -> None:
    other = add_tenant("other")
    sent(tenant)
    find(other)
    find(tenant, Made("ada", "group_create", IT.jobs), Made("", "create", IT.jobs))
    assert states(tenant) == {"uncertain": 1}


def test_calls_whose_person_is_forgotten_are_never_found(tenant: Tenant) -> None:
    Call.objects.filter(pk=sent(tenant)).update(subject="")
    find(tenant, Made("", "create", IT.jobs))
    assert states(tenant) == {"uncertain": 1}


def test_calls_of_a_dead_worker_are_found_too(tenant: Tenant) -> None:
    call = uuid4()
    open_calls(tenant, [NewCall(call, "job:1", "create", "POST", "/users", "ada", START)])
    find(tenant)
    assert states(tenant) == {"open": 1}  # it may still be answered
    abandon_open_calls(tenant)
    find(tenant)
    settle_calls(tenant, [SettledCall(call, Call.State.ANSWERED, 504, 1, START)])  # only slow
    assert states(tenant) == {"found": 1}
    assert counts(tenant) == {(hour_of(START), 1): 1}


def test_a_budget_has_as_much_left_when_a_call_is_found(tenant: Tenant) -> None:
    budget = Budget.objects.create(
        customer=tenant.customer, tenant=tenant, span=Span.MONTH.value, amount=Decimal(1)
    )
    sent(tenant)
    doubtful = standing_of(budget, START)
    find(tenant)
    known = standing_of(budget, START)
    assert (doubtful.spent, doubtful.doubtful) == (Decimal(0), Decimal("0.002"))
    assert (known.spent, known.doubtful) == (Decimal("0.002"), Decimal(0))
    assert known.left == doubtful.left


def test_uncertain_calls_are_pruned_like_all_others(tenant: Tenant) -> None:
    """In batches; what was counted of them stays, uncertain or found, for ever."""
    for number in range(5):
        sent(tenant, subject=f"p{number}")
    find(tenant, Made("p0", "create", IT.jobs))
    assert prune_calls(START + timedelta(seconds=1), batch=2) == 5
    assert counts(tenant) == {(hour_of(START), 0): 4, (hour_of(START), 1): 1}
    find(tenant, Made("p1", "create", IT.jobs))
    assert counts(tenant) == {(hour_of(START), 0): 4, (hour_of(START), 1): 1}


# Closed months.


@pytest.fixture
def finance(db: None) -> User:
    return add_person(Role.FINANCE, None)


@pytest.fixture
def closed(tenant: Tenant, finance: User) -> Statement:
    sent(tenant)
    sent(tenant, 201, subject="bob")
    statement = open_statement(customer=tenant.customer, month=MAY, by=None)
    return close_statement(statement=statement, by=finance)


def test_a_closed_month_stays_and_the_difference_is_proposed(
    tenant: Tenant, closed: Statement, finance: User, client: Client
) -> None:
    client.force_login(finance)
    address = reverse("statement_detail", args=[closed.pk])
    before = client.get(address).content.decode()
    assert "1 call was sent and never seen answered" in before
    assert "would read otherwise" not in before
    frozen = list(closed.lines.values_list("billable", "uncertain", "amount"))
    find(tenant)
    assert list(closed.lines.values_list("billable", "uncertain", "amount")) == frozen
    (change,) = selectors.changes_since(closed)
    assert change.reason == "1 uncertain call found in the directory"
    assert selectors.owed_since(closed, [change]) == {"USD": Decimal("0.002")}
    shown = client.get(address)
    assert "settles the difference of USD 0.002" in shown.content.decode()
    assert shown.context["form"].initial == {
        "currency": "USD",
        "amount": "0.002",
        "note": "create: 1 uncertain call found in the directory",
    }
    form = shown.context["form"].initial
    corrected = client.post(reverse("statement_correct", args=[closed.pk]), form, follow=True)
    assert "found in the directory" in corrected.content.decode()
    after = client.get(address)
    assert "Nothing is left to be corrected" in after.content.decode()
    assert after.context["form"].initial == {"currency": "USD"}


def test_a_correction_of_a_part_leaves_the_rest(
    tenant: Tenant, closed: Statement, finance: User
) -> None:
    find(tenant)
    add_correction(corrects=closed, currency="USD", amount=Decimal("0.003"), note="x", by=finance)
    changes = selectors.changes_since(closed)
    assert selectors.owed_since(closed, changes) == {"USD": Decimal("-0.001")}
