"""Azure's bill: importing it, and each month held against it by tenant and day."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.messages import SUCCESS, WARNING
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.views.decorators.http import require_POST

from billing.domain.azure_costs import ChargeKind
from billing.domain.azure_files import AmbiguousExport, CostFileError, DisprovedHint
from billing.domain.bills import CAUSES, OPEN, Sums, Words, exact_sum, sums
from billing.domain.reconciliation import Finding, Share
from billing.exports import write_findings
from billing.forms.bills import BillForm
from billing.models import BillDay, BillFile
from billing.selectors.bills import (
    Comparison,
    bill_files_for,
    bills_all_of,
    comparisons_for,
    coverage,
    foreign_days_for,
    unassigned,
    without_group,
)
from billing.selectors.budgets import sees_msp
from billing.services.bills import ImportRefused, import_bill, remove_bill
from billing.views.costs import later_than, month_asked
from billing.views.lists import download
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import customers_for, tenants_for

_PAGE = 50
_SHOWN = (("open", "Something to look at"), ("settled", "Settled"))


@dataclass(frozen=True, slots=True)
class Part:
    """A cause's share of some days, in words; `open`: somebody has to look at it."""

    words: Words
    currency: str
    share: Share
    open: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A tenant's month in the list."""

    comparison: Comparison
    sums: Sums

    @property
    def state(self) -> tuple[str, str, str]:
        """Label, tone and icon: what is open, the worst first."""
        found = self.comparison.verdict
        if self.comparison.problem:
            return "cannot be compared", "danger", "alert"
        if found is None:
            return "no file covers it", "neutral", "file"
        if found.differing:
            return f"{_days(found.differing)} to look at", "danger", "alert"
        if found.missing:
            return f"{_days(found.missing)} in no file", "warning", "file"
        if found.waiting:
            return f"{_days(found.waiting)} may still come", "info", "clock"
        return "settled", "success", "check-circle"

    @property
    def parts(self) -> list[Part]:
        """Shares by cause."""
        return _parts(self.sums)


@allowed(Action.SEE_COSTS)
def reconciliation(request: PortalRequest) -> HttpResponse:
    """A month by tenant: metered, charged, and why they differ."""
    month, asked = month_asked(request), request.GET.get("q", "").strip()
    found = comparisons_for(request.user, month)
    rows = [Row(each, sums(each.findings)) for each in found]
    total = sums(finding for row in rows for finding in row.comparison.findings)
    show = request.GET.get("show", "")
    shown = [row for row in rows if _asked(row, asked.casefold(), show)]
    context: dict[str, Any] = {
        "month": month,
        "later": later_than(month),
        "page": Paginator(shown, _PAGE).get_page(request.GET.get("page")),
        "asked": asked,
        "show": show if show in dict(_SHOWN) else "",
        "choices": _SHOWN,
        "total": total,
        "parts": _parts(total),
        "coverage": coverage(found),
        "foreign": foreign_days_for(request.user, month),
    }
    if sees_msp(request.user):
        context |= {"unassigned": _unassigned(month), "without": without_group(request.user)[:12]}
    return render(request, "billing/reconciliation.html", context)


@allowed(Action.SEE_COSTS)
def reconciliation_tenant(request: PortalRequest, slug: str) -> HttpResponse:
    """A tenant's days: both sides, and each cause with its share."""
    tenant = visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)
    month = month_asked(request)
    found = comparisons_for(request.user, month, [tenant])
    comparison = found[0] if found else Comparison(tenant, month)
    row = Row(comparison, sums(comparison.findings))
    context = {
        "tenant": tenant,
        "month": month,
        "later": later_than(month),
        "row": row,
        "total": row.sums,
        "parts": row.parts,
        "coverage": coverage(found),
        "days": [(each, _shares(each)) for each in comparison.findings],
        "files": bill_files_for(request.user)
        .filter(days__tenant=tenant, first_day__lte=month.days[-1], last_day__gte=month.days[0])
        .distinct(),
    }
    return render(request, "billing/reconciliation_tenant.html", context)


@allowed(Action.SEE_COSTS)
def reconciliation_csv(request: PortalRequest) -> HttpResponseBase:
    """A month's days with every cause's share; `tenant` narrows."""
    month, slug = month_asked(request), request.GET.get("tenant", "")
    tenants = None
    if slug:
        tenants = [visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)]
    found = comparisons_for(request.user, month, tenants)
    name = "-".join(filter(None, ("reconciliation", slug, str(month))))
    rows = ((each.tenant, day) for each in found for day in each.findings)
    return download(f"{name}.csv", "text/csv; charset=utf-8", partial(write_findings, rows))


@allowed(Action.SEE_COSTS, post=Action.BILL)
def bill_list(request: PortalRequest) -> HttpResponse:
    """Imported files, and importing another."""
    form = BillForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = _import(request, form)
        if file is not None:
            rows = f"{file.rows:,} row{pluralize(file.rows)}"
            told = " ".join((f"Imported: {file.days_words}, {rows}.", *file.gaps))
            messages.add_message(request, WARNING if file.gaps else SUCCESS, told)
            return redirect("bill_detail", pk=file.pk)
    page = Paginator(bill_files_for(request.user), _PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "msp": sees_msp(request.user)}
    return render(request, "billing/bill_list.html", context)


@allowed(Action.SEE_COSTS)
def bill_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """What a file held: charges by kind, and for the MSP what was left out."""
    file = visible(bill_files_for(request.user), pk=pk)
    msp = sees_msp(request.user)
    days = file.days.order_by("day")
    if not msp:
        days = days.filter(customer__in=customers_for(request.user, Action.SEE_COSTS))
    context = {
        "file": file,
        "msp": msp,
        "kinds": _kinds(days),
        "left_out": [{**row, "costs": _read(row["costs"])} for row in file.left_out],
        "removable": bills_all_of(request.user, file),
        "month": f"{file.first_day:%Y-%m}",
    }
    return render(request, "billing/bill_detail.html", context)


@require_POST
@allowed(Action.BILL)
def bill_remove(request: PortalRequest, pk: int) -> HttpResponse:
    """Take an import back."""
    file = visible(bill_files_for(request.user), pk=pk)
    try:
        remove_bill(file=file, by=request.user)
    except ImportRefused as error:
        messages.error(request, str(error))
        return redirect("bill_detail", pk=pk)
    messages.success(request, "The import is taken back; older files count again for its days.")
    return redirect("bill_list")


def _import(request: PortalRequest, form: BillForm) -> BillFile | None:
    """The imported file; None with the reason at the field that it is about."""
    upload = form.cleaned_data["file"]
    try:
        return import_bill(
            source=upload.file,
            name=upload.name or "",
            hints=form.hints,
            covers=form.covers,
            by=request.user,
        )
    except AmbiguousExport as error:
        again = "Say it here and choose the file once more."
        form.add_error(error.hint, f"{error} {again}")
    except ImportRefused as error:
        form.add_error(error.field, str(error))
    except DisprovedHint as error:
        form.add_error(error.hint, str(error))
    except CostFileError as error:
        form.add_error("file", str(error))
    return None


def _asked(row: Row, text: str, show: str) -> bool:
    tenant = row.comparison.tenant
    named = text in f"{tenant.customer} {tenant}".casefold()
    settled = row.state[0] == "settled"
    return named and (show not in dict(_SHOWN) or settled == (show == "settled"))


def _parts(total: Sums) -> list[Part]:
    return [
        Part(CAUSES[cause], currency, share, cause in OPEN)
        for (currency, cause), share in total.causes.items()
    ]


def _shares(found: Finding) -> list[Part]:
    return [
        Part(CAUSES[cause], found.currency, share, cause in OPEN)
        for cause, share in found.shares.items()
    ]


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _unassigned(month: Any) -> list[dict[str, Any]]:
    return [
        {
            "resource": resource,
            "directory": directory,
            "first": days[0].day,
            "last": days[-1].day,
            "calls": exact_sum(day.quantity for day in days),
            "amounts": _amounts(days),
        }
        for resource, directory, days in unassigned(month)
    ]


def _kinds(days: QuerySet[BillDay]) -> list[dict[str, Any]]:
    """Charges of each kind: usage first, what stands apart after it."""
    kept: dict[str, list[BillDay]] = {}
    for day in days.iterator(2000):
        kept.setdefault(day.kind, []).append(day)
    return [
        {
            "kind": kind,
            "rows": sum(day.rows for day in kept[kind]),
            "calls": exact_sum(day.quantity for day in kept[kind]),
            "amounts": _amounts(kept[kind]),
            "unassigned": len({d.resource_id for d in kept[kind] if d.tenant_id is None}),
        }
        for kind in ChargeKind
        if kind in kept
    ]


def _read(costs: dict[str, str]) -> dict[str, Decimal]:
    return {currency: Decimal(cost) for currency, cost in costs.items()}


def _amounts(days: list[BillDay]) -> dict[str, Decimal]:
    return {
        currency: exact_sum(day.cost for day in days if day.currency == currency)
        for currency in sorted({day.currency for day in days if day.unread is None})
    }
