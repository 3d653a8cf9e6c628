"""Functions on dates. Null and "" stand for no date and give null; every date-time is UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from provisioning.domain.expressions.context import context_of
from provisioning.domain.expressions.dateformats import STYLES, read, write
from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.moments import (
    INTERVALS,
    Moment,
    add,
    crossed,
    file_time,
    from_file_time,
    read_moment,
)
from provisioning.domain.expressions.signature import Function, Operand, lazy, strict
from provisioning.domain.expressions.values import (
    Evaluator,
    Value,
    shown,
    to_integer,
    to_text,
    to_utc,
)

_PRINTED = "M/d/yyyy h:mm:ss tt"


def _moment(value: Value) -> Moment | None:
    """The moment a value stands for; None for no date."""
    if isinstance(value, datetime):
        return Moment(to_utc(value))
    text = to_text(value)
    return read_moment(text) if text.strip() else None


def _interval(value: Value) -> str:
    name = to_text(value).lower()
    if name not in INTERVALS:
        raise EvaluationError(f"interval must be one of {', '.join(INTERVALS)}, not {shown(value)}")
    return name


@lazy(
    "Now()", "The job's date-time in UTC, the same for all of its records.", "Now()", clocked=True
)
def now(_operands: Sequence[Operand]) -> Evaluator:
    """The clock is read once per job."""
    return lambda record: context_of(record).now.astimezone(UTC)


@strict(
    "CDate(expression)",
    "The UTC date-time that a text in ISO 8601 or in the form M/d/yyyy h:mm:ss tt stands for.",
    'CDate("2020-03-16-07:00")',
)
def c_date(expression: Value) -> Value:
    """Without an offset it is UTC."""
    moment = _moment(expression)
    return None if moment is None else moment.at


@strict(
    "DateAdd(interval, value, dateTime)",
    "The date-time moved by a number of intervals: yyyy, m, d, ww, h, n (minutes) or s; a day that "
    "the month does not have becomes its last.",
    'DateAdd("m", 1, "2026-01-31")',
)
def date_add(interval: Value, value: Value, date_time: Value) -> Value:
    """A negative number moves back."""
    unit, number, moment = _interval(interval), to_integer(value, "value"), _moment(date_time)
    return None if moment is None else add(unit, number, moment.at)


@strict(
    "DateDiff(interval, date1, date2)",
    "How many boundaries of yyyy, m, d, ww (Sundays), h, n (minutes) or s lie between two dates; "
    "negative when date2 is earlier.",
    'DateDiff("yyyy", "2025-12-31", "2026-01-01")',
)
def date_diff(interval: Value, date1: Value, date2: Value) -> Value:
    """Null when either date is."""
    unit, first, second = _interval(interval), _moment(date1), _moment(date2)
    return None if first is None or second is None else crossed(unit, first.at, second.at)


@strict(
    "DateFromNum(value)",
    "The date-time of a Windows file time (100 ns since 1601-01-01 UTC).",
    "DateFromNum(129699324000000000)",
)
def date_from_num(value: Value) -> Value:
    """Cut to whole microseconds."""
    if value is None or value == "":
        return None
    return from_file_time(to_integer(value, "value"))


@strict(
    "NumFromDate(value)",
    "The Windows file time (100 ns since 1601-01-01 UTC) of a date-time.",
    'NumFromDate("2012-01-01 23:00:00+00:00")',
)
def num_from_date(value: Value) -> Value:
    """Exact to the 100 ns of the text."""
    moment = _moment(value)
    return None if moment is None else file_time(moment)


@strict(
    "FormatDateTime(source, dateTimeStyles?, inputFormat, outputFormat)",
    "A date-time from one .NET format to another, in UTC. Without an input format ISO 8601 and the "
    "printed form are read.",
    'FormatDateTime("20260301", , "yyyyMMdd", "d MMMM yyyy")',
)
def format_date_time(
    source: Value, date_time_styles: Value, input_format: Value, output_format: Value
) -> Value:
    """A date-time value needs no input format."""
    styles = _styles(to_text(date_time_styles))
    moment = _read(source, to_text(input_format), styles)
    return None if moment is None else write(moment, to_text(output_format) or _PRINTED)


def _read(source: Value, pattern: str, styles: frozenset[str]) -> Moment | None:
    if isinstance(source, datetime) or not pattern:
        return _moment(source)
    text = to_text(source)
    return read(text, pattern, styles) if text.strip() else None


def _styles(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    for name in names - STYLES:
        known = ", ".join(sorted(STYLES))
        raise EvaluationError(f"dateTimeStyles {shown(name)} is unknown: it is one of {known}")
    return names


FUNCTIONS: tuple[Function, ...] = (
    now, c_date, date_add, date_diff, date_from_num, num_from_date, format_date_time,
)  # fmt: skip
