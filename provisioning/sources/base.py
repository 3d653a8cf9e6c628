"""What every kind of source gives: a reading, or the reason why there is none."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Protocol

from provisioning.domain.records import Record, RefusedRow, fold_key


class UnusableSource(Exception):  # named after what it says of the source
    """A source refused as a whole: `code` for programs, `message` one sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Reading(Protocol):
    """One validated read. `records()` may be called again, one iteration at a time."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names as the source writes them, trimmed."""

    @property
    def people(self) -> int:
        """Number of accepted rows."""

    @property
    def refused(self) -> tuple[RefusedRow, ...]:
        """Refused rows by line."""

    @property
    def keys(self) -> AbstractSet[str]:
        """Folded keys of the accepted rows."""

    def records(self) -> Iterator[Record]:
        """The accepted rows, in the source's order."""


def present_keys(reading: Reading) -> frozenset[str]:
    """Folded keys that are in the source at all: accepted, or refused with a readable key."""
    held = (fold_key(row.key) for row in reading.refused if row.key is not None)
    return frozenset(reading.keys).union(held)
