"""The month for finance: every customer's cost, how it moves, and the way down to single calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db.models import QuerySet, Sum

from billing.domain.periods import Month, start_of
from billing.domain.pricing import Cost, UsageLine, cost_of, priced_lines
from billing.models import Call, DailyUsage, Usage
from billing.selectors.costs import costs_of, price_book
from billing.selectors.headings import Heading
from tenants.domain.roles import Action
from tenants.models import Customer, Tenant, User
from tenants.selectors import tenants_for


@dataclass(slots=True)
class CustomerMonth:
    """A customer's month beside the same days of the month before, and its billable days."""

    customer: Customer
    cost: Cost = field(default_factory=Cost)
    before: Cost = field(default_factory=Cost)
    days: list[int] = field(default_factory=list)
    heading: Heading = field(default_factory=Heading)

    @property
    def change(self) -> int:
        """Billable calls more than in the same days of the month before."""
        return self.cost.billable - self.before.billable


@dataclass(frozen=True, slots=True)
class JobDay:
    """Calls and cost of one job, or of what no job made, on one UTC day."""

    job: str
    cost: Cost
    purposes: tuple[tuple[str, int], ...]


def customer_months(viewer: User, month: Month, now: datetime) -> list[CustomerMonth]:
    """Every customer whose costs this person may see; the number of queries does not grow."""
    tenants = list(tenants_for(viewer, Action.SEE_COSTS))
    found = {tenant.customer_id: CustomerMonth(tenant.customer) for tenant in tenants}
    for row in costs_of(tenants, month):
        found[row.tenant.customer_id].cost += row.cost
    for row in costs_of(tenants, month.previous(), _days_gone(month, now)):
        found[row.tenant.customer_id].before += row.cost
    return list(found.values())


def add_days(rows: Sequence[CustomerMonth], month: Month) -> None:
    """Give each row its billable calls by day, by two queries for all of them."""
    by_customer = {row.customer.pk: row for row in rows}
    for row in rows:
        row.days = [0] * len(month.days)
    book = price_book()
    first, after = month.start.date(), month.end.date()
    used = DailyUsage.objects.filter(customer__in=by_customer, day__gte=first, day__lt=after)
    for pk, cloud, day, status, calls in used.values_list(
        "customer_id", "tenant__cloud", "day", "status"
    ).annotate(total=Sum("calls")):
        billable = cost_of([UsageLine(start_of(day), status, calls)], book, cloud).billable
        by_customer[pk].days[day.day - 1] += billable


def total_days(viewer: User, month: Month) -> list[int]:
    """Billable calls by day of every customer whose costs this person may see: two queries."""
    totals, book = [0] * len(month.days), price_book()
    first, after = month.start.date(), month.end.date()
    used = DailyUsage.objects.filter(
        tenant__in=tenants_for(viewer, Action.SEE_COSTS), day__gte=first, day__lt=after
    )
    for cloud, day, status, calls in used.values_list("tenant__cloud", "day", "status").annotate(
        total=Sum("calls")
    ):
        line = UsageLine(start_of(day), status, calls)
        totals[day.day - 1] += cost_of([line], book, cloud).billable
    return totals


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
