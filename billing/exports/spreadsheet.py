"""A table as an Excel workbook: dates as dates, exact numbers as numbers.

A spreadsheet keeps 15 digits of a number; what has more is written as text and stays exact. Text
is marked as text, so that not even editing a cell makes a formula of it.
"""

from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from billing.domain.tables import Table, Value
from billing.exports.cells import Output

EXACT_DIGITS = 15
ROWS_OF_A_SHEET = 1_048_576
_WIDTHS = {"customer": 28, "tenant": 28, "job": 28, "note": 40, "request": 60}
_USUAL_WIDTH = 14


def write_xlsx(table: Table, output: Output, sheet_rows: int = ROWS_OF_A_SHEET) -> None:
    """One sheet after the other, as many rows each as fit; a row at a time is in memory.

    Raises ValueError for a text that no cell holds.
    """
    book = xlsxwriter.Workbook(output, {"constant_memory": True})
    styles = {
        "head": book.add_format({"bold": True, "quote_prefix": True}),
        "text": book.add_format({"quote_prefix": True}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "count": book.add_format({"num_format": "#,##0"}),
        "money": book.add_format({"num_format": "#,##0.00########"}),
    }
    # Closed also after an error, because a sheet under way is a temporary file.
    with closing(book):
        sheet, place = _sheet(book, table, styles), 1
        for row in table.rows:
            if place == sheet_rows:
                sheet, place = _sheet(book, table, styles), 1
            for column, value in enumerate(row):
                if _write(sheet, place, column, value, styles):
                    name = table.columns[column]
                    raise ValueError(f"Row {place + 1}: {name} does not fit into a cell.")
            place += 1


def _sheet(book: Any, table: Table, styles: dict[str, Any]) -> Any:
    number = len(book.worksheets()) + 1
    sheet = book.add_worksheet(table.name if number == 1 else f"{table.name} {number}")
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(table.columns):
        sheet.set_column(column, column, _WIDTHS.get(name, _USUAL_WIDTH))
        sheet.write_string(0, column, name, styles["head"])
    return sheet


def _write(sheet: Any, row: int, column: int, value: Value, styles: dict[str, Any]) -> object:
    """Gives what is wrong, as the library does; nothing (None) leaves the cell empty."""
    if value is None:
        return None
    if isinstance(value, str):
        return sheet.write_string(row, column, value, styles["text"])
    if isinstance(value, date):
        at = datetime(value.year, value.month, value.day)  # noqa: DTZ001  a day has no zone
        return sheet.write_datetime(row, column, at, styles["date"])
    if is_exact(number := Decimal(value)):
        style = styles["count" if isinstance(value, int) else "money"]
        return sheet.write_number(row, column, number, style)
    return sheet.write_string(row, column, f"{number:f}", styles["text"])


def is_exact(number: Decimal) -> bool:
    """Whether a spreadsheet keeps every digit."""
    return len("".join(map(str, number.as_tuple().digits)).strip("0")) <= EXACT_DIGITS
