"""Group rules in words, on pages and in comparisons."""

from typing import Any

import pytest
from hypothesis import given

from provisioning.domain.definition_changes import changes_between
from provisioning.domain.groups.words import group_rule_words
from tests.support.group_rules import EXAMPLES, group_rules
from tests.unit.test_editing import ANYTHING, CONDITION

RULES = {"staff": {"column": "type", "is": "equals", "value": "employee"}}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            EXAMPLES[0],
            'a group for each value of column department; named Append("Dept ", [value]); delete a'
            " group without members; adopts 5a1c3f0e-2b7d-4c55-9d66-000000000001 for sales, adopts"
            " 5a1c3f0e-2b7d-4c55-9d66-000000000002 for r&d = new",
        ),
        (
            {"rule": "x", "expression": "Split(\n  [a],\n  1)", "licensing": True, "kind": "odd"},
            "a group for each value of expression Split( [a], 1); members get a licence; kind odd",
        ),
        (
            {"rule": "x", "group": "All", "when": {"rule": "staff"}, "kind": "microsoft_365"},
            "one group, All; when rule staff; Microsoft 365 group",
        ),
        (
            {"rule": "x", "group": "All", "when": {"rule": "nobody"}, "column": "a"},
            'a group for each value of column a; group: "All"; when {"rule": "nobody"}',
        ),
        ({"rule": "x", "column": "a", "kind": "security", "fully_managed": False}, None),
        ("odd", '"odd"'),
        ({"rule": "x"}, "without a source"),
    ],
)
def test_a_rule_in_words(entry: Any, said: str | None) -> None:
    assert group_rule_words(entry, RULES) == (said or "a group for each value of column a")


@given(ANYTHING)
def test_whatever_stands_for_a_rule_has_words(entry: Any) -> None:
    assert group_rule_words(entry)
    assert group_rule_words({"rule": "x", "column": "a", "when": entry, "name": entry})


@given(group_rules(CONDITION))
def test_a_comparison_names_each_rule_that_differs(rules: list[dict[str, Any]]) -> None:
    labels = [each.label for each in changes_between({}, {"groups": rules})]
    assert labels == [f"Group rule {each['rule']}" for each in rules]
    assert changes_between({"groups": rules}, {"groups": rules[::-1]}) == []


def test_a_comparison_says_what_was_and_what_is() -> None:
    old, new = {"groups": EXAMPLES}, {"groups": [EXAMPLES[0] | {"licensing": True}, EXAMPLES[2]]}
    first, second = changes_between(old, new)
    assert (first.label, second.label) == ("Group rule department", "Group rule projects")
    assert "members get a licence" not in (first.old or "")
    assert "members get a licence" in (first.new or "")
    assert second.new is None
