"""FOCUS 1.2 rows as CSV: an empty field is null."""

import csv
from collections.abc import Iterable

from billing.domain.focus import COLUMNS, Charge, Issuer, focus_rows
from billing.exports.cells import Output, Utf8
from tenants.domain.spreadsheets import cell

_NUMBERS = ("Cost", "Price", "Quantity")


def write_focus(charges: Iterable[Charge], issuer: Issuer, output: Output) -> None:
    """RFC 4180, UTF-8, with a header; raises ValueError for a charge that FOCUS cannot say."""
    writer = csv.writer(Utf8(output))
    writer.writerow(COLUMNS)
    for row in focus_rows(charges, issuer):
        writer.writerow([_field(column, row[column]) for column in COLUMNS])


def _field(column: str, value: str | None) -> str:
    return value or "" if column.endswith(_NUMBERS) else cell(value or "")
