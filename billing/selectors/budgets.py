"""Where budgets stand. Whoever asks, the sums are over everything the budget covers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from django.db.models import Count, Q, QuerySet

from billing.domain.budgets import Span, Standing, Stop, months_of
from billing.domain.periods import Month, month_of
from billing.domain.pricing import NoPrice, Price, price_at, show
from billing.domain.statements import NoRate, Rate, rate_for
from billing.models import Budget, Call, Reservation
from billing.selectors.costs import TenantCost, costs_of, price_book
from billing.selectors.rates import known_rates
from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.row_security import everything
from tenants.selectors import customers_for, reach_of

Row = TypeVar("Row")


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
    found = standings_of([budget], at)[budget.pk]
    if isinstance(found, NoRate):
        raise found
    return found


def standings_of(budgets: Iterable[Budget], at: datetime) -> dict[int, Standing | NoRate]:
    """Where budgets stand, or which rate is missing; as many queries for many as for one.

    Read in the order in which a call moves, reserved, on its way, counted: one that moves on in
    between is seen twice, never missed.
    """
    budgets = list(budgets)
    with everything():
        tenants = list(covered_by(*budgets))
        ledger = _Ledger(
            at,
            price_book(),
            known_rates(),
            Owned(
                Reservation.objects.filter(tenant__in=[tenant.pk for tenant in tenants]),
                lambda row: (row.customer_id, row.tenant_id),
            ),
            _on_way(tenants),
            {
                month: Owned(
                    costs_of(tenants, month), lambda row: (row.tenant.customer_id, row.tenant.pk)
                )
                for month in _begun(budgets, at)
            },
        )
    found: dict[int, Standing | NoRate] = {}
    for budget in budgets:
        try:
            found[budget.pk] = ledger.standing(budget)
        except NoRate as error:
            found[budget.pk] = error
    return found


def why_over(tenant: Tenant, amount: Decimal, currency: str, at: datetime) -> str:
    """Which budget that stops anything has less left than an amount, in words; "" for none."""
    for budget in budgets_above(tenant, Stop.SOFT, Stop.HARD):
        month = month_of(at)
        try:
            wanted = _turn(amount, currency, budget.currency, known_rates(), month)
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
    return _turn(price.unit_price, price.currency, budget.currency, known_rates(), month)


def in_currency(
    amounts: Mapping[str, Decimal], currency: str, month: Month, rates: Iterable[Rate]
) -> Decimal:
    """Amounts of several currencies as one; raises NoRate."""
    turned = (_turn(amount, code, currency, rates, month) for code, amount in amounts.items())
    return sum(turned, Decimal(0))


def covered_by(*budgets: Budget) -> QuerySet[Tenant]:
    """Tenants whose calls are paid from any of these budgets."""
    tenants = Tenant.objects.select_related("customer")
    if any(budget.customer_id is None for budget in budgets):
        return tenants
    whole = [budget.customer_id for budget in budgets if budget.tenant_id is None]
    single = [budget.tenant_id for budget in budgets if budget.tenant_id is not None]
    return tenants.filter(Q(customer__in=whole) | Q(pk__in=single))


class Owned(Generic[Row]):
    """Rows of tenants, found by the budget that they are paid from without looking at each."""

    def __init__(self, rows: Iterable[Row], owner: Callable[[Row], tuple[int, int]]) -> None:
        """`owner`: a row's customer and tenant (their keys)."""
        self._all = list(rows)
        self._of: dict[tuple[int, int | None], list[Row]] = {}
        for row in self._all:
            customer, tenant = owner(row)
            for key in ((customer, None), (customer, tenant)):
                self._of.setdefault(key, []).append(row)

    def under(self, budget: Budget) -> Sequence[Row]:
        """Those paid from a budget: of its tenant, its customer, or everybody's."""
        if budget.customer_id is None:
            return self._all
        return self._of.get((budget.customer_id, budget.tenant_id), ())


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What budgets are held against, of every tenant that any of them covers."""

    at: datetime
    book: list[Price]
    rates: list[Rate]
    reservations: Owned[Reservation]
    on_way: dict[int, int]
    costs: dict[Month, Owned[TenantCost]]

    def standing(self, budget: Budget) -> Standing:
        """Where one budget stands; raises NoRate."""
        spent = doubtful = Decimal(0)
        for month in _begun([budget], self.at):
            for row in self.costs[month].under(budget):
                spent += in_currency(row.cost.amounts, budget.currency, month, self.rates)
                doubtful += self._doubtful(budget, row, month)
        return Standing(budget.amount, spent, doubtful, self._promised(budget))

    def _doubtful(self, budget: Budget, row: TenantCost, month: Month) -> Decimal:
        pending = row.cost.uncertain
        if month == month_of(self.at):
            pending += self.on_way.get(row.tenant.pk, 0)
        price = _price_in(self.book, row.tenant, month, self.at) if pending else None
        if price is None:
            return Decimal(0)
        unit = _turn(price.unit_price, price.currency, budget.currency, self.rates, month)
        return pending * unit

    def _promised(self, budget: Budget) -> Decimal:
        month, total = month_of(self.at), Decimal(0)
        for row in self.reservations.under(budget):
            unit = _turn(row.unit_price, row.currency, budget.currency, self.rates, month)
            total += (row.granted - row.used) * unit
        return total


def _begun(budgets: Iterable[Budget], at: datetime) -> list[Month]:
    """Months of the budgets' periods that have begun."""
    months = {month for each in budgets for month in months_of(Span(each.span), at)}
    return sorted(month for month in months if month.start <= at)


def _on_way(tenants: list[Tenant]) -> dict[int, int]:
    open_calls = Call.objects.filter(
        tenant__in=[tenant.pk for tenant in tenants], state=Call.State.OPEN
    )
    return dict(open_calls.values_list("tenant").annotate(number=Count("pk")))


def _price_in(book: list[Price], tenant: Tenant, month: Month, at: datetime) -> Price | None:
    with suppress(NoPrice):
        return price_at(book, month.start if at >= month.end else at, tenant.cloud)
    return None


def _turn(amount: Decimal, base: str, quote: str, rates: Iterable[Rate], month: Month) -> Decimal:
    if base == quote or not amount:
        return amount
    return amount * rate_for(rates, base, quote, month)
