"""Where months are heading: forecasts as beat last made them, held against the month's budgets.

Each function asks as many queries for a thousand customers as for one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Min, QuerySet

from billing.domain.budgets import Course, Span
from billing.domain.periods import Month, month_of
from billing.domain.pricing import Cost
from billing.domain.statements import NoRate, Rate
from billing.models import Budget, MonthForecast
from billing.selectors.budgets import (
    Owned,
    budgets_for,
    covered_by,
    in_currency,
)
from billing.selectors.rates import known_rates
from billing.selectors.watching import Expected, sum_of
from tenants.domain.roles import Action
from tenants.models import Customer, User
from tenants.row_security import everything
from tenants.selectors import customers_for

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Heading:
    """A course in the budget's currency.

    Without a budget, or when a rate is missing, one for each currency of costs and forecast.
    """

    courses: tuple[Course, ...] = ()
    problem: str = ""

    @property
    def against_budget(self) -> Course | None:
        """The course that has a budget."""
        return next((course for course in self.courses if course.amount is not None), None)


class Limit(NamedTuple):
    """What a budget allows."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Headings:
    """What every customer's month is held against: loaded once, asked for each row."""

    month: Month
    budgets: Mapping[int | None, Limit]
    expected: Mapping[int, Expected]
    rates: list[Rate]
    made_at: datetime | None = None

    def of(self, customer: int, cost: Cost) -> Heading:
        """Of one customer whose cost of the month this is."""
        return self._heading(self.budgets.get(customer), cost, self.expected.get(customer))

    def of_all(self, cost: Cost) -> Heading:
        """Of all of them together, against the MSP's own budget where the viewer sees it."""
        expected = sum_of(self.expected.values()) if self.expected else None
        return self._heading(self.budgets.get(None), cost, expected)

    def _heading(self, budget: Limit | None, cost: Cost, expected: Expected | None) -> Heading:
        if budget is None:
            return Heading(tuple(_by_currency(cost, expected)))
        try:
            return Heading((self._course(budget, cost, expected),))
        except NoRate as error:
            return Heading(tuple(_by_currency(cost, expected)), str(error))

    def _course(self, budget: Limit, cost: Cost, expected: Expected | None) -> Course:
        spent = in_currency(cost.amounts, budget.currency, self.month, self.rates)
        return _course(budget, spent, expected, self.month, self.rates)


def headings_for(
    viewer: User, month: Month, now: datetime, customer: Customer | None = None
) -> Headings:
    """Budgets of a month and its forecast, while it runs, for every customer this person sees.

    With a customer for that one only.
    """
    seen = customers_for(viewer, Action.SEE_COSTS)
    budgets = budgets_for(viewer).filter(span=Span.MONTH.value, tenant=None).select_related(None)
    if customer is not None:
        seen, budgets = seen.filter(pk=customer.pk), budgets.filter(customer=customer)
    found: dict[int | None, Limit] = {
        customer: Limit(currency, amount)
        for customer, currency, amount in budgets.values_list("customer", "currency", "amount")
    }
    rows = MonthForecast.objects.filter(customer__in=seen, month=month.start.date())
    if not month.start <= now < month.end:
        rows = rows.none()  # what was expected of a month that is over is of no use
    made = rows.aggregate(at=Min("made_at"))["at"]
    return Headings(month, found, _by_customer(rows), known_rates(), made)


def budget_headings(
    budgets: Iterable[Budget], now: datetime
) -> Callable[[Budget, Decimal], Heading]:
    """Where each of these budgets is heading, by what was spent of it: two queries for all.

    A forecast is known of the running month only.
    """
    month, rates = month_of(now), known_rates()
    with everything():
        tenants = covered_by(*budgets)
        forecasts = forecasts_by_budget(
            MonthForecast.objects.filter(tenant__in=tenants, month=month.start.date())
        )

    def heading(budget: Budget, spent: Decimal) -> Heading:
        own = forecasts.under(budget)
        monthly = bool(own) and budget.span == Span.MONTH
        try:
            expected = expected_from(own) if monthly else None
            return Heading((_course(budget, spent, expected, month, rates),))
        except NoRate as error:
            return Heading(problem=str(error))

    return heading


def forecasts_by_budget(forecasts: Iterable[MonthForecast]) -> Owned[MonthForecast]:
    """Kept forecasts, to be asked for by budget."""
    return Owned(forecasts, lambda row: (row.customer_id, row.tenant_id))


def expected_from(forecasts: Iterable[MonthForecast]) -> Expected:
    """Kept forecasts added up, without the way they were made."""
    kept = ((0, row.calls, row.low, row.high, row.amounts) for row in forecasts)
    return _added_up(kept).get(0) or sum_of(())


def _course(
    budget: Limit | Budget,
    spent: Decimal,
    expected: Expected | None,
    month: Month,
    rates: list[Rate],
) -> Course:
    """In the budget's currency; raises NoRate."""
    course = Course(budget.currency, spent, budget.amount)
    if expected is None:
        return course
    low, middle, high = (
        in_currency(amounts, budget.currency, month, rates)
        for amounts in (expected.least, expected.amounts, expected.most)
    )
    return replace(course, low=low, expected=middle, high=high)


def _by_customer(rows: QuerySet[MonthForecast]) -> dict[int, Expected]:
    return _added_up(rows.values_list("customer", "calls", "low", "high", "amounts"))


def _added_up(
    kept: Iterable[tuple[int, int, int, int, Mapping[str, Sequence[str]]]],
) -> dict[int, Expected]:
    """Forecasts of tenants by owner, in one pass: each has calls, their band, and amounts."""
    owners: dict[int, _Sum] = {}
    for owner, calls, low, high, bands in kept:
        total = owners.get(owner)
        if total is None:
            total = owners[owner] = _Sum({}, {}, {})
        total.calls += calls
        total.low += low
        total.high += high
        for code, band in bands.items():
            for amounts, text in zip((total.least, total.amounts, total.most), band, strict=True):
                amounts[code] = amounts.get(code, _ZERO) + Decimal(text)
    return {
        owner: Expected(each.calls, each.low, each.high, each.amounts, each.least, each.most, ())
        for owner, each in owners.items()
    }


@dataclass(slots=True)
class _Sum:
    least: dict[str, Decimal]
    amounts: dict[str, Decimal]
    most: dict[str, Decimal]
    calls: int = 0
    low: int = 0
    high: int = 0


def _by_currency(cost: Cost, expected: Expected | None) -> Iterable[Course]:
    """Without a budget there is nothing to turn amounts into: each currency for itself."""
    if expected is None:
        return
    for code in sorted({*cost.amounts, *expected.most}):
        low, middle, high = (
            band.get(code, _ZERO) for band in (expected.least, expected.amounts, expected.most)
        )
        yield Course(code, cost.amounts.get(code, _ZERO), None, low, middle, high)
