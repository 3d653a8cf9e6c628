"""Forecasts that are kept; warnings: thresholds of budgets by spending and forecast, odd hours."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.urls import reverse

from billing.domain.budgets import Span, Standing, months_of
from billing.domain.periods import Month, hour_of, month_of
from billing.domain.pricing import show
from billing.domain.statements import NoRate
from billing.models import Budget, BudgetWarning, DailyUsage, MonthForecast, UnusualHour, Usage
from billing.selectors.budgets import Owned, in_currency, standings_of
from billing.selectors.headings import expected_from, forecasts_by_budget
from billing.selectors.rates import known_rates
from billing.selectors.watching import Expected, forecasts_of, unusual_now
from tenants.models import Tenant
from tenants.services import record
from tenants.services.notices import tell

FORECAST_AGE = timedelta(hours=1)
_FORECAST_BATCH = 100


def watch_budgets(now: datetime) -> int:
    """Tell of every threshold that a budget has come to, once a period; gives how many."""
    keep_forecasts(now)
    budgets = list(Budget.objects.select_related("customer", "tenant"))
    standings = standings_of(budgets, now)
    forecasts = forecasts_by_budget(MonthForecast.objects.filter(month=month_of(now).start.date()))
    told = 0
    for budget in budgets:
        standing = standings[budget.pk]
        if isinstance(standing, Standing):  # else the page of budgets says what is missing
            told += _by_spending(budget, standing, now)
            told += _by_forecast(budget, standing, forecasts, now)
    return told


def keep_forecasts(now: datetime) -> int:
    """Forecast the running month of every tenant anew that was not within the hour; how many.

    Tenants without any calls have no forecast, and those without a price none that costs.
    """
    month = month_of(now)
    fresh = MonthForecast.objects.filter(month=month.start.date(), made_at__gt=now - FORECAST_AGE)
    due = Tenant.objects.filter(pk__in=DailyUsage.objects.values("tenant"))
    pks = list(due.exclude(pk__in=fresh.values("tenant")).values_list("pk", flat=True))
    for at in range(0, len(pks), _FORECAST_BATCH):
        tenants = list(Tenant.objects.filter(pk__in=pks[at : at + _FORECAST_BATCH]))
        made = list(forecasts_of(tenants, month, now))
        MonthForecast.objects.bulk_create(
            [_kept_forecast(tenant, found, month, now) for tenant, found in made if found],
            update_conflicts=True,
            unique_fields=["tenant"],
            update_fields=["month", "calls", "low", "high", "amounts", "made_at"],
        )
    return len(pks)


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


def _by_forecast(
    budget: Budget, standing: Standing, forecasts: Owned[MonthForecast], now: datetime
) -> int:
    """Of a month only: how longer periods end, too little is known of."""
    if budget.span != Span.MONTH or not budget.forecast_thresholds:
        return 0
    amounts = expected_from(forecasts.under(budget)).amounts
    try:
        amount = in_currency(amounts, budget.currency, month_of(now), known_rates())
    except NoRate:
        return 0
    return sum(
        _warn(budget, now, percent, amount, by_forecast=True)
        for percent in standing.reached(budget.forecast_thresholds, amount)
    )


def _kept_forecast(tenant: Tenant, found: Expected, month: Month, now: datetime) -> MonthForecast:
    bands = (found.least, found.amounts, found.most)
    amounts = {code: [f"{band.get(code, Decimal(0)):f}" for band in bands] for code in found.most}
    return MonthForecast(
        customer_id=tenant.customer_id,
        tenant=tenant,
        month=month.start.date(),
        calls=found.calls,
        low=found.low,
        high=found.high,
        amounts=amounts,
        made_at=now,
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
