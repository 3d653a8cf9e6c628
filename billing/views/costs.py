"""Calls and cost of a month: all customers, one of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from billing import selectors
from billing.charts import COLOURS, Chart, stacked_bars
from billing.domain.periods import Month, month_of, parse_day, parse_month
from billing.domain.pricing import Cost
from billing.domain.tables import Value
from billing.exports import FORMATS
from billing.selectors import DayCost, TenantCost
from billing.selectors.bills import foreign_days_for, standing_of
from billing.selectors.headings import headings_for
from billing.selectors.overview import CustomerMonth, add_days, customer_months, total_days
from billing.selectors.watching import expected_of, unusual_hours_for
from billing.views.cost_lists import (
    DAYS,
    PURPOSES,
    TENANTS,
    CostList,
    CostRow,
    day_row,
    purpose_row,
)
from billing.views.lists import COST_COLUMNS, Listing, Order, cost_lines, file_of, largest
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Customer
from tenants.selectors import customers_for, tenants_for

_PAGE, _TOLD = 25, 5  # rows are four lines high: 25 are two screens


def _budget_used(row: CustomerMonth) -> Decimal:
    course = row.heading.against_budget
    return max(course.percent, course.expected_percent) if course else Decimal(-1)


def _lines(row: CustomerMonth) -> list[list[Value]]:
    """One line a currency; forecast and budget stand in the line of theirs, else in the first."""
    lines = cost_lines(row.customer.name, cost=row.cost)
    codes = [line[-2] for line in lines]
    courses = {
        codes.index(each.currency) if each.currency in codes else 0: each
        for each in row.heading.courses
    }
    for at, line in enumerate(lines):
        line.append(row.change if at == 0 else 0)
        each = courses.get(at)
        if each is None:
            line.extend(["", None, None, None, None])
        else:
            line.extend([each.currency, each.low, each.expected, each.high, each.amount])
    return lines


CUSTOMERS: Listing[CustomerMonth] = Listing(
    "customers",
    (
        "customer",
        *COST_COLUMNS,
        "change",
        "expected_currency",
        "expected_low",
        "expected",
        "expected_high",
        "budget",
    ),
    _lines,
    {
        "cost": Order("Cost", lambda row: largest(row.cost), down=True),
        "change": Order("Change", lambda row: abs(row.change), down=True),
        "calls": Order("Billable calls", lambda row: row.cost.billable, down=True),
        "budget": Order("Budget used", _budget_used, down=True),
        "name": Order("Customer", lambda row: row.customer.name.casefold()),
    },
    lambda row: row.customer.name,
    find="Customer",
)


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
        return parse_day(text)
    except ValueError as error:
        raise Http404("No such day.") from error


def later_than(month: Month) -> Month | None:
    """The month after, if it has begun."""
    return month.next() if month < month_of(timezone.now()) else None


@allowed(Action.SEE_COSTS)
def cost_overview(request: PortalRequest) -> HttpResponseBase:
    """Calls and cost of a month by customer, against forecast and budget, with its days."""
    month, now = month_asked(request), timezone.now()
    book = selectors.price_book()
    rows = customer_months(request.user, month, now, book)
    headings = headings_for(request.user, month, now)
    for row in rows:
        row.headings = headings
    asked = CUSTOMERS.asked(request, rows)
    if file := file_of(request, f"costs-{month}", asked):
        return file
    total = sum((row.cost for row in rows), Cost())
    page = Paginator(list(asked.rows), _PAGE).get_page(request.GET.get("page"))
    most = sorted(rows, key=lambda row: row.cost.billable, reverse=True)[: COLOURS - 1]
    add_days([*page, *most], month, book)
    chart = _month_chart(most, month, total_days(request.user, month, book))
    context = {
        "month": month,
        "later": later_than(month),
        "page": page,
        "asked": asked,
        "total": total,
        "heading": headings.of_all(total),
        "made_at": headings.made_at,
        "chart": chart,
        "formats": FORMATS,
        "unusual": unusual_hours_for(request.user, month.start).filter(hour__lt=month.end)[:_TOLD],
        "standing": standing_of(tenants_for(request.user, Action.SEE_COSTS), month, now),
        "foreign": foreign_days_for(request.user, month),
    }
    return render(request, "billing/cost_overview.html", context)


@allowed(Action.SEE_COSTS)
def cost_customer(request: PortalRequest, slug: str) -> HttpResponseBase:
    """One customer's month: tenants, purposes, days, and how it will end while it runs.

    That is forecast anew, and told what it rests on, for a few tenants; of many it is kept.
    """
    customer = visible(customers_for(request.user, Action.SEE_COSTS), slug=slug)
    month, now = month_asked(request), timezone.now()
    found = selectors.costs_of(customer.tenants.select_related("customer"), month)
    days = selectors.day_costs(request.user, month, customer)
    lists = _customer_lists(request, month, found, days)
    if file := file_of(request, f"{slug}-{month}", *(each.asked for each in lists)):
        return file
    total = sum((row.cost for row in found), Cost())
    headings = headings_for(request.user, month, now, customer)
    kept = headings.expected.get(customer.pk)
    live = None
    if month == month_of(now) and (kept is None or len(found) <= _TOLD):
        live = expected_of([row.tenant for row in found], month, now)
    if live is not None:
        headings = replace(headings, expected={customer.pk: live}, made_at=None)
    context = {
        "formats": FORMATS,
        "expected": live or kept,
        "heading": headings.of(customer.pk, total),
        "made_at": headings.made_at,
        "customer": customer,
        "month": month,
        "later": later_than(month),
        "lists": lists,
        "chart": _chart(days, month),
        "total": total,
        "standing": standing_of([row.tenant for row in found], month, now),
        "foreign": foreign_days_for(request.user, month).filter(customer=customer),
    }
    return render(request, "billing/cost_customer.html", context)


def _customer_lists(
    request: PortalRequest, month: Month, found: Sequence[TenantCost], days: Sequence[DayCost]
) -> list[CostList]:
    tenants = [
        CostRow(row.tenant.name, row.cost, (row.tenant.name,), _tenant_page(row, month))
        for row in found
    ]
    by_purpose = selectors.purposes_of([row.tenant for row in found], month)
    purposes = [
        purpose_row(purpose, cost, row.tenant.name)
        for row in found
        for purpose, cost in by_purpose[row.tenant.pk]
    ]
    by_day = [day_row(each.day, each.cost) for each in days]
    nothing = "This customer has no tenant, so no calls were made."
    return [
        CostList(TENANTS.asked(request, tenants), "Tenant", "By tenant", nothing),
        CostList(PURPOSES.asked(request, purposes), "Purpose", "By purpose"),
        CostList(DAYS.asked(request, by_day), "Day", "By day"),
    ]


def _tenant_page(row: TenantCost, month: Month) -> str:
    return f"{reverse('cost_tenant', args=[row.tenant.slug])}?month={month}"


def _month_chart(most: list[CustomerMonth], month: Month, whole: list[int]) -> Chart | None:
    """Billable calls by day of the customers with most of them, and of the others together."""
    rest = CustomerMonth(Customer(name="Others"))
    rest.days = [all_ - sum(row.days[at] for row in most) for at, all_ in enumerate(whole)]
    series = [
        (row.customer.name, [Decimal(number) for number in row.days])
        for row in [*sorted(most, key=lambda row: row.customer.name.casefold()), rest]
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
