"""Reads of usage and cost; totals are exact, rounding is the page's last step."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncHour

from billing.domain.periods import Month
from billing.domain.pricing import UNCERTAIN, BillingRule, Cost, Price, UsageLine, cost_of, quote
from billing.models import Call, PriceBookEntry, Usage
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
    return [
        Price(
            entry.unit_price,
            entry.currency,
            BillingRule(entry.rule),
            entry.effective_from,
            entry.effective_to,
            entry.cloud,
        )
        for entry in PriceBookEntry.objects.all()
    ]


def quote_for(tenant: Tenant, calls: int, at: datetime) -> Cost:
    """What so many calls would cost this tenant now; raises NoPrice."""
    return quote(calls, price_book(), at, tenant.cloud)


def month_costs(viewer: User, month: Month) -> list[TenantCost]:
    """Calls and cost of the month for each tenant whose cost this person may see."""
    tenants = list(tenants_for(viewer, Action.SEE_COSTS).order_by("customer__name", "name"))
    return costs_of(tenants, month)


def costs_of(tenants: Iterable[Tenant], month: Month) -> list[TenantCost]:
    """Calls and cost of the month for these tenants; two queries however many they are."""
    tenants, book = list(tenants), price_book()
    lines: dict[int, list[UsageLine]] = {tenant.pk: [] for tenant in tenants}
    for row in (
        _usage(tenants, month)
        .values_list("tenant_id", "hour", "status")
        .annotate(total=Sum("calls"))
    ):
        lines[row[0]].append(UsageLine(*row[1:]))
    return [TenantCost(tenant, cost_of(lines[tenant.pk], book, tenant.cloud)) for tenant in tenants]


def day_costs(viewer: User, month: Month, customer: Customer | None = None) -> list[DayCost]:
    """Calls and cost per UTC day and customer, days without calls left out."""
    tenants = tenants_for(viewer, Action.SEE_COSTS)
    if customer is not None:
        tenants = tenants.filter(customer=customer)
    by_pk, book = {tenant.pk: tenant for tenant in tenants}, price_book()
    customers: dict[int, Customer] = {t.customer_id: t.customer for t in by_pk.values()}
    totals: dict[tuple[date, int], Cost] = {}
    for tenant_id, hour, status, calls in (
        _usage(by_pk.values(), month)
        .values_list("tenant_id", "hour", "status")
        .annotate(total=Sum("calls"))
    ):
        tenant = by_pk[tenant_id]
        cost = cost_of([UsageLine(hour, status, calls)], book, tenant.cloud)
        key = (hour.date(), tenant.customer_id)
        totals[key] = totals.get(key, Cost()) + cost
    ordered = sorted(totals.items(), key=lambda item: (item[0][0], customers[item[0][1]].name))
    return [DayCost(day, customers[pk], cost) for (day, pk), cost in ordered]


def purpose_costs(tenant: Tenant, month: Month) -> list[tuple[str, Cost]]:
    """Calls and cost of one tenant's month by purpose, the dearest first."""
    book = price_book()
    totals: dict[str, Cost] = {}
    for purpose, hour, status, calls in _usage([tenant], month).values_list(
        "purpose", "hour", "status", "calls"
    ):
        cost = cost_of([UsageLine(hour, status, calls)], book, tenant.cloud)
        totals[purpose] = totals.get(purpose, Cost()) + cost
    return sorted(totals.items(), key=lambda item: -item[1].calls)


def job_cost(tenant: Tenant, job: str) -> Cost:
    """Calls and cost of one job so far, open attempts left out."""
    rows = (
        Call.objects.filter(tenant=tenant, job=job)
        .exclude(state__in=[Call.State.OPEN, Call.State.UNSENT])
        .annotate(hour=TruncHour("started_at"))
        .values_list("hour", "status")
        .annotate(total=Count("pk"))
    )
    lines = [UsageLine(hour, status or UNCERTAIN, total) for hour, status, total in rows]
    return cost_of(lines, price_book(), tenant.cloud)


def attempts_of(tenant: Tenant, job: str, most: int) -> list[Call]:
    """The last attempts made for a job, in their order, open ones and those never sent included."""
    rows = Call.objects.filter(tenant=tenant, job=job).order_by("-started_at", "-pk")
    return list(rows[:most])[::-1]


def _usage(tenants: Iterable[Tenant], month: Month) -> QuerySet[Usage]:
    pks = [tenant.pk for tenant in tenants]
    return Usage.objects.filter(tenant__in=pks, hour__gte=month.start, hour__lt=month.end)
