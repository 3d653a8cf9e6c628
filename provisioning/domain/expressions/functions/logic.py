"""Functions that choose, test and compare."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.domain.expressions.signature import (
    Function,
    Operand,
    RefusalError,
    lazy,
    strict,
)
from provisioning.domain.expressions.values import (
    Evaluator,
    Record,
    Value,
    is_list,
    to_boolean,
    to_number,
    to_text,
)


class FlowIgnored(Exception):
    """IgnoreFlowIfNullOrEmpty dropped the attribute: the whole expression has no result."""


def _is_empty(value: Value) -> bool:
    return value is None or value == "" or (is_list(value) and not value)


@lazy(
    "IIF(condition, valueIfTrue, valueIfFalse)",
    "One of two values. The condition may be a comparison (= <> < <= > >=); it is false when a "
    "side of it is null.",
    'IIF([country]="SE", "Stockholm", "Oslo")',
    takes_condition=True,
)
def iif(operands: Sequence[Operand]) -> Evaluator:
    """Only the chosen value is evaluated."""
    condition, yes, no = (operand.evaluate for operand in operands)

    def choose(record: Record) -> Value:
        chosen = yes if to_boolean(condition(record), "the condition") else no
        return chosen(record)

    return choose


@lazy(
    "Coalesce(source1, ...)",
    "The first value that is not null.",
    "Coalesce([middle], [first])",
)
def coalesce(operands: Sequence[Operand]) -> Evaluator:
    """What follows that value is not evaluated."""
    sources = tuple(operand.evaluate for operand in operands)

    def first_present(record: Record) -> Value:
        for source in sources:
            value = source(record)
            if value is not None:
                return value
        return None

    return first_present


@lazy(
    "Switch(source, default, key1, value1, ...)",
    'The value whose key equals source, otherwise default. An empty source matches the key "".',
    'Switch([country], "Elsewhere", "SE", "Sweden", "NO", "Norway")',
)
def switch(operands: Sequence[Operand]) -> Evaluator:
    """Keys are compared as text, with case; the first of equal keys counts."""
    source, default, *cases = operands
    if len(cases) % 2 and cases[-1].omitted:
        cases.pop()
    if len(cases) % 2:
        raise RefusalError(
            "a key without a value: keys and values come in pairs", cases[-1].node.at
        )
    keys, values = cases[::2], [case.evaluate for case in cases[1::2]]
    constants = [key.constant for key in keys]
    if None not in constants:
        table = dict(zip(reversed(constants), reversed(values), strict=True))
        return _switch_by_table(source.evaluate, default.evaluate, table)
    tests = [key.evaluate for key in keys]
    return _switch_by_search(
        source.evaluate, default.evaluate, list(zip(tests, values, strict=True))
    )


def _switch_by_table(
    source: Evaluator, default: Evaluator, table: dict[str | None, Evaluator]
) -> Evaluator:
    return lambda record: table.get(to_text(source(record)), default)(record)


def _switch_by_search(
    source: Evaluator, default: Evaluator, cases: list[tuple[Evaluator, Evaluator]]
) -> Evaluator:
    def search(record: Record) -> Value:
        wanted = to_text(source(record))
        for key, value in cases:
            if to_text(key(record)) == wanted:
                return value(record)
        return default(record)

    return search


@strict(
    "IgnoreFlowIfNullOrEmpty(expression)",
    "Takes the attribute out of this record's flow when the value is null or empty.",
    "IgnoreFlowIfNullOrEmpty([first])",
)
def ignore_flow(expression: Value) -> Value:
    """Wherever it stands, it drops the whole attribute for this record."""
    if _is_empty(expression):
        raise FlowIgnored
    return expression


@strict("IsNull(expression)", "Whether the value is null.", "IsNull([middle])")
def is_null(expression: Value) -> Value:
    """An absent attribute is null."""
    return expression is None


@strict(
    "IsNullOrEmpty(expression)",
    "Whether the value is null or empty.",
    'IsNullOrEmpty("")',
)
def is_null_or_empty(expression: Value) -> Value:
    """An empty list is empty."""
    return _is_empty(expression)


@strict(
    "IsPresent(expression)",
    "Whether there is a value that is not empty.",
    "IsPresent([first])",
)
def is_present(expression: Value) -> Value:
    """The opposite of IsNullOrEmpty."""
    return not _is_empty(expression)


@strict("IsString(expression)", "Whether the value is a string.", "IsString(5)")
def is_string(expression: Value) -> Value:
    """Null is none."""
    return isinstance(expression, str)


@strict("Not(source)", "True for False and False for True.", "Not(IsNull([first]))")
def negate(source: Value) -> Value:
    """Null counts as False."""
    return not to_boolean(source, "source")


@lazy(
    "CBool(expression)",
    "True when the value is True or a number other than 0; may hold a comparison.",
    'CBool([country]="SE")',
    takes_condition=True,
)
def c_bool(operands: Sequence[Operand]) -> Evaluator:
    """Null and "" are False."""
    value = operands[0].evaluate
    return lambda record: _truth(value(record))


def _truth(value: Value) -> bool:
    number = to_number(value)
    return bool(number) if number is not None else to_boolean(value, "the value")


@strict(
    "Redact(value)",
    "The value flows; plans, reports and logs show [Redact] instead.",
    "Redact([id])",
)
def redact(value: Value) -> Value:
    """`CompiledExpression.redacted` tells whoever prints."""
    return value


FUNCTIONS: tuple[Function, ...] = (
    iif, coalesce, switch, ignore_flow, is_null, is_null_or_empty, is_present, is_string, negate,
    c_bool, redact,
)  # fmt: skip
