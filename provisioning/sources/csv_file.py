"""A CSV file as HR systems write it: one pass validates, the next yields the records.

No list of rows is ever held: the first pass keeps folded keys, refused rows and line numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from provisioning.domain.records import Record, RefusedRow, clean_key, fold_key, key_damage
from provisioning.sources.base import UnusableSource
from provisioning.sources.csv_header import Header, read_header
from provisioning.sources.csv_rows import FIELD_LIMIT, Row, rows
from provisioning.sources.csv_text import lines, text_encoding

REFUSED_LIMIT = 100_000
_NAMED_LINES = 10


@dataclass(frozen=True, slots=True)
class CsvReading:
    """A validated CSV file (the protocol `Reading`). The stream must stay open for `records()`."""

    columns: tuple[str, ...]
    people: int
    refused: tuple[RefusedRow, ...]
    keys: frozenset[str]
    encoding: str
    delimiter: str
    _header: Header = field(repr=False)
    _stream: BinaryIO = field(repr=False)

    def records(self) -> Iterator[Record]:
        """Accepted rows in the file's order; values trimmed, by column name."""
        refused = {row.line for row in self.refused}
        for row in _data_rows(self._stream, self.encoding, self._header):
            if row.line not in refused:
                values = [value.strip() for value in row.fields]
                key = values[self._header.key]
                yield Record(row.line, key, dict(zip(self.columns, values, strict=True)))


def read_csv(stream: BinaryIO, key_column: str) -> CsvReading:
    """Validate a seekable stream from its start and leave it open.

    Raises UnusableSource when the file as a whole cannot be used; single rows are refused.
    """
    encoding = text_encoding(stream)
    header = read_header(stream, encoding, key_column)
    first_pass = _FirstPass(header)
    for row in _data_rows(stream, encoding, header):
        first_pass.take(row)
    refused = first_pass.all_refused()
    keys = first_pass.accepted_keys()
    people = len(keys)
    delimiter = header.delimiter
    return CsvReading(header.columns, people, refused, keys, encoding, delimiter, header, stream)


def _data_rows(stream: BinaryIO, encoding: str, header: Header) -> Iterator[Row]:
    for row in rows(lines(stream, encoding), header.delimiter):
        if row.line > header.line and not row.blank:
            yield row


class _FirstPass:
    """Collects keys and refused rows; rows that share a key are known only at the end."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._first: dict[str, tuple[int, str]] = {}
        self._repeats: dict[str, list[tuple[int, str]]] = {}
        self._refused: list[RefusedRow] = []
        self._count = 0

    def take(self, row: Row) -> None:
        """Judge one row."""
        problem = _problem(row, self._header)
        if problem is not None:
            self._count_refused()
            self._refused.append(RefusedRow(row.line, None, *problem))
            return
        key = clean_key(row.fields[self._header.key])
        folded = fold_key(key)
        if folded not in self._first:
            self._first[folded] = (row.line, key)
        else:
            self._count_refused()
            self._repeats.setdefault(folded, []).append((row.line, key))

    def accepted_keys(self) -> frozenset[str]:
        """Folded keys that stand on exactly one row."""
        return frozenset(key for key in self._first if key not in self._repeats)

    def all_refused(self) -> tuple[RefusedRow, ...]:
        """Every refused row by line, the rows of a shared key included."""
        refused = list(self._refused)
        for folded, repeats in self._repeats.items():
            refused.extend(_duplicates([self._first[folded], *repeats]))
        return tuple(sorted(refused, key=lambda row: row.line))

    def _count_refused(self) -> None:
        # A file of nothing but refused rows must not fill the memory with reasons.
        self._count += 1
        if self._count > REFUSED_LIMIT:
            message = f"More than {REFUSED_LIMIT:,} rows cannot be read; is this the right file?"
            raise UnusableSource("too_many_refused", message)


def _problem(row: Row, header: Header) -> tuple[str, str] | None:
    """Code and sentence for a row that is refused on its own.

    With a field too many or too few, nobody can say which values moved: its key is not trusted.
    """
    width, expected = len(row.fields), len(header.columns)
    if row.oversize:
        return "field_too_long", f"A field is longer than {FIELD_LIMIT:,} characters."
    if width != expected:
        code = "too_many_fields" if width > expected else "too_few_fields"
        return code, f"The row has {width} fields, the header {expected}."
    column = header.columns[header.key]
    key = clean_key(row.fields[header.key])
    if not key:
        return "no_key", f"The key column {column} is empty."
    damage = key_damage(key)
    return ("unreadable_key", f"The key in {column} {damage}.") if damage else None


def _duplicates(same: list[tuple[int, str]]) -> Iterator[RefusedRow]:
    """Refuse all rows of one key, each naming the others' lines."""
    for line, key in same:
        # One more than is shown: the row itself is among them, and a large group stays linear.
        others = [str(other) for other, _ in same[: _NAMED_LINES + 1] if other != line]
        others = others[:_NAMED_LINES]
        more = len(same) - 1 - len(others)
        noun = "line" if len(same) == 2 else "lines"
        tail = f" and {more} more" if more else ""
        message = f"The key {key} is also on {noun} {', '.join(others)}{tail}."
        yield RefusedRow(line, key, "duplicate_key", message)
