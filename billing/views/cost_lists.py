"""Lists of costs: tenants, days, purposes, jobs. One table serves them all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.domain.pricing import Cost
from billing.domain.tables import Value
from billing.templatetags.billing_ui import purpose_words
from billing.views.lists import COST_COLUMNS, Asked, Listing, Order, cost_lines, largest


@dataclass(frozen=True, slots=True)
class CostRow:
    """Calls and cost of something: its words and page, a line below, a further link.

    `names` are its columns in files; it is sorted by the first unless `place` says otherwise.
    """

    words: str
    cost: Cost
    names: tuple[Value, ...]
    url: str = ""
    sub: str = ""
    more: str = ""

    @property
    def found_by(self) -> str:
        """What a search looks in."""
        return f"{self.words} {self.sub}"


def cost_listing(
    name: str, heading: str, *columns: str, prefix: str = "", by_name: bool = False
) -> Listing[CostRow]:
    """A list of costs; usually the dearest first, or by what its first column says."""
    orders: dict[str, Order[CostRow]] = {
        "cost": Order("Cost", lambda row: largest(row.cost), down=True),
        "calls": Order("Calls", lambda row: row.cost.calls, down=True),
        "name": Order(heading, _first_name),
    }
    if by_name:
        orders = {"name": orders.pop("name"), **orders}
    return Listing(
        name,
        (*columns, *COST_COLUMNS),
        lambda row: cost_lines(*row.names, cost=row.cost),
        orders,
        lambda row: row.found_by,
        find=heading,
        prefix=prefix,
    )


def _first_name(row: CostRow) -> Any:
    first = row.names[0]
    return first if isinstance(first, date) else str(first).casefold()


def total_of(rows: Iterable[CostRow]) -> Cost:
    """What is shown, added up by currency."""
    return sum((row.cost for row in rows), Cost())


TENANTS = cost_listing("tenants", "Tenant", "tenant")
DAYS = cost_listing("days", "Day", "day", prefix="day_", by_name=True)
PURPOSES = cost_listing("purposes", "Purpose", "purpose", "tenant", prefix="purpose_")
JOBS = cost_listing("jobs", "Job", "job", "purposes")


@dataclass(frozen=True, slots=True)
class CostList:
    """A list as it was asked for, with what stands around it on the page."""

    asked: Asked[CostRow]
    heading: str
    label: str
    nothing: str = "No calls in this month."
    more: str = ""

    @property
    def total(self) -> Cost:
        """Of the rows shown."""
        return total_of(self.asked.rows)


def purpose_row(purpose: str, cost: Cost, tenant: str) -> CostRow:
    """What one tenant's calls for a purpose cost."""
    return CostRow(purpose_words(purpose), cost, (purpose, tenant), sub=tenant)


def day_row(day: date, cost: Cost, url: str = "") -> CostRow:
    """What a UTC day cost."""
    return CostRow(f"{day:%a} {day.day} {day:%b}", cost, (day,), url=url)
