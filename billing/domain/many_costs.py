"""A month of many tenants priced at once: the sums of `pricing.cost_of`, made of integers.

Calls are added up as integers and multiplied once for each unit price, so that a thousand tenants
take little; a test holds the results against `cost_of`.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import add, mul
from typing import TypeVar

from billing.domain.pricing import FOUND, UNCERTAIN, USUAL_RULE, Cost, Price, PriceBook

_NOTHING = Decimal(0)


class Billing:
    """What becomes of calls from each of some moments on; each cloud and status is looked up once.

    The moments are those from which another price may hold, or the beginnings of days.
    """

    def __init__(self, book: PriceBook, moments: Sequence[datetime]) -> None:
        self._book, self._moments = book, moments
        self._prices: dict[str, list[Price | None]] = {}
        self._billed: dict[tuple[str, int], list[bool]] = {}

    def prices(self, cloud: str) -> list[Price | None]:
        """The price in force from each moment, None where there is none."""
        if cloud not in self._prices:
            self._prices[cloud] = [self._book.at(moment, cloud) for moment in self._moments]
        return self._prices[cloud]

    def bills(self, cloud: str, status: int) -> bool:
        """Whether an answer is billed from any of the moments."""
        return any(self._which(cloud, status))

    def billed(self, cloud: str, status: int, calls: list[int]) -> list[int]:
        """Of the calls from each moment those that are billed."""
        which = self._which(cloud, status)
        return calls if all(which) else list(map(mul, calls, which))

    def _which(self, cloud: str, status: int) -> list[bool]:
        found = self._billed.get((cloud, status))
        if found is None:
            prices = self.prices(cloud)
            found = [price is not None and price.rule.bills(status) for price in prices]
            self._billed[cloud, status] = found
        return found


MonthRow = tuple[int, int, str, int, *tuple[int, ...]]
"""Owner, tenant, cloud, answer status, and the calls from each moment on until the next one."""


def costs_of_owners(
    rows: Iterable[MonthRow], moments: Sequence[datetime], book: PriceBook
) -> dict[int, Cost]:
    """Exact cost of one month by owner: that of each of its tenants by `cost_of`, added up."""
    billing, costs = Billing(book, moments), dict[int, Cost]()
    tenants: dict[tuple[int, int, str], list[int]] = {}
    for owner, tenant, cloud, status, *calls in rows:
        cost = costs.get(owner)
        if cost is None:
            cost = costs[owner] = Cost()
        _count(cost, status, calls, billing.prices(cloud))
        if not billing.bills(cloud, status):
            continue
        billed, key = billing.billed(cloud, status, calls), (owner, tenant, cloud)
        known = tenants.get(key)
        tenants[key] = billed if known is None else list(map(add, known, billed))
    for (owner, currency, unit), number in _by_unit(tenants, billing).items():
        costs[owner].billable += number
        costs[owner].amounts[currency] += number * unit
    return costs


Part = TypeVar("Part", bound=Hashable)


def costs_of_parts(
    rows: Iterable[tuple[Part, int, str, datetime, int, int]], book: PriceBook
) -> dict[Part, Cost]:
    """Exact cost of one month by part of its usage: days, purposes; `cost_of` each, added up.

    A row: part, tenant, cloud, moment, answer status, calls. They come in the order in which a
    tenant passes through tiers.
    """
    costs: dict[Part, Cost] = {}
    units: dict[tuple[Part, str, Decimal], int] = {}
    reached: dict[int, int] = {}
    for part, tenant, cloud, at, status, calls in rows:
        cost = costs.get(part)
        if cost is None:
            cost = costs[part] = Cost()
        price = book.at(at, cloud)
        _count(cost, status, [calls], [price])
        if price and price.rule.bills(status):
            before = reached.get(tenant, 0)
            for number, unit in price.parts(calls, before):
                place = (part, price.currency, unit)
                units[place] = units.get(place, 0) + number
            reached[tenant] = before + calls
    for (part, currency, unit), number in units.items():
        costs[part].billable += number
        costs[part].amounts[currency] = costs[part].amounts.get(currency, _NOTHING) + number * unit
    return costs


def _count(cost: Cost, status: int, calls: list[int], prices: list[Price | None]) -> None:
    """Add calls of one status to a cost, all but those billed."""
    total = sum(calls)
    cost.calls += total
    if status == UNCERTAIN:
        cost.uncertain += total
        return
    if status == FOUND:
        cost.found += total
    for price, number in zip(prices, calls, strict=True):
        if price is None:
            cost.unpriced += number if USUAL_RULE.bills(status) else 0
        elif number and price.currency not in cost.amounts:
            cost.amounts[price.currency] = _NOTHING


def _by_unit(
    tenants: Mapping[tuple[int, int, str], list[int]], billing: Billing
) -> dict[tuple[int, str, Decimal], int]:
    """Billed calls by owner, currency and unit price: each tenant passes through its own tiers."""
    found: dict[tuple[int, str, Decimal], int] = {}
    for (owner, _, cloud), billed in tenants.items():
        before = 0
        for price, calls in zip(billing.prices(cloud), billed, strict=True):
            if price and calls:
                for number, unit in price.parts(calls, before):
                    place = (owner, price.currency, unit)
                    found[place] = found.get(place, 0) + number
                before += calls
    return found
