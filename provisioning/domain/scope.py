"""Who a profile is for: and/or groups of conditions on a source record; pure.

    {"all": [{"column": "status", "is": "equals", "value": "active"},
             {"any": [{"column": "country", "is": "in", "value": ["SE", "NO"]},
                      {"rule": "pilot"}]}]}

Texts compare exactly, upper and lower case included; numbers as numbers; dates by day, where
`today`, `today+14` and `today-30` count from the job's day in the customer's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from provisioning.domain.expressions import EvaluationError, nearest
from provisioning.domain.expressions.patterns import PatternError, compile_pattern, find_group
from provisioning.domain.expressions.values import to_number

Record: TypeAlias = Mapping[str, str]
Test: TypeAlias = Callable[[Record, date], bool]

TESTS: Mapping[str, str] = {
    "equals": "is exactly",
    "not_equals": "is anything but",
    "in": "is one of",
    "matches": "matches the regular expression",
    "includes": "contains",
    "greater": "is greater than",
    "less": "is less than",
    "present": "has a value",
    "absent": "has no value",
    "before": "is a day before",
    "after": "is a day after",
}
"""Every test and how people read it."""

_VALUELESS = frozenset({"present", "absent"})
_TODAY = re.compile(r"today(?:\s*(?P<days>[+-]\s*\d{1,5}))?", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DEEPEST = 10
# Conditions and groups of a scope with the rules it names, and theirs, written out.
_MOST, _MOST_LEVELS = 1000, 30
_LONGEST_NUMBER = 100


class ScopeError(Exception):
    """A condition cannot be used; str() says which and why."""


class UnreadableError(Exception):
    """A record's value cannot be compared as the condition asks; that record only is stopped."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"column {column}{reason}")
        self.column = column


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one column; `values` has one entry, except for `in` (one or more)."""

    column: str
    test: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.column, TESTS[self.test], ", ".join(self.values)]).strip()


@dataclass(frozen=True, slots=True)
class Reference:
    """A rule defined elsewhere in the profile, by its name."""

    rule: str

    def __str__(self) -> str:
        return f"rule {self.rule}"


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all, or any, must hold."""

    every: bool
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        word = " and " if self.every else " or "
        return word.join(
            f"({each})" if isinstance(each, Group) else str(each) for each in self.parts
        )


Part: TypeAlias = Condition | Reference | Group
Rules: TypeAlias = Mapping[str, Part]


def parse_scope(data: object, rules: Rules | None = None) -> Part:
    """Read a condition or group; `rules` are those that may be referred to. Raises ScopeError."""
    part = _parse(data, rules or {}, 0)
    _check_size(part, rules or {})
    return part


def _parse(data: object, rules: Rules, depth: int) -> Part:
    if depth > _DEEPEST:
        raise ScopeError(f"groups are nested deeper than {_DEEPEST}")
    if not isinstance(data, Mapping):
        raise ScopeError("a condition is an object")
    for word, every in (("all", True), ("any", False)):
        if word in data:
            return _parse_group(data, word, every, rules, depth)
    if "rule" in data:
        return _parse_reference(data, rules)
    return _parse_condition(data)


def _check_size(part: Part, rules: Rules) -> None:
    """Named rules may name rules: each use is counted as if it were written out."""
    sizes: dict[str, tuple[int, int]] = {}
    for name, rule in rules.items():
        sizes[name] = _size(rule, sizes)
    number, levels = _size(part, sizes)
    if number > _MOST or levels > _MOST_LEVELS:
        raise ScopeError(
            f"more than {_MOST} conditions or {_MOST_LEVELS} levels, with the named rules"
            " written out; name fewer rules"
        )


def _size(part: Part, sizes: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """How many conditions and levels a part has."""
    if isinstance(part, Condition):
        return 1, 1
    if isinstance(part, Reference):
        number, levels = sizes[part.rule]
        return number + 1, levels + 1
    found = [_size(each, sizes) for each in part.parts]
    return 1 + sum(number for number, _ in found), 1 + max(levels for _, levels in found)


def scope_json(part: Part) -> dict[str, Any]:
    """What parse_scope reads."""
    if isinstance(part, Group):
        return {"all" if part.every else "any": [scope_json(each) for each in part.parts]}
    if isinstance(part, Reference):
        return {"rule": part.rule}
    found: dict[str, Any] = {"column": part.column, "is": part.test}
    if part.values:
        found["value"] = list(part.values) if part.test == "in" else part.values[0]
    return found


def parse_rules(data: object) -> dict[str, Part]:
    """Read named rules; each may refer to those before it, so that none can go in a circle."""
    if not isinstance(data, Mapping):
        raise ScopeError("rules is an object of conditions by name")
    rules: dict[str, Part] = {}
    for name, each in data.items():
        if not isinstance(name, str) or not name.strip():
            raise ScopeError("a rule needs a name")
        try:
            rules[name] = parse_scope(each, rules)
        except ScopeError as error:
            raise ScopeError(f"rule {name}: {error}") from None
    return rules


def columns_of(part: Part) -> Iterator[str]:
    """Columns that are looked at, rules not followed."""
    if isinstance(part, Group):
        for each in part.parts:
            yield from columns_of(each)
    elif isinstance(part, Condition):
        yield part.column


def compile_scope(part: Part, rules: Rules) -> Test:
    """A function of a record and the day; it raises UnreadableError."""
    if isinstance(part, Reference):
        return compile_scope(rules[part.rule], rules)
    if isinstance(part, Condition):
        return _compile_condition(part)
    tests = [compile_scope(each, rules) for each in part.parts]
    if part.every:
        return lambda record, today: all(test(record, today) for test in tests)
    return lambda record, today: any(test(record, today) for test in tests)


def _parse_group(
    data: Mapping[Any, Any], word: str, every: bool, rules: Rules, depth: int
) -> Group:
    parts = data[word]
    if len(data) > 1 or not isinstance(parts, list) or not parts:
        raise ScopeError(f'"{word}" stands alone and holds a list of conditions')
    return Group(every, tuple(_parse(each, rules, depth + 1) for each in parts))


def _parse_reference(data: Mapping[Any, Any], rules: Rules) -> Reference:
    name = data["rule"]
    if len(data) > 1 or not isinstance(name, str):
        raise ScopeError('"rule" stands alone and names a rule')
    if name not in rules:
        near = nearest(name, list(rules))
        raise ScopeError(f"there is no rule {name}" + (f": did you mean {near}?" if near else ""))
    return Reference(name)


def _parse_condition(data: Mapping[Any, Any]) -> Condition:
    unknown = [repr(name) for name in data if name not in ("column", "is", "value")]
    if unknown:
        raise ScopeError(f"unknown in a condition: {', '.join(unknown)}")
    column, test = data.get("column"), data.get("is")
    if not isinstance(column, str) or not column.strip():
        raise ScopeError('a condition needs a "column"')
    if not isinstance(test, str) or test not in TESTS:
        raise ScopeError(f'"is" of column {column} must be one of {", ".join(TESTS)}')
    condition = Condition(column.strip(), test, _values(test, column, data.get("value")))
    _compile_condition(condition)
    return condition


def _values(test: str, column: str, given: object) -> tuple[str, ...]:
    if test in _VALUELESS:
        if given is not None:
            raise ScopeError(f'column {column}: "{test}" takes no value')
        return ()
    listed = given if isinstance(given, list) and test == "in" else [given]
    values = tuple(str(each).strip() for each in listed if isinstance(each, str | int | float))
    if len(values) != len(listed) or not values or not all(values) or any(map(_is_bool, listed)):
        raise ScopeError(f'column {column}: "{test}" needs a value')
    return values


def _is_bool(given: object) -> bool:
    # JSON's true would otherwise be read as the text True; 1 is a number like any other.
    return isinstance(given, bool)


def _compile_condition(condition: Condition) -> Test:
    column, values = condition.column, condition.values
    match condition.test:
        case "present":
            return lambda record, _: bool(record.get(column, "").strip())
        case "absent":
            return lambda record, _: not record.get(column, "").strip()
        case "equals" | "in":
            wanted = frozenset(values)
            return lambda record, _: record.get(column, "").strip() in wanted
        case "not_equals":
            return lambda record, _: record.get(column, "").strip() != values[0]
        case "includes":
            return lambda record, _: values[0] in record.get(column, "")
        case "matches":
            return _matching(column, values[0])
        case "greater" | "less":
            return _number_test(condition)
    return _day_test(condition)


def _matching(column: str, text: str) -> Test:
    try:
        pattern = compile_pattern(text)
    except PatternError as error:
        raise ScopeError(f"column {column}: {error}") from None

    def test(record: Record, _: date) -> bool:
        try:
            return find_group(pattern, 0, record.get(column, "")) is not None
        except EvaluationError as error:
            raise UnreadableError(column, f": {error.message}") from error

    return test


def _number_test(condition: Condition) -> Test:
    limit = _number(condition.values[0])
    if limit is None:
        raise ScopeError(f"column {condition.column}: {condition.values[0]!r} is no number")
    greater = condition.test == "greater"

    def test(record: Record, _: date) -> bool:
        text = record.get(condition.column, "").strip()
        if not text:
            return False
        number = _number(text)
        if number is None:
            raise UnreadableError(condition.column, f" holds {text!r}, which is no number")
        return number > limit if greater else number < limit

    return test


def _number(text: str) -> int | Decimal | None:
    """The number a text reads as; nobody's thousands of digits are one."""
    return to_number(text) if len(text) <= _LONGEST_NUMBER else None


def _day_test(condition: Condition) -> Test:
    bound = _bound(condition)
    before = condition.test == "before"

    def test(record: Record, today: date) -> bool:
        text = record.get(condition.column, "").strip()
        if not text:
            return False
        day = _day(text)
        if day is None:
            raise UnreadableError(condition.column, f" holds {text!r}, which is no date")
        return day < bound(today) if before else day > bound(today)

    return test


def _bound(condition: Condition) -> Callable[[date], date]:
    text = condition.values[0]
    if relative := _TODAY.fullmatch(text):
        days = timedelta(days=int((relative["days"] or "0").replace(" ", "")))
        return lambda today: today + days
    fixed = _day(text)
    if fixed is None:
        raise ScopeError(
            f"column {condition.column}: {text!r} is neither a date (2026-03-01) nor today+14"
        )
    return lambda _: fixed


def _day(text: str) -> date | None:
    """The day a text begins with (ISO 8601), or None."""
    found = _DAY.match(text)
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None
