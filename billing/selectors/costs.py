"""Reads of usage and cost; totals are exact, rounding is the page's last step."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import QuerySet, Sum

from billing.domain.many_costs import costs_of_parts
from billing.domain.periods import Month, hour_of, month_of, start_of
from billing.domain.pricing import (
    FOUND,
    UNCERTAIN,
    Cost,
    NoPrice,
    PriceBook,
    UsageLine,
    cost_of,
    price_at,
    quote,
)
from billing.models import Call, DailyUsage, MonthUsage, PriceBookEntry, Usage
from billing.selectors.months import costs_by
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


class Span(NamedTuple):
    """From a moment to another, or open."""

    begins: datetime
    ends: datetime | None


def writes_since(tenant: Tenant, since: datetime) -> list[datetime]:
    """When writes of a tenant were sent since a moment, also those whose end nobody knows."""
    calls = Call.objects.filter(tenant=tenant, started_at__gte=since)
    sent = calls.exclude(method="GET").exclude(state=Call.State.UNSENT)
    return list(sent.values_list("started_at", flat=True))


def price_book() -> PriceBook:
    """Every entry of the price book as a value."""
    return PriceBook(entry.as_price() for entry in PriceBookEntry.objects.all())


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


def spans_of(entries: Iterable[PriceBookEntry]) -> list[tuple[PriceBookEntry, list[Span]]]:
    """Each entry with when it is the latest of its cloud and meter: another one's start ends it.

    When that one ends itself, the earlier one holds again.
    """
    rivals: dict[tuple[str, str], list[PriceBookEntry]] = {}
    found: dict[int, tuple[PriceBookEntry, list[Span]]] = {}
    for entry in entries:
        rivals.setdefault((entry.cloud, entry.meter), []).append(entry)
        found[entry.pk] = (entry, [])
    for kind, group in rivals.items():
        book = [entry.as_price() for entry in group]
        known = {entry.effective_from: entry.pk for entry in group}
        ends = {price.effective_to for price in book if price.effective_to}
        moments = sorted(known.keys() | ends)
        for begins, ends_at in zip(moments, [*moments[1:], None], strict=True):
            with suppress(NoPrice):
                _, spans = found[known[price_at(book, begins, *kind).effective_from]]
                if spans and spans[-1].ends == begins:
                    begins = spans.pop().begins
                spans.append(Span(begins, ends_at))
    return list(found.values())


def quote_for(tenant: Tenant, calls: int, at: datetime) -> Cost:
    """What so many calls cost this tenant now, beyond those of the month; raises NoPrice."""
    book = price_book()
    before = billable_before(tenant, at, book) if any(price.tiers for price in book) else 0
    return quote(calls, book, at, tenant.cloud, before)


def billable_before(tenant: Tenant, at: datetime, book: PriceBook) -> int:
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
    used = MonthUsage.objects.filter(tenant__in=[tenant.pk for tenant in tenants])
    costs = costs_by("tenant", used, book, month, last)
    return [TenantCost(tenant, costs.get(tenant.pk, Cost())) for tenant in tenants]


def day_costs(viewer: User, month: Month, customer: Customer | None = None) -> list[DayCost]:
    """Calls and cost per UTC day and customer, days without calls left out."""
    tenants = tenants_for(viewer, Action.SEE_COSTS)
    if customer is not None:
        tenants = tenants.filter(customer=customer)
    by_pk = {tenant.pk: tenant for tenant in tenants}
    customers = {tenant.customer_id: tenant.customer for tenant in by_pk.values()}
    rows = _days(by_pk, month).values_list("tenant_id", "day", "status")
    used = rows.annotate(total=Sum("calls")).order_by("day")
    costs = costs_of_parts(
        (
            ((day, by_pk[pk].customer_id), pk, by_pk[pk].cloud, start_of(day), status, calls)
            for pk, day, status, calls in used
        ),
        price_book(),
    )
    ordered = sorted(costs.items(), key=lambda item: (item[0][0], customers[item[0][1]].name))
    return [DayCost(day, customers[pk], cost) for (day, pk), cost in ordered]


def purpose_costs(tenant: Tenant, month: Month) -> list[tuple[str, Cost]]:
    """Calls and cost of one tenant's month by purpose, as `purposes_of` tells them."""
    return purposes_of([tenant], month)[tenant.pk]


def purposes_of(tenants: Iterable[Tenant], month: Month) -> dict[int, list[tuple[str, Cost]]]:
    """Calls and cost of a month by tenant (pk) and purpose, those with most calls first.

    Within a day purposes share tiers in the order of their names, so that they add up exactly. Two
    queries however many tenants there are.
    """
    clouds = {tenant.pk: tenant.cloud for tenant in tenants}
    rows = _days(clouds, month).order_by("tenant_id", "day", "purpose", "status")
    used = rows.values_list("tenant_id", "purpose", "day", "status", "calls")
    costs = costs_of_parts(
        (
            ((pk, purpose), pk, clouds[pk], start_of(day), status, calls)
            for pk, purpose, day, status, calls in used
        ),
        price_book(),
    )
    found: dict[int, list[tuple[str, Cost]]] = {pk: [] for pk in clouds}
    for (pk, purpose), cost in sorted(costs.items(), key=lambda item: -item[1].calls):
        found[pk].append((purpose, cost))
    return found


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
    """Calls of one job so far by purpose and answer (0: uncertain, 1: found), without open ones."""
    rows = Usage.objects.filter(tenant=tenant, job=job).order_by()
    totals = rows.values_list("purpose", "status").annotate(total=Sum("calls"))
    return Counter({(purpose, status): calls for purpose, status, calls in totals})


def last_answers(tenant: Tenant, most: int) -> Counter[tuple[str, int]]:
    """A tenant's last calls, at most so many, by purpose and answer (0: uncertain, 1: found)."""
    sent = Call.objects.filter(tenant=tenant).exclude(
        state__in=(Call.State.OPEN, Call.State.UNSENT)
    )
    last = sent.order_by("-started_at").values_list("purpose", "state", "status")[:most]
    return Counter(
        (purpose, FOUND if state == Call.State.FOUND else status or UNCERTAIN)
        for purpose, state, status in last
    )


def _days(tenants: Iterable[int], month: Month) -> QuerySet[DailyUsage]:
    first, after = month.start.date(), month.end.date()
    return DailyUsage.objects.filter(tenant__in=list(tenants), day__gte=first, day__lt=after)
