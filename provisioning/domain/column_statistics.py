"""What the columns of a source hold: how full they are, how distinct, what they look like; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from provisioning.domain.words import COUNTRIES, COUNTRY_CODES, STATUS, fold_words

SAMPLE_LIMIT = 20_000
"""Records that are looked at; a column's figures are about these."""
_JUDGED = 2_000
_EXAMPLES = 3
_COMMON = 40


class Shape(StrEnum):
    """What a value looks like."""

    EMAIL = "e-mail addresses"
    ISO_DATE = "dates (2026-03-01)"
    DOTTED_DATE = "dates (01.03.2026)"
    SLASHED_DATE = "dates (01/03/2026)"
    STATUS = "words for active and inactive"
    COUNTRY_CODE = "two-letter country codes"
    COUNTRY = "names of countries"
    PHONE = "phone numbers"
    NUMBER = "whole numbers"


_Test = Callable[[str], object]
_TESTS: Mapping[Shape, _Test] = {
    Shape.EMAIL: re.compile(r"[^\s@;,]+@[^\s@;,]+\.[A-Za-z]{2,}").fullmatch,
    Shape.ISO_DATE: re.compile(r"\d{4}-[01]\d-[0-3]\d(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?").fullmatch,
    Shape.DOTTED_DATE: re.compile(r"[0-3]?\d\.[01]?\d\.\d{4}").fullmatch,
    Shape.SLASHED_DATE: re.compile(r"[0-3]?\d/[0-3]?\d/\d{4}").fullmatch,
    Shape.STATUS: lambda text: fold_words(text) in STATUS,
    Shape.COUNTRY_CODE: lambda text: text in COUNTRY_CODES,
    Shape.COUNTRY: lambda text: fold_words(text) in COUNTRIES,
    Shape.PHONE: re.compile(r"(?=(?:\D*\d){6})(?=.*\D)(?:\+|0|\()[\d\s()/.-]+").fullmatch,
    Shape.NUMBER: re.compile(r"\d+", re.ASCII).fullmatch,
}


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """One column over `records` records; `shares` (0 to 1) are of the filled values.

    `common` holds the most frequent values with their counts, `longest` the longest length.
    """

    name: str
    records: int
    filled: int = 0
    distinct: int = 0
    longest: int = 0
    common: tuple[tuple[str, int], ...] = ()
    shares: Mapping[Shape, float] = field(default_factory=dict)

    @property
    def empty(self) -> int:
        """Records without a value."""
        return self.records - self.filled

    @property
    def unique(self) -> bool:
        """Whether every record has a value, and none has another's."""
        return self.records > 0 and self.distinct == self.records

    @property
    def examples(self) -> tuple[str, ...]:
        """A few values, the most frequent first."""
        return tuple(value for value, _ in self.common[:_EXAMPLES])

    @property
    def looks_like(self) -> Shape | None:
        """What nine values out of ten look like, if anything."""
        best = max(self.shares, key=lambda shape: self.shares[shape], default=None)
        return best if best is not None and self.shares[best] >= 0.9 else None

    def share(self, shape: Shape) -> float:
        """Share of the filled values that look like this, 0 to 1."""
        return self.shares.get(shape, 0.0)


def statistics_of(
    columns: Sequence[str], records: Iterable[Mapping[str, str]]
) -> dict[str, ColumnStatistics]:
    """Statistics of each column over the first SAMPLE_LIMIT records."""
    counters: dict[str, Counter[str]] = {column: Counter() for column in columns}
    total = 0
    for values in islice(records, SAMPLE_LIMIT):
        total += 1
        for column, counter in counters.items():
            text = values.get(column, "")
            if text and not text.isspace():
                counter[text] += 1
    return {column: _judged(column, counters[column], total) for column in columns}


def _judged(column: str, counter: Counter[str], records: int) -> ColumnStatistics:
    judged = list(islice(counter.items(), _JUDGED))
    weight = sum(count for _, count in judged)
    shares: dict[Shape, float] = {}
    for shape, test in _TESTS.items():
        if like := sum(count for text, count in judged if test(text)):
            shares[shape] = like / weight
    return ColumnStatistics(
        column,
        records,
        filled=counter.total(),
        distinct=len(counter),
        longest=max(map(len, counter), default=0),
        common=tuple(counter.most_common(_COMMON)),
        shares=shares,
    )
