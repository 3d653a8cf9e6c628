"""What calls cost: integer counts times a Decimal unit price, rounded once, on totals.

A price book entry holds from `effective_from` (included) to `effective_to` (excluded). Which
answers are billed is the entry's rule, because Microsoft's pages disagree: `2xx+404` (March 2026)
or every call. An uncertain call has status 0: nobody knows whether it was answered. One that made
what the directory shows has status 1 (found): it is priced as the success that it must have been,
unless the service failed after the write. So, always: billable less found <= what is charged
<= billable and uncertain.

Tiers are graduated: whoever passes a threshold pays less for the calls after it and the same for
those before, so that an amount never jumps. They count a tenant's billable calls of a UTC month,
because each tenant has a subscription of its own.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

from billing.domain.periods import Month, month_of

UNCERTAIN, FOUND = 0, 1
_CREATED, _STATUSES = 201, 1000  # three digits (RFC 9110, 15)
SCIM_CALLS = "scim_calls"
_CENT = Decimal("0.01")
_EVERY = "all"
_TIER = re.compile(r"([0-9][0-9 ,_]{0,18}):\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)")
_PART = re.compile(r"([1-5])xx|([1-5][0-9][0-9])")


class NoPrice(Exception):
    """The price book has no entry for that cloud and moment."""


@dataclass(frozen=True, slots=True)
class BillingRule:
    """Which answered calls are billed: classes and statuses joined by `+`, or `all`."""

    text: str

    def bills(self, status: int) -> bool:
        """Whether an answer of this HTTP status is billed; an uncertain call is not."""
        status = _CREATED if status == FOUND else status
        return status != UNCERTAIN and _bills(self.text, status)

    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The statuses that are billed, as ranges with both ends, rising."""
        return _ranges(self.text)

    def __str__(self) -> str:
        return self.text


# Microsoft's pages of March 2026, and those of September.
USUAL_RULE = BillingRule("2xx+404")
EVERY_CALL = BillingRule(_EVERY)


def parse_rule(text: str) -> BillingRule:
    """A rule such as `2xx+404`, `all` or `2xx+404+409`; raises ValueError for anything else."""
    tidy = re.sub(r"\s*\+\s*", "+", text.strip().lower())
    parts = tidy.split("+")
    if tidy != _EVERY and not all(_PART.fullmatch(part) for part in parts):
        raise ValueError("A rule is `all`, or statuses and classes such as 2xx+404.")
    return BillingRule(tidy if tidy == _EVERY else "+".join(dict.fromkeys(parts)))


@lru_cache(maxsize=1024)
def _bills(text: str, status: int) -> bool:
    """A rule's parts are classes as one digit, and statuses as three."""
    found = (_PART.fullmatch(part) for part in text.split("+"))
    billed = {int(match[1] or match[2]) for match in found if match}
    return text == _EVERY or not billed.isdisjoint({status, status // 100})


@lru_cache(maxsize=1024)
def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    rule, found = BillingRule(text), list[tuple[int, int]]()
    for status in filter(rule.bills, range(FOUND, _STATUSES)):
        first = found.pop()[0] if found and found[-1][1] == status - 1 else status
        found.append((first, status))
    return tuple(found)


@dataclass(frozen=True, slots=True, order=True)
class Tier:
    """The unit price of a month's calls after the first `above` ones."""

    above: int
    unit_price: Decimal


def parse_tiers(text: str) -> tuple[Tier, ...]:
    """Tiers from lines such as `100000: 0.0015`, rising; raises ValueError with the line."""
    tiers: list[Tier] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _TIER.fullmatch(line)
        if not match:
            raise ValueError(f"{line}: write calls, a colon and the price, e.g. 100000: 0.0015.")
        tier = Tier(int(re.sub("[ ,_]", "", match[1])), Decimal(match[2]))
        if tier.above <= (tiers[-1].above if tiers else 0):
            raise ValueError(f"{line}: each step begins after the one before it, above 0.")
        tiers.append(tier)
    return tuple(tiers)


@dataclass(frozen=True, slots=True)
class Price:
    """One price book entry; `cloud` empty means every cloud without an entry of its own."""

    unit_price: Decimal
    currency: str
    rule: BillingRule
    effective_from: datetime
    effective_to: datetime | None = None
    cloud: str = ""
    tiers: tuple[Tier, ...] = ()
    meter: str = SCIM_CALLS

    def holds(self, at: datetime, cloud: str, meter: str = SCIM_CALLS) -> bool:
        """Whether this entry prices a call made then, in that cloud."""
        began = self.effective_from <= at
        ended = self.effective_to is not None and at >= self.effective_to
        return began and not ended and self.cloud in ("", cloud) and self.meter == meter

    def parts(self, calls: int, before: int = 0) -> Iterator[tuple[int, Decimal]]:
        """Billable calls that follow `before` others of the month, by their unit price."""
        if not self.tiers or before + calls <= min(tier.above for tier in self.tiers):
            yield max(calls, 0), self.unit_price
            return
        steps = (Tier(0, self.unit_price), *sorted(self.tiers))
        ends = [step.above for step in steps[1:]]
        for step, end in zip(steps, [*ends, before + calls], strict=True):
            within = min(end, before + calls) - max(step.above, before)
            if within > 0:
                yield within, step.unit_price

    def amount(self, calls: int, before: int = 0) -> Decimal:
        """Exact price of billable calls that follow `before` others of the month."""
        return sum((number * unit for number, unit in self.parts(calls, before)), Decimal(0))

    def unit_at(self, before: int) -> Decimal:
        """Price of the next call after so many billable ones of the month."""
        reached = [tier.unit_price for tier in sorted(self.tiers) if tier.above <= before]
        return reached[-1] if reached else self.unit_price


class UsageLine(NamedTuple):
    """So many calls of one answer status that began in one UTC hour or day.

    0: uncertain, 1: found in the directory.
    """

    hour: datetime
    status: int
    calls: int


@dataclass(slots=True)
class Cost:
    """Counts and exact amount of some usage; add them up with `+`.

    `unpriced`: billable under the usual rule, at a time for which the price book has no price.
    `found`: calls whose answer nobody saw, known by what they made; billable if a success is.
    """

    calls: int = 0
    billable: int = 0
    uncertain: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    unpriced: int = 0
    found: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        amounts = dict(self.amounts)
        for currency, amount in other.amounts.items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
        return Cost(
            self.calls + other.calls,
            self.billable + other.billable,
            self.uncertain + other.uncertain,
            amounts,
            self.unpriced + other.unpriced,
            self.found + other.found,
        )


def price_at(book: Iterable[Price], at: datetime, cloud: str, meter: str = SCIM_CALLS) -> Price:
    """The entry in force: the cloud's own before the general one, then the latest begun."""
    candidates = [price for price in book if price.holds(at, cloud, meter)]
    if not candidates:
        raise NoPrice(f"The price book has no price for {cloud or 'any cloud'} at {at:%Y-%m-%d}.")
    return max(candidates, key=lambda price: (price.cloud == cloud, price.effective_from))


class PriceBook(list[Price]):
    """Entries, of which the one in force is looked up once for each moment and cloud."""

    def __init__(self, prices: Iterable[Price] = ()) -> None:
        super().__init__(prices)
        self._found: dict[tuple[datetime, str], Price | None] = {}

    def at(self, at: datetime, cloud: str) -> Price | None:
        """As `price_at`, None where there is none; the entries must not change any more."""
        try:
            return self._found[at, cloud]
        except KeyError:
            found = self._found[at, cloud] = self._in_force(at, cloud)
            return found

    @property
    def clouds(self) -> list[str]:
        """The clouds that have entries of their own, in the order of their names."""
        return sorted({price.cloud for price in self if price.cloud})

    def _in_force(self, at: datetime, cloud: str) -> Price | None:
        try:
            return price_at(self, at, cloud)
        except NoPrice:
            return None


def priced_lines(
    lines: Iterable[UsageLine],
    book: list[Price],
    cloud: str,
    before: Mapping[Month, int] | None = None,
) -> list[tuple[UsageLine, Cost]]:
    """Each line of one tenant's usage with its exact cost, in the order of time.

    `before`: billable calls of a month that came before the first line, for tiers.
    """
    book = book if isinstance(book, PriceBook) else PriceBook(book)
    reached: Counter[Month] = Counter(before or {})
    priced = []
    for line in sorted(lines, key=lambda line: (line.hour, line.status)):
        cost = _cost(line, book, cloud, reached[month_of(line.hour)])
        reached[month_of(line.hour)] += cost.billable
        priced.append((line, cost))
    return priced


def cost_of(
    lines: Iterable[UsageLine],
    book: list[Price],
    cloud: str,
    before: Mapping[Month, int] | None = None,
) -> Cost:
    """Exact cost of one tenant's usage; unrounded, per currency; see `priced_lines`."""
    return sum((cost for _, cost in priced_lines(lines, book, cloud, before)), Cost())


def _cost(line: UsageLine, book: PriceBook, cloud: str, before: int) -> Cost:
    if line.status == UNCERTAIN:
        return Cost(line.calls, uncertain=line.calls)
    found = line.calls if line.status == FOUND else 0
    price = book.at(line.hour, cloud)
    if price is None:
        unpriced = line.calls if USUAL_RULE.bills(line.status) else 0
        return Cost(line.calls, unpriced=unpriced, found=found)
    billable = line.calls if price.rule.bills(line.status) else 0
    amounts = {price.currency: price.amount(billable, before)}
    return Cost(line.calls, billable, amounts=amounts, found=found)


def quote(calls: int, book: list[Price], at: datetime, cloud: str, before: int = 0) -> Cost:
    """Cost of calls still to be made, if every one is answered with success; raises NoPrice."""
    price = price_at(book, at, cloud)
    return Cost(calls, calls, 0, {price.currency: price.amount(calls, before)})


def rounded(amount: Decimal) -> Decimal:
    """To the cent, half-up, for totals; below 1.00 all decimals stay (a call costs 0.002)."""
    if abs(amount) < 1:
        plain = amount.normalize()
        return plain if int(plain.as_tuple().exponent) < -2 else amount.quantize(_CENT)
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def to_cents(amount: Decimal) -> Decimal:
    """A total as it is invoiced: to the cent, half-up, whatever its size."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def show(currency: str, amount: Decimal) -> str:
    """An amount as people read it, e.g. `USD 2.40`, `USD 0.002`."""
    return f"{currency} {rounded(amount):,f}"
