"""Where budgets stand. Whoever asks, the sums are over everything the budget covers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from billing.domain.budgets import Span, Standing, Stop, months_of
from billing.domain.periods import Month, month_of
from billing.domain.pricing import Cost, Price, PriceBook, show
from billing.domain.statements import NoRate, Rate, rate_for
from billing.models import Budget, Call, ExchangeRate, Reservation
from billing.selectors.costs import costs_of, price_book
from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.row_security import everything
from tenants.selectors import customers_for, reach_of


def budgets_for(viewer: User) -> QuerySet[Budget]:
    """Budgets of the customers whose costs this person may see; the MSP's for who sees all."""
    seen = Q(customer__in=customers_for(viewer, Action.SEE_COSTS))
    if sees_msp(viewer):
        seen |= Q(customer=None)
    return Budget.objects.filter(seen).select_related("customer", "tenant")


def sees_msp(viewer: User, action: Action = Action.SEE_COSTS) -> bool:
    """Whether a person may do this for every customer there is and will be."""
    return reach_of(viewer, action) == EVERYWHERE


def budgets_above(tenant: Tenant, *stops: Stop) -> QuerySet[Budget]:
    """Budgets that a tenant's calls are paid from: its own, its customer's, the MSP's."""
    own = Q(tenant=tenant) | Q(customer=tenant.customer_id, tenant=None)
    above = Budget.objects.filter(own | Q(customer=None)).order_by("pk")
    return above.filter(stop__in=[stop.value for stop in stops]) if stops else above


def standing_of(budget: Budget, at: datetime) -> Standing:
    """What was spent of a budget in the period of a moment; raises NoRate."""
    return _standing(budget, at, _facts([budget], at))


def standings_of(budgets: Iterable[Budget], at: datetime) -> dict[int, Standing | NoRate]:
    """Each budget's standing (by pk), or why it cannot be told; no more queries for many."""
    budgets, found = list(budgets), dict[int, Standing | NoRate]()
    facts = _facts(budgets, at)
    for budget in budgets:
        try:
            found[budget.pk] = _standing(budget, at, facts)
        except NoRate as error:
            found[budget.pk] = error
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    """What budgets stand by: tenants under each key of `_key`, and the rest by tenant (pk)."""

    tenants: dict[tuple[int | None, int | None], list[Tenant]]
    promised: dict[int, Reservation]
    on_way: dict[int, int]
    costs: dict[Month, dict[int, Cost]]
    book: PriceBook
    rates: list[Rate]


def _facts(budgets: list[Budget], at: datetime) -> _Facts:
    """Read in the order in which a call moves, reserved, on its way, counted.

    One that moves on in between is seen twice, never missed.
    """
    spans = {Span(budget.span) for budget in budgets}
    months = {month for span in spans for month in months_of(span, at) if month.start <= at}
    with everything():
        tenants = list(_covered_by_any(budgets))
        pks = [tenant.pk for tenant in tenants]
        promised = {row.tenant_id: row for row in Reservation.objects.filter(tenant__in=pks)}
        on_way = _on_way(pks)
        costs = {
            month: {row.tenant.pk: row.cost for row in costs_of(tenants, month)}
            for month in sorted(months)
        }
        book, rates = price_book(), _rates()
    covered: dict[tuple[int | None, int | None], list[Tenant]] = {}
    for tenant in tenants:
        for key in ((None, None), (tenant.customer_id, None), (tenant.customer_id, tenant.pk)):
            covered.setdefault(key, []).append(tenant)
    return _Facts(covered, promised, on_way, costs, book, rates)


def _standing(budget: Budget, at: datetime, facts: _Facts) -> Standing:
    tenants = facts.tenants.get((budget.customer_id, budget.tenant_id), [])
    spent = doubtful = promised = Decimal(0)
    for tenant in tenants:
        if row := facts.promised.get(tenant.pk):
            turn = (row.unit_price, row.currency, budget.currency, facts.rates, month_of(at))
            promised += (row.granted - row.used) * _turn(*turn)
    for month in months_of(Span(budget.span), at):
        runs = month.start <= at < month.end
        for tenant in tenants if month.start <= at else ():
            cost = facts.costs[month][tenant.pk]
            spent += _sum(cost.amounts, budget.currency, facts.rates, month)
            pending = cost.uncertain + (facts.on_way.get(tenant.pk, 0) if runs else 0)
            if pending and (price := _price_in(facts.book, tenant, month, at)):
                turn = (price.unit_price, price.currency, budget.currency, facts.rates, month)
                doubtful += pending * _turn(*turn)
    return Standing(budget.amount, spent, doubtful, promised)


def why_over(tenant: Tenant, amount: Decimal, currency: str, at: datetime) -> str:
    """Which budget that stops anything has less left than an amount, in words; "" for none."""
    for budget in budgets_above(tenant, Stop.SOFT, Stop.HARD):
        month = month_of(at)
        try:
            wanted = _turn(amount, currency, budget.currency, _rates(), month)
            left = standing_of(budget, at).left
        except NoRate as error:
            return f"The budget of {budget} cannot be compared. {error}"
        if wanted > left:
            told = show(budget.currency, max(left, Decimal(0)))
            return (
                f"The budget of {budget} has {told} left, and this needs {show(currency, amount)}."
            )
    return ""


def unit_price_for(budget: Budget, price: Price, month: Month) -> Decimal:
    """What one more call costs in a budget's currency; raises NoRate."""
    return _turn(price.unit_price, price.currency, budget.currency, _rates(), month)


def in_currency(amounts: dict[str, Decimal], currency: str, month: Month) -> Decimal:
    """Amounts of several currencies as one; raises NoRate."""
    return _sum(amounts, currency, _rates(), month)


def covered_by(budget: Budget) -> QuerySet[Tenant]:
    """Tenants whose calls are paid from a budget."""
    tenants = Tenant.objects.select_related("customer")
    if budget.tenant_id is not None:
        return tenants.filter(pk=budget.tenant_id)
    return tenants.filter(customer=budget.customer_id) if budget.customer_id else tenants


def _covered_by_any(budgets: list[Budget]) -> QuerySet[Tenant]:
    if len(budgets) == 1:
        return covered_by(budgets[0])
    tenants = Tenant.objects.select_related("customer")
    customers = {budget.customer_id for budget in budgets}
    return tenants if None in customers else tenants.filter(customer__in=customers)


def _on_way(tenants: list[int]) -> dict[int, int]:
    open_calls = Call.objects.filter(tenant__in=tenants, state=Call.State.OPEN)
    return dict(open_calls.values_list("tenant").annotate(number=Count("pk")))


def _price_in(book: PriceBook, tenant: Tenant, month: Month, at: datetime) -> Price | None:
    return book.at(month.start if at >= month.end else at, tenant.cloud)


def _rates() -> list[Rate]:
    return [Rate(r.base, r.quote, r.day, r.rate) for r in ExchangeRate.objects.all()]


def _sum(
    amounts: dict[str, Decimal], currency: str, rates: Iterable[Rate], month: Month
) -> Decimal:
    turned = (_turn(amount, code, currency, rates, month) for code, amount in amounts.items())
    return sum(turned, Decimal(0))


def _turn(amount: Decimal, base: str, quote: str, rates: Iterable[Rate], month: Month) -> Decimal:
    if base == quote or not amount:
        return amount
    return amount * rate_for(rates, base, quote, month)
