"""The values of the language and how they turn into each other.

null is None; a list is a tuple or list of text; date-times are UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeAlias

from provisioning.domain.expressions.errors import EvaluationError

Value: TypeAlias = str | int | float | bool | datetime | tuple[str, ...] | list[str] | None
Record: TypeAlias = Mapping[Any, Any]
"""Attribute name to value. Closures also find the context in it, under a key that is no name."""
Evaluator: TypeAlias = Callable[[Record], Value]

MAX_TEXT = 100_000
"""Characters of a result: calls that lengthen each other's values could fill the memory."""

MAX_VALUES = 10_000
"""Values of a list."""


class Ignored(Enum):
    """The type of IGNORED."""

    IGNORED = "ignored"

    def __repr__(self) -> str:
        return "IGNORED"


IGNORED: Final = Ignored.IGNORED
"""What `evaluate` returns when IgnoreFlowIfNullOrEmpty dropped the attribute for this record."""

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0", ""})


def is_list(value: Value) -> bool:
    """Whether the value is a list of strings."""
    return isinstance(value, tuple | list)


def as_list(value: Value) -> tuple[str, ...]:
    """A list as it is, one value as a list of one, null and "" as no value at all."""
    if isinstance(value, tuple | list):
        return tuple(value)
    text = to_text(value)
    return (text,) if text else ()


def to_text(value: Value) -> str:
    """The value as a string; null is "". A list has no single string: EvaluationError."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, datetime):
        return _date_text(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, tuple | list):
        message = f"a list of {len(value)} values cannot be used as one text"
        raise EvaluationError(f"{message}; Join or Item makes one text of it")
    return str(value)


def number_text(number: int | float) -> str:
    """A number without exponent and without a needless fraction: 1.0 is "1"."""
    if not math.isfinite(number):
        raise EvaluationError("the number is too large")
    text = format(Decimal(repr(number)), "f")
    return text[:-2] if text.endswith(".0") else text


def _date_text(moment: datetime) -> str:
    """M/d/yyyy h:mm:ss tt in UTC, as the reference prints dates; without offset it is UTC."""
    utc = to_utc(moment)
    half = "AM" if utc.hour < 12 else "PM"
    clock = f"{utc.hour % 12 or 12}:{utc.minute:02}:{utc.second:02} {half}"
    return f"{utc.month}/{utc.day}/{utc.year:04} {clock}"


def to_utc(moment: datetime) -> datetime:
    """The moment in UTC; one without an offset is UTC already. Raises EvaluationError."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise EvaluationError("the date lies outside the years 1 to 9999") from None


def limited(text: str) -> str:
    """The text itself; one longer than MAX_TEXT is an EvaluationError."""
    if len(text) > MAX_TEXT:
        raise too_large()
    return text


def too_large() -> EvaluationError:
    """The error of a result that would exceed MAX_TEXT."""
    return EvaluationError(f"the result would be longer than {MAX_TEXT} characters")


def to_boolean(value: Value, what: str) -> bool:
    """True/False, "True"/"False", 1/0 and "1"/"0"; null and "" are false; else EvaluationError."""
    if isinstance(value, bool):
        return value
    text = to_text(value).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise EvaluationError(f"{what} must be True or False, not {shown(value)}")


def to_integer(value: Value, what: str) -> int:
    """A whole number, given as number or text; anything else: EvaluationError naming `what`."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if value is None or value == "":
        raise EvaluationError(f"{what} is missing")
    raise EvaluationError(f"{what} must be a whole number, not {shown(value)}")


def to_number(value: Value) -> int | Decimal | None:
    """The number a value reads as, exactly, or None if it reads as none (booleans do not)."""
    if isinstance(value, str):
        if value.isdigit() and value.isascii() and len(value) < 19:
            return int(value)
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return value
    return Decimal(repr(value)) if math.isfinite(value) else None


def shown(value: Value) -> str:
    """A value as an error message prints it: quoted if text, cut at 80 characters."""
    if value is None:
        return "null"
    text = f"a list of {len(value)} values" if isinstance(value, tuple | list) else to_text(value)
    cut = text if len(text) <= 80 else text[:79] + "…"
    return f'"{cut}"' if isinstance(value, str) else cut
