"""Records under a key column of one's choice: whoever has no key of their own is refused; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from provisioning.domain.records import Record, RefusedRow, clean_key, fold_key, key_damage

_NAMED = 10
_MISFIT = ("other_width", "The row has more or fewer fields than the header.")


@dataclass(frozen=True, slots=True)
class Keyed:
    """The records that can be told apart, in their order, and the rows that cannot."""

    records: tuple[Record, ...]
    refused: tuple[RefusedRow, ...]

    @property
    def unreadable(self) -> int:
        """Refused rows that may be anybody."""
        return sum(row.key is None for row in self.refused)


def keyed(records: Iterable[Record], key_column: str) -> Keyed:
    """The records with the value of `key_column` as their key, by the rules for new files.

    A column that the records do not have leaves none of them; a record without any value is a row
    that did not fit its header.
    """
    good: dict[str, list[Record]] = {}
    refused: list[RefusedRow] = []
    for record in records:
        key = clean_key(record.values.get(key_column, ""))
        problem: tuple[str, str] | None = _MISFIT
        if record.values:
            # A record that has this key already was judged when it was read.
            problem = None if key and record.key == key else _problem(key, key_column)
        if problem is None:
            same = record if record.key == key else Record(record.line, key, record.values)
            good.setdefault(fold_key(key), []).append(same)
        else:
            refused.append(RefusedRow(record.line, None, *problem))
    for several in good.values():
        if len(several) > 1:
            refused.extend(_doubled(several))
    alone = tuple(several[0] for several in good.values() if len(several) == 1)
    return Keyed(alone, tuple(sorted(refused, key=lambda row: row.line)))


def same_keys(records: Iterable[Record], key_column: str) -> bool:
    """Whether all records were read by this key column."""
    return all(each.key == clean_key(each.values.get(key_column, "")) for each in records)


def refused_keys(keys: Iterable[str], *, own: bool) -> tuple[frozenset[str], int]:
    """Folded keys of rows that a reader refused, and how many of the rows may be anybody.

    `own` is whether they were read by the key column that counts: in another one a row's key says
    nothing of who it is.
    """
    given = list(keys)
    return (frozenset(map(fold_key, given)), 0) if own else (frozenset(), len(given))


def _problem(key: str, column: str) -> tuple[str, str] | None:
    if not key:
        return "no_key", f"The key column {column} is empty."
    damage = key_damage(key)
    return ("unreadable_key", f"The key in {column} {damage}.") if damage else None


def _doubled(several: Sequence[Record]) -> Iterator[RefusedRow]:
    lines = [record.line for record in several]
    for record in several:
        others = ", ".join(str(line) for line in lines[: _NAMED + 1] if line != record.line)
        message = f"The key {record.key} is also on line {others}."
        yield RefusedRow(record.line, record.key, "duplicate_key", message)
