"""A demo export as a table that knows what has to become of each of its rows."""

import csv
import io
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

# Each of these columns is one attribute in the demo's profiles; the country would be two.
FIVE = ("job_title", "department", "location", "phone", "hire_date")


class Fate(Enum):
    """What a first run has to make of a row."""

    CREATED = auto()
    SKIPPED = auto()  # inactive, and never had an account
    HELD = auto()  # read, but its mapping fails
    REFUSED = auto()  # not read at all


@dataclass(frozen=True, slots=True)
class Expected:
    """Outcome of a tenant's first run. `rows` = `people_read` + `refused`.

    `people_read` counts accepted rows, `held` the refused ones and those whose mapping fails;
    so `rows` = `held` + `created` + `skipped_inactive`.
    """

    rows: int
    people_read: int
    refused: int
    held: int
    created: int
    skipped_inactive: int
    updated: int = 0
    disabled: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """Values in the order of the table's columns, and their fate. A dirty row may have too many."""

    values: tuple[str, ...]
    fate: Fate = Fate.CREATED


@dataclass(frozen=True, slots=True)
class Table:
    """An export: `columns` are the headers it is written with, `fields` what they stand for."""

    fields: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str = "utf-8"
    delimiter: str = ","
    tail: str = ""

    def to_bytes(self) -> bytes:
        """The file."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows(row.values for row in self.rows)
        return (text.getvalue() + self.tail).encode(self.encoding)

    def expected(self) -> Expected:
        """What a first run with this file does, counted from the rows' fates."""
        fates = Counter(row.fate for row in self.rows)
        refused = fates[Fate.REFUSED]
        return Expected(
            rows=len(self.rows),
            people_read=len(self.rows) - refused,
            refused=refused,
            held=refused + fates[Fate.HELD],
            created=fates[Fate.CREATED],
            skipped_inactive=fates[Fate.SKIPPED],
        )

    def keys(self, fate: Fate = Fate.CREATED) -> tuple[str, ...]:
        """Keys of the rows with this fate, trimmed, in order."""
        at = self.fields.index("employee_id")
        return tuple(row.values[at].strip() for row in self.rows if row.fate is fate)


def changed(table: Table, count: int, *, five_each: int = 3, seed: int = 1) -> Table:
    """The same file with exactly `count` accounts changed, `five_each` of them in five attributes.

    Raises ValueError when there are fewer accounts than that.
    """
    rng = random.Random(seed)
    rows = list(table.rows)
    known = {name: _known(table, name) for name in FIVE}
    for turn, at in enumerate(_pick(table, count, rng)):
        fields = FIVE if turn < five_each else (rng.choice(FIVE),)
        current = {name: rows[at].values[table.fields.index(name)].strip() for name in fields}
        values = {name: _other(current[name], known[name], rng) for name in fields}
        rows[at] = _with_values(table, rows[at], values)
    return replace(table, rows=tuple(rows))


def without(table: Table, count: int, *, seed: int = 1) -> Table:
    """The same file without `count` of the people who have accounts."""
    gone = set(_pick(table, count, random.Random(seed)))
    return replace(table, rows=tuple(row for at, row in enumerate(table.rows) if at not in gone))


def with_duplicate_key(table: Table, *, seed: int = 1) -> Table:
    """One account's key stands on a second row, which is somebody else's: both are refused."""
    first, second = _pick(table, 2, random.Random(seed))
    key = table.rows[first].values[table.fields.index("employee_id")]
    rows = list(table.rows)
    rows[first] = replace(rows[first], fate=Fate.REFUSED)
    rows[second] = _with_values(table, rows[second], {"employee_id": key}, Fate.REFUSED)
    return replace(table, rows=tuple(rows))


def with_unreadable_key(table: Table, *, seed: int = 1) -> Table:
    """One account's key is what a spreadsheet made of it."""
    (at,) = _pick(table, 1, random.Random(seed))
    rows = list(table.rows)
    rows[at] = _with_values(table, rows[at], {"employee_id": "1.23E+05"}, Fate.REFUSED)
    return replace(table, rows=tuple(rows))


def damaged(table: Table, *, seed: int = 1) -> Table:
    """Half of the accounts missing, one key doubled and one unreadable: must disable nobody."""
    half = without(table, len(table.keys()) // 2, seed=seed)
    return with_unreadable_key(with_duplicate_key(half, seed=seed), seed=seed)


def _pick(table: Table, count: int, rng: random.Random) -> Sequence[int]:
    accounts = [at for at, row in enumerate(table.rows) if row.fate is Fate.CREATED]
    return rng.sample(accounts, count)


def _with_values(
    table: Table, row: Row, values: Mapping[str, str], fate: Fate = Fate.CREATED
) -> Row:
    pairs = zip(table.fields, row.values, strict=True)
    return Row(tuple(values.get(field, value) for field, value in pairs), fate)


def _known(table: Table, field: str) -> list[str]:
    at = table.fields.index(field)
    return sorted({row.values[at].strip() for row in table.rows if row.fate is Fate.CREATED} - {""})


def _other(current: str, known: Sequence[str], rng: random.Random) -> str:
    others = [value for value in known if value != current]
    return rng.choice(others) if others else f"{current} 2".strip()
