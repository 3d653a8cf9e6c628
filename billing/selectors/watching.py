"""What is expected of a month, and what an hour is compared with."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet, Sum

from billing.domain.forecast import cost_band, forecast
from billing.domain.periods import Month, hour_of, start_of
from billing.domain.pricing import NoPrice
from billing.domain.unusual import HourLine, Limits, Unusual, compared_hours, unusual_hour
from billing.models import MonthUsage, UnusualHour, Usage
from billing.selectors.costs import price_book
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import customers_for

_HISTORY = timedelta(days=184)
LIMITS = Limits()
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a month will come to: calls with a band of 80 %, and exact amounts per currency."""

    calls: int
    low: int
    high: int
    amounts: dict[str, Decimal]
    least: dict[str, Decimal]
    most: dict[str, Decimal]
    method: tuple[str, ...]


def expected_of(tenants: Iterable[Tenant], month: Month, now: datetime) -> Expected | None:
    """The forecast of a month that runs, each tenant's own added up; None without a price."""
    found = [each for _, each in forecasts_of(list(tenants), month, now)]
    known = [each for each in found if each is not None]
    return None if len(known) < len(found) else sum_of(known)


def forecasts_of(
    tenants: list[Tenant], month: Month, now: datetime
) -> Iterator[tuple[Tenant, Expected | None]]:
    """The forecast of each tenant; None where the price book has no price."""
    book, history = price_book(), _history(tenants, now)
    today = now.astimezone(UTC).date()
    for tenant in tenants:
        made = forecast(history[tenant.pk], month, today)
        try:
            band = cost_band(made, book, tenant.cloud)
        except NoPrice:
            yield tenant, None
            continue
        calls = (made.expected, made.low, made.high)
        amounts = (dict(band.expected), dict(band.low), dict(band.high))
        yield tenant, Expected(*calls, *amounts, tuple(made.method))


def sum_of(parts: Iterable[Expected]) -> Expected:
    """Several forecasts added up: amounts by currency, each way of forecasting once."""
    calls = low = high = 0
    amounts, least, most = dict[str, Decimal](), dict[str, Decimal](), dict[str, Decimal]()
    method: dict[str, None] = {}
    for part in parts:
        calls, low, high = calls + part.calls, low + part.low, high + part.high
        _add(amounts, part.amounts)
        _add(least, part.least)
        _add(most, part.most)
        method.update(dict.fromkeys(part.method))
    return Expected(calls, low, high, amounts, least, most, tuple(method))


def _add(total: dict[str, Decimal], more: dict[str, Decimal]) -> None:
    for code, amount in more.items():
        total[code] = total.get(code, _ZERO) + amount


def unusual_now(tenant: Tenant, now: datetime) -> Unusual | None:
    """What stands out in this hour of a tenant so far."""
    first = Usage.objects.filter(tenant=tenant).order_by("hour").first()
    if first is None:
        return None
    hours = compared_hours(hour_of(now), first.hour, tenant.zone, LIMITS)
    past: dict[datetime, dict[str, int]] = defaultdict(dict)
    rows = Usage.objects.filter(tenant=tenant, hour__in=hours)
    for hour, purpose, calls in rows.values_list("hour", "purpose").annotate(total=Sum("calls")):
        past[hour][purpose] = calls
    made = Usage.objects.filter(tenant=tenant, hour=hour_of(now))
    lines = [
        HourLine(purpose, job, calls)
        for purpose, job, calls in made.values_list("purpose", "job").annotate(total=Sum("calls"))
    ]
    return unusual_hour(now, lines, past, first.hour, tenant.zone, LIMITS)


def unusual_hours_for(viewer: User, since: datetime) -> QuerySet[UnusualHour]:
    """Unusual hours of the tenants whose costs this person may see, the newest first."""
    seen = customers_for(viewer, Action.SEE_COSTS)
    rows = UnusualHour.objects.filter(customer__in=seen, hour__gte=since)
    return rows.select_related("tenant", "customer")


def _history(tenants: list[Tenant], now: datetime) -> dict[int, dict[date, int]]:
    """Billable calls by day of each tenant, from the first of its days that is known."""
    book, clouds = price_book(), {tenant.pk: tenant.cloud for tenant in tenants}
    found: dict[int, dict[date, int]] = {pk: {} for pk in clouds}
    today = now.astimezone(UTC).date()
    first = today - _HISTORY + timedelta(days=1)
    rows = MonthUsage.objects.filter(
        tenant__in=clouds, month__gte=first.replace(day=1), month__lte=today
    )
    columns = [f"d{day}" for day in range(1, 32)]
    for pk, month, status, *numbers in rows.values_list("tenant_id", "month", "status", *columns):
        for at, calls in enumerate(numbers, 1):
            if calls and first <= (day := month.replace(day=at)) <= today:
                price = book.at(start_of(day), clouds[pk])
                billable = calls if price and price.rule.bills(status) else 0
                found[pk][day] = found[pk].get(day, 0) + billable
    return found
