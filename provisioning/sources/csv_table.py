"""A CSV file of which nobody knows yet which column is the key: every row that fits the header."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from provisioning.domain.records import Record
from provisioning.sources.csv_header import Header, read_header
from provisioning.sources.csv_rows import rows
from provisioning.sources.csv_text import lines, text_encoding


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A readable table. The stream must stay open for `records()`, which may be called again."""

    columns: tuple[str, ...]
    _encoding: str = field(repr=False)
    _header: Header = field(repr=False)
    _stream: BinaryIO = field(repr=False)

    def records(self) -> Iterator[Record]:
        """Every row without a key, values trimmed; none for a row that does not fit the header."""
        width = len(self.columns)
        for row in rows(lines(self._stream, self._encoding), self._header.delimiter):
            if row.line <= self._header.line or row.blank:
                continue
            fits = not row.oversize and len(row.fields) == width
            values = [value.strip() for value in row.fields] if fits else []
            yield Record(row.line, "", dict(zip(self.columns, values, strict=fits)))


def read_table(stream: BinaryIO) -> CsvTable:
    """Open a seekable stream as a table. Raises UnusableSource when it is none."""
    encoding = text_encoding(stream)
    header = read_header(stream, encoding)
    return CsvTable(header.columns, encoding, header, stream)
