"""What the API can be asked."""

from datetime import date
from typing import Annotated

from django.utils import timezone
from msgspec import Meta, Struct

from billing.api.resources import State, told
from billing.domain.periods import Month, parse_month
from tenants.api import BadQuery

_MONTH = told("UTC month, `YYYY-MM`.", pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")
MOST = 1000


class NoQuery(Struct, forbid_unknown_fields=True):
    """Nothing."""


class PageQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of a list."""

    after: Annotated[str, told("`next` of the page before.", pattern="^[0-9]{1,18}$")] = "0"
    limit: Annotated[int, Meta(description="How many at most.", ge=1, le=MOST)] = 100


class MonthQuery(PageQuery):
    """A month of all customers, or of one."""

    month: Annotated[str, _MONTH]
    customer: Annotated[str | None, told("Slug of a customer.")] = None


class StatementQuery(PageQuery):
    """Statements of a month, of a customer, open or closed."""

    month: Annotated[str, _MONTH] | None = None
    customer: Annotated[str | None, told("Slug of a customer.")] = None
    state: State | None = None


class PriceQuery(Struct, forbid_unknown_fields=True):
    """A day's prices."""

    day: Annotated[date | None, told("UTC day; today without it.")] = None


def month_in(text: str) -> Month:
    """A month as a value; raises BadQuery."""
    try:
        month = parse_month(text)
    except ValueError as error:
        raise BadQuery("Query: `month`: there is no such month.") from error
    if timezone.now() < month.start:
        raise BadQuery(f"Query: `month`: {month} has not begun yet (in UTC).")
    return month
