"""What an editor shows about a function: signature, summary, an example and its value; pure."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from provisioning.domain.expressions.compiler import compile_expression
from provisioning.domain.expressions.context import Context
from provisioning.domain.expressions.parser import MAX_DEPTH, MAX_LENGTH
from provisioning.domain.expressions.patterns import TIME_LIMIT
from provisioning.domain.expressions.registry import FUNCTIONS
from provisioning.domain.expressions.signature import Function
from provisioning.domain.expressions.trial import to_json
from provisioning.domain.expressions.values import MAX_TEXT, MAX_VALUES

EXAMPLE_RECORD: Mapping[str, str] = MappingProxyType(
    {
        "id": "E-1001",
        "first": "Zoë",
        "last": "Lindqvist",
        "mail": "zoe@old.example",
        "country": "SE",
        "roles": "admin; audit; admin",
    }
)
"""The record of the examples; [middle] is absent."""


@dataclass(frozen=True, slots=True)
class FunctionHelp:
    """One function; `value` is the example's value as JSON, or why it is refused."""

    name: str
    signature: str
    summary: str
    example: str
    value: str


def function_help() -> list[FunctionHelp]:
    """All functions in the order of their names."""
    return [_help(function) for function in FUNCTIONS.values()]


def example_context() -> Context:
    """The clock and chance of the examples: always the same."""
    moment = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    return Context(now=moment, random=random.Random(7))  # noqa: S311 - shown, never used


def _help(function: Function) -> FunctionHelp:
    value = function.refusal
    if function.evaluated:
        found = compile_expression(function.example).evaluate(EXAMPLE_RECORD, example_context())
        value = json.dumps(to_json(found), ensure_ascii=False)
    return FunctionHelp(function.name, function.signature, function.doc, function.example, value)


def help_page() -> str:
    """docs/expressions.md: the list of functions, made from their help."""
    record = json.dumps(dict(EXAMPLE_RECORD), ensure_ascii=False)
    limits = {"MAX_LENGTH": MAX_LENGTH, "MAX_DEPTH": MAX_DEPTH, "MAX_TEXT": MAX_TEXT}
    limits |= {"MAX_VALUES": MAX_VALUES, "LIMIT": round(TIME_LIMIT * 1000)}
    parts = [_INTRODUCTION.format(record=record, **limits)]
    for each in function_help():
        shown = each.value if FUNCTIONS[each.name].evaluated else f"refused: {each.value}"
        example = f"```\n{each.example}\n→ {shown}\n```"
        parts.append(f"### {each.name}\n\n`{each.signature}`\n\n{each.summary}\n\n{example}\n")
    return "\n".join(parts)


_INTRODUCTION = """# Mapping expressions

The language of Entra's provisioning service: an expression that works there can be pasted in.

- `Name(argument, ...)` calls a function, `[name]` reads an attribute, `"..."` is text (`\\"` is a
  quote, `\\\\` a backslash), `-10` and `&HF7` are numbers, `vbTextCompare` is a word for one.
- An argument may be left out: `Switch([a], , "k", "v")`. It stands for null.
- `=` `<>` `<` `<=` `>` `>=` compare inside `IIF` and `CBool`: as numbers where both sides read as
  numbers, two date-times as dates, otherwise as text. A null side makes it false.
- A date-time turns into text as `M/d/yyyy h:mm:ss tt` in UTC, a boolean as `True` or `False`.
- Characters are Unicode code points; positions count from 1.
- Limits: {MAX_LENGTH} characters of an expression, {MAX_DEPTH} calls within calls, {MAX_TEXT}
  characters of a text, {MAX_VALUES} values of a list, {LIMIT} ms for a regular expression.

Try one, or keep tests of a mapping in a file:

    manage.py evaluate 'Join(" ", [first], [last])' --record '{{"first": "Ada", "last": "Byron"}}'
    manage.py evaluate --cases cases.json

The file holds a list of `{{"expression": ..., "record": {{...}}, "expected": ...}}`; `expected` may
be left out, a date-time is expected as its text, and `{{"ignored": true}}` stands for an attribute
taken out of the flow. `--now` sets the clock.

`Guid`, `RandomString` and `SelectUniqueValue` are for rules that apply only when an account is
created; elsewhere they would change everyone on every run.

## Functions

The examples read the record `{record}`, where `[middle]` is absent.
"""
