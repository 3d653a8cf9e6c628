"""What calls cost: integer counts times a Decimal unit price, rounded once, on totals.

A price book entry holds from `effective_from` (included) to `effective_to` (excluded). Which
answers are billed is the entry's rule, because Microsoft's pages disagree: `2xx+404` (March 2026)
or every call. An uncertain call has status 0: nobody knows whether it was answered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

UNCERTAIN = 0
_CENT = Decimal("0.01")


class BillingRule(StrEnum):
    """Which answered calls are billed."""

    SUCCESS_AND_NOT_FOUND = "2xx+404"
    ALL = "all"


class NoPrice(Exception):
    """The price book has no entry for that cloud and moment."""


@dataclass(frozen=True, slots=True)
class Price:
    """One price book entry; `cloud` empty means every cloud without an entry of its own."""

    unit_price: Decimal
    currency: str
    rule: BillingRule
    effective_from: datetime
    effective_to: datetime | None = None
    cloud: str = ""

    def holds(self, at: datetime, cloud: str) -> bool:
        """Whether this entry prices a call made then, in that cloud."""
        began = self.effective_from <= at
        ended = self.effective_to is not None and at >= self.effective_to
        return began and not ended and self.cloud in ("", cloud)


@dataclass(frozen=True, slots=True)
class UsageLine:
    """So many calls of one answer status (0: uncertain) in one UTC hour."""

    hour: datetime
    status: int
    calls: int


@dataclass(slots=True)
class Cost:
    """Counts and exact amount of some usage; add them up with `+`."""

    calls: int = 0
    billable: int = 0
    uncertain: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: "Cost") -> "Cost":
        amounts = dict(self.amounts)
        for currency, amount in other.amounts.items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
        return Cost(
            self.calls + other.calls,
            self.billable + other.billable,
            self.uncertain + other.uncertain,
            amounts,
        )


def is_billable(rule: BillingRule, status: int) -> bool:
    """Whether an answer of this HTTP status is billed under the rule; uncertain calls are not."""
    if status == UNCERTAIN:
        return False
    return rule is BillingRule.ALL or 200 <= status < 300 or status == 404


def price_at(book: Iterable[Price], at: datetime, cloud: str) -> Price:
    """The entry in force: the cloud's own before the general one, then the latest begun."""
    candidates = [price for price in book if price.holds(at, cloud)]
    if not candidates:
        raise NoPrice(f"The price book has no price for {cloud or 'any cloud'} at {at:%Y-%m-%d}.")
    return max(candidates, key=lambda price: (price.cloud == cloud, price.effective_from))


def cost_of(lines: Iterable[UsageLine], book: list[Price], cloud: str) -> Cost:
    """Exact cost of usage lines; unrounded, per currency."""
    total = Cost()
    for line in lines:
        price = price_at(book, line.hour, cloud)
        billable = line.calls if is_billable(price.rule, line.status) else 0
        uncertain = line.calls if line.status == UNCERTAIN else 0
        amounts = {price.currency: billable * price.unit_price}
        total = total + Cost(line.calls, billable, uncertain, amounts)
    return total


def quote(calls: int, book: list[Price], at: datetime, cloud: str) -> Cost:
    """Cost of calls still to be made, if every one is answered with success."""
    price = price_at(book, at, cloud)
    return Cost(calls, calls, 0, {price.currency: calls * price.unit_price})


def rounded(amount: Decimal) -> Decimal:
    """To the cent, half-up, for totals; below 1.00 all decimals stay (a call costs 0.002)."""
    if abs(amount) < 1:
        plain = amount.normalize()
        return plain if int(plain.as_tuple().exponent) < -2 else amount.quantize(_CENT)
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def show(currency: str, amount: Decimal) -> str:
    """An amount as people read it, e.g. `USD 2.40`, `USD 0.002`."""
    return f"{currency} {rounded(amount):,f}"
