"""Functions that make lists and read them; null and "" are lists of nothing."""

from __future__ import annotations

from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.signature import Function, strict
from provisioning.domain.expressions.values import (
    MAX_VALUES,
    Value,
    as_list,
    is_list,
    limited,
    shown,
    to_integer,
    to_text,
)


@strict(
    "Join(separator, source1, ...)",
    "The values that are present, with the separator between them; a list adds each of its values.",
    'Join(" ", [first], [middle], [last])',
)
def join(separator: Value, *sources: Value) -> Value:
    """Empty and null values add nothing, so no separator is doubled."""
    parts: list[str] = []
    for source in sources:
        if type(source) is str:
            if source:
                parts.append(source)
        elif source is not None:
            parts += filter(None, as_list(source))
    return limited(to_text(separator).join(parts))


@strict(
    "Split(source, delimiter)",
    "The parts between the delimiters as a list, blanks around each part trimmed.",
    'Split([roles], ";")',
)
def split(source: Value, delimiter: Value) -> Value:
    """Empty parts stay; null and "" are no parts."""
    text, mark = to_text(source), to_text(delimiter)
    if not mark:
        raise EvaluationError("delimiter is missing")
    if text.count(mark) >= MAX_VALUES:
        raise EvaluationError(f"the list would have more than {MAX_VALUES} values")
    return tuple(part.strip() for part in text.split(mark)) if text else ()


@strict(
    "Item(attribute, index)",
    "One value of a list, counted from 1; null when there is none.",
    'Item(Split([roles], ";"), 2)',
)
def item(attribute: Value, index: Value) -> Value:
    """A single value counts as a list of one."""
    values, position = as_list(attribute), to_integer(index, "index")
    if position < 1:
        raise EvaluationError(f"index must be 1 or more, not {shown(index)}")
    return values[position - 1] if position <= len(values) else None


@strict(
    "Count(attribute)",
    "How many values the attribute has.",
    'Count(Split([roles], ";"))',
)
def count(attribute: Value) -> Value:
    """Null and "" have none."""
    return len(as_list(attribute))


@strict(
    "RemoveDuplicates(attribute)",
    "The list without repeats, in its order.",
    'RemoveDuplicates(Split([roles], ";"))',
)
def remove_duplicates(attribute: Value) -> Value:
    """Case matters; a single value stays as it is."""
    return tuple(dict.fromkeys(as_list(attribute))) if is_list(attribute) else attribute


FUNCTIONS: tuple[Function, ...] = (join, split, item, count, remove_duplicates)
