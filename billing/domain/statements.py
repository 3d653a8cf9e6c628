"""What a month's statement says: exact costs, the customer's charge, and what came after it.

Costs (what Microsoft charges) are exact and per currency. The charge (what the MSP charges) is
their sum in the currency of the customer's terms, with the markup and the fixed fee, rounded once,
half-up to the cent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Protocol

from billing.domain.periods import Month
from billing.domain.pricing import Cost, to_cents

# What one correction may come to, and a statement in all: more does not fit into its columns.
MOST, _MOST_IN_ALL = 10**10, 10**12


class NoRate(Exception):
    """No exchange rate is known for that day; str() says which to enter."""


@dataclass(frozen=True, slots=True)
class UsageCost:
    """Calls and exact cost of one tenant's month for one purpose, in one currency."""

    tenant: int
    purpose: str
    calls: int
    billable: int
    uncertain: int
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """What a customer is charged: the cost and so many percent of it, and a fee a month."""

    currency: str
    markup_percent: Decimal = Decimal(0)
    fixed_fee: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `base` is so much of `quote` from a day on."""

    base: str
    quote: str
    day: date
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Charge:
    """A statement's end: each part exact but the total, which is rounded to the cent."""

    currency: str
    cost: Decimal
    markup: Decimal
    fee: Decimal
    corrections: Decimal
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """To the cent, half-up."""
        return to_cents(self.cost + self.markup + self.fee + self.corrections)

    @property
    def fits(self) -> bool:
        """Whether it can be kept; else something in it is wrong by powers of ten."""
        parts = (self.cost, self.markup, self.fee, self.corrections, self.total)
        return all(abs(part) < _MOST_IN_ALL for part in parts)


def usage_lines(tenant: int, purpose: str, cost: Cost, usual: str) -> list[UsageCost]:
    """A purpose's cost as lines, one for each currency; what costs nothing is in the usual one.

    The counts stand in the first line, so that they add up however many currencies there are.
    """
    amounts = {code: amount for code, amount in sorted(cost.amounts.items()) if amount}
    amounts = amounts or {usual: Decimal(0)}
    counts = [(cost.calls, cost.billable, cost.uncertain), *[(0, 0, 0)] * (len(amounts) - 1)]
    return [
        UsageCost(tenant, purpose, *numbers, code, amount)
        for numbers, (code, amount) in zip(counts, amounts.items(), strict=True)
    ]


class InCurrency(Protocol):
    """Anything that comes to an amount."""

    @property
    def currency(self) -> str:
        """Its code (ISO 4217)."""

    @property
    def amount(self) -> Decimal:
        """Exact."""


def totals(lines: Iterable[InCurrency]) -> dict[str, Decimal]:
    """Exact sums by currency."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, Decimal(0)) + line.amount
    return sums


def charge(
    costs: Mapping[str, Decimal],
    corrections: Mapping[str, Decimal],
    terms: Terms,
    rates: Iterable[Rate],
    month: Month,
) -> Charge:
    """What the customer owes for a month; raises NoRate for a currency that cannot be turned.

    Corrections are charges already and carry no markup.
    """
    book, used = list(rates), dict[str, Decimal]()

    def turned(amounts: Mapping[str, Decimal]) -> Decimal:
        total = Decimal(0)
        for code, amount in amounts.items():
            if amount and code != terms.currency:
                used[code] = rate_for(book, code, terms.currency, month)
            total += amount * used.get(code, Decimal(1))
        return total

    cost = turned(costs)
    markup = cost * terms.markup_percent * Decimal("0.01")
    return Charge(terms.currency, cost, markup, terms.fixed_fee, turned(corrections), used)


def rate_for(rates: Iterable[Rate], base: str, quote: str, month: Month) -> Decimal:
    """The latest rate entered for a day of the month or before; raises NoRate."""
    known = [r for r in rates if (r.base, r.quote) == (base, quote) and r.day < month.end.date()]
    if not known:
        raise NoRate(f"Enter what one {base} is in {quote}, from a day in {month} or before.")
    return max(known, key=lambda rate: rate.day).rate


def differences(
    closed: Iterable[UsageCost], now: Iterable[UsageCost]
) -> list[tuple[UsageCost, UsageCost]]:
    """Lines of a closed statement that would read otherwise today: (as closed, as now).

    Later answers, resolved uncertain calls and new prices do that; a correction line settles it.
    """
    before = {(line.tenant, line.purpose, line.currency): line for line in closed}
    after = {(line.tenant, line.purpose, line.currency): line for line in now}
    empty = {key: _nothing(line) for key, line in (before | after).items()}
    pairs = [(before.get(key, none), after.get(key, none)) for key, none in sorted(empty.items())]
    return [(old, new) for old, new in pairs if old != new]


def reason(closed: UsageCost, now: UsageCost) -> str:
    """Why a line reads otherwise, as far as its counts tell."""
    found, late = closed.uncertain - now.uncertain, now.calls - closed.calls
    told = []
    if found > 0:
        told.append(f"{found} uncertain call{'s' * (found > 1)} found in the directory")
    if late > 0:
        told.append(f"{late} late answer{'s' * (late > 1)}")
    return " and ".join(told) or "another price"


def still_owed(
    changes: Iterable[tuple[UsageCost, UsageCost]], corrected: Iterable[UsageCost]
) -> dict[str, Decimal]:
    """What changed by currency, less what later lines have corrected; nothing that is zero."""
    owed = totals(side for old, new in changes for side in (new, _negative(old)))
    for currency, amount in totals(corrected).items():
        if currency in owed:
            owed[currency] -= amount
    return {currency: amount for currency, amount in owed.items() if amount}


def _negative(line: UsageCost) -> UsageCost:
    return replace(line, amount=-line.amount)


def _nothing(line: UsageCost) -> UsageCost:
    return UsageCost(line.tenant, line.purpose, 0, 0, 0, line.currency, Decimal(0))
