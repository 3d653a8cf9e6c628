"""Calls and cost of a month: all customers, one of them, as CSV."""

from decimal import Decimal

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing import selectors
from billing.charts import COLOURS, Chart, stacked_bars
from billing.domain.periods import Month, month_of, parse_month
from billing.domain.pricing import Cost
from billing.exports import write_days
from billing.selectors import DayCost
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import customers_for


def month_asked(request: PortalRequest) -> Month:
    """The month of the query (`YYYY-MM`), the current one without it; 404 when it is none."""
    text = request.GET.get("month", "")
    if not text:
        return month_of(timezone.now())
    try:
        return parse_month(text)
    except ValueError as error:
        raise Http404("No such month.") from error


def later_than(month: Month) -> Month | None:
    """The month after, if it has begun."""
    return month.next() if month < month_of(timezone.now()) else None


@allowed(Action.SEE_COSTS)
def cost_overview(request: PortalRequest) -> HttpResponse:
    """Calls and cost of a month by customer, with a chart of its days."""
    month = month_asked(request)
    rows = selectors.month_costs(request.user, month)
    context = {
        "month": month,
        "later": later_than(month),
        "rows": rows,
        "total": sum((row.cost for row in rows), Cost()),
        "chart": _chart(selectors.day_costs(request.user, month), month),
    }
    return render(request, "billing/cost_overview.html", context)


@allowed(Action.SEE_COSTS)
def cost_csv(request: PortalRequest) -> HttpResponse:
    """The month's days as CSV."""
    month = month_asked(request)
    headers = {"Content-Disposition": f'attachment; filename="scim-costs-{month}.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    write_days(selectors.day_costs(request.user, month), response)
    return response


@allowed(Action.SEE_COSTS)
def cost_customer(request: PortalRequest, slug: str) -> HttpResponse:
    """One customer's month: tenants, purposes, days."""
    customer = visible(customers_for(request.user, Action.SEE_COSTS), slug=slug)
    month = month_asked(request)
    tenants = selectors.costs_of(customer.tenants.select_related("customer"), month)
    context = {
        "customer": customer,
        "month": month,
        "later": later_than(month),
        "tenants": [(row, selectors.purpose_costs(row.tenant, month)) for row in tenants],
        "chart": _chart(selectors.day_costs(request.user, month, customer), month),
        "total": sum((row.cost for row in tenants), Cost()),
    }
    return render(request, "billing/cost_customer.html", context)


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
