"""How a file writes days and numbers, found from whole columns and never from one cell.

Exports come as Microsoft writes them (MM/DD/YYYY or ISO 8601, decimal points) or as a spreadsheet
in some other language saved them again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache

from billing.domain.azure_files import AmbiguousExport, DisprovedHint
from billing.domain.periods import FIRST_YEAR

# No bill speaks of a day before; beyond the last one it would be of calls that nobody has made.
_FIRST = date(FIRST_YEAR, 1, 1)
# A cell beyond these limits is no figure. Within them sums and products of two stay exact.
_LONGEST, _PLACES, _MAGNITUDE = 40, 30, 20
EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_GROUPS = str.maketrans("", "", " \u00a0\u202f\u2019'")
_NUMBER = re.compile(r"([+-]?)([0-9]*(?:[.,][0-9]+)*)(?:[eE]([+-]?[0-9]{1,2}))?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.]?([0-9]{2})[/.]?([0-9]{2})")
_NUMERIC = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?:[ T].*)?")
_BLOCK = re.compile(r"([0-9][0-9.,]*)\s*([KM]?)(?![A-Za-z])")


@dataclass(slots=True)
class Poll:
    """Cells that prove one reading or the other, and those that fit both.

    `proved`, `ours`: the first such cell with its line; `ours`: in a row about the API.
    """

    proved: dict[bool, tuple[int, str]] = field(default_factory=dict)
    ours: dict[bool, tuple[int, str]] = field(default_factory=dict)
    open: bool = False

    def vote(self, answer: bool | None, line: int, text: str = "", *, ours: bool = False) -> None:
        """Count a cell's answer; None: it fits both."""
        if answer is None:
            self.open = True
            return
        self.proved.setdefault(answer, (line, text))
        if ours:
            self.ours.setdefault(answer, (line, text))

    def check(self, said: bool, cannot: str, hint: str) -> None:
        """Raise DisprovedHint if cells show the opposite of what a person said.

        Where rows show both, those about the API decide.
        """
        against = self.ours.get(not said)
        if said not in self.proved:
            against = against or self.proved.get(not said)
        if against:
            raise DisprovedHint(f"Line {against[0]}: {against[1]} {cannot}.", hint)

    def result(self, what: str, hint: str) -> bool | None:
        """The proved answer, None without proof; raises AmbiguousExport for a contradiction."""
        if len(self.proved) == 2:
            lines = " and ".join(str(line) for line, _ in sorted(self.proved.values()))
            raise AmbiguousExport(f"{what} are written in two ways, see lines {lines}.", hint)
        return next(iter(self.proved), None)


@dataclass(frozen=True, slots=True)
class Formats:
    """How days, numbers and units of this file are read."""

    day_first: bool
    decimal_comma: bool
    blocks: Mapping[str, int] = field(default_factory=dict)
    until: date = date.max

    def is_far(self, day: date) -> bool:
        """Whether a day cannot be one of a bill."""
        return not _FIRST <= day <= self.until

    def day(self, text: str) -> date | None:
        """A cell as a UTC day; None when it is none."""
        return _day(short(text), self.day_first)

    def number(self, text: str) -> Decimal | None:
        """A cell as an exact number; None when it is none."""
        return _number(short(text), self.decimal_comma)


def short(text: str) -> str:
    """A cell as it may be remembered: nothing if it is too long for a figure."""
    return text if len(text) <= _LONGEST else ""


@lru_cache(maxsize=8192)
def day_vote(text: str) -> tuple[bool, bool | None]:
    """Whether a cell's day depends on the order, and whether it proves that the day is first."""
    match = _NUMERIC.fullmatch(text)
    if not match or match[1] == match[3]:
        return False, None
    if match[2] == "." or int(match[1]) > 12:
        return True, True
    return True, False if int(match[3]) > 12 else None


@lru_cache(maxsize=8192)
def comma_vote(text: str) -> tuple[bool, bool | None]:
    """Whether a number has separators, and whether it proves that the decimal one is a comma."""
    if "," not in text and "." not in text:
        return False, None
    match = _NUMBER.fullmatch(text.translate(_GROUPS))
    marks = match[2].strip("0123456789") if match else ""
    fits = [comma for comma in (False, True) if _number(text, comma) is not None]
    if not match or not marks or not fits:
        return False, None
    if len(fits) == 1:
        return True, fits[0]
    # One separator before three digits: it groups them, unless a number never begins like this.
    whole = match[2].partition(marks[0])[0].strip("0") and match[3] is None
    return True, None if whole else marks == ","


def product_vote(quantity: str, cost: str, price: str) -> bool | None:
    """Whether quantity times price is the cost only with a decimal comma, or only with a point."""
    fits = []
    for comma in (False, True):
        count, charged, unit = (_number(short(text), comma) for text in (quantity, cost, price))
        if not count or not charged or not unit:
            return None
        wrong = EXACT.subtract(EXACT.multiply(count, unit), charged)
        # A hundredth: prices are rounded, and a misread figure is a thousand times another one.
        fits.append(abs(wrong) * 100 <= abs(charged))
    return fits[1] if fits[0] != fits[1] else None


def block_size(unit: str) -> int:
    """Calls in one unit of measure: `1` 1, `10K` 10,000, `1000 Requests` 1,000."""
    match = _BLOCK.match(unit.strip())
    digits = re.sub(r"[.,]", "", match[1]) if match else ""
    if not match or not digits or len(digits) > 9:
        return 1
    return max(int(digits), 1) * {"": 1, "K": 1_000, "M": 1_000_000}[match[2]]


def block_vote(size: int, quantity: Decimal, cost: Decimal, price: Decimal | None) -> bool | None:
    """Whether a quantity counts blocks of calls rather than calls; None: nothing shows it.

    Quantity is documented as what was consumed and UnitPrice as the price of a block (FinOps
    toolkit, "Convert to FOCUS": PricingQuantity = Quantity / x_PricingBlockSize), but exports that
    count blocks exist. A call is never divided; else quantity times price tells, within a factor 3
    because prices may be in another currency than costs.
    """
    if quantity != quantity.to_integral_value():
        return True
    if price is None or not quantity * price * cost:
        return None
    product = abs(EXACT.multiply(quantity, price))
    counts_blocks = product <= 3 * abs(cost) and abs(cost) <= 3 * product
    counts_calls = product <= 3 * size * abs(cost) and size * abs(cost) <= 3 * product
    return counts_blocks if counts_blocks != counts_calls else None


@lru_cache(maxsize=8192)
def _day(text: str, day_first: bool) -> date | None:
    try:
        if _ISO.fullmatch(text):
            return _utc_day(text)
        if match := _YEAR_FIRST.fullmatch(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _NUMERIC.fullmatch(text):
            day, month = (match[1], match[3]) if day_first else (match[3], match[1])
            return date(int(match[4]), int(month), int(day))
    except (ValueError, OverflowError):
        pass
    return None


def _utc_day(text: str) -> date:
    """The UTC day of an ISO 8601 date or date-time; without an offset it is UTC already."""
    moment = datetime.fromisoformat(text)
    return moment.date() if moment.tzinfo is None else moment.astimezone(UTC).date()


@lru_cache(maxsize=8192)
def _number(text: str, comma: bool) -> Decimal | None:
    match = _NUMBER.fullmatch(text.translate(_GROUPS))
    if not match or not match[2]:
        return None
    point, group = (",", ".") if comma else (".", ",")
    whole, mark, rest = match[2].partition(point)
    first, *groups = whole.split(group)
    if group in rest or point in rest or any(len(part) != 3 for part in groups):
        return None
    if groups and not 1 <= len(first) <= 3:
        return None
    digits = f"{first}{''.join(groups)}" or "0"
    number = Decimal(f"{match[1]}{digits}{mark and '.'}{rest}E{match[3] or 0}")
    within = int(number.as_tuple().exponent) >= -_PLACES and number.adjusted() <= _MAGNITUDE
    return number if within else None
