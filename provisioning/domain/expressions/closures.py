"""The closures that expressions are made of: one per node, called once per record.

An error names the function it happened in; on the way without errors that costs nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.tree import Argument, Number, Omitted, Text
from provisioning.domain.expressions.values import (
    Evaluator,
    Record,
    Value,
    to_number,
    to_text,
    to_utc,
)

Strict: TypeAlias = Callable[..., Value]
Compare: TypeAlias = Callable[[Any, Any], bool]


def constant(value: Value) -> Evaluator:
    """The same value for every record."""
    return lambda _record: value


def strict_call(
    name: str, function: Strict, nodes: tuple[Argument, ...], arguments: list[Evaluator]
) -> Evaluator:
    """A call of a function that takes values; `arguments` are the closures of the nodes."""
    # Most calls take one value and constants (Left, Mid, ToLower), or two values: no list is made.
    if nodes and all(isinstance(node, Text | Number | Omitted) for node in nodes[1:]):
        constants = tuple(getattr(node, "value", None) for node in nodes[1:])
        return _with_constants(name, function, arguments[0], constants)
    if len(arguments) == 2:
        return _with_two(name, function, *arguments)
    if len(arguments) == 3:
        return _with_three(name, function, *arguments)

    def call(record: Record) -> Value:
        try:
            return function(*[argument(record) for argument in arguments])
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


def _with_two(name: str, function: Strict, first: Evaluator, second: Evaluator) -> Evaluator:
    def call(record: Record) -> Value:
        try:
            return function(first(record), second(record))
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


def _with_three(
    name: str, function: Strict, first: Evaluator, second: Evaluator, third: Evaluator
) -> Evaluator:
    def call(record: Record) -> Value:
        try:
            return function(first(record), second(record), third(record))
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


def _with_constants(
    name: str, function: Strict, first: Evaluator, constants: tuple[Value, ...]
) -> Evaluator:
    if not constants:
        return _with_one(name, function, first)
    if len(constants) == 1:
        return _with_one_constant(name, function, first, constants[0])

    def call(record: Record) -> Value:
        try:
            return function(first(record), *constants)
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


def _with_one(name: str, function: Strict, first: Evaluator) -> Evaluator:
    def call(record: Record) -> Value:
        try:
            return function(first(record))
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


def _with_one_constant(name: str, function: Strict, first: Evaluator, constant: Value) -> Evaluator:
    def call(record: Record) -> Value:
        try:
            return function(first(record), constant)
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


def named(name: str, evaluate: Evaluator) -> Evaluator:
    """A closure whose errors name the function."""

    def call(record: Record) -> Value:
        try:
            return evaluate(record)
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


OPERATORS: dict[str, Compare] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(left: Evaluator, right: Evaluator, compare: Compare) -> Evaluator:
    """The comparison of two values; a null side makes it false."""

    def evaluate(record: Record) -> Value:
        first, second = left(record), right(record)
        if first is None or second is None:
            return False
        return compare(*_comparable(first, second))

    return evaluate


def comparison_with(left: Evaluator, second: Value, compare: Compare) -> Evaluator:
    """The usual case, a constant on the right: what it reads as is known beforehand."""
    number, text = to_number(second), to_text(second)

    def evaluate(record: Record) -> Value:
        first = left(record)
        if first is None:
            return False
        if number is not None:
            other = to_number(first)
            if other is not None:
                return compare(other, number)
        return compare(first if type(first) is str else to_text(first), text)

    return evaluate


def _comparable(first: Value, second: Value) -> tuple[Any, Any]:
    """As numbers if both read as numbers, as dates if both are dates, otherwise as text."""
    number = to_number(first)
    if number is not None:
        other = to_number(second)
        if other is not None:
            return number, other
    if isinstance(first, datetime) and isinstance(second, datetime):
        return to_utc(first), to_utc(second)
    return to_text(first), to_text(second)
