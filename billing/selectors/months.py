"""Months summed up by the database: what the prices in force bill is decided there, in one pass.

Prices begin and end at midnight UTC, so that the days of a month between two changes are one sum.
A thousand tenants are a thousand rows, or four hundred if only their customers are asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from django.db.models import F, Func, IntegerField, Q, QuerySet, Sum, Value

from billing.domain.many_costs import costs_of_owners
from billing.domain.periods import Month, start_of
from billing.domain.pricing import FOUND, UNCERTAIN, USUAL_RULE, BillingRule, Cost, PriceBook
from billing.models import MonthUsage

_NONE = Q(status__in=())


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days of a month that have the same prices, and the moment at which they begin."""

    start: datetime
    days: tuple[date, ...]


def costs_by(
    owner: str,
    used: QuerySet[MonthUsage],
    book: PriceBook,
    month: Month,
    last: date | None = None,
) -> dict[int, Cost]:
    """Exact cost of a month by "customer" or "tenant" (pk), until a day included if one is given.

    One query. Of one price book every tenant passes through the steps for itself.
    """
    spans = _spans(book, month, last)
    cloud = F("tenant__cloud") if book.clouds else Value("")
    rows = used.filter(month=month.start.date()).values_list(F(owner), "tenant", cloud)
    every = sum_of_days([day for span in spans for day in span.days])
    sums = {"uncertain": _sum(every, Q(status=UNCERTAIN)), "found": _sum(every, Q(status=FOUND))}
    for at, span in enumerate(spans):
        days = sum_of_days(span.days)
        sums[f"answered{at}"] = _sum(days, ~Q(status=UNCERTAIN))
        sums[f"billed{at}"] = _sum(days, _billed(book, span.start, USUAL_RULE))
    return costs_of_owners(rows.annotate(**sums), [span.start for span in spans], book)


def billable_by_customer(
    used: QuerySet[MonthUsage], book: PriceBook, month: Month, last: date | None = None
) -> dict[int, int]:
    """Billable calls of a month by customer (pk): steps of a price do not matter. One query."""
    rows, sums = _billable(used.values_list("customer"), book, month, last)
    parts = {f"part{at}": _sum(sum_of_days(days), where) for at, (days, where) in enumerate(sums)}
    return {customer: sum(counts) for customer, *counts in rows.annotate(**parts)}


def days_by_customer(
    used: QuerySet[MonthUsage], book: PriceBook, month: Month
) -> Iterator[tuple[int, list[int]]]:
    """Customers (pk) and their billable calls by day, those without any left out; one query."""
    rows, sums = _billable(used.values_list("customer"), book, month)
    for customer, *counts in rows.annotate(**_each_day(sums)):
        yield customer, counts


def days_of_all(used: QuerySet[MonthUsage], book: PriceBook, month: Month) -> list[int]:
    """Billable calls by day, all of these together: one query."""
    rows, sums = _billable(used, book, month)
    return list(rows.aggregate(**_each_day(sums)).values())


Sums = list[tuple[tuple[date, ...], Q | None]]
"""Days, and of their calls those to count: None for all that are left."""


def _billable(
    rows: QuerySet[MonthUsage, Any], book: PriceBook, month: Month, last: date | None = None
) -> tuple[QuerySet[MonthUsage, Any], Sums]:
    """Rows with billable calls in them, and what of them is billable in which days.

    Mostly the same answers are billed on all days, and no other rows are read.
    """
    by_days = [(span.days, _billed(book, span.start)) for span in _spans(book, month, last)]
    anywhere = Q()
    for where in dict.fromkeys(where for _, where in by_days):
        anywhere |= where
    alike = len({where for _, where in by_days}) == 1
    rows = rows.filter(anywhere, month=month.start.date())
    return rows, [(days, None if alike else where) for days, where in by_days]


def _billed(book: PriceBook, at: datetime, without_price: BillingRule | None = None) -> Q:
    """The rows whose answers are billed by the price in force, or by that rule if there is none."""

    def of(cloud: str) -> Q:
        price = book.at(at, cloud)
        rule = price.rule if price else without_price
        found = Q()
        for first, last in rule.ranges() if rule else ():
            found |= Q(status=first) if first == last else Q(status__range=(first, last))
        return found or _NONE

    if not book.clouds:
        return of("")
    found = of("") & ~Q(tenant__cloud__in=book.clouds)
    for cloud in book.clouds:
        found |= of(cloud) & Q(tenant__cloud=cloud)
    return found


def _each_day(sums: Sums) -> dict[str, Sum]:
    return {f"day{day.day}": _sum(F(f"d{day.day}"), where) for days, where in sums for day in days}


def _sum(of: F | Func, where: Q | None) -> Sum:
    return Sum(of, filter=where, default=0)


def sum_of_days(days: tuple[date, ...] | list[date]) -> Func:
    """The columns of these days of a `MonthUsage`, added up."""
    columns = (F(f"d{day.day}") for day in days)
    joined = {"template": "(%(expressions)s)", "arg_joiner": " + "}
    return Func(*columns, output_field=IntegerField(), **joined)


def _spans(book: PriceBook, month: Month, last: date | None = None) -> list[_Stretch]:
    """Days of a month between moments from which another price may hold, in their order."""
    moments = {price.effective_from for price in book} | {price.effective_to for price in book}
    starts = sorted({month.start, *(m for m in moments if m and month.start < m < month.end)})
    days = [day for day in month.days if last is None or day <= last]
    found = (
        _Stretch(start, tuple(day for day in days if start <= start_of(day) < end))
        for start, end in pairwise([*starts, month.end])
    )
    return [span for span in found if span.days]
