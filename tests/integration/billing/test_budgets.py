"""Budgets: what they hold, who sees them, and what is set aside from each above a tenant."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.domain.budgets import Span, Standing, Stop
from billing.domain.periods import hour_of
from billing.models import Budget, Call, ExchangeRate, PriceBookEntry, Reservation
from billing.selectors.budgets import budgets_for, standing_of, why_over
from billing.services import (
    BudgetExhausted,
    NewCall,
    SettledCall,
    abandon_open_calls,
    give_back,
    grant,
    open_calls,
    remove_budget,
    set_budget,
    settle_calls,
)
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Tenant, User
from tests.support.rows import add_person, add_tenant, add_usage


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("budgeted")


@pytest.fixture
def other(db: None) -> Tenant:
    return add_tenant("other")


def budget(amount: str, whose: Tenant | None = None, **values: object) -> Budget:
    values = {"stop": Stop.HARD.value, "currency": "USD"} | values
    owner = {"customer": whose.customer, "tenant": whose} if whose else {}
    return Budget.objects.create(amount=Decimal(amount), **owner, **values)


def sent(tenant: Tenant, number: int, purpose: str = "create") -> list[NewCall]:
    now = timezone.now()
    return [NewCall(uuid4(), "job:1", purpose, "POST", "/users", "x", now) for _ in range(number)]


def settle(tenant: Tenant, calls: list[NewCall], status: int = 201) -> None:
    settle_calls(
        tenant,
        [SettledCall(c.id, Call.State.ANSWERED, status, 5, c.started_at) for c in calls],
    )


def test_without_a_budget_everything_leaves(tenant: Tenant) -> None:
    assert grant(tenant, 10**6) == 10**6
    open_calls(tenant, sent(tenant, 3))
    assert not Reservation.objects.exists()


@pytest.mark.parametrize("stop", [Stop.NONE, Stop.SOFT])
def test_only_a_hard_stop_stops_calls(tenant: Tenant, stop: Stop) -> None:
    budget("0", tenant, stop=stop.value)
    assert grant(tenant, 7) == 7
    open_calls(tenant, sent(tenant, 7))


def test_a_call_leaves_only_while_there_is_money(tenant: Tenant) -> None:
    budget("0.01", tenant)
    first = sent(tenant, 4)
    open_calls(tenant, first)
    with pytest.raises(BudgetExhausted, match="of this month is used up") as said:
        open_calls(tenant, sent(tenant, 2))
    assert "USD" not in str(said.value)  # customers' people read it on the job's page
    assert Call.objects.count() == 4
    open_calls(tenant, sent(tenant, 1))
    with pytest.raises(BudgetExhausted):
        open_calls(tenant, sent(tenant, 1))


def test_what_was_not_billed_may_be_spent_again(tenant: Tenant) -> None:
    budget("0.01", tenant)
    first = sent(tenant, 5)
    open_calls(tenant, first)
    settle(tenant, first, 429)
    assert grant(tenant, 9) == 5
    give_back(tenant)
    uncertain = sent(tenant, 2)
    open_calls(tenant, uncertain)
    abandon_open_calls(tenant)  # may be billed: counts until it is known
    assert grant(tenant, 9) == 3


def test_disables_of_leavers_are_never_stopped(tenant: Tenant) -> None:
    budget("0", tenant)
    leavers = sent(tenant, 3, "disable")
    open_calls(tenant, leavers)
    settle(tenant, leavers, 204)
    assert standing_of(Budget.objects.get(), timezone.now()).spent == Decimal("0.006")
    with pytest.raises(BudgetExhausted):
        open_calls(tenant, [*sent(tenant, 1, "disable"), *sent(tenant, 1)])


@pytest.mark.parametrize("level", ["tenant", "customer", "msp"])
def test_every_budget_above_is_asked(tenant: Tenant, other: Tenant, level: str) -> None:
    budget("1", tenant)
    if level == "tenant":
        Budget.objects.update(amount=Decimal("0.02"))
    elif level == "customer":
        budget("0.02", customer=tenant.customer)
    else:
        budget("0.02")
    assert grant(tenant, 100) == 10
    assert grant(other, 100) == (0 if level == "msp" else 100)
    give_back(tenant)
    assert grant(other, 3) == 3


def test_anothers_budget_is_not_asked(tenant: Tenant, other: Tenant) -> None:
    budget("0", other)
    budget("0", customer=other.customer)
    assert grant(tenant, 100) == 100


def test_a_block_is_set_aside_and_given_back(
    tenant: Tenant, other: Tenant, settings: object
) -> None:
    settings.BUDGET_BLOCK_CALLS = 50  # type: ignore[attr-defined]
    budget("0.2")
    assert grant(tenant, 8) == 8
    assert Reservation.objects.get().granted == 50
    assert grant(other, 100) == 50  # what is left besides
    open_calls(tenant, sent(tenant, 8))
    assert Reservation.objects.get(tenant=tenant).used == 8
    give_back(tenant)
    assert grant(other, 100) == 92


@pytest.mark.parametrize("step", range(4))
def test_no_step_of_a_call_is_missed(tenant: Tenant, step: int) -> None:
    """Reserved, on its way, answered, uncertain: the same money is left."""
    row = budget("1", tenant)
    assert grant(tenant, 10) == 10
    Reservation.objects.update(granted=10)
    calls = sent(tenant, 10)
    if step:
        open_calls(tenant, calls)
    if step == 2:
        settle(tenant, calls)
    if step == 3:
        abandon_open_calls(tenant)
    assert standing_of(row, timezone.now()).left == Decimal("0.98")


def test_periods_count_their_own_calls_only(tenant: Tenant) -> None:
    now = timezone.now()
    year = budget("10", tenant, span=Span.YEAR.value)
    month = budget("10", tenant, span=Span.MONTH.value)
    add_usage(tenant, hour_of(now), 201, 5)
    add_usage(tenant, hour_of(now.replace(year=now.year - 1)), 201, 70)
    assert standing_of(month, now) == Standing(Decimal(10), Decimal("0.010"))
    assert standing_of(year, now).spent == Decimal("0.010")


def test_another_currency_needs_a_rate(tenant: Tenant) -> None:
    row = budget("1", tenant, currency="EUR")
    with pytest.raises(BudgetExhausted, match="what one USD is in EUR"):
        grant(tenant, 1)
    assert "what one USD is in EUR" in why_over(tenant, Decimal(1), "USD", timezone.now())
    ExchangeRate.objects.create(
        base="USD", quote="EUR", day=timezone.now().date().replace(day=1), rate=Decimal("0.5")
    )
    assert grant(tenant, 5000) == 1000
    give_back(tenant)
    add_usage(tenant, hour_of(timezone.now()), 201, 100)
    assert standing_of(row, timezone.now()).spent == Decimal("0.1")


def test_a_plan_is_held_against_soft_and_hard_budgets(tenant: Tenant, other: Tenant) -> None:
    now = timezone.now()
    row = budget("1", tenant, stop=Stop.SOFT.value)
    assert why_over(tenant, Decimal("1"), "USD", now) == ""
    words = why_over(tenant, Decimal("1.002"), "USD", now)
    assert words.startswith("The budget of USD 1.00 a month for Tenant budgeted has USD 1.00 left")
    assert why_over(other, Decimal(9), "USD", now) == ""
    row.stop = Stop.NONE.value
    row.save()
    assert why_over(tenant, Decimal(9), "USD", now) == ""


def test_a_price_of_nothing_is_never_over(tenant: Tenant) -> None:
    budget("0", tenant)
    PriceBookEntry.objects.update(unit_price=0)
    assert grant(tenant, 10) == 10


@pytest.mark.parametrize("whose", ["tenant", "customer", "msp"])
def test_one_budget_for_a_span(tenant: Tenant, whose: str) -> None:
    owner = {
        "tenant": {"customer": tenant.customer, "tenant": tenant},
        "customer": {"customer": tenant.customer},
        "msp": {},
    }[whose]
    Budget.objects.create(amount=1, **owner)
    Budget.objects.create(amount=1, span="year", **owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Budget.objects.create(amount=2, **owner)


def test_changes_are_in_the_trail(tenant: Tenant) -> None:
    finance = add_person(Role.FINANCE, None)
    row = Budget(amount=Decimal("5.00"), customer=tenant.customer)
    set_budget(row, by=finance)
    row.amount = Decimal("7.00")
    set_budget(row, by=finance)
    remove_budget(row, by=finance)
    events = AuditEvent.objects.filter(action__startswith="budget").order_by("pk")
    assert [event.action for event in events] == [
        "budget.added",
        "budget.changed",
        "budget.removed",
    ]
    assert "5.00" in events[1].detail["before"]
    assert "7.00" in events[1].detail["after"]


def test_the_msps_budget_is_for_who_sees_all(tenant: Tenant, other: Tenant) -> None:
    budget("1")
    budget("1", tenant)
    budget("1", customer=other.customer)

    def seen(person: User) -> int:
        return budgets_for(person).count()

    assert seen(add_person(Role.FINANCE, None)) == 3
    assert seen(add_person(Role.FINANCE, tenant.customer)) == 1
    assert seen(add_person(Role.VIEWER, tenant.customer)) == 0


def test_the_room_is_that_of_the_moment(tenant: Tenant) -> None:
    row = budget("1", tenant)
    add_usage(tenant, hour_of(timezone.now()), 201, 500)
    assert grant(tenant, 1) == 0
    row.amount = Decimal("1.01")
    row.save()
    assert grant(tenant, 9) == 5
