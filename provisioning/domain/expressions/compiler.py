"""From syntax tree to closures: compiled once per profile version, then called once per record."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provisioning.domain.expressions.checker import bound, check, refused
from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.functions.logic import FlowIgnored
from provisioning.domain.expressions.parser import parse
from provisioning.domain.expressions.registry import FUNCTIONS, WORDS
from provisioning.domain.expressions.signature import Operand, RefusalError
from provisioning.domain.expressions.tree import (
    Argument,
    Attribute,
    Call,
    Comparison,
    Node,
    Number,
    Omitted,
    Text,
    Word,
    to_source,
    walk,
)
from provisioning.domain.expressions.values import (
    IGNORED,
    Evaluator,
    Ignored,
    Record,
    Value,
    to_number,
    to_text,
)


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """An expression ready to be evaluated, and what it reads."""

    source: str
    tree: Node
    attributes: frozenset[str]
    redacted: bool
    """Whether plans, reports and logs must show [Redact] instead of the value."""
    _evaluate: Evaluator = field(repr=False, compare=False)

    def evaluate(self, record: Record) -> Value | Ignored:
        """The value for one record; an absent attribute is null.

        Returns IGNORED when IgnoreFlowIfNullOrEmpty dropped the attribute. Raises EvaluationError.
        """
        try:
            return self._evaluate(record)
        except FlowIgnored:
            return IGNORED


def compile_expression(expression: str | Node) -> CompiledExpression:
    """Parse (a text), check and compile an expression. Raises ParseError."""
    text = expression if isinstance(expression, str) else to_source(expression)
    # A tree is printed and read again, so that errors point into a text that exists.
    tree = parse(text)
    check(tree, text)
    try:
        evaluate = _compile(tree)
    except RefusalError as refusal:
        raise refused(refusal, text) from None
    nodes = list(walk(tree))
    return CompiledExpression(
        source=text,
        tree=tree,
        attributes=frozenset(node.name for node in nodes if isinstance(node, Attribute)),
        redacted=any(isinstance(node, Call) and node.name == "Redact" for node in nodes),
        _evaluate=evaluate,
    )


def _compile(node: Argument) -> Evaluator:
    match node:
        case Text() | Number():
            return _constant(node.value)
        case Word():
            return _constant(WORDS[node.name])
        case Omitted():
            return _constant(None)
        case Attribute():
            # A C callable: the quickest way to read one column.
            return operator.methodcaller("get", node.name)
        case Comparison():
            return _compile_comparison(node)
        case Call():
            return _compile_call(node)


def _constant(value: Value) -> Evaluator:
    return lambda _record: value


def _compile_call(call: Call) -> Evaluator:
    function = FUNCTIONS[call.name]
    nodes = bound(call, function)
    if function.strict is not None:
        return _strict_call(call.name, function.strict, nodes)
    if function.lazy is None:
        raise RefusalError(function.refusal, call.at)
    operands = [Operand(node, _compile(node)) for node in nodes]
    return _named(call.name, function.lazy(operands))


def _strict_call(
    name: str, function: Callable[..., Value], nodes: tuple[Argument, ...]
) -> Evaluator:
    arguments = [_compile(node) for node in nodes]
    # Most calls take one value and constants (Left, Mid, ToLower): no list is built for them.
    if nodes and all(isinstance(node, Text | Number | Omitted) for node in nodes[1:]):
        constants = tuple(getattr(node, "value", None) for node in nodes[1:])
        return _with_constants(name, function, arguments[0], constants)

    def call(record: Record) -> Value:
        try:
            return function(*[argument(record) for argument in arguments])
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


def _with_constants(
    name: str, function: Callable[..., Value], first: Evaluator, constants: tuple[Value, ...]
) -> Evaluator:
    def call(record: Record) -> Value:
        try:
            return function(first(record), *constants)
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


def _named(name: str, evaluate: Evaluator) -> Evaluator:
    def call(record: Record) -> Value:
        try:
            return evaluate(record)
        except EvaluationError as error:
            error.inside(name)
            raise

    return call


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compile_comparison(node: Comparison) -> Evaluator:
    left, right, compare = _compile(node.left), _compile(node.right), _OPERATORS[node.operator]

    def evaluate(record: Record) -> Value:
        first, second = left(record), right(record)
        if first is None or second is None:
            return False
        return compare(*_comparable(first, second))

    return evaluate


def _comparable(first: Value, second: Value) -> tuple[Any, Any]:
    """As numbers if both read as numbers, as dates if both are dates, otherwise as text."""
    number = to_number(first)
    if number is not None:
        other = to_number(second)
        if other is not None:
            return number, other
    if isinstance(first, datetime) and isinstance(second, datetime):
        return first, second
    return to_text(first), to_text(second)
