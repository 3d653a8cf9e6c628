"""SelectUniqueValue: rules in order, and the first free value."""

import random
from datetime import UTC, datetime

import pytest

from provisioning.domain.expressions import (
    Context,
    EvaluationError,
    compile_expression,
    select_unique,
)

RULES = 'SelectUniqueValue([a], Append([a], "1"), Append([a], RandomString(2, 2, 0, 0, 0)))'
CONTEXT = Context(now=datetime(2026, 3, 1, tzinfo=UTC), random=random.Random(3))


def test_rules_are_alternatives_in_their_order():
    compiled = compile_expression(RULES)
    assert [rule.source for rule in compiled.alternatives] == [
        "[a]",
        'Append([a], "1")',
        "Append([a], RandomString(2, 2, 0, 0, 0))",
    ]
    assert [rule.volatile for rule in compiled.alternatives] == [False, False, True]
    assert compiled.alternatives[1].evaluate({"a": "x"}) == "x1"
    assert compile_expression("[a]").alternatives == ()


@pytest.mark.parametrize(
    ("taken", "value"), [(set(), "x"), ({"x"}, "x1"), ({"x1"}, "x"), ({"x", "x1"}, None)]
)
def test_the_first_free_value_is_taken(taken, value):
    found = select_unique(compile_expression(RULES), {"a": "x"}, CONTEXT, taken.__contains__)
    assert found == value if value else len(found) == 3


def test_without_a_free_value_the_record_is_an_error():
    compiled = compile_expression('SelectUniqueValue([a], "y")')
    with pytest.raises(EvaluationError, match="the values of all 2 rules are taken"):
        select_unique(compiled, {"a": "x"}, CONTEXT, lambda _value: True)
