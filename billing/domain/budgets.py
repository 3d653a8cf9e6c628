"""What a budget leaves: periods, thresholds, and how many calls there is money for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from billing.domain.periods import Month, month_of


class Span(StrEnum):
    """How long a budget's amount has to last, in UTC."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Stop(StrEnum):
    """What happens when a budget is used up; closing a leaver's account is never stopped."""

    NONE = "none"
    SOFT = "soft"
    HARD = "hard"


_MONTHS = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}
_HUNDRED = Decimal(100)
# More calls than anybody makes, where a call costs nothing.
UNLIMITED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a budget stands: spent for certain, and what calls nobody knows the end of may cost.

    All amounts in the budget's currency; `promised` was reserved by workers and not used yet.
    """

    amount: Decimal
    spent: Decimal
    doubtful: Decimal = Decimal(0)
    promised: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        """What may still be spent if every doubtful call is billed; below zero: overspent."""
        return self.amount - self.spent - self.doubtful - self.promised

    def calls(self, unit_price: Decimal) -> int:
        """How many more calls there is money for."""
        if unit_price <= 0:
            return UNLIMITED
        return min(UNLIMITED, max(0, int(self.left // unit_price)))

    def reached(self, thresholds: Iterable[int], spent: Decimal | None = None) -> list[int]:
        """Thresholds in percent that the spent amount (or another one) has come to."""
        spent = self.spent if spent is None else spent
        return sorted(each for each in set(thresholds) if spent * _HUNDRED >= self.amount * each)


def months_of(span: Span, at: datetime) -> list[Month]:
    """The UTC months of the period a moment lies in: one, a quarter's three, a year's twelve."""
    length, month = _MONTHS[span], month_of(at)
    first = Month(month.year, (month.number - 1) // length * length + 1)
    months = [first]
    while len(months) < length:
        months.append(months[-1].next())
    return months


def parse_thresholds(text: str) -> list[int]:
    """Percents such as `50, 80, 100`, sorted; raises ValueError."""
    parts = [part.strip().removesuffix("%").strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdecimal() and 0 < int(part) <= 1000 for part in parts):
        raise ValueError("Write percents between 1 and 1000, e.g. 50, 80, 100.")
    return sorted({int(part) for part in parts})
