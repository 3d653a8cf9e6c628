"""Where budgets stand. Whoever asks, the sums are over everything the budget covers."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from billing.domain.budgets import Span, Standing, Stop, months_of
from billing.domain.periods import Month, month_of
from billing.domain.pricing import NoPrice, Price, price_at, show
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
    """What was spent of a budget in the period of a moment; raises NoRate, NoPrice.

    Read in the order in which a call moves, reserved, on its way, counted: one that moves on in
    between is seen twice, never missed.
    """
    with everything():
        tenants = list(covered_by(budget))
        book, rates = price_book(), _rates()
        promised = _promised(tenants, budget, rates, at)
        on_way = _on_way(tenants)
        spent = doubtful = Decimal(0)
        for month in months_of(Span(budget.span), at):
            for row in costs_of(tenants, month) if month.start <= at else ():
                spent += _sum(row.cost.amounts, budget.currency, rates, month)
                pending = row.cost.uncertain
                if month.start <= at < month.end:
                    pending += on_way.get(row.tenant.pk, 0)
                if pending and (price := _price_in(book, row.tenant, month, at)):
                    unit = _turn(price.unit_price, price.currency, budget.currency, rates, month)
                    doubtful += pending * unit
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


def _promised(tenants: list[Tenant], budget: Budget, rates: list[Rate], at: datetime) -> Decimal:
    month = month_of(at)
    total = Decimal(0)
    for row in Reservation.objects.filter(tenant__in=[tenant.pk for tenant in tenants]):
        unit = _turn(row.unit_price, row.currency, budget.currency, rates, month)
        total += (row.granted - row.used) * unit
    return total


def _on_way(tenants: list[Tenant]) -> dict[int, int]:
    open_calls = Call.objects.filter(
        tenant__in=[tenant.pk for tenant in tenants], state=Call.State.OPEN
    )
    return dict(open_calls.values_list("tenant").annotate(number=Count("pk")))


def _price_in(book: list[Price], tenant: Tenant, month: Month, at: datetime) -> Price | None:
    with suppress(NoPrice):
        return price_at(book, month.start if at >= month.end else at, tenant.cloud)
    return None


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
