"""Group rules: what is read, what is refused in which words, and which groups a record gets."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.groups import (
    CompiledGroups,
    GroupKind,
    GroupsError,
    Memberships,
    parse_groups,
)
from provisioning.domain.scope import parse_rules
from provisioning.scim.groups import GroupKind as SentKind

TODAY = date(2026, 3, 2)
ID = "5a1c3f0e-0000-4000-8000-00000000000A"
CONDITIONS = parse_rules({"staff": {"column": "type", "is": "equals", "value": "employee"}})
FULL = [
    {
        "rule": "department",
        "column": "department",
        "name": 'Join(" ", [param.prefix], [value])',
        "emptied": "delete",
        "adopt": {"sales": ID.lower()},
    },
    {"rule": "site", "expression": 'Split([sites], ";")', "licensing": True},
    {
        "rule": "staff",
        "group": "All staff",
        "when": {"rule": "staff"},
        "kind": "microsoft_365",
        "fully_managed": True,
        "description": "Everybody employed",
    },
]


def compiled(rules=FULL):
    parameters = {"prefix": "Dept"}
    found = parse_groups(rules, parameters, CONDITIONS)
    return CompiledGroups(found, parameters, CONDITIONS)


def names(row):
    return [(each.key, each.name) for each in compiled().of(row, TODAY)]


def problems(*rules):
    with pytest.raises(GroupsError) as raised:
        parse_groups(list(rules), {"prefix": "Dept"}, CONDITIONS)
    return [str(each) for each in raised.value.problems]


def test_what_was_read_is_written_as_it_was():
    assert [each.to_json() for each in parse_groups(FULL, {"prefix": "x"}, CONDITIONS)] == FULL


def test_the_kinds_are_those_that_are_sent():
    assert {each.value for each in GroupKind} == {each.value for each in SentKind}


def test_a_record_gets_a_group_per_value_per_element_and_by_condition():
    row = {"department": " Human  Resources ", "sites": "Kiruna; Luleå;kiruna", "type": "employee"}
    assert names(row) == [
        ("department/human resources", "Dept Human Resources"),
        ("site/kiruna", "Kiruna"),
        ("site/luleå", "Luleå"),
        ("site/kiruna", "kiruna"),
        ("staff", "All staff"),
    ]


def test_an_empty_value_and_a_condition_that_fails_give_no_group():
    assert names({"department": "  ", "sites": "", "type": "guest"}) == []
    assert names({}) == []


def test_columns_of_values_expressions_and_conditions_are_needed():
    assert compiled().columns == ("department", "sites", "type")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"rule": "1st", "column": "a"}, "is a name of letters"),
        ({"rule": "r"}, "exactly one of column, expression and group"),
        ({"rule": "r", "column": "a", "group": "b"}, "exactly one of column, expression and group"),
        ({"rule": "r", "column": " "}, "column must be text and not empty"),
        ({"rule": "r", "column": "a", "licencing": True}, "did you mean licensing?"),
        ({"rule": "r", "column": "a", "kind": "distribution"}, '"kind" is security or'),
        ({"rule": "r", "column": "a", "emptied": "drop"}, '"emptied" is keep or delete'),
        ({"rule": "r", "column": "a", "fully_managed": 1}, '"fully_managed" is true or false'),
        ({"rule": "r", "group": "g" * 257}, "longer than 256"),
        ({"rule": "r", "group": "g", "name": "[value]"}, 'leave "name" out'),
        ({"rule": "r", "group": "g", "when": {"rule": "stuff"}}, "did you mean staff?"),
        ({"rule": "r", "column": "a", "adopt": ID}, "an object of group ids by value"),
        ({"rule": "r", "group": "a", "adopt": "Sales"}, "'Sales' is not the id of a group"),
        ({"rule": "r", "group": "a", "adopt": ""}, "'' is not the id of a group"),
        ({"rule": "r", "group": "a", "adopt": ID, "emptied": "delete"}, "never deleted"),
        ({"rule": "r", "column": "a", "adopt": {"A": ID, "a ": ID[:-1] + "b"}}, "in case only"),
        ({"rule": "r", "column": "a", "adopt": {"A": ID, "b": ID}}, "is used twice"),
        ({"rule": "r", "expression": "Join("}, "line 1"),
        ({"rule": "r", "expression": "Guid()"}, "the same value each time"),
        ({"rule": "r", "expression": "Redact([a])"}, "cannot be redacted"),
        ({"rule": "r", "expression": "[param.prefx]"}, "did you mean prefix?"),
        ({"rule": "r", "column": "a", "name": "ToUpper([a])"}, "may read [value] and parameters"),
        ({"rule": "r", "column": "a", "description": 3}, '"description" is a text'),
        ("r", "group rule 1 must be an object"),
    ],
)
def test_what_is_wrong_is_said(rule, words):
    assert any(words in each for each in problems(rule)), problems(rule)


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_claimed_twice():
    found = problems(
        {"rule": "a", "group": "Staff", "adopt": ID},
        {"rule": "A", "group": "staff ", "adopt": ID.lower()},
        {"rule": "b", "column": ""},
    )
    assert len(found) == 4
    assert sum("is used twice" in each for each in found) == 3
    with pytest.raises(GroupsError, match="must be a list"):
        parse_groups({})


def test_a_record_whose_groups_cannot_be_said_is_held_with_every_reason():
    rules = [
        {"rule": "cost", "column": "cost"},
        {"rule": "old", "group": "Old", "when": {"column": "age", "is": "greater", "value": 60}},
    ]
    wanted = Memberships(CompiledGroups(parse_groups(rules)))
    found = wanted.add("Ann", {"cost": "1,2E+05", "age": "many"}, TODAY)
    assert [each.target for each in found] == ["groups cost", "groups old"]
    assert "spreadsheet" in found[0].message
    assert "which is no number" in found[1].message
    assert (wanted.held, wanted.seen, wanted.groups) == ({"ann"}, set(), {})


@given(st.permutations(["Sales"] * 3 + ["SALES"] * 2 + ["sales"]))
def test_the_name_is_the_most_frequent_spelling_unless_the_group_has_another(spellings):
    wanted = Memberships(CompiledGroups(parse_groups([{"rule": "d", "column": "d"}])))
    for number, each in enumerate(spellings):
        wanted.add(str(number), {"d": each}, TODAY)
    (group,) = wanted.groups.values()
    assert group.name() == "Sales"
    assert group.name("sales") == "sales"
    assert group.name("Vertrieb") == "Sales"
    assert len(group.members) == 6
