"""Calls and cost of a month: all customers, one of them, as CSV."""

from datetime import date
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing import selectors
from billing.charts import COLOURS, Chart, stacked_bars
from billing.domain.focus import Issuer
from billing.domain.periods import Month, month_of, parse_month, start_of
from billing.domain.pricing import Cost
from billing.exports import FORMATS, write_days, write_focus
from billing.labels import target_of
from billing.selectors import DayCost
from billing.selectors.overview import (
    SORTS,
    CustomerMonth,
    add_days,
    calls_of,
    customer_months,
    day_jobs,
    sorted_by,
    tenant_days,
    total_days,
)
from billing.selectors.rows import focus_charges, usage_rows
from billing.selectors.watching import expected_of, unusual_hours_for
from billing.views.files import file_of
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Customer
from tenants.selectors import customers_for, tenants_for

_PAGE, _TOLD = 50, 5
_SORTS = (("cost", "Cost"), ("change", "Change"), ("calls", "Billable calls"), ("name", "Name"))


def month_asked(request: PortalRequest) -> Month:
    """The month of the query (`YYYY-MM`), the current one without it; 404 when it is none."""
    text = request.GET.get("month", "")
    return parsed_month(text) if text else month_of(timezone.now())


def parsed_month(text: str) -> Month:
    """A month of an address (`YYYY-MM`); 404 when it is none."""
    try:
        return parse_month(text)
    except ValueError as error:
        raise Http404("No such month.") from error


def day_asked(text: str) -> date:
    """A UTC day (`YYYY-MM-DD`); 404 when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404("No such day.") from error


def later_than(month: Month) -> Month | None:
    """The month after, if it has begun."""
    return month.next() if month < month_of(timezone.now()) else None


@allowed(Action.SEE_COSTS)
def cost_overview(request: PortalRequest) -> HttpResponse:
    """Calls and cost of a month by customer: filtered, sorted, with a chart of its days."""
    month, asked = month_asked(request), request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "")
    book = selectors.price_book()
    rows = customer_months(request.user, month, timezone.now(), book)
    total = sum((row.cost for row in rows), Cost())
    shown = [row for row in rows if asked.casefold() in row.name]
    page = Paginator(sorted_by(shown, sort), _PAGE).get_page(request.GET.get("page"))
    most = sorted_by(rows, "calls")[: COLOURS - 1]
    add_days([*page, *most], month, book)
    chart = _month_chart(most, month, total_days(request.user, month, book))
    context = {
        "month": month,
        "later": later_than(month),
        "page": page,
        "asked": asked,
        "sort": sort if sort in SORTS else "cost",
        "sorts": _SORTS,
        "total": total,
        "chart": chart,
        "formats": FORMATS,
        "unusual": unusual_hours_for(request.user, month.start).filter(hour__lt=month.end)[:_TOLD],
    }
    return render(request, "billing/cost_overview.html", context)


@allowed(Action.SEE_COSTS)
def cost_tenant(request: PortalRequest, slug: str) -> HttpResponse:
    """One tenant's month: by day, by purpose."""
    tenant = visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)
    month = month_asked(request)
    context = {
        "tenant": tenant,
        "month": month,
        "later": later_than(month),
        "total": selectors.costs_of([tenant], month)[0].cost,
        "purposes": selectors.purpose_costs(tenant, month),
        "days": tenant_days(tenant, month),
    }
    return render(request, "billing/cost_tenant.html", context)


@allowed(Action.SEE_COSTS)
def cost_day(request: PortalRequest, slug: str, day: str) -> HttpResponse:
    """What made the calls of a tenant's UTC day, and the calls themselves while they are kept."""
    tenant = visible(tenants_for(request.user, Action.SEE_COSTS), slug=slug)
    date = day_asked(day)
    job = request.GET.get("job")
    calls = Paginator(calls_of(tenant, date, job), _PAGE).get_page(request.GET.get("page"))
    context = {
        "tenant": tenant,
        "day": date,
        "month": month_of(start_of(date)),
        "jobs": [(target_of(row.job), row) for row in day_jobs(tenant, date)],
        "chosen": target_of(job).words if job is not None else "",
        "page": calls,
        "kept_days": settings.CALL_RETENTION_DAYS,
    }
    return render(request, "billing/cost_day.html", context)


@allowed(Action.SEE_COSTS)
def cost_csv(request: PortalRequest) -> HttpResponse:
    """The month's days as CSV."""
    month = month_asked(request)
    headers = {"Content-Disposition": f'attachment; filename="scim-costs-{month}.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    write_days(selectors.day_costs(request.user, month), response)
    return response


@allowed(Action.SEE_COSTS)
def cost_file(request: PortalRequest, ending: str) -> FileResponse:
    """A month by day, tenant and purpose as CSV, XLSX, JSON or JSON lines; `customer` narrows."""
    month, customer = month_asked(request), _customer_asked(request)
    kind = FORMATS.get(ending)
    if kind is None:
        raise Http404("No such file.")
    rows = usage_rows(request.user, month, customer)
    name = f"scim-usage-{month}.{kind.extension}"
    return file_of(name, kind.content_type, partial(kind.write, rows))


@allowed(Action.SEE_COSTS)
def cost_focus(request: PortalRequest) -> FileResponse:
    """A month's billable calls as FOCUS 1.2; `customer` narrows."""
    month, customer = month_asked(request), _customer_asked(request)
    charges = focus_charges(request.user, month, customer)
    write = partial(write_focus, charges, Issuer(settings.FOCUS_ISSUER))
    return file_of(f"focus-{month}.csv", "text/csv; charset=utf-8", write)


def _customer_asked(request: PortalRequest) -> Customer | None:
    slug = request.GET.get("customer", "")
    if not slug:
        return None
    return visible(customers_for(request.user, Action.SEE_COSTS), slug=slug)


@allowed(Action.SEE_COSTS)
def cost_customer(request: PortalRequest, slug: str) -> HttpResponse:
    """One customer's month: tenants, purposes, days."""
    customer = visible(customers_for(request.user, Action.SEE_COSTS), slug=slug)
    month = month_asked(request)
    tenants = selectors.costs_of(customer.tenants.select_related("customer"), month)
    purposes = selectors.purposes_of([row.tenant for row in tenants], month)
    now = timezone.now()
    runs = month == month_of(now)
    context = {
        "formats": FORMATS,
        "expected": expected_of([row.tenant for row in tenants], month, now) if runs else None,
        "customer": customer,
        "month": month,
        "later": later_than(month),
        "tenants": [(row, purposes[row.tenant.pk]) for row in tenants],
        "chart": _chart(selectors.day_costs(request.user, month, customer), month),
        "total": sum((row.cost for row in tenants), Cost()),
    }
    return render(request, "billing/cost_customer.html", context)


def _month_chart(most: list[CustomerMonth], month: Month, whole: list[int]) -> Chart | None:
    """Billable calls by day of the customers with most of them, and of the others together."""
    rest = CustomerMonth(Customer(name="Others"))
    rest.days = [all_ - sum(row.days[at] for row in most) for at, all_ in enumerate(whole)]
    series = [
        (row.customer.name, [Decimal(number) for number in row.days])
        for row in [*sorted(most, key=lambda row: row.name), rest]
        if any(row.days)
    ]
    labels = [str(day.day) for day in month.days]
    return stacked_bars(labels, series, 960, 260) if series else None


def _chart(days: list[DayCost], month: Month) -> Chart | None:
    """Billable calls per day, stacked by customer; None for a month without any."""
    position = {day: number for number, day in enumerate(month.days)}
    series: dict[str, list[Decimal]] = {}
    for entry in days:
        values = series.setdefault(entry.customer.name, [Decimal(0)] * len(position))
        values[position[entry.day]] += entry.cost.billable
    if not any(any(values) for values in series.values()):
        return None
    labels = [str(day.day) for day in month.days]
    return stacked_bars(labels, _few(series), 960, 260)


def _few(series: dict[str, list[Decimal]]) -> list[tuple[str, list[Decimal]]]:
    """As many series as there are colours: the largest, and the others summed up."""
    if len(series) <= COLOURS:
        return list(series.items())
    ranked = sorted(series, key=lambda name: -sum(series[name]))
    kept, rest = sorted(ranked[: COLOURS - 1]), ranked[COLOURS - 1 :]
    others = [
        sum(values, Decimal(0)) for values in zip(*(series[name] for name in rest), strict=True)
    ]
    return [*((name, series[name]) for name in kept), ("Others", others)]
