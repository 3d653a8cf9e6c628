"""From physical lines to rows of fields (RFC 4180, read as leniently as Python's csv module).

Not the csv module, because that one has a process-wide field limit after which it loses its place,
and cannot tell a quote that is never closed from content.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provisioning.sources.base import UnusableSource

FIELD_LIMIT = 1024 * 1024
ROW_LIMIT = 16 * 1024 * 1024
_QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Row:
    """Fields of one row. `line` is where it starts; `oversize`: a field is beyond FIELD_LIMIT."""

    line: int
    fields: list[str]
    oversize: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing but white space stands between the delimiters."""
        return not self.oversize and not any(field and not field.isspace() for field in self.fields)


def rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Rows of a table; quotes may hold delimiters, doubled quotes and line breaks.

    Raises UnusableSource when a quote is never closed, or a row is beyond ROW_LIMIT characters.
    """
    open_row: _OpenRow | None = None
    for number, line in enumerate(lines, 1):
        if open_row is None:
            if _QUOTE not in line:
                yield _plain_row(number, line, delimiter)
                continue
            open_row = _OpenRow(number, delimiter)
        if open_row.feed(line, number):
            yield Row(open_row.line, open_row.fields, open_row.oversize)
            open_row = None
    if open_row is not None:
        message = f"The quote that opens on line {open_row.quote_line} is never closed."
        raise UnusableSource("unclosed_quote", message)


def _plain_row(number: int, line: str, delimiter: str) -> Row:
    fields = line.rstrip("\r\n").split(delimiter)
    oversize = len(line) > FIELD_LIMIT and any(len(field) > FIELD_LIMIT for field in fields)
    return Row(number, fields, oversize)


class _OpenRow:
    """A row with quotes in it, fed line by line until it is complete."""

    def __init__(self, line: int, delimiter: str) -> None:
        self.line = self.quote_line = line
        self.fields: list[str] = []
        self.oversize = False
        self._delimiter = delimiter
        self._parts: list[str] = []
        self._size = self._kept = 0
        self._quoted = False

    def feed(self, line: str, number: int) -> bool:
        """Take one physical line; True when the row ends with it."""
        position: int | None = 0
        if not self._quoted:
            position = self._open_field(line, 0, number)
        while position is not None:
            if self._quoted:
                position = self._quoted_part(line, position)
            else:
                position = self._plain_part(line, position, number)
        return not self._quoted

    def _open_field(self, line: str, position: int, number: int) -> int:
        self._quoted = line.startswith(_QUOTE, position)
        if not self._quoted:
            return position
        self.quote_line = number
        return position + 1

    def _quoted_part(self, line: str, start: int) -> int | None:
        end = line.find(_QUOTE, start)
        if end < 0:
            self._add(line[start:])
            return None
        if line.startswith(_QUOTE, end + 1):
            self._add(line[start : end + 1])
            return end + 2
        self._add(line[start:end])
        self._quoted = False
        return end + 1

    def _plain_part(self, line: str, start: int, number: int) -> int | None:
        end = line.find(self._delimiter, start)
        self._add(line[start:end] if end >= 0 else line[start:].rstrip("\r\n"))
        self._close_field()
        return None if end < 0 else self._open_field(line, end + 1, number)

    def _add(self, text: str) -> None:
        self._size += len(text)
        if self._size > FIELD_LIMIT:
            self.oversize = True
            self._parts.clear()
        else:
            self._parts.append(text)

    def _close_field(self) -> None:
        field = "".join(self._parts)
        self.fields.append(field)
        self._kept += len(field) + 1
        if self._kept > ROW_LIMIT:
            message = f"The row on line {self.line} is too long for a table of people."
            raise UnusableSource("row_too_long", message)
        self._parts.clear()
        self._size = 0
