"""Trying an expression on a record of JSON, as engineers do before they publish; pure."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from provisioning.domain.expressions.compiler import CompiledExpression, compile_expression
from provisioning.domain.expressions.context import Context
from provisioning.domain.expressions.errors import EvaluationError, ExpressionError, ParseError
from provisioning.domain.expressions.tree import Attribute, walk
from provisioning.domain.expressions.values import IGNORED, MAX_VALUES, Ignored, Value, to_text

Json: TypeAlias = str | int | float | bool | list[str] | dict[str, bool] | None


class RecordError(ExpressionError):
    """The JSON given is no record."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What an expression gave for a record: its value as JSON."""

    value: Json
    redacted: bool


def try_out(text: str, record: Mapping[str, Value], context: Context) -> Trial:
    """Evaluate a text on a record. Raises ParseError, also for a misspelt attribute's name, or
    EvaluationError.
    """
    compiled = compile_expression(text)
    misspelt = misspelt_attributes(compiled, record)
    if misspelt:
        raise misspelt[0]
    return Trial(to_json(compiled.evaluate(record, context)), compiled.redacted)


def misspelt_attributes(compiled: CompiledExpression, names: Iterable[str]) -> list[ParseError]:
    """An error, with its place, per attribute that is none of the names but resembles one of them.

    An attribute that resembles none is simply absent. Numbered names (extensionAttribute1) are not
    taken for one another, nor is a name that the expression itself reads elsewhere.
    """
    known = set(names)
    candidates = sorted(known - compiled.attributes)
    errors: dict[str, ParseError] = {}
    for node in walk(compiled.tree):
        if isinstance(node, Attribute) and node.name not in known and node.name not in errors:
            near = _resembling(node.name, candidates)
            if near is not None:
                message = f"the record has no attribute {node.name}: {_hint(node.name, near)}"
                place = node.at.line, node.at.column
                errors[node.name] = ParseError(message, compiled.source, *place)
    return list(errors.values())


def _resembling(name: str, candidates: list[str]) -> str | None:
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.8)
    letters = re.sub(r"\d+", "", name.lower())
    same = [each for each in close if each == name.lower() or re.sub(r"\d+", "", each) != letters]
    return by_lower[same[0]] if same else None


def _hint(name: str, near: str) -> str:
    if near.lower() == name.lower():
        return f"it is spelled {near} (upper and lower case matter)"
    return f"did you mean {near}? (an absent one may be written as null in the record)"


def read_record(data: object) -> dict[str, Value]:
    """A record from JSON: null, strings, numbers, booleans and lists by attribute name.

    Raises RecordError.
    """
    if not isinstance(data, Mapping):
        raise RecordError('the record must be a JSON object such as {"first": "Ada"}')
    return {str(name): _value(str(name), value) for name, value in data.items()}


def _value(name: str, value: Any) -> Value:
    if isinstance(value, list):
        return _list(name, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise RecordError(f"the value of {name} is no number that can be written down")
    if value is None or isinstance(value, str | int | float):
        return value
    raise RecordError(f"the value of {name} must be null, text, a number, a boolean or a list")


def _list(name: str, values: list[Any]) -> tuple[str, ...]:
    if len(values) > MAX_VALUES:
        raise RecordError(f"the list {name} has more than {MAX_VALUES} values")
    if not all(isinstance(value, str | int | float) for value in values):
        raise RecordError(f"the list {name} may hold texts, numbers and booleans only")
    try:
        return tuple(to_text(value) for value in values)
    except EvaluationError as error:
        raise RecordError(f"the list {name}: {error.message}") from None


def to_json(value: Value | Ignored) -> Json:
    """A value as JSON has it: a date-time as it is printed, {"ignored": true} for no flow."""
    if value is IGNORED or isinstance(value, Ignored):
        return {"ignored": True}
    if isinstance(value, datetime):
        return to_text(value)
    return list(value) if isinstance(value, tuple | list) else value


def same(value: Json, expected: object) -> bool:
    """Whether a value is the expected one; true is not 1, but 1.0 is."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    return value == expected
