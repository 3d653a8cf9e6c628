"""The right to spend: calls are set aside from every budget above a tenant before they leave.

Reserving locks the budgets' rows, so that several workers cannot promise the same money twice. A
block is set aside at once, because counting what was spent is dear; what is not used is given back
when the slice ends.
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.domain.budgets import UNLIMITED, Span, Stop, months_of
from billing.domain.periods import month_of
from billing.domain.pricing import price_at
from billing.domain.statements import NoRate
from billing.models import Budget, Reservation
from billing.selectors.budgets import budgets_above, standing_of, unit_price_for
from billing.selectors.costs import price_book
from tenants.models import Tenant, User
from tenants.row_security import everything
from tenants.services import record

# Purposes that no budget stops: an account that must be closed is closed.
EXEMPT = frozenset({"disable"})


class BudgetExhausted(Exception):
    """A budget has no money for the calls; str() names it and says what to do."""


_BEGINS = "A budget "
_PASSING = "A budget has no money for so many calls at once; the portal tries again."


def is_of_budget(problem: str) -> bool:
    """Whether what keeps a job waiting is a budget, by the words kept with the job."""
    return problem.startswith(_BEGINS)


def is_passing(problem: str) -> bool:
    """Whether a budget only has less left than a whole batch costs."""
    return problem == _PASSING


def grant(tenant: Tenant, wanted: int) -> int:
    """How many of so many calls may leave now; sets a block aside where budgets can stop them."""
    if not budgets_above(tenant, Stop.HARD).exists():
        return wanted
    unused = _unused(tenant)
    if unused < wanted:
        unused = _reserve(tenant, max(wanted, settings.BUDGET_BLOCK_CALLS))
    return min(wanted, unused)


def spend(tenant: Tenant, calls: int) -> None:
    """Take calls from what was set aside; raises BudgetExhausted before any of them leaves.

    Call it in the transaction that journals them.
    """
    if not calls or not budgets_above(tenant, Stop.HARD).exists():
        return
    if not _take(tenant, calls):
        _reserve(tenant, calls)
        if not _take(tenant, calls):
            raise BudgetExhausted(why_stopped(tenant, timezone.now()))


def give_back(tenant: Tenant) -> None:
    """Return what a slice has not used."""
    Reservation.objects.filter(tenant=tenant, granted__gt=0).update(granted=0, used=0)


def why_stopped(tenant: Tenant, now: datetime) -> str:
    """That a budget has no money for another call, and until when.

    Without amounts and names: customers' people read it, who see no price of the MSP's.
    """
    for budget in budgets_above(tenant, Stop.HARD):
        if _room(budget, tenant, now) < 1:
            ends = months_of(Span(budget.span), now)[-1].end
            return (
                f"A budget of this {budget.span} is used up. Only disables of leavers go out until"
                f" it is raised, or until {ends:%Y-%m-%d} (UTC)."
            )
    return _PASSING


@transaction.atomic
def set_budget(budget: Budget, *, by: User) -> Budget:
    """Add or change a budget; it counts what was spent in its period before."""
    new = budget.pk is None
    before = "" if new else str(Budget.objects.get(pk=budget.pk))
    budget.changed_by = by
    budget.save()
    record(
        "budget.added" if new else "budget.changed",
        by=by,
        customer=budget.customer,
        subject=budget,
        before=before,
        after=f"{budget}, {budget.stop}",
    )
    return budget


@transaction.atomic
def remove_budget(budget: Budget, *, by: User) -> None:
    """Remove a budget; nothing is held against it any more."""
    record("budget.removed", by=by, customer=budget.customer, subject=budget)
    budget.delete()


def _take(tenant: Tenant, calls: int) -> bool:
    kept = Reservation.objects.filter(tenant=tenant, granted__gte=F("used") + calls)
    return bool(kept.update(used=F("used") + calls))


def _unused(tenant: Tenant) -> int:
    kept = Reservation.objects.filter(tenant=tenant).first()
    return kept.granted - kept.used if kept else 0


def _reserve(tenant: Tenant, calls: int) -> int:
    """Set calls aside anew, as many as every budget above has money for; gives how many."""
    now = timezone.now()
    with everything(), transaction.atomic():
        budgets = list(budgets_above(tenant, Stop.HARD).select_for_update(of=("self",)))
        give_back(tenant)
        granted = min([calls, *(_room(budget, tenant, now) for budget in budgets)])
        price = price_at(price_book(), now, tenant.cloud)
        Reservation.objects.update_or_create(
            tenant=tenant,
            defaults={
                "customer_id": tenant.customer_id,
                "granted": granted,
                "used": 0,
                "unit_price": price.unit_price,
                "currency": price.currency,
            },
        )
    return granted


def _room(budget: Budget, tenant: Tenant, now: datetime) -> int:
    price = price_at(price_book(), now, tenant.cloud)
    try:
        unit = unit_price_for(budget, price, month_of(now))
        return UNLIMITED if unit == Decimal(0) else standing_of(budget, now).calls(unit)
    except NoRate as error:
        raise BudgetExhausted(f"A budget cannot be held against the costs. {error}") from error
