"""Promotion: what names one tenant is found, replaced, or listed with its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.definition import parse_definition
from provisioning.domain.promotion import (
    Mention,
    TenantFacts,
    domains_by_use,
    mentions_of,
    promote,
    suggest,
)
from provisioning.domain.starter import STARTER

GROUP, OTHER = "6f1d2c3a-0b4e-4c55-9d66-7e8899aabbcc", "11111111-2222-3333-4444-555555555555"
SETS = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:CustomSecurityAttributes:"
BEFORE: dict[str, Any] = {
    "key_column": "id.customer.example",
    "parameters": {"domain": "test.customer.example", "unit": "North"},
    "rules": {"staff": {"column": "mail", "is": "includes", "value": "@Test.customer.example"}},
    "scope": {"all": [{"rule": "staff"}, {"column": "group", "is": "in", "value": [GROUP, "x"]}]},
    "attributes": [
        {
            "target": "userName",
            "expression": 'Replace(\n  [mail.old.example], ,\n  "@test\\.customer\\.example$",'
            ' , "@test.customer.example", , )',
        },
        {"target": "title", "constant": "nobody@old.example", "default": GROUP.upper()},
        {"target": "userType", "column": "test.customer.example"},
        {"target": f"{SETS}Engineering.Level", "constant": "1"},
    ],
    "later": [{"group": GROUP}],
}
TABLE: Any = {
    ("domain", "test.customer.example"): "customer.example",
    ("id", GROUP): OTHER,
    ("set", "Engineering"): "Technik",
}


def test_everything_that_names_a_tenant_is_found_with_its_place() -> None:
    domain = "test.customer.example"
    assert mentions_of(BEFORE) == (
        Mention("domain", domain, "rules staff"),
        Mention("id", GROUP, "scope"),
        Mention("id", GROUP, "later"),
        Mention("domain", domain, "parameter domain"),
        Mention("domain", domain, "userName", 3),
        Mention("domain", "old.example", "title"),
        Mention("id", GROUP, "title"),
        Mention("set", "Engineering", f"{SETS}Engineering.Level"),
    )


def test_what_the_table_knows_is_replaced_where_it_stands() -> None:
    promoted = promote(BEFORE, TABLE)
    assert promoted.definition == {
        "key_column": "id.customer.example",
        "parameters": {"domain": "customer.example", "unit": "North"},
        "rules": {"staff": {"column": "mail", "is": "includes", "value": "@customer.example"}},
        "scope": {
            "all": [{"rule": "staff"}, {"column": "group", "is": "in", "value": [OTHER, "x"]}]
        },
        "attributes": [
            {
                "target": "userName",
                "expression": 'Replace(\n  [mail.old.example], ,\n  "@customer\\.example$",'
                ' , "@customer.example", , )',
            },
            {"target": "title", "constant": "nobody@old.example", "default": OTHER},
            {"target": "userType", "column": "test.customer.example"},
            {"target": f"{SETS}Technik.Level", "constant": "1"},
        ],
        "later": [{"group": OTHER}],
    }
    assert promoted.left == (Mention("domain", "old.example", "title"),)
    assert {each.kind for each in promoted.replaced} == {"domain", "id", "set"}


def test_a_value_that_may_stay_is_not_left() -> None:
    stays: Any = {("domain", "old.example"): "old.example"}
    assert promote(BEFORE, TABLE | stays).left == ()


@pytest.mark.parametrize(
    "text", ["dd.MM.yyyy", "HH.mm", ".", "1.10", "a.b@", "first.last@", "No. 5", "x.1"]
)
def test_what_only_looks_like_a_domain_is_not_taken_for_one(text: str) -> None:
    rule = {"target": "title", "constant": text}
    assert mentions_of({"key_column": "id", "attributes": [rule]}) == ()


def test_an_expression_that_cannot_be_read_is_searched_as_text() -> None:
    rule = {"target": "title", "expression": 'Append("x@old.example"'}
    found = mentions_of({"key_column": "id", "attributes": [rule]})
    assert [each.value for each in found] == ["old.example"]


def test_suggestions_come_from_parameters_use_and_equal_names() -> None:
    source = TenantFacts(
        domains=("test.customer.example", "old.example"),
        groups={GROUP: "Nurses"},
        parameters={"domain": "test.customer.example"},
    )
    target = TenantFacts(
        domains=("customer.example",),
        groups={OTHER: "Nurses"},
        sets=frozenset({"Engineering"}),
    )
    table = suggest(mentions_of(BEFORE), source, target)
    assert table == {
        ("domain", "test.customer.example"): "customer.example",
        ("id", GROUP): OTHER,
        ("set", "Engineering"): "Engineering",
    }
    known = TenantFacts(domains=("main.example",), parameters={"domain": "Customer.example"})
    found = suggest(mentions_of(BEFORE), source, known)
    assert found == {("domain", "test.customer.example"): "customer.example"}


def test_of_several_groups_of_one_name_none_is_picked() -> None:
    source = TenantFacts(groups={GROUP: "Nurses"})
    target = TenantFacts(groups={OTHER: "Nurses", OTHER[:-1] + "6": "Nurses"})
    assert suggest([Mention("id", GROUP, "x")], source, target) == {}


def test_domains_are_ordered_by_their_use() -> None:
    names = ["a@x.example", "b@Y.example", "c@y.example", "nobody"]
    assert domains_by_use(names) == ("y.example", "x.example")


@given(st.text(max_size=60), st.sampled_from([GROUP, "test.customer.example"]), st.text(max_size=9))
def test_texts_around_a_value_stay_and_nothing_of_the_old_tenant_is_left(
    before: str, value: str, after: str
) -> None:
    text = f"{before} {value} {after}".replace("\\", "\\\\").replace('"', '\\"')
    rules = [{"target": "title", "expression": f'Join(" ",\n "{text}", [id])'}]
    definition = {"key_column": "id", "attributes": [*STARTER["attributes"][:6], *rules]}
    parse_definition(definition)
    promoted = promote(definition, TABLE)
    new = promoted.definition["attributes"][-1]["expression"]
    assert new == rules[0]["expression"].replace(f" {value} ", f" {TABLE[_kind(value), value]} ")
    parse_definition(promoted.definition)
    assert all(each.value != value for each in promoted.left)


def _kind(value: str) -> str:
    return "id" if value == GROUP else "domain"


def test_joiners_and_leavers_are_searched_as_rules_are() -> None:
    entry = {
        "last_day": {"expression": 'Switch([mail], , "a@test.customer.example", "2026-03-01")'},
        "leavers": [
            {"after_days": 0, "do": "disable"},
            {
                "after_days": 3,
                "do": "set",
                "target": f"{SETS}Engineering.Level",
                "constant": "to test.customer.example",
            },
        ],
        "way_in": "other: Ask it@old.example.",
    }
    promoted = promote({**STARTER, "lifecycle": entry}, TABLE)
    changed = promoted.definition["lifecycle"]
    assert changed["last_day"]["expression"].count('"a@customer.example"') == 1
    assert changed["leavers"][0] == entry["leavers"][0]
    assert changed["leavers"][1]["target"] == f"{SETS}Technik.Level"
    assert changed["leavers"][1]["constant"] == "to customer.example"
    assert [each for each in promoted.left if each.place == "way_in"] == [
        Mention("domain", "old.example", "way_in")
    ]


def test_group_rules_name_their_tenant_by_adopted_ids_names_and_conditions() -> None:
    rules = [
        {
            "rule": "department",
            "expression": 'Split([departments], "@test.customer.example")',
            "name": 'Append([value],\n " of test.customer.example")',
            "adopt": {"sales": GROUP, "a@test.customer.example": GROUP[:-1] + "d"},
        },
        {
            "rule": "staff",
            "group": "All of test.customer.example",
            "description": "Ask it@old.example",
            "when": {"any": [{"rule": "staff"}, {"column": "test.customer.example", "is": "in",
                                                "value": ["x@test.customer.example"]}]},
            "adopt": GROUP,
        },
        {"rule": "site", "column": "test.customer.example"},
    ]  # fmt: skip
    promoted = promote({**STARTER, "groups": rules}, TABLE)
    department, staff, site = promoted.definition["groups"]
    assert department["expression"] == 'Split([departments], "@customer.example")'
    assert department["name"] == 'Append([value],\n " of customer.example")'
    assert department["adopt"] == {"sales": OTHER, "a@customer.example": GROUP[:-1] + "d"}
    assert (staff["group"], staff["adopt"]) == ("All of customer.example", OTHER)
    condition = staff["when"]["any"][1]
    assert condition["column"] == "test.customer.example"
    assert condition["value"] == ["x@customer.example"]
    assert site == rules[2]
    assert [each for each in promoted.left if each.place.startswith("groups")] == [
        Mention("id", GROUP[:-1] + "d", "groups department"),
        Mention("domain", "old.example", "groups staff"),
    ]
    assert Mention("domain", "test.customer.example", "groups department", 2) in promoted.replaced


def test_values_that_would_become_one_stay_two() -> None:
    adopt = {"test.customer.example": GROUP, "customer.example": OTHER}
    rule = {"rule": "domain", "column": "domain", "adopt": adopt}
    stays: Any = {("domain", "customer.example"): "customer.example"}
    changed = promote({**STARTER, "groups": [rule]}, TABLE | stays).definition
    assert set(changed["groups"][0]["adopt"]) == set(adopt)
