"""What an answer must look like, and what differs.

An expected object may say less than the answer: keys that it does not name are not looked at. A
list must have its length. Everything else is equal or is a check of one of the kinds below.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import jwt

Found = Iterator[str]  # sentences about what differs
ANYTHING = object()
ABSENT = object()


class Check:
    """A condition that is not equality."""

    def differences(self, actual: Any, at: str) -> Found:
        """What `actual`, found at `at`, lacks."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Like(Check):
    """Text that the pattern matches as a whole; `{names}` stand for what the row knows."""

    pattern: str

    def differences(self, actual: Any, at: str) -> Found:
        """The text, if the pattern does not match."""
        if not isinstance(actual, str) or not re.fullmatch(self.pattern, actual, re.DOTALL):
            yield f"{at}: {actual!r} is not like {self.pattern!r}"


@dataclass(frozen=True, slots=True)
class Exactly(Check):
    """An object with these keys and no others."""

    value: Mapping[str, Any]

    def differences(self, actual: Any, at: str) -> Found:
        """Keys too many or too few, and values that differ."""
        if set(self.value) != set(actual):
            yield f"{at}: {sorted(actual)!r} instead of {sorted(self.value)!r}"
        yield from differences(self.value, actual, at)


@dataclass(frozen=True, slots=True)
class Within(Check):
    """A number, also as text, between two others."""

    low: float
    high: float

    def differences(self, actual: Any, at: str) -> Found:
        """The number, if it lies outside."""
        if not self.low <= float(actual) <= self.high:
            yield f"{at}: {actual!r} is not within {self.low} and {self.high}"


@dataclass(frozen=True, slots=True)
class Items(Check):
    """A list with these things in any order, by one of their keys."""

    key: str
    values: frozenset[Any]

    def differences(self, actual: Any, at: str) -> Found:
        """The list, if others are in it."""
        found = [row[self.key] for row in actual]
        if sorted(found) != sorted(self.values):
            yield f"{at}: {found!r} instead of {sorted(self.values)!r}"


@dataclass(frozen=True, slots=True)
class Holding(Check):
    """A list in which one thing is so, found by one of its keys."""

    key: str
    value: Mapping[str, Any]

    def differences(self, actual: Any, at: str) -> Found:
        """Where that thing differs."""
        wanted = self.value[self.key]
        one = next((row for row in actual if row[self.key] == wanted), {})
        yield from differences(self.value, one, f"{at}[{wanted}]")


@dataclass(frozen=True, slots=True)
class Token(Check):
    """A JWT with these claims."""

    claims: Mapping[str, Any]

    def differences(self, actual: Any, at: str) -> Found:
        """Where the claims differ."""
        yield from differences(self.claims, _claims(actual), f"{at}<claims>")


def differences(expected: Any, actual: Any, at: str = "") -> Found:
    """Every place where `actual` is not what is expected."""
    match expected:
        case _ if expected is ANYTHING:
            return
        case Check():
            yield from expected.differences(actual, at)
        case dict():
            yield from _of_object(expected, actual, at)
        case list():
            yield from _of_list(expected, actual, at)
        case _:
            if actual != expected or isinstance(actual, bool) != isinstance(expected, bool):
                yield f"{at}: {actual!r} instead of {expected!r}"


def _of_object(expected: dict[str, Any], actual: Any, at: str) -> Found:
    if not isinstance(actual, Mapping):
        yield f"{at}: {actual!r} is no object"
        return
    for key, wanted in expected.items():
        if wanted is ABSENT:
            if key in actual:
                yield f"{at}.{key}: {actual[key]!r} should not be there"
        elif key not in actual:
            yield f"{at}.{key}: missing from {sorted(actual)}"
        else:
            yield from differences(wanted, actual[key], f"{at}.{key}")


def _of_list(expected: list[Any], actual: Any, at: str) -> Found:
    if not isinstance(actual, list) or len(actual) != len(expected):
        yield f"{at}: {actual!r} is no list of {len(expected)}"
        return
    for number, (wanted, found) in enumerate(zip(expected, actual, strict=True)):
        yield from differences(wanted, found, f"{at}[{number}]")


def _claims(token: Any) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return {
        **claims,
        "lifetime": claims["exp"] - claims["iat"],
        "subject_is_oid": claims["sub"] == claims["oid"],
        "starts_at_once": claims["nbf"] == claims["iat"],
    }


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with each `{name}` in its texts replaced by what the row knows under that name."""
    match value:
        case str():
            return re.sub(r"\{(\w+)\}", lambda m: names.get(m[1], m[0]), value)
        case Like(pattern):
            quoted = {key: re.escape(text) for key, text in names.items()}
            return Like(filled(pattern, quoted))
        case Items(key, values):
            return Items(key, frozenset(filled(each, names) for each in values))
        case Check():
            changes = {
                each.name: filled(getattr(value, each.name), names) for each in fields(value)
            }
            return replace(value, **changes)
        case Mapping():
            return {filled(key, names): filled(part, names) for key, part in value.items()}
        case list() | tuple():
            return [filled(part, names) for part in value]
    return value
