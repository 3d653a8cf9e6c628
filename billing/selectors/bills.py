"""The meter held against Azure's bill: live for pages, and what is kept of it for labels."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from billing.domain.azure_costs import ChargeKind, ImportedDay
from billing.domain.bills import (
    Kept,
    Link,
    Links,
    Standing,
    Verdict,
    exact_sum,
    is_waiting,
    standing,
    verdict,
)
from billing.domain.periods import Month
from billing.domain.pricing import UNCERTAIN, NoPrice
from billing.domain.reconciliation import (
    LATE_DAYS,
    Finding,
    MeteredDay,
    Rates,
    ReconciliationError,
    billed_days,
    reconcile,
)
from billing.domain.statements import rate_for
from billing.models import (
    BillDay,
    BillFile,
    ForeignDay,
    MonthUsage,
    ReconciledMonth,
)
from billing.selectors.budgets import sees_msp
from billing.selectors.metered_days import Meter, window
from billing.selectors.months import sum_of_days
from billing.selectors.rates import known_rates
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import customers_for, tenants_for

_DAY = timedelta(days=1)
Spans = list[tuple[date, date]]


@dataclass(frozen=True, slots=True)
class UnreadDay:
    """A day of a tenant of which a row, in this line of an imported file, cannot be read."""

    day: date
    line: int
    file: int


@dataclass(slots=True)
class Comparison:
    """A tenant's month beside Azure's bill.

    `missing`: days with calls that no file covers; `last`: the last day that one covers, None
    without any; `problem`: why nothing could be compared. `calls`, `uncertain`: all of the month.
    `uncovered`: what was metered, by currency, on days that are compared with nothing.
    """

    tenant: Tenant
    month: Month
    calls: int = 0
    uncertain: int = 0
    findings: list[Finding] = field(default_factory=list)
    missing: list[date] = field(default_factory=list)
    last: date | None = None
    problem: str = ""
    unread: list[UnreadDay] = field(default_factory=list)
    uncovered: dict[str, Decimal] = field(default_factory=dict)

    @property
    def late_from(self) -> date:
        """From when on calls may still be exported."""
        return (self.last or date.max) - timedelta(days=LATE_DAYS - 1)

    @property
    def verdict(self) -> Verdict | None:
        """How far it is settled; None: no file covers anything, or it cannot be compared."""
        if self.last is None or self.problem:
            return None
        return verdict(self.findings, self.missing, self.last, self.late_from, self.month)

    def waits(self, finding: Finding) -> bool:
        """Whether calls of a day may still be exported."""
        return is_waiting(finding, self.late_from)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a month was compared; `missing`: days with calls that no file covers.

    `tenants`: those with calls that Azure bills, or with a bill. `problem`: whether one of them
    cannot be compared although a file covers it.
    """

    tenants: int
    compared: int
    missing: int
    uncovered: dict[str, Decimal]
    problem: bool

    @property
    def whole(self) -> bool:
        """Whether nothing is left that was not compared."""
        return self.compared == self.tenants and not (self.missing or self.uncovered)


def coverage(found: Iterable[Comparison]) -> Coverage:
    """How much of these comparisons' month was compared."""
    found = [each for each in found if each.missing or each.last]
    uncovered: dict[str, Decimal] = {}
    for each in found:
        for currency, amount in each.uncovered.items():
            uncovered[currency] = exact_sum((uncovered.get(currency, Decimal(0)), amount))
    return Coverage(
        len(found),
        sum(bool(each.last and not each.problem) for each in found),
        sum(len(each.missing) for each in found),
        uncovered,
        any(each.problem for each in found),
    )


def bill_files_for(viewer: User) -> QuerySet[BillFile]:
    """Imported files with days of customers whose costs this person may see; all for the MSP."""
    files = BillFile.objects.select_related("imported_by")
    if sees_msp(viewer):
        return files
    seen = BillDay.objects.filter(customer__in=customers_for(viewer, Action.SEE_COSTS))
    return files.filter(pk__in=seen.values("file"))


def bills_all_of(viewer: User, file: BillFile) -> bool:
    """Whether every day of a file is a customer's whom this person bills."""
    if sees_msp(viewer, Action.BILL):
        return True
    own = customers_for(viewer, Action.BILL)
    return not file.days.exclude(customer__in=own).exists()


def comparisons_for(
    viewer: User, month: Month, tenants: Iterable[Tenant] | None = None
) -> list[Comparison]:
    """Tenants with calls or a bill in a month, of those whose costs this person may see."""
    seen = tenants_for(viewer, Action.SEE_COSTS).order_by("customer__name", "name", "pk")
    if tenants is not None:
        seen = seen.filter(pk__in=[tenant.pk for tenant in tenants])
    return comparisons(seen, month)


def comparisons(tenants: Iterable[Tenant], month: Month) -> list[Comparison]:
    """The same for these tenants; six queries, however many they are."""
    tenants = list(tenants)
    pks = [tenant.pk for tenant in tenants]
    meter, spans, billed = Meter(pks, month), _spans(pks, month), _billed(pks, month)
    rates = _rates(month)
    return [
        _comparison(tenant, month, meter, spans.get(tenant.pk, []), billed[tenant.pk], rates)
        for tenant in tenants
        if tenant.pk in spans or meter.used(tenant.pk)
    ]


def standing_of(tenants: QuerySet[Tenant] | list[Tenant], month: Month, now: datetime) -> Standing:
    """Whether figures of these tenants' month are an estimate; two queries.

    Where no bill was held against the month, its calls need not be counted.
    """
    kept = {row.tenant_id: row for row in _months(tenants, month)}
    used = usage_counts(tenants, month) if kept else {}
    wanted = sorted(kept.keys() | used.keys())
    return standing((_kept(kept.get(pk), used.get(pk, (0, 0))) for pk in wanted), now >= month.end)


def standings_by_customer(
    tenants: Iterable[Tenant], month: Month, now: datetime
) -> dict[int, Standing]:
    """The same of each customer (pk) of these tenants; two queries as well."""
    owners = {tenant.pk: tenant.customer_id for tenant in tenants}
    kept = {row.tenant_id: row for row in _months(list(owners), month)}
    used = usage_counts(list(owners), month)
    parts: dict[int, list[Kept | None]] = {customer: [] for customer in owners.values()}
    for pk in kept.keys() | used.keys():
        parts[owners[pk]].append(_kept(kept.get(pk), used.get(pk, (0, 0))))
    return {customer: standing(own, now >= month.end) for customer, own in parts.items()}


def usage_counts(
    tenants: QuerySet[Tenant] | list[Tenant] | list[int], month: Month
) -> dict[int, tuple[int, int]]:
    """All calls and uncertain ones of a month by tenant."""
    rows = MonthUsage.objects.filter(tenant__in=tenants, month=month.days[0])
    days = sum_of_days(month.days)
    lost = Sum(days, filter=Q(status=UNCERTAIN), default=0)
    counted = rows.values_list("tenant").annotate(total=Sum(days), lost=lost)
    return {pk: (total, lost) for pk, total, lost in counted.order_by() if total}


def foreign_days_for(viewer: User, month: Month) -> QuerySet[ForeignDay]:
    """Days with calls that did not come from us, of tenants whose costs this person may see."""
    seen = customers_for(viewer, Action.SEE_COSTS)
    days = ForeignDay.objects.filter(
        customer__in=seen, day__gte=month.days[0], day__lte=month.days[-1], calls__gt=0
    )
    return days.select_related("tenant")


def links() -> Links:
    """Where every tenant is billed, as onboarding knows it."""
    rows = Tenant.objects.values_list(
        "pk", "entra_id", "readiness__subscription_id", "readiness__resource_group"
    )
    return Links(Link(pk, entra, sub or "", group or "") for pk, entra, sub, group in rows)


def unassigned(month: Month) -> list[tuple[str, str, list[BillDay]]]:
    """Days of resources that no tenant is linked to, by resource and directory; newest file."""
    rows = BillDay.objects.filter(
        tenant=None, kind=ChargeKind.USAGE, day__gte=month.days[0], day__lte=month.days[-1]
    )
    found: dict[tuple[str, str], list[BillDay]] = defaultdict(list)
    for row in _newest(rows):
        found[row.resource_id, row.directory].append(row)
    return [(resource, directory, days) for (resource, directory), days in sorted(found.items())]


def without_group(viewer: User) -> QuerySet[Tenant]:
    """Tenants whose resource group nobody has entered yet."""
    seen = tenants_for(viewer, Action.SEE_TENANT)
    return seen.filter(
        Q(readiness=None) | Q(readiness__subscription_id="") | Q(readiness__resource_group="")
    ).order_by("name")


def _comparison(
    tenant: Tenant,
    month: Month,
    meter: Meter,
    spans: Spans,
    billed: list[BillDay],
    rates: Rates,
) -> Comparison:
    found = Comparison(tenant, month, *meter.counts(tenant.pk))
    found.missing = meter.billed_days(tenant)
    try:
        metered = list(meter.metered(tenant))
    except NoPrice as error:
        metered, found.problem = [], str(error) if spans else ""
    if spans:
        _compare(found, metered, spans, billed, rates)
    compared = {each.day for each in found.findings}
    for day in metered:
        if month.holds(day.day) and day.day not in compared and day.amount:
            had = found.uncovered.get(day.currency, Decimal(0))
            found.uncovered[day.currency] = exact_sum((had, day.amount))
    return found


def _compare(
    found: Comparison,
    metered: list[MeteredDay],
    spans: Spans,
    billed: list[BillDay],
    rates: Rates,
) -> None:
    """Hold the days that files cover against the bill."""
    tenant, month = found.tenant, found.month
    found.last = max(last for _, last in spans)
    found.unread = [
        UnreadDay(row.day, row.unread, row.file_id)
        for row in sorted(billed, key=lambda row: row.day)
        if row.unread is not None and month.holds(row.day)
    ]
    found.missing = [day for day in found.missing if not _covers(spans, day)]
    if found.problem:
        return
    try:
        ours = [day for day in metered if _covers(spans, day.day)]
        theirs, _ = billed_days(map(_imported, billed), {str(tenant.pk): tenant.name})
        whole = reconcile(ours, theirs, (window(month)[0], found.last), rates)
    except ReconciliationError as error:
        found.problem = str(error)
    else:
        found.findings = [each for each in whole if month.holds(each.day)]


def _covers(spans: Spans, day: date) -> bool:
    return any(first <= day <= last for first, last in spans)


def _spans(pks: list[int], month: Month) -> dict[int, Spans]:
    """Which days are covered by files that name a resource of a tenant, until the next ones."""
    first, last = window(month)
    rows = BillDay.objects.filter(
        tenant__in=pks,
        kind=ChargeKind.USAGE,
        file__last_day__gte=first,
        file__first_day__lte=last + timedelta(days=LATE_DAYS),
    )
    spans: dict[int, Spans] = defaultdict(list)
    found = rows.order_by().values_list("tenant", "file__first_day", "file__last_day")
    for pk, begins, ends in found.distinct():
        spans[pk].append((begins, ends))
    return spans


def _billed(pks: list[int], month: Month) -> dict[int, list[BillDay]]:
    first, last = window(month)
    rows = BillDay.objects.filter(
        tenant__in=pks, kind=ChargeKind.USAGE, day__gte=first, day__lte=last
    )
    found: dict[int, list[BillDay]] = defaultdict(list)
    for row in _newest(rows):
        found[row.tenant_id or 0].append(row)
    return found


def _newest(rows: QuerySet[BillDay]) -> Iterator[BillDay]:
    """Of each day and resource the rows of the file that was imported last."""
    kept: dict[tuple[date, str], list[BillDay]] = {}
    for row in rows.order_by("file_id", "pk"):
        # Rows of one resource may name its directory in one file and not in another.
        key = (row.day, row.resource_id or row.directory)
        had = kept.get(key)
        if had is None or had[0].file_id != row.file_id:
            kept[key] = [row]
        else:
            had.append(row)
    for each in kept.values():
        yield from each


def _imported(row: BillDay) -> ImportedDay:
    """A kept day, under its tenant's key in place of the resource's."""
    return ImportedDay(
        row.day,
        str(row.tenant_id),
        row.directory,
        ChargeKind(row.kind),
        row.currency,
        row.quantity,
        row.cost,
        row.rows,
        row.price,
        row.quantity_slack,
        row.cost_slack,
        row.unread,
    )


def _rates(month: Month) -> Rates:
    """Every rate entered, as it holds in a month."""
    known = [rate for rate in known_rates() if rate.day <= month.days[-1]]
    pairs = {(rate.base, rate.quote) for rate in known}
    return {pair: rate_for(known, *pair, month) for pair in pairs}


def _months(
    pks: QuerySet[Tenant] | list[Tenant] | list[int], month: Month
) -> QuerySet[ReconciledMonth]:
    return ReconciledMonth.objects.filter(tenant__in=pks, month=month.days[0])


def _kept(row: ReconciledMonth | None, counts: tuple[int, int]) -> Kept | None:
    if row is None:
        return None
    holds = not row.stale and (row.calls, row.uncertain) == counts
    found = Verdict(row.through, row.missing, row.waiting, row.differing)
    return Kept(found, holds, row.settled_at)
