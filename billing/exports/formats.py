"""Tables as CSV, JSON and JSON lines; which formats there are.

Amounts are exact. In JSON they are strings, because readers take its numbers for binary ones.
"""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.domain.tables import Table, Value
from billing.exports.cells import Output, Utf8
from billing.exports.spreadsheet import write_xlsx
from tenants.domain.spreadsheets import cell


def write_csv(table: Table, output: Output) -> None:
    """RFC 4180, UTF-8, with a header; an empty field has no value."""
    writer = csv.writer(Utf8(output))
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow(map(_text, row))


def write_json_lines(table: Table, output: Output) -> None:
    """One object a line, UTF-8."""
    for row in table.rows:
        output.write(f"{_object(table.columns, row)}\n".encode())


def write_json(table: Table, output: Output) -> None:
    """One array of objects, UTF-8."""
    before = "[\n"
    for row in table.rows:
        output.write(f"{before}{_object(table.columns, row)}".encode())
        before = ",\n"
    output.write(b"[]\n" if before == "[\n" else b"\n]\n")


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: how people call it, its ending and type, what writes it."""

    label: str
    extension: str
    content_type: str
    write: Callable[[Table, Output], None]


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


def _text(value: Value) -> str:
    return cell(value) if isinstance(value, str) else _plain(value)


def _plain(value: Value) -> str:
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _object(columns: tuple[str, ...], row: Sequence[Value]) -> str:
    values = {
        column: value if value is None or isinstance(value, str | int) else _plain(value)
        for column, value in zip(columns, row, strict=True)
    }
    return json.dumps(values, ensure_ascii=False)
