"""The row that every usage file is made of."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from billing.domain.tables import Table, Value


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Calls of one tenant on one UTC day for one purpose, and their exact cost in one currency."""

    day: date
    customer: str
    tenant: str
    purpose: str
    calls: int
    billable: int
    uncertain: int
    currency: str
    amount: Decimal

    def values(self) -> list[Value]:
        """In the order of `COLUMNS`."""
        return [getattr(self, column) for column in COLUMNS]


COLUMNS = tuple(field.name for field in fields(UsageRow))


def usage_table(rows: Iterable[UsageRow]) -> Table:
    """Usage as a table."""
    return Table("Usage", COLUMNS, (row.values() for row in rows))
