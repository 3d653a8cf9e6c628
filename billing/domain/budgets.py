"""What a budget leaves: periods, thresholds, and how many calls there is money for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from billing.domain.periods import Month, month_of

_PERCENT, _THRESHOLDS = re.compile("[0-9]{1,4}"), 20


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
_HUNDRED, _ALMOST = Decimal(100), Decimal("99.9")
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


class Verdict(StrEnum):
    """How a budget's period will end, the best first."""

    WITHIN = "within"
    TIGHT = "tight"  # the forecast's band goes beyond it
    OVER = "over"  # the forecast does
    USED = "used"


@dataclass(frozen=True, slots=True)
class Course:
    """Where a month is heading: spent, expected with its band, and the budget if there is one.

    All in one currency. Without a forecast what was spent is all that is expected.
    """

    currency: str
    spent: Decimal
    amount: Decimal | None = None
    low: Decimal | None = None
    expected: Decimal | None = None
    high: Decimal | None = None

    @property
    def verdict(self) -> Verdict | None:
        """How it will end; None without a budget."""
        if self.amount is None:
            return None
        if self.spent >= self.amount:
            return Verdict.USED
        if (self.expected or self.spent) > self.amount:
            return Verdict.OVER
        return Verdict.TIGHT if (self.high or self.spent) > self.amount else Verdict.WITHIN

    @property
    def percent(self) -> Decimal:
        """Percent of the budget that are spent; 0 without one."""
        return percent_of(self.spent, self.amount)

    @property
    def expected_percent(self) -> Decimal:
        """Percent of the budget that are expected to be spent."""
        return percent_of(self.spent if self.expected is None else self.expected, self.amount)


def percent_of(part: Decimal, whole: Decimal | None) -> Decimal:
    """Percent to one place, never rounded up to 100: that is all of it; all of nothing is 100."""
    if whole is None:
        return Decimal(0)
    if not whole:
        return _HUNDRED
    rounded = ((part * 2000 + whole) // (whole * 2)).scaleb(-1)  # half a tenth is one more
    return min(rounded, _ALMOST) if part < whole else rounded


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
    if not all(_PERCENT.fullmatch(part) and 0 < int(part) <= 1000 for part in parts):
        raise ValueError("Write percents between 1 and 1000, e.g. 50, 80, 100.")
    if len(parts) > _THRESHOLDS:
        raise ValueError(f"Write at most {_THRESHOLDS} percents.")
    return sorted({int(part) for part in parts})
