"""Points in time: read from ISO 8601 and the printed format, counted in Windows ticks and moved.

A tick is 100 ns, the tenth part of what Python's datetime can hold, so a Moment carries the rest.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.values import shown

_FILE_TIME_BEGINS = datetime(1601, 1, 1, tzinfo=UTC)
_SUNDAY = datetime(1899, 12, 31, tzinfo=UTC)
_TICKS = 10_000_000
_MICROSECOND = timedelta(microseconds=1)


class Moment(NamedTuple):
    """A point in time in UTC; `tick` (0 to 9) is what remains below a microsecond."""

    at: datetime
    tick: int = 0
    zoned: bool = True
    """Whether the text it was read from said its offset."""
    yearless: bool = False
    """Whether the text had no year; `at` is then in 2000."""


_ZONE = r"(?P<zone>[Zz]|[+-]\d{2}(?::?\d{2})?)?"
_ISO = re.compile(
    r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d{2})(?P=dash)(?P<day>\d{2})"
    r"(?:(?:[Tt]| +)(?P<hour>\d{2})(?::?(?P<minute>\d{2})"
    r"(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?)?\s*" + _ZONE,
    re.ASCII,
)
_PRINTED = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"
    r"(?: +(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))? *(?P<half>[AaPp][Mm]))?",
    re.ASCII,
)


def read_moment(text: str) -> Moment:
    """A date as ISO 8601 writes it, with or without time and offset, or M/d/yyyy h:mm:ss tt.

    Without an offset it is UTC. Raises EvaluationError.
    """
    match = _ISO.fullmatch(text.strip()) or _PRINTED.fullmatch(text.strip())
    if match is None:
        example = "2026-03-01, 2026-03-01T10:30:00+01:00 or 3/1/2026 10:30:00 AM"
        raise EvaluationError(f"{shown(text)} is no date such as {example}")
    parts = match.groupdict()
    numbers = {name: int(parts[name] or 0) for name in ("hour", "minute", "second")}
    if parts.get("half"):
        numbers["hour"] = hour_of_half(numbers["hour"], parts["half"], text)
    date = {name: int(parts[name]) for name in ("year", "month", "day")}
    ticks = (parts.get("fraction") or "").ljust(7, "0")[:7]
    return build(date | numbers, ticks, parts.get("zone"), text)


def hour_of_half(hour: int, half: str, text: str) -> int:
    """The hour of the day from a clock of twelve hours and AM or PM."""
    if not 1 <= hour <= 12:
        raise EvaluationError(f"{shown(text)} has an hour that is not from 1 to 12")
    return hour % 12 + (12 if half[0] in "Pp" else 0)


def build(parts: Mapping[str, int], ticks: str, zone: str | None, text: str) -> Moment:
    """A moment from its numbers, seven digits of fraction and an offset; the text is for errors."""
    try:
        local = datetime(**parts, microsecond=int(ticks[:6]), tzinfo=UTC)
        return Moment(local - _offset(zone, text), int(ticks[6]), zone is not None)
    except (ValueError, OverflowError):
        raise EvaluationError(f"{shown(text)} is no date of the calendar") from None


def _offset(zone: str | None, text: str) -> timedelta:
    if not zone or zone in "Zz":
        return timedelta()
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    # .NET's DateTimeOffset: at most fourteen hours.
    if hours * 60 + minutes > 14 * 60 or minutes > 59:
        raise EvaluationError(f"{shown(text)} has an offset beyond 14 hours")
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def from_file_time(ticks: int) -> datetime:
    """The date-time of a Windows file time (ticks since 1601-01-01 UTC)."""
    if ticks < 0:
        raise EvaluationError(f"a file time is 0 or more, not {ticks}")
    try:
        return _FILE_TIME_BEGINS + timedelta(microseconds=ticks // 10)
    except OverflowError:
        raise EvaluationError(f"the file time {ticks} lies beyond the year 9999") from None


def file_time(moment: Moment) -> int:
    """Ticks since 1601-01-01 UTC."""
    ticks = (moment.at - _FILE_TIME_BEGINS) // _MICROSECOND * 10 + moment.tick
    if ticks < 0:
        raise EvaluationError("the date lies before 1601, where file times begin")
    return ticks


_UNITS = {
    "d": timedelta(days=1),
    "ww": timedelta(weeks=1),
    "h": timedelta(hours=1),
    "n": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_MONTHS = {"yyyy": 12, "m": 1}
INTERVALS = ("yyyy", "m", "d", "ww", "h", "n", "s")
"""Year, month, day, week, hour, minute, second, as VBA names them."""


def add(interval: str, number: int, at: datetime) -> datetime:
    """DateAdd of VBA: a day that the month does not have becomes the month's last."""
    try:
        if interval in _UNITS:
            return at + number * _UNITS[interval]
        months = at.year * 12 + at.month - 1 + number * _MONTHS[interval]
        year, month = divmod(months, 12)
        last = monthrange(year, month + 1)[1]
        return at.replace(year=year, month=month + 1, day=min(at.day, last))
    except (OverflowError, ValueError, IndexError):
        raise EvaluationError("the date would lie outside the years 1 to 9999") from None


def crossed(interval: str, first: datetime, second: datetime) -> int:
    """DateDiff of VBA: the boundaries between two dates, negative when the second is earlier."""
    if interval in _MONTHS:
        months = (second.year - first.year) * 12 + second.month - first.month
        return second.year - first.year if interval == "yyyy" else months
    unit = _UNITS[interval]
    # Counted from a Sunday midnight, every unit's boundaries are multiples of the unit.
    return (second - _SUNDAY) // unit - (first - _SUNDAY) // unit
