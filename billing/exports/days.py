"""Days of a month as CSV."""

import csv
from collections.abc import Iterable
from typing import Protocol

from billing.selectors import DayCost
from tenants.domain.spreadsheets import cell

__all__ = ["write_days"]


class _Writable(Protocol):
    def write(self, text: str, /) -> object: ...


def write_days(days: Iterable[DayCost], file: _Writable) -> None:
    """Calls and exact cost per UTC day and customer."""
    rows = csv.writer(file)
    rows.writerow(["day_utc", "customer", "calls", "billable", "uncertain", "currency", "cost"])
    for day in days:
        cost = day.cost
        counts = [cost.calls, cost.billable, cost.uncertain]
        for currency, amount in cost.amounts.items():
            rows.writerow([day.day, cell(day.customer.name), *counts, currency, f"{amount:f}"])
