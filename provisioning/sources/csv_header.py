"""The header of a CSV file: its delimiter, its columns and where the key stands."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from provisioning.sources.base import UnusableSource
from provisioning.sources.csv_rows import Row, rows
from provisioning.sources.csv_text import lines

DELIMITERS = (",", ";", "\t")
_COLUMN_LIMIT = 1000
_SHOWN_COLUMNS = 30
_SHOWN_LENGTH = 60
# A mail address, a date or nothing but digits and signs: values, not names of columns.
_DATA = re.compile(r"[^@\s]+@[^@\s]+|[\d\s.,:/+()-]*\d[\d\s.,:/+()-]*")


@dataclass(frozen=True, slots=True)
class Header:
    """`line` is the physical line of the header, `key` the position of the key column."""

    line: int
    delimiter: str
    columns: tuple[str, ...]
    key: int


def read_header(stream: BinaryIO, encoding: str, key_column: str = "") -> Header:
    """Read the first row that is not blank, by the delimiter that fits it best.

    Without a key column the key is said to stand in the first one: nobody knows yet where it is.
    Raises UnusableSource: empty, missing key column, names that are empty or doubled.
    """
    row, delimiter = _best_reading(stream, encoding, fold_name(key_column))
    columns = tuple(field.strip() for field in row.fields)
    if len(columns) > _COLUMN_LIMIT:
        message = f"The header names {len(columns):,} columns; {_COLUMN_LIMIT:,} is the limit."
        raise UnusableSource("too_many_columns", message)
    folded = [fold_name(column) for column in columns]
    if not key_column and any(_DATA.fullmatch(column) for column in columns):
        raise UnusableSource("no_header", "The first row holds values, not names of columns.")
    if key_column and fold_name(key_column) not in folded:
        raise _missing_key(columns, key_column)
    _refuse_unnamed(columns, row.line)
    _refuse_doubled(columns, folded)
    key = folded.index(fold_name(key_column)) if key_column else 0
    return Header(row.line, delimiter, columns, key)


def fold_name(name: str) -> str:
    """The form in which column names are compared: trimmed, without case."""
    return name.strip().casefold()


def _best_reading(stream: BinaryIO, encoding: str, key: str) -> tuple[Row, str]:
    # Parsed with each delimiter rather than counted: a quoted name may hold any of them.
    found: list[tuple[Row, str]] = []
    problem = UnusableSource("empty", "The file holds no header and no rows.")
    for delimiter in DELIMITERS:
        try:
            header = _first_row(rows(lines(stream, encoding), delimiter))
        except UnusableSource as error:
            problem = error
            continue
        if header is not None:
            found.append((header, delimiter))
    if not found:
        raise problem
    return max(found, key=lambda item: _fitness(item[0].fields, key))


def _first_row(table: Iterable[Row]) -> Row | None:
    return next((row for row in table if any(map(_has_text, row.fields))), None)


def _has_text(field: str) -> bool:
    # The delimiter is not known yet, so none of the candidates counts as text.
    return bool(field.strip(" \r\n" + "".join(DELIMITERS)))


def _fitness(fields: Sequence[str], key: str) -> tuple[bool, bool, int]:
    names = [fold_name(field) for field in fields]
    return key in names, all(names), len(names)


def _missing_key(columns: Sequence[str], key_column: str) -> UnusableSource:
    names = [column[:_SHOWN_LENGTH] for column in columns if column]
    if any(_DATA.fullmatch(name) for name in names):
        # Not repeated: without a header the first row is a person's.
        message = f"The first row holds values, not names of columns such as {key_column}."
        return UnusableSource("no_header", message)
    shown = ", ".join(names[:_SHOWN_COLUMNS])
    more = f" and {len(names) - _SHOWN_COLUMNS} more" if len(names) > _SHOWN_COLUMNS else ""
    near = difflib.get_close_matches(fold_name(key_column), map(fold_name, names), n=1)
    hint = "".join(f" Is it {name}?" for name in names if near and fold_name(name) == near[0])
    message = f"The key column {key_column} is missing. Columns found: {shown}{more}.{hint}"
    return UnusableSource("missing_key_column", message)


def _refuse_unnamed(columns: Sequence[str], line: int) -> None:
    unnamed = [str(position) for position, column in enumerate(columns, 1) if not column]
    if unnamed:
        which = ", ".join(unnamed[:_SHOWN_COLUMNS])
        message = f"The header on line {line} has no name for column {which}."
        raise UnusableSource("empty_column_name", message)


def _refuse_doubled(columns: Sequence[str], folded: Sequence[str]) -> None:
    counts = Counter(folded)
    doubled = {key: name for key, name in zip(folded, columns, strict=True) if counts[key] > 1}
    if doubled:
        which = ", ".join(list(doubled.values())[:_SHOWN_COLUMNS])
        message = f"The header names a column more than once: {which}."
        raise UnusableSource("duplicate_columns", message)
