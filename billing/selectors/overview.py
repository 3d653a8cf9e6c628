"""The month for finance: every customer's cost, how it moves, and the way down to single calls."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from django.db.models import Exists, OuterRef, QuerySet, Sum

from billing.domain.periods import Month, start_of
from billing.domain.pricing import Cost, PriceBook, UsageLine, cost_of, priced_lines
from billing.models import Call, DailyUsage, MonthUsage, Usage
from billing.selectors.costs import price_book
from billing.selectors.headings import Heading, Headings
from billing.selectors.months import (
    billable_by_customer,
    costs_by,
    days_by_customer,
    days_of_all,
)
from tenants.domain.roles import Action
from tenants.models import Customer, Tenant, User
from tenants.selectors import customers_for


@dataclass
class CustomerMonth:
    """A customer's month beside the same days of the month before, and its billable days."""

    customer: Customer
    cost: Cost = field(default_factory=Cost)
    before: int = 0
    days: list[int] = field(default_factory=list)
    headings: Headings | None = None

    @cached_property
    def heading(self) -> Heading:
        """Where it is heading, found when it is asked for: a page shows a few rows of all."""
        return self.headings.of(self.customer.pk, self.cost) if self.headings else Heading()

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


def customer_months(
    viewer: User, month: Month, now: datetime, book: PriceBook | None = None
) -> list[CustomerMonth]:
    """Every customer with a tenant whose costs this person may see, by the same four queries."""
    customers = customers_for(viewer, Action.SEE_COSTS)
    book = price_book() if book is None else book
    used = MonthUsage.objects.filter(customer__in=customers)
    costs = costs_by("customer", used, book, month)
    before = billable_by_customer(used, book, month.previous(), _days_gone(month, now))
    with_tenants = customers.filter(Exists(Tenant.objects.filter(customer=OuterRef("pk"))))
    return [
        CustomerMonth(row, costs.get(row.pk) or Cost(), before.get(row.pk, 0))
        for row in with_tenants.only("name", "slug")
    ]


def add_days(rows: Iterable[CustomerMonth], month: Month, book: PriceBook) -> None:
    """Give each row its billable calls by day, by one query for all of them."""
    by_customer = {row.customer.pk: row for row in rows}
    for row in by_customer.values():
        row.days = [0] * len(month.days)
    used = MonthUsage.objects.filter(customer__in=by_customer)
    for customer, days in days_by_customer(used, book, month):
        by_customer[customer].days = days


def total_days(viewer: User, month: Month, book: PriceBook) -> list[int]:
    """Billable calls by day of every customer whose costs this person may see: one query."""
    customers = customers_for(viewer, Action.SEE_COSTS)
    return days_of_all(MonthUsage.objects.filter(customer__in=customers), book, month)


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
