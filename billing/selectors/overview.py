"""The month for finance: every customer's cost, how it moves, and the way down to single calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet, Sum

from billing.domain.periods import Month, start_of
from billing.domain.pricing import (
    Cost,
    PriceBook,
    UsageLine,
    billable_of,
    cost_of,
    priced_lines,
)
from billing.models import Call, DailyUsage, MonthUsage, Usage
from billing.selectors.costs import month_lines, price_book
from tenants.domain.roles import Action
from tenants.models import Customer, Tenant, User
from tenants.selectors import customers_for

SORTS = ("cost", "change", "calls", "name")


@dataclass(slots=True)
class CustomerMonth:
    """A customer's month beside the same days of the month before, and its billable days."""

    customer: Customer
    cost: Cost = field(default_factory=Cost)
    before: int = 0
    days: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The customer's name, for sorting."""
        return self.customer.name.casefold()

    @property
    def amount(self) -> Decimal:
        """The largest amount of any currency, for sorting."""
        return max(self.cost.amounts.values(), default=Decimal(0))

    @property
    def calls(self) -> int:
        """Billable calls, for sorting."""
        return self.cost.billable

    @property
    def change(self) -> int:
        """Billable calls more than in the same days of the month before."""
        return self.cost.billable - self.before


@dataclass(frozen=True, slots=True)
class JobDay:
    """Calls and cost of one job, or of what no job made, on one UTC day."""

    job: str
    cost: Cost
    purposes: tuple[tuple[str, int], ...]


def customer_months(viewer: User, month: Month, now: datetime) -> list[CustomerMonth]:
    """Every customer with a tenant whose costs this person may see, by the same six queries."""
    customers = customers_for(viewer, Action.SEE_COSTS)
    tenants = Tenant.objects.filter(customer__in=customers).values_list("pk", "customer", "cloud")
    names, book = {customer.pk: customer for customer in customers}, price_book()
    used = MonthUsage.objects.filter(customer__in=customers)
    lines = month_lines(used, book, month)
    before = month_lines(used, book, month.previous(), _days_gone(month, now))
    found: dict[int, CustomerMonth] = {}
    for tenant, customer, cloud in tenants:
        row = found.setdefault(customer, CustomerMonth(names[customer]))
        row.cost += cost_of(lines.get(tenant, ()), book, cloud)
        row.before += billable_of(before.get(tenant, ()), book, cloud)
    return list(found.values())


def sorted_by(rows: Iterable[CustomerMonth], sort: str) -> list[CustomerMonth]:
    """By name from A, by anything else from the largest; the name decides between equals."""
    ordered = sorted(rows, key=attrgetter("name"))
    if sort == "name":
        return ordered
    keys: dict[str, Any] = {
        "cost": attrgetter("amount"),
        "calls": attrgetter("calls"),
        "change": lambda row: abs(row.change),
    }
    return sorted(ordered, key=keys.get(sort, keys["cost"]), reverse=True)


def add_days(rows: Sequence[CustomerMonth], month: Month) -> None:
    """Give each row its billable calls by day, by two queries for all of them."""
    by_customer = {row.customer.pk: row for row in rows}
    for row in rows:
        row.days = [0] * len(month.days)
    used = MonthUsage.objects.filter(customer__in=by_customer)
    days = used.filter(month=month.start.date()).values_list(
        "customer", "tenant__cloud", "status", *_columns(month)
    )
    book = price_book()
    for customer, cloud, status, *numbers in days:
        _count(by_customer[customer].days, month, status, numbers, book, cloud)


def total_days(viewer: User, month: Month) -> list[int]:
    """Billable calls by day of every customer whose costs this person may see: two queries."""
    totals, book = [0] * len(month.days), price_book()
    used = MonthUsage.objects.filter(customer__in=customers_for(viewer, Action.SEE_COSTS))
    days = used.filter(month=month.start.date()).values_list("tenant__cloud", "status")
    for cloud, status, *numbers in days.annotate(*(Sum(name) for name in _columns(month))):
        _count(totals, month, status, numbers, book, cloud)
    return totals


def _columns(month: Month) -> list[str]:
    return [f"d{day.day}" for day in month.days]


def _count(
    totals: list[int],
    month: Month,
    status: int,
    numbers: Iterable[int],
    book: PriceBook,
    cloud: str,
) -> None:
    """Add calls of the month's days to totals where an answer of this status is billed."""
    for at, (day, calls) in enumerate(zip(month.days, numbers, strict=True)):
        price = book.at(start_of(day), cloud) if calls else None
        if price and price.rule.bills(status):
            totals[at] += calls


def tenant_days(tenant: Tenant, month: Month) -> list[tuple[date, Cost]]:
    """Calls and cost of one tenant by UTC day, days without calls left out."""
    rows = _used(tenant, month).values_list("day", "status").annotate(total=Sum("calls"))
    lines = [UsageLine(start_of(day), status, calls) for day, status, calls in rows]
    days: dict[date, Cost] = {}
    for line, cost in priced_lines(lines, price_book(), tenant.cloud):
        days[line.hour.date()] = days.get(line.hour.date(), Cost()) + cost
    return sorted(days.items())


def day_jobs(tenant: Tenant, day: date) -> list[JobDay]:
    """What made the calls of a tenant's UTC day, most calls first."""
    rows = Usage.objects.filter(
        tenant=tenant, hour__gte=start_of(day), hour__lt=start_of(day) + timedelta(days=1)
    )
    lines: dict[str, list[UsageLine]] = {}
    purposes: dict[str, dict[str, int]] = {}
    for job, purpose, hour, status, calls in rows.values_list(
        "job", "purpose", "hour", "status", "calls"
    ):
        lines.setdefault(job, []).append(UsageLine(hour, status, calls))
        known = purposes.setdefault(job, {})
        known[purpose] = known.get(purpose, 0) + calls
    book = price_book()
    found = [
        JobDay(
            job,
            cost_of(own, book, tenant.cloud),
            tuple(sorted(purposes[job].items(), key=lambda item: -item[1])),
        )
        for job, own in lines.items()
    ]
    return sorted(found, key=lambda row: -row.cost.calls)


def calls_of(tenant: Tenant, day: date, job: str | None = None) -> QuerySet[Call]:
    """Single calls of a tenant's UTC day, as long as they are kept, newest first."""
    calls = Call.objects.filter(
        tenant=tenant,
        started_at__gte=start_of(day),
        started_at__lt=start_of(day) + timedelta(days=1),
    ).order_by("-started_at", "-pk")
    return calls if job is None else calls.filter(job=job)


def _used(tenant: Tenant, month: Month) -> QuerySet[DailyUsage]:
    return DailyUsage.objects.filter(
        tenant=tenant, day__gte=month.start.date(), day__lt=month.end.date()
    )


def _days_gone(month: Month, now: datetime) -> date | None:
    """Up to which day of the month before to compare; None: all of it, the month is over."""
    today = now.astimezone(UTC).date()
    if not month.start.date() <= today < month.end.date():
        return None
    before = month.previous()
    return before.days[min(today.day, len(before.days)) - 1]
