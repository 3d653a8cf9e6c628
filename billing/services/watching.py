"""Warnings: thresholds of budgets, by what was spent and by the forecast, and unusual hours."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.urls import reverse

from billing.domain.budgets import Span, Standing, months_of
from billing.domain.periods import hour_of, month_of
from billing.domain.pricing import NoPrice, show
from billing.domain.statements import NoRate
from billing.models import Budget, BudgetWarning, UnusualHour, Usage
from billing.selectors.budgets import covered_by, in_currency, standings_of
from billing.selectors.watching import expected_of, unusual_now
from tenants.models import Tenant
from tenants.services import record
from tenants.services.notices import tell


def watch_budgets(now: datetime) -> int:
    """Tell of every threshold that a budget has come to, once a period; gives how many."""
    told, budgets = 0, list(Budget.objects.select_related("customer", "tenant"))
    standings = standings_of(budgets, now)
    for budget in budgets:
        standing = standings[budget.pk]
        try:
            if isinstance(standing, Standing):
                told += _by_spending(budget, standing, now) + _by_forecast(budget, standing, now)
        except (NoRate, NoPrice):
            continue  # the page of budgets says what is missing
    return told


def watch_hours(now: datetime) -> int:
    """Note tenants whose hour stands out, each hour once; gives how many were found."""
    used = Usage.objects.filter(hour=hour_of(now)).values("tenant")
    noted = UnusualHour.objects.filter(hour=hour_of(now)).values("tenant")
    tenants = Tenant.objects.filter(pk__in=used).exclude(pk__in=noted).select_related("customer")
    return sum(_note_hour(tenant, now) for tenant in tenants)


def _by_spending(budget: Budget, standing: Standing, now: datetime) -> int:
    return sum(
        _warn(budget, now, percent, standing.spent, by_forecast=False)
        for percent in standing.reached(budget.thresholds)
    )


def _by_forecast(budget: Budget, standing: Standing, now: datetime) -> int:
    """Of a month only: how longer periods end, too little is known of."""
    if budget.span != Span.MONTH or not budget.forecast_thresholds:
        return 0
    expected = expected_of(covered_by(budget), month_of(now), now)
    if expected is None:
        return 0
    amount = in_currency(expected.amounts, budget.currency, month_of(now))
    return sum(
        _warn(budget, now, percent, amount, by_forecast=True)
        for percent in standing.reached(budget.forecast_thresholds, amount)
    )


@transaction.atomic
def _warn(
    budget: Budget, now: datetime, percent: int, spent: Decimal, *, by_forecast: bool
) -> bool:
    _, new = BudgetWarning.objects.get_or_create(
        budget=budget,
        period=months_of(Span(budget.span), now)[0].start.date(),
        percent=percent,
        by_forecast=by_forecast,
        defaults={"customer": budget.customer, "spent": spent},
    )
    if not new:
        return False
    event = "budget.forecast" if by_forecast else "budget.reached"
    amount = show(budget.currency, spent)
    record(event, by=None, customer=budget.customer, subject=budget, percent=percent, amount=amount)
    link = reverse("budget_list")
    tell(event, customer=budget.customer, subject=budget, link=link, percent=percent, amount=amount)
    return True


@transaction.atomic
def _note_hour(tenant: Tenant, now: datetime) -> bool:
    found = unusual_now(tenant, now)
    if found is None:
        return False
    _, new = UnusualHour.objects.get_or_create(
        tenant=tenant,
        hour=found.hour,
        defaults={
            "customer": tenant.customer,
            "calls": found.calls,
            "usual": found.usual,
            "purpose": found.purpose,
            "job": found.job,
            "sentence": found.sentence()[:300],
        },
    )
    if new:
        day = f"{found.hour:%Y-%m-%d}"
        link = reverse("cost_day", kwargs={"slug": tenant.slug, "day": day})
        facts = {"sentence": found.sentence(), "job": found.job or "no job"}
        record("usage.unusual", by=None, customer=tenant.customer, subject=tenant, **facts)
        tell("usage.unusual", customer=tenant.customer, subject=tenant, link=link, **facts)
    return new
