"""Drift of a clone: who has moved what, and what taking over or keeping makes of it."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.drift import Moved, apply_update, compare, drifted, keep_ours
from provisioning.domain.profile_parts import meaning, parts_of, with_part

BASE: dict[str, Any] = {
    "key_column": "id",
    "parameters": {"domain": ""},
    "attributes": [
        {"target": "userName", "expression": 'Append([id], "@x.example")'},
        {"target": "title", "column": "job"},
    ],
}


def moved(template: dict[str, Any], here: dict[str, Any], base: dict[str, Any] = BASE) -> Any:
    drifts = drifted(compare(base, template, here))
    return {each.part: (each.moved, each.change) for each in drifts}


def with_title(column: str | None) -> dict[str, Any]:
    value = None if column is None else {"target": "title", "column": column}
    return with_part(BASE, "attributes:title", value)


# Template now, clone now, and what of it is said of the title.
TITLES = [
    ("job", "job", None),
    ("job", "role", (Moved.HERE, "changed")),
    ("role", "job", (Moved.TEMPLATE, "changed")),
    ("role", "post", (Moved.BOTH, "changed")),
    ("role", "role", None),
    ("job", None, (Moved.HERE, "removed")),
    (None, "job", (Moved.TEMPLATE, "removed")),
    (None, "role", (Moved.BOTH, "removed")),
    (None, None, None),
]


@pytest.mark.parametrize(("template", "here", "said"), TITLES)
def test_who_has_moved(template: str | None, here: str | None, said: Any) -> None:
    found = moved(with_title(template), with_title(here))
    assert found == ({"attributes:title": said} if said else {})


def test_what_was_added() -> None:
    scope = {"column": "site", "is": "present"}
    more = BASE | {"scope": scope, "rules": {"pilot": scope}}
    added = {"scope": "added", "rules:pilot": "added"}
    assert moved(more, BASE) == {part: (Moved.TEMPLATE, how) for part, how in added.items()}
    assert moved(BASE, more) == {part: (Moved.HERE, how) for part, how in added.items()}


def test_values_of_parameters_and_layout_are_no_drift() -> None:
    here = BASE | {"parameters": {"domain": "customer.example"}}
    here = with_part(
        here,
        "attributes:userName",
        {"target": "userName", "expression": 'Append(\n  [id],\n  "@x.example" )'},
    )
    assert moved(BASE, here) == {}
    more = BASE | {"parameters": {"domain": "", "usage_location": ""}}
    assert moved(more, here) == {"parameters:usage_location": (Moved.TEMPLATE, "added")}


def test_taking_over_leaves_everything_else_and_the_values_of_parameters() -> None:
    template = with_title("role") | {"parameters": {"domain": "", "usage_location": "SE"}}
    here = BASE | {"key_column": "number", "parameters": {"domain": "customer.example"}}
    parts = ["attributes:title", "parameters:usage_location", "parameters:domain"]
    assert apply_update(here, template, parts) == {
        "key_column": "number",
        "parameters": {"domain": "customer.example", "usage_location": "SE"},
        "attributes": [BASE["attributes"][0], {"target": "title", "column": "role"}],
    }
    assert apply_update(here, template, []) == here


def test_keeping_ours_turns_a_conflict_into_a_change_of_our_own() -> None:
    template, here = with_title("role"), with_title("post")
    base = keep_ours(BASE, template, ["attributes:title"])
    assert moved(template, here, base) == {"attributes:title": (Moved.HERE, "changed")}


def test_a_draft_that_is_wrong_is_compared_as_far_as_it_can_be_read() -> None:
    broken = {"attributes": [None, {"target": 3}, {"target": "title", "expression": "("}]}
    assert parts_of(broken) == {"attributes:title": {"target": "title", "expression": "("}}
    assert moved(BASE, broken)["attributes:userName"] == (Moved.HERE, "removed")


PARTS = st.sampled_from(
    [
        *("key_column", "matching", "scope", "rules:a", "rules:b", "parameters:p"),
        *("attributes:title", "groups:a", "groups:b"),
    ]
)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    definition: dict[str, Any] = copy.deepcopy(BASE)
    for part in draw(st.lists(PARTS, max_size=6)):
        word = draw(st.sampled_from(["x", "y", None]))
        rule = {"target": "title", "column": word}
        value: Any = rule if word and part.startswith("attributes") else word
        if word and part.startswith("groups"):
            ids = draw(st.sampled_from([{}, {"adopt": {"v": "1"}}, {"adopt": {"v": "2"}}]))
            value = {"rule": part.partition(":")[2], "column": word, **ids}
        definition = with_part(definition, part, value)
    return definition


@given(definitions(), definitions(), definitions())
def test_taking_everything_over_ends_all_drift(
    base: dict[str, Any], template: dict[str, Any], here: dict[str, Any]
) -> None:
    untouched = copy.deepcopy((base, template, here))
    drifts = drifted(compare(base, template, here))
    parts = [each.part for each in drifts]
    assert drifted(compare(base, template, apply_update(here, template, parts))) == []
    kept = drifted(compare(keep_ours(base, template, parts), template, here))
    assert {each.moved for each in kept} <= {Moved.HERE}
    assert (base, template, here) == untouched
    for each in drifts:
        assert meaning(each.part, each.template) != meaning(each.part, each.here)


def grouped(*rules: dict[str, Any]) -> dict[str, Any]:
    return BASE | {"groups": list(rules)} if rules else BASE


SALES: dict[str, Any] = {"rule": "sales", "column": "department", "name": 'Append("x ", [value])'}


def test_each_group_rule_is_a_part_of_its_own_by_its_name() -> None:
    site = {"rule": "site", "column": "site"}
    found = moved(grouped(SALES | {"licensing": True}, site), grouped(SALES), grouped(SALES))
    assert found == {
        "groups:sales": (Moved.TEMPLATE, "changed"),
        "groups:site": (Moved.TEMPLATE, "added"),
    }
    laid_out = SALES | {"name": 'Append( "x ",\n [value])'}
    assert moved(grouped(SALES), grouped(laid_out), grouped(SALES)) == {}


def test_taking_a_group_rule_over_keeps_the_ids_that_are_adopted_here() -> None:
    theirs = SALES | {"licensing": True, "adopt": {"sales": "their-id"}}
    ours = SALES | {"adopt": {"sales": "our-id"}}
    site = {"rule": "site", "column": "site", "adopt": {"a": "their-id"}}
    assert moved(grouped(SALES | {"adopt": {}}), grouped(ours), grouped(SALES)) == {}
    taken = apply_update(grouped(ours), grouped(theirs, site), ["groups:sales", "groups:site"])
    assert taken["groups"] == [
        SALES | {"licensing": True, "adopt": {"sales": "our-id"}},
        {"rule": "site", "column": "site"},
    ]
    assert apply_update(grouped(ours), BASE, ["groups:sales"]) == BASE
