"""Usage and cost as CSV, JSON and JSON lines; which formats there are.

Amounts are exact. In JSON they are strings, because readers take its numbers for binary ones.
"""

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from billing.domain.usage_rows import COLUMNS, UsageRow
from billing.exports.cells import Output, Utf8
from billing.exports.spreadsheet import write_xlsx
from tenants.domain.spreadsheets import cell


def write_csv(rows: Iterable[UsageRow], output: Output) -> None:
    """RFC 4180, UTF-8, with a header."""
    writer = csv.writer(Utf8(output))
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(map(_text, row.values()))


def write_json_lines(rows: Iterable[UsageRow], output: Output) -> None:
    """One object a line, UTF-8."""
    for row in rows:
        output.write(f"{_object(row)}\n".encode())


def write_json(rows: Iterable[UsageRow], output: Output) -> None:
    """One array of objects, UTF-8."""
    before = "[\n"
    for row in rows:
        output.write(f"{before}{_object(row)}".encode())
        before = ",\n"
    output.write(b"[]\n" if before == "[\n" else b"\n]\n")


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: how people call it, its ending and type, what writes it."""

    label: str
    extension: str
    content_type: str
    write: Callable[[Iterable[UsageRow], Output], None]


FORMATS = {
    "csv": Format("CSV", "csv", "text/csv; charset=utf-8", write_csv),
    "xlsx": Format(
        "Excel",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        write_xlsx,
    ),
    "json": Format("JSON", "json", "application/json", write_json),
    "jsonl": Format("JSON lines", "jsonl", "application/x-ndjson", write_json_lines),
}


def _text(value: object) -> str:
    return cell(value) if isinstance(value, str) else _plain(value)


def _plain(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _object(row: UsageRow) -> str:
    values = {
        column: value if isinstance(value, str | int) else _plain(value)
        for column, value in zip(COLUMNS, row.values(), strict=True)
    }
    return json.dumps(values, ensure_ascii=False)
