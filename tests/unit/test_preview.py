"""A draft's rules one by one on a person, whatever else is wrong with it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.domain.expressions import Context
from provisioning.domain.preview import RowResult, try_rule, whole_problems
from provisioning.domain.starter import STARTER

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RECORD = {"first": "Ada", "empty": ""}


def tried(entry: Any, record: dict[str, str] | None = RECORD, **data: Any) -> RowResult:
    columns = None if record is None else list(record)
    return try_rule(
        {"attributes": [{"broken": 1}], **data}, entry, columns, record, Context(now=NOW)
    )


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"column": "first"}, "Ada"),
        ({"constant": "x"}, "x"),
        ({"expression": 'Append([first], "!")'}, "Ada!"),
        ({"expression": "Append([first], [param.tail])"}, "Ada?"),
        ({"column": "empty"}, None),
        ({"column": "empty", "default": "d"}, "d"),
        ({"column": "first", "when": "create"}, "Ada"),
    ],
)
def test_the_value_for_the_person(rule: dict[str, Any], value: str | None) -> None:
    result = tried({"target": "title", **rule}, parameters={"tail": "?"})
    assert (result.value, result.tried, result.problems) == (value, True, ())


def test_what_is_left_and_what_is_hidden_is_said() -> None:
    left = tried({"target": "title", "column": "empty", "empty": "leave"})
    assert left.left
    assert tried({"target": "title", "column": "first", "redact": True}).redacted


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"target": "title", "expression": "Join("}, "line"),
        ({"target": "title", "column": "frist"}, "did you mean first?"),
        ({"target": "title", "column": ""}, "must be text"),
        ({"target": "userName", "column": ""}, "must be text"),
        ({"target": "externalId", "column": "first"}, "cannot be mapped"),
        ({"target": "titel", "column": "first"}, "did you mean title?"),
        ({"target": "title"}, "exactly one of"),
        (7, "must be an object"),
    ],
)
def test_what_is_wrong_with_the_rule_and_nothing_else(entry: Any, told: str) -> None:
    result = tried(entry)
    assert len(result.problems) == 1
    assert told in str(result.problem)


def test_without_a_person_only_mistakes_are_found() -> None:
    assert tried({"target": "title", "column": "first"}, None) == RowResult()
    assert tried({"target": "title", "expression": "x("}, None).problem is not None


def test_what_would_hold_this_person() -> None:
    result = tried({"target": "userName", "column": "first"})
    assert "local@domain" in result.error


def test_a_rule_that_cannot_be_read_is_not_called_missing_too() -> None:
    rules = [
        {"target": "displayName", "column": ""} if rule["target"] == "displayName" else rule
        for rule in STARTER["attributes"]
        if rule["target"] != "name.familyName"
    ]
    told = [str(each) for each in whole_problems({**STARTER, "attributes": rules})]
    assert told == [
        "displayName: column must be text and not empty",
        "name.familyName: is not mapped, and every account needs it",
    ]
    assert whole_problems([]) != ()
    assert whole_problems(STARTER) == ()
