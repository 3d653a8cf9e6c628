"""A month of many tenants priced at once: the sums of `pricing.cost_of`, made of integers.

Calls are added up as integers and multiplied once for each unit price, so that a thousand tenants
take little; a test holds the results against `cost_of`.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from billing.domain.pricing import FOUND, UNCERTAIN, USUAL_RULE, Cost, Price, PriceBook

_NOTHING = Decimal(0)


MonthRow = tuple[int, int, str, int, int, *tuple[int, ...]]
"""Owner, tenant, cloud, uncertain and found calls of the month; then for each moment, until the
next one, the calls that were answered, and those of them that are billed: by the rule of the price
in force, without a price by the usual one."""


def costs_of_owners(
    rows: Iterable[MonthRow], moments: Sequence[datetime], book: PriceBook
) -> dict[int, Cost]:
    """Exact cost of one month by owner: that of each of its tenants by `cost_of`, added up.

    A tenant has one row; the moments are those from which another price may hold.
    """
    costs: dict[int, Cost] = {}
    units: Units[int] = {}
    prices: dict[str, list[Price | None]] = {}
    for owner, _, cloud, uncertain, found, *counts in rows:
        cost = costs.get(owner)
        if cost is None:
            cost = costs[owner] = Cost()
        if cloud not in prices:
            prices[cloud] = [book.at(moment, cloud) for moment in moments]
        cost.calls += uncertain
        cost.uncertain += uncertain
        cost.found += found
        before = 0
        for price, answered, billed in zip(prices[cloud], counts[::2], counts[1::2], strict=True):
            if price := _count(cost, price, answered, billed):
                _add(units, owner, price, billed, before)
                before += billed
    _price(costs, units)
    return costs


Part = TypeVar("Part", bound=Hashable)
Units = dict[tuple[Part, str, Decimal], int]
"""Billed calls by part of the month, currency and unit price."""


def costs_of_parts(
    rows: Iterable[tuple[Part, int, str, datetime, int, int]], book: PriceBook
) -> dict[Part, Cost]:
    """Exact cost of one month by part of its usage: days, purposes; `cost_of` each, added up.

    A row: part, tenant, cloud, moment, answer status, calls. They come in the order in which a
    tenant passes through tiers.
    """
    costs: dict[Part, Cost] = {}
    units: Units[Part] = {}
    reached: dict[int, int] = {}
    for part, tenant, cloud, at, status, calls in rows:
        cost = costs.get(part)
        if cost is None:
            cost = costs[part] = Cost()
        if status == UNCERTAIN:
            cost.calls += calls
            cost.uncertain += calls
            continue
        cost.found += calls if status == FOUND else 0
        price = book.at(at, cloud)
        billed = calls if (price.rule if price else USUAL_RULE).bills(status) else 0
        if price := _count(cost, price, calls, billed):
            before = reached.get(tenant, 0)
            _add(units, part, price, billed, before)
            reached[tenant] = before + billed
    _price(costs, units)
    return costs


def _count(cost: Cost, price: Price | None, answered: int, billed: int) -> Price | None:
    """Add answered calls to a cost; gives the price if there is something to multiply by it."""
    cost.calls += answered
    if price is None:
        cost.unpriced += billed
        return None
    if answered and price.currency not in cost.amounts:
        cost.amounts[price.currency] = _NOTHING
    return price if billed else None


def _add(units: Units[Part], part: Part, price: Price, billed: int, before: int) -> None:
    for number, unit in price.parts(billed, before):
        place = (part, price.currency, unit)
        units[place] = units.get(place, 0) + number


def _price(costs: Mapping[Part, Cost], units: Units[Part]) -> None:
    for (part, currency, unit), number in units.items():
        costs[part].billable += number
        costs[part].amounts[currency] += number * unit
