"""Reads of usage and cost; totals are exact, rounding is the page's last step."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Case, QuerySet, Sum, Value, When

from billing.domain.periods import Month, hour_of, month_of, start_of
from billing.domain.pricing import (
    UNCERTAIN,
    Cost,
    NoPrice,
    Price,
    UsageLine,
    cost_of,
    price_at,
    priced_lines,
    quote,
)
from billing.models import Call, DailyUsage, PriceBookEntry, Usage
from tenants.domain.roles import Action
from tenants.models import Customer, Tenant, User
from tenants.selectors import tenants_for


@dataclass(frozen=True, slots=True)
class TenantCost:
    """Calls and cost of one tenant over a period."""

    tenant: Tenant
    cost: Cost


@dataclass(frozen=True, slots=True)
class DayCost:
    """Calls and cost of one customer on one UTC day."""

    day: date
    customer: Customer
    cost: Cost


def writes_since(tenant: Tenant, since: datetime) -> list[datetime]:
    """When writes of a tenant were sent since a moment, also those whose end nobody knows."""
    calls = Call.objects.filter(tenant=tenant, started_at__gte=since)
    sent = calls.exclude(method="GET").exclude(state=Call.State.UNSENT)
    return list(sent.values_list("started_at", flat=True))


def price_book() -> list[Price]:
    """Every entry of the price book as a value."""
    return [entry.as_price() for entry in PriceBookEntry.objects.all()]


def prices_at(at: datetime) -> list[PriceBookEntry]:
    """Entries that price a call made then: one for each cloud that has its own, and the others'."""
    entries, found = list(PriceBookEntry.objects.all()), list[PriceBookEntry]()
    book = [entry.as_price() for entry in entries]
    for entry in entries:
        with suppress(NoPrice):
            held = price_at(book, at, entry.cloud, entry.meter)
            if (held.cloud, held.effective_from) == (entry.cloud, entry.effective_from):
                found.append(entry)
    return found


def quote_for(tenant: Tenant, calls: int, at: datetime) -> Cost:
    """What so many calls cost this tenant now, beyond those of the month; raises NoPrice."""
    book = price_book()
    before = billable_before(tenant, at, book) if any(price.tiers for price in book) else 0
    return quote(calls, book, at, tenant.cloud, before)


def billable_before(tenant: Tenant, at: datetime, book: list[Price]) -> int:
    """Billable calls of a tenant in the UTC month until a moment's hour, for its place in tiers."""
    rows = Usage.objects.filter(tenant=tenant, hour__gte=month_of(at).start, hour__lt=hour_of(at))
    lines = rows.values_list("hour", "status").annotate(total=Sum("calls"))
    return cost_of([UsageLine(*row) for row in lines], book, tenant.cloud).billable


def month_costs(viewer: User, month: Month) -> list[TenantCost]:
    """Calls and cost of the month for each tenant whose cost this person may see."""
    tenants = list(tenants_for(viewer, Action.SEE_COSTS).order_by("customer__name", "name"))
    return costs_of(tenants, month)


def costs_of(tenants: Iterable[Tenant], month: Month, last: date | None = None) -> list[TenantCost]:
    """Calls and cost of the month for these tenants, until a day included if one is given.

    Two queries however many they are.
    """
    tenants, book = list(tenants), price_book()
    spans = _spans(book, month)
    lines: dict[int, list[UsageLine]] = {tenant.pk: [] for tenant in tenants}
    used = _days(tenants, month)
    if last is not None:
        used = used.filter(day__lte=last)
    rows = used.annotate(span=_span_of_day(spans))
    for pk, span, status, total in rows.values_list("tenant_id", "span", "status").annotate(
        total=Sum("calls")
    ):
        lines[pk].append(UsageLine(spans[span], status, total))
    return [TenantCost(tenant, cost_of(lines[tenant.pk], book, tenant.cloud)) for tenant in tenants]


def day_costs(viewer: User, month: Month, customer: Customer | None = None) -> list[DayCost]:
    """Calls and cost per UTC day and customer, days without calls left out."""
    tenants = tenants_for(viewer, Action.SEE_COSTS)
    if customer is not None:
        tenants = tenants.filter(customer=customer)
    by_pk, book = {tenant.pk: tenant for tenant in tenants}, price_book()
    customers: dict[int, Customer] = {t.customer_id: t.customer for t in by_pk.values()}
    lines: dict[int, list[UsageLine]] = {pk: [] for pk in by_pk}
    for pk, day, status, calls in (
        _days(by_pk.values(), month)
        .values_list("tenant_id", "day", "status")
        .annotate(total=Sum("calls"))
    ):
        lines[pk].append(UsageLine(start_of(day), status, calls))
    totals: dict[tuple[date, int], Cost] = {}
    for pk, tenant in by_pk.items():
        for line, cost in priced_lines(lines[pk], book, tenant.cloud):
            key = (line.hour.date(), tenant.customer_id)
            totals[key] = totals.get(key, Cost()) + cost
    ordered = sorted(totals.items(), key=lambda item: (item[0][0], customers[item[0][1]].name))
    return [DayCost(day, customers[pk], cost) for (day, pk), cost in ordered]


def purpose_costs(tenant: Tenant, month: Month) -> list[tuple[str, Cost]]:
    """Calls and cost of one tenant's month by purpose, those with most calls first.

    Within a day purposes share tiers in the order of their names, so that they add up exactly.
    """
    rows = _days([tenant], month).order_by("day", "purpose", "status")
    book, totals = price_book(), dict[str, Cost]()
    reached: Counter[Month] = Counter()
    for purpose, day, status, calls in rows.values_list("purpose", "day", "status", "calls"):
        cost = cost_of([UsageLine(start_of(day), status, calls)], book, tenant.cloud, reached)
        reached[month] += cost.billable
        totals[purpose] = totals.get(purpose, Cost()) + cost
    return sorted(totals.items(), key=lambda item: -item[1].calls)


def calls_by_purpose(tenant: Tenant, first: date) -> dict[str, int]:
    """Calls of a tenant since a UTC day, that day included, by purpose; uncertain ones too."""
    rows = DailyUsage.objects.filter(tenant=tenant, day__gte=first).order_by().values("purpose")
    return dict(rows.annotate(total=Sum("calls")).values_list("purpose", "total"))


def job_cost(tenant: Tenant, job: str) -> Cost:
    """Calls and cost of one job so far, open attempts left out.

    With tiers a job is priced as if it were the first of its hours: an estimate.
    """
    rows = Usage.objects.filter(tenant=tenant, job=job).values_list("hour", "status")
    lines = [UsageLine(*row) for row in rows.annotate(total=Sum("calls"))]
    book = price_book()
    before = {}
    if lines and any(price.tiers for price in book):
        first = min(line.hour for line in lines)
        before = {month_of(first): billable_before(tenant, first, book)}
    return cost_of(lines, book, tenant.cloud, before)


def attempts_of(tenant: Tenant, job: str, most: int) -> list[Call]:
    """The last attempts made for a job, in their order, open ones and those never sent included."""
    rows = Call.objects.filter(tenant=tenant, job=job).order_by("-started_at", "-pk")
    return list(rows[:most])[::-1]


def answers_of(tenant: Tenant, job: str) -> Counter[tuple[str, int]]:
    """Calls of one job so far by purpose and answer (0: uncertain), open attempts left out."""
    rows = Usage.objects.filter(tenant=tenant, job=job).order_by()
    totals = rows.values_list("purpose", "status").annotate(total=Sum("calls"))
    return Counter({(purpose, status): calls for purpose, status, calls in totals})


def last_answers(tenant: Tenant, most: int) -> Counter[tuple[str, int]]:
    """A tenant's last calls, at most so many, by purpose and answer (0: uncertain)."""
    ended = Call.objects.filter(
        tenant=tenant, state__in=(Call.State.ANSWERED, Call.State.UNCERTAIN)
    )
    last = ended.order_by("-started_at").values_list("purpose", "status")[:most]
    return Counter((purpose, status or UNCERTAIN) for purpose, status in last)


def _days(tenants: Iterable[Tenant], month: Month) -> QuerySet[DailyUsage]:
    pks = [tenant.pk for tenant in tenants]
    first, after = month.start.date(), month.end.date()
    return DailyUsage.objects.filter(tenant__in=pks, day__gte=first, day__lt=after)


def _spans(book: list[Price], month: Month) -> list[datetime]:
    """Moments of a month from which another price may hold, its beginning first."""
    moments = {price.effective_from for price in book} | {price.effective_to for price in book}
    within = {moment for moment in moments if moment and month.start < moment < month.end}
    return sorted({month.start, *within})


def _span_of_day(spans: list[datetime]) -> Case:
    """Which of these spans a day's usage lies in, by its place in the list."""
    later = [
        When(day__gte=start.astimezone(UTC).date(), then=Value(number))
        for number, start in reversed(list(enumerate(spans)))
    ]
    return Case(*later, default=Value(0))
