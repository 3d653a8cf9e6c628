"""Importing Azure's bill, giving its days to tenants, and keeping how far months agree with it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone

from billing.domain.azure_costs import CostImport, ImportedDay, Reason, read_costs
from billing.domain.azure_survey import Hints
from billing.domain.bills import Links, plain_day, wrong_span
from billing.domain.periods import Month, month_of, start_of
from billing.domain.reconciliation import Cause
from billing.models import BillDay, BillFile, ForeignDay, MonthUsage, ReconciledMonth
from billing.selectors.bills import (
    Comparison,
    bills_all_of,
    comparisons,
    links,
    usage_counts,
)
from tenants.models import Tenant, User
from tenants.row_security import everything
from tenants.services import record
from tenants.services.notices import tell

_BATCH = 2_000
_DAY = timedelta(days=1)
# How far a day of a file may lie in the future: clocks differ.
_AHEAD = timedelta(days=2)
# Uncertain calls are resolved, and late answers counted, within this time.
_WATCHED = timedelta(days=100)
Span = tuple[date | None, date | None]
_Months = dict[Month, set[int]]


class ImportRefused(Exception):
    """A file is not imported; str() says why and what to do, `field` where it was asked."""

    def __init__(self, message: str, field: str = "file") -> None:
        super().__init__(message)
        self.field = field


def import_bill(
    *, source: BinaryIO, name: str, hints: Hints, by: User, covers: Span = (None, None)
) -> BillFile:
    """Read a cost export and keep its days, matched to tenants; what months say is judged anew.

    `covers`: the days that were exported, where the first or last of them are without charges.
    Raises CostFileError for a file that cannot be read, ImportRefused for one that is known, that
    has nothing about the API, or that holds days of customers whom the person does not bill.
    """
    until = timezone.now().date() + _AHEAD
    found = read_costs(source, hints, settings.BILL_MAX_BYTES, until)
    span = _span(found, covers)
    with everything(), transaction.atomic():
        file, new = BillFile.objects.get_or_create(
            content_hash=found.content_hash,
            defaults={
                "file_name": name[:200].replace("\0", ""),
                "variant": found.variant,
                "rows": found.rows,
                "first_day": span[0],
                "last_day": span[1],
                "left_out": _left_out(found),
                "gaps": found.gaps,
                "hints": {key: value for key, value in asdict(hints).items() if value is not None},
                "imported_at": timezone.now(),
                "imported_by": by,
            },
        )
        if not new:
            whom = file.imported_by or "somebody who is gone"
            raise ImportRefused(
                f"This file was imported on {plain_day(file.imported_at)} at"
                f" {file.imported_at:%H:%M} UTC by {whom};"
                " nothing was changed. Azure's newer figures are in a newer export."
            )
        _keep_days(file, (*found.days, *found.unread_days), links())
        if not bills_all_of(by, file):
            raise ImportRefused(
                "The file holds resources that belong to none of the customers you bill. Export"
                " only the resource groups of yours, or ask somebody who bills all customers."
            )
        record(
            "bill.imported",
            by=by,
            customer=None,
            subject=file,
            variant=file.variant,
            days=f"{file.first_day} to {file.last_day}",
            rows=file.rows,
            sha256=file.content_hash,
        )
        _judge_months(_touched(file))
    return file


def remove_bill(*, file: BillFile, by: User) -> None:
    """Take an import back; what an older file says of its days counts again.

    Raises ImportRefused for a file with days of customers whom the person does not bill.
    """
    if not bills_all_of(by, file):
        raise ImportRefused("The file holds days of customers whom you do not bill.")
    with everything(), transaction.atomic():
        touched = _touched(file)
        record("bill.removed", by=by, customer=None, subject=file, sha256=file.content_hash)
        file.delete()
        _judge_months(touched)


def match_bills(*, by: User | None, again: bool = False) -> int:
    """Give the days of unlinked resources to the tenants that are linked now; how many resources.

    `again`: also those of resources that another tenant is linked to now. One that is linked to
    nobody any more stays where it was, because its past days were that tenant's.
    """
    with everything(), transaction.atomic():
        rows = BillDay.objects.all() if again else BillDay.objects.filter(tenant=None)
        known = links()
        tenants = Tenant.objects.select_related("customer").in_bulk()
        touched: _Months = defaultdict(set)
        moved = 0
        keys = rows.order_by().values_list("resource_id", "directory", "tenant").distinct()
        for resource, directory, before in list(keys):
            pk = known.tenant_of(resource, directory)
            if pk is None or pk == before:
                continue
            own = rows.filter(resource_id=resource, directory=directory, tenant=before)
            for day in own.order_by().values_list("day", flat=True).distinct():
                touched[month_of(start_of(day))] |= {pk, before or pk}
            own.update(tenant=pk, customer=tenants[pk].customer_id)
            record(
                "bill.matched",
                by=by,
                customer=tenants[pk].customer,
                subject=tenants[pk],
                resource=resource or directory,
            )
            moved += 1
        _judge_months(touched)
    return moved


def watch_bills(now: datetime) -> int:
    """Match new links, and judge ended months again whose counts, price or rate have changed."""
    match_bills(by=None)
    judged = 0
    since = month_of(now - _WATCHED).start.date()
    rows = ReconciledMonth.objects.filter(month__gte=since) | ReconciledMonth.objects.filter(
        stale=True
    )
    by_month: dict[date, list[ReconciledMonth]] = defaultdict(list)
    for row in rows:
        by_month[row.month].append(row)
    for first, kept in by_month.items():
        month = Month(first.year, first.month)
        used = usage_counts([row.tenant_id for row in kept], month)
        changed = {
            row.tenant_id
            for row in kept
            if row.stale or (row.calls, row.uncertain) != used.get(row.tenant_id, (0, 0))
        }
        # The running month's counts always change; it is judged when a file comes.
        if changed and (month.end <= now or any(row.stale for row in kept)):
            judge({month: changed})
            judged += len(changed)
    return judged


@transaction.atomic
def judge(months: _Months) -> None:
    """Hold these tenants' months against the bill and keep the outcome; tells of foreign calls."""
    for month, pks in sorted(months.items()):
        tenants = Tenant.objects.filter(pk__in=pks).select_related("customer").order_by("pk")
        found = comparisons(tenants, month)
        _keep_months(found, month, pks)
        _keep_foreign(found, month, pks)


def mark_stale(since: date) -> None:
    """A price or a rate holds from a day on: what months from then on say is looked at again."""
    with everything():
        ReconciledMonth.objects.filter(month__gte=since.replace(day=1)).update(stale=True)


def _span(found: CostImport, covers: Span) -> tuple[date, date]:
    """The days that a file covers."""
    days = found.covered
    if days is None and found.gaps:
        raise ImportRefused(
            f"{' '.join(found.gaps)} Nothing else is about the API: export these days once more."
        )
    if days is None:
        others = found.left_out.get(Reason.OTHER_SERVICE)
        more = f" {others.rows:,} rows are about other services." if others else ""
        raise ImportRefused(
            "The file has no usage of Microsoft Entra's SCIM API."
            f"{more} Export the subscription or resource group that is linked to the API, for days"
            " on which calls were made."
        )
    first, last = covers[0] or days[0], covers[1] or days[1]
    wrong = wrong_span(first, last) if any(covers) and first <= days[0] else ""
    if wrong:
        raise ImportRefused(wrong, "first_day" if covers[0] else "last_day")
    if first > days[0] or last < days[1]:
        raise ImportRefused(
            f"The file holds days from {plain_day(days[0])} to {plain_day(days[1])}; the days that"
            " it covers must include them.",
            "first_day" if first > days[0] else "last_day",
        )
    return first, last


def _left_out(found: CostImport) -> list[dict[str, Any]]:
    return [
        {
            "reason": reason.value,
            "rows": out.rows,
            "lines": out.lines,
            "costs": {code or "?": f"{cost:f}" for code, cost in sorted(out.costs.items())},
        }
        for reason, out in found.left_out.items()
    ]


def _keep_days(file: BillFile, days: Iterable[ImportedDay], known: Links) -> None:
    customers = dict(Tenant.objects.values_list("pk", "customer_id"))
    rows = []
    for day in days:
        tenant = known.tenant_of(day.resource_id, day.tenant)
        rows.append(
            BillDay(
                customer_id=customers[tenant] if tenant else None,
                tenant_id=tenant,
                file=file,
                day=day.day,
                resource_id=day.resource_id.replace("\0", ""),
                directory=day.tenant,
                kind=day.kind.value,
                currency=day.currency,
                quantity=day.quantity,
                cost=day.cost,
                rows=day.rows,
                price=day.price,
                quantity_slack=day.quantity_slack,
                cost_slack=day.cost_slack,
                unread=day.unread,
            )
        )
    BillDay.objects.bulk_create(rows, batch_size=_BATCH)


def _touched(file: BillFile) -> _Months:
    """Tenants of a file in its months, and in the one before, whose last days it may settle.

    Only months with usage, with imported days, or with a verdict: the others say nothing.
    """
    pks = set(file.days.exclude(tenant=None).order_by().values_list("tenant", flat=True))
    first = month_of(start_of(file.first_day)).previous().days[0]
    within = {"tenant__in": pks, "month__gte": first, "month__lte": file.last_day}
    days = BillDay.objects.filter(tenant__in=pks, day__gte=first, day__lte=file.last_day)
    touched: _Months = defaultdict(set)
    for rows in (
        MonthUsage.objects.filter(**within).values_list("tenant", "month"),
        ReconciledMonth.objects.filter(**within).values_list("tenant", "month"),
        days.values_list("tenant", TruncMonth("day")),
    ):
        for pk, month in rows.order_by().distinct():
            touched[month_of(start_of(month))].add(pk)
    return touched


def _judge_months(touched: _Months) -> None:
    judge({month: pks for month, pks in touched.items() if pks})


def _keep_months(found: list[Comparison], month: Month, pks: set[int]) -> None:
    kept = ReconciledMonth.objects.filter(tenant__in=pks, month=month.days[0])
    settled = dict(kept.values_list("tenant_id", "settled_at"))
    compared = [each for each in found if each.last is not None]
    kept.exclude(tenant__in=[each.tenant.pk for each in compared]).delete()
    rows = [_kept(each, settled.get(each.tenant.pk)) for each in compared]
    fields = [f.name for f in ReconciledMonth._meta.concrete_fields if not f.primary_key]
    ReconciledMonth.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["tenant", "month"],
        update_fields=[name for name in fields if name not in ("tenant", "month")],
    )


def _kept(found: Comparison, settled_at: datetime | None) -> ReconciledMonth:
    verdict = found.verdict
    row = ReconciledMonth(
        customer_id=found.tenant.customer_id,
        tenant=found.tenant,
        month=found.month.days[0],
        missing=verdict.missing if verdict else len(found.missing),
        waiting=verdict.waiting if verdict else 0,
        differing=verdict.differing if verdict else 0,
        through=verdict.through if verdict else None,
        problem=found.problem[:300],
        calls=found.calls,
        uncertain=found.uncertain,
    )
    if verdict and not (verdict.missing or verdict.waiting or verdict.differing):
        row.settled_at = settled_at or timezone.now()
    return row


def _keep_foreign(found: list[Comparison], month: Month, pks: set[int]) -> None:
    days = ForeignDay.objects.filter(
        tenant__in=pks, day__gte=month.days[0], day__lte=month.days[-1]
    )
    known = {(row.tenant_id, row.day): row for row in days}
    unknown = {each.tenant.pk for each in found if each.problem}
    known = {key: row for key, row in known.items() if key[0] not in unknown}
    for each in found:
        new = []
        for finding in each.findings:
            calls = int(finding.shares[Cause.FOREIGN].calls) if finding.alert else 0
            row = known.pop((each.tenant.pk, finding.day), None)
            if row is None and calls:
                new.append(_foreign(each, finding.day, calls))
            elif row is not None and row.calls != calls:
                row.calls = calls
                row.save(update_fields=["calls"])
        if any(new):
            _tell(each, [row for row in new if row])
    # Days that no file speaks of any more.
    ForeignDay.objects.filter(pk__in=[row.pk for row in known.values()]).update(calls=0)


def _foreign(found: Comparison, day: date, calls: int) -> ForeignDay | None:
    """The new row of a day; None if somebody else has just told of it."""
    row, new = ForeignDay.objects.get_or_create(
        tenant=found.tenant,
        day=day,
        defaults={"customer_id": found.tenant.customer_id, "calls": calls},
    )
    return row if new else None


def _tell(found: Comparison, days: list[ForeignDay]) -> None:
    """One message for the days of a tenant that were not told of before."""
    tenant = found.tenant
    named = ", ".join(f"{row.day}" for row in days[:5])
    more = f" and {len(days) - 5} more" if len(days) > 5 else ""
    facts = {"calls": sum(row.calls for row in days), "days": f"{named}{more}"}
    link = reverse("reconciliation_tenant", kwargs={"slug": tenant.slug})
    record("bill.foreign", by=None, customer=tenant.customer, subject=tenant, **facts)
    tell(
        "bill.foreign",
        customer=tenant.customer,
        subject=tenant,
        link=f"{link}?month={found.month}",
        **facts,
    )
