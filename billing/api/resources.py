"""What the API answers, field by field; JSON and its schema are both made of these types.

Amounts are exact and therefore texts: readers of JSON take its numbers for binary ones.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

T = TypeVar("T")


def told(words: str, pattern: str | None = None) -> Meta:
    """A field's description."""
    return Meta(description=words, pattern=pattern)


Slug = Annotated[str, told("Short name; it never changes.")]
Currency = Annotated[str, told("ISO 4217 code.", pattern="^[A-Z]{3}$")]
Exact = Annotated[str, told("Exact decimal.", pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
Month = Annotated[str, told("UTC month, `YYYY-MM`.", pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")]
Calls = Annotated[int, told("Every call, whatever its answer.")]
Billable = Annotated[int, told("Calls that the price book's rule bills.")]
Uncertain = Annotated[int, told("Calls of which nobody knows whether they were answered.")]
State = Literal["open", "closed"]


class Page(Struct, Generic[T]):
    """A part of a list."""

    data: list[T]
    next: Annotated[str | None, told("Pass it as `after` for what follows; null at the end.")]


class Customer(Struct):
    """A customer whose costs the token may see."""

    slug: Slug
    name: str


class Usage(Struct):
    """Calls of one tenant on one UTC day, for one purpose, with one answer."""

    customer: Slug
    tenant: Slug
    tenant_id: Annotated[str, told("The directory's id in Entra.")]
    day: Annotated[date, told("UTC.")]
    purpose: Annotated[str, told("What the calls were for, e.g. `create`.")]
    status: Annotated[
        int, told("HTTP status of the answer; 0: uncertain, 1: found in the directory.")
    ]
    calls: int


class Amount(Struct):
    """An exact amount in one currency."""

    currency: Currency
    amount: Exact


class TenantCost(Struct):
    """A tenant's month at Microsoft's prices, as the cost pages show it."""

    tenant: Slug
    tenant_id: Annotated[str, told("The directory's id in Entra.")]
    name: str
    calls: Calls
    billable: Billable
    uncertain: Uncertain
    unpriced: Annotated[int, told("Billable calls for which the price book has no price.")]
    amounts: list[Amount]


class Charge(Struct):
    """What the MSP charges a customer: the cost in the currency of the terms, and what is added."""

    currency: Currency
    cost: Exact
    markup_percent: Exact
    markup: Exact
    fee: Exact
    corrections: Exact
    total: Annotated[str, told("To the cent, half-up.", pattern=r"^-?[0-9]+\.[0-9]{2}$")]


class StatementName(Struct):
    """Which statement."""

    id: int
    number: Annotated[str | None, told("Given when it is closed.")]
    state: State


class Cost(Struct):
    """A customer's month: the cost by tenant, and the charge.

    The charge is that of the closed statement where there is one, otherwise what it would be now.
    """

    customer: Slug
    name: str
    month: Month
    basis: Annotated[
        Literal["estimate", "differs", "reconciled"],
        told("By our own count; `reconciled`: held against Azure's bill, `differs`: not like it."),
    ]
    tenants: list[TenantCost]
    charge: Charge | None
    problem: Annotated[str | None, told("Why there is no charge: a rate is missing.")]
    statement: StatementName | None


class Statement(Struct):
    """A customer's month as it is invoiced; a closed one never changes."""

    id: int
    number: Annotated[str | None, told("Given when it is closed.")]
    state: State
    customer: Slug
    month: Month
    opened_at: datetime
    closed_at: datetime | None
    charge: Annotated[Charge | None, told("In a list: null while it is open.")]


class Line(Struct):
    """Calls and exact cost of one tenant for one purpose."""

    tenant: Slug
    name: str
    purpose: str
    calls: Calls
    billable: Billable
    uncertain: Uncertain
    currency: Currency
    amount: Exact


class Correction(Struct):
    """What a later statement adds to or takes off an earlier one."""

    corrects: Annotated[str, told("Number of the statement that is corrected.")]
    on: Annotated[int, told("Id of the statement it is on.")]
    currency: Currency
    amount: Exact
    note: str


class StatementDetail(Statement):
    """A statement with its lines; an open one is made of today's figures."""

    problem: Annotated[str | None, told("Why there is no charge: a rate is missing.")]
    rates: Annotated[dict[str, Exact], told("Exchange rates used, by currency.")]
    lines: list[Line]
    corrections: Annotated[list[Correction], told("On this statement, of earlier ones.")]
    corrected_by: Annotated[list[Correction], told("Of this statement, on later ones.")]


class Tier(Struct):
    """The unit price of a month's calls after the first ones."""

    above: int
    unit_price: Exact


class Price(Struct):
    """What one billable call costs."""

    cloud: Annotated[str | None, told("null: every cloud without a price of its own.")]
    meter: str
    currency: Currency
    unit_price: Exact
    tiers: list[Tier]
    rule: Annotated[str, told("Which answers are billed, e.g. `2xx+404`.")]
    effective_from: datetime
    effective_to: datetime | None
    note: str


class Prices(Struct):
    """The price book as it holds on a day."""

    day: Annotated[date, told("UTC.")]
    data: list[Price]


def exact(amount: Decimal | None) -> str:
    """An amount without zeros that say nothing; 0 for none."""
    if amount is None:
        return "0"
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
