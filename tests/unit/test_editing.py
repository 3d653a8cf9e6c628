"""A definition to the editor's form and back: nothing is lost, whatever it holds."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provisioning.domain.attributes import ACTIVE, CATALOGUE
from provisioning.domain.definition import MATCHABLE, ProfileError, parse_definition
from provisioning.domain.editing import editor_of, read_editor
from provisioning.domain.groups import parse_groups
from provisioning.domain.scope import TESTS
from provisioning.domain.scope_editing import group_of, read_group
from provisioning.domain.starter import STARTER
from tests.support.form_fields import fields_of
from tests.support.group_rules import EXAMPLES, group_rules
from tests.support.lifecycles import FULL, lifecycles

EVERYTHING: dict[str, Any] = {
    "key_column": "employee_id",
    "parameters": {"domain": "customer.example", "country": "SE"},
    "matching": ["externalId", "userName"],
    "rules": {
        "pilot": {"column": "site", "is": "equals", "value": "Kiruna"},
        "office": {"any": [{"rule": "pilot"}, {"all": [{"column": "a", "is": "present"}]}]},
    },
    "scope": {
        "all": [
            {"column": "type", "is": "in", "value": ["employee", "intern, paid"]},
            {"column": "left", "is": "absent"},
            {"rule": "office"},
        ]
    },
    "out_of_scope": "disable",
    "lifecycle": FULL,
    "attributes": [
        *STARTER["attributes"],
        {
            "target": "userType",
            "column": "type",
            "when": "create",
            "empty": "leave",
            "default": "employee",
            "redact": True,
        },
    ],
    "groups": EXAMPLES,
}


def there_and_back(definition: Any) -> Any:
    return read_editor(fields_of(editor_of(definition))).definition()


def test_a_definition_with_everything_survives() -> None:
    parse_definition(EVERYTHING)
    assert there_and_back(EVERYTHING) == EVERYTHING


@pytest.mark.parametrize(
    "draft",
    [
        {"key_column": 7, "attributes": "none"},
        {"key_column": "", "attributes": [{"target": "title", "expression": "Join("}]},
        {"key_column": "a", "attributes": [{"target": "", "column": ""}, 7, "x"]},
        {"key_column": "a", "attributes": [{"target": "title", "column": "a", "constant": "b"}]},
        {"key_column": "a", "attributes": [{"target": "title", "column": "a", "when": "never"}]},
        {"key_column": "a", "attributes": [{"target": "x", "constant": ["a", 1]}], "scope": "{"},
        {"key_column": "a", "attributes": [], "matching": "userName", "rules": [], "new": {"x": 1}},
        {"key_column": "a", "attributes": [], "out_of_scope": {"delete_after_days": 30}},
        {"key_column": "a", "attributes": [], "guests": "some"},
        {"key_column": "a", "attributes": [], "out_of_scope": "burn", "parameters": {"a b": ""}},
        {"key_column": "a", "attributes": [], "scope": {"all": [{"column": "c", "is": "new"}]}},
        {"key_column": "a", "attributes": [], "lifecycle": "soon"},
        {"key_column": "a", "attributes": [], "lifecycle": {"begin": 1}},
        {"key_column": "a", "attributes": [], "lifecycle": {"leavers": [{"do": "burn"}, 7]}},
        {"key_column": "a", "attributes": [], "lifecycle": {"leavers": [{"do": "disable"}]}},
        {"key_column": "a", "attributes": [], "lifecycle": {"start": {"column": ["a"]}}},
        {"key_column": "a", "attributes": [], "lifecycle": {"way_in": "pigeon"}},
        {
            "key_column": "a",
            "attributes": [],
            "lifecycle": {"start": {"column": "", "days_before": "x"}, "way_in": "other: a letter"},
        },
    ],
)
def test_a_wrong_draft_survives_too(draft: dict[str, Any]) -> None:
    back = there_and_back(draft)
    for name, value in draft.items():
        if name == "attributes" and not isinstance(value, list):
            continue
        if name == "key_column":
            value = str(value)
        if name == "attributes":
            value = [each for each in value if each != {"target": "", "column": ""}]
        assert back[name] == value


@pytest.mark.parametrize(
    "groups",
    [
        "all",
        {"rule": "x"},
        [7, "x", None, {}, {"rule": "", "group": ""}],
        [{"rule": "x"}, {"rule": 3, "column": 4}],
        [{"rule": "x", "column": "a", "group": "b"}],
        [{"rule": "x", "column": "a", "kind": "odd"}],
        [{"rule": "x", "column": "a", "new": {"y": 1}}],
        [{"rule": "x", "column": "a", "licensing": 1}],
        [{"rule": "x", "group": "a", "when": "5"}],
        [{"rule": "x", "group": "a", "when": "{"}],
        [{"rule": "x", "column": "a\nb", "adopt": [1]}],
        [{"rule": "x", "column": "a", "adopt": "id"}],
        [{"rule": "x", "column": "a", "adopt": {"b": 1}}],
        [{"rule": "x", "column": "a", "adopt": {" b": "c=d"}}],
        [{"rule": "x", "expression": "a\r\nb"}],
    ],
)
def test_wrong_group_rules_survive_too(groups: Any) -> None:
    draft = {"key_column": "a", "attributes": [], "groups": groups}
    assert there_and_back(draft) == draft
    assert there_and_back(there_and_back(draft)) == draft


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1, 2), st.text("ab=\n\r {", max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text("ab=", max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)
_ENTRIES = ("rule", "column", "expression", "group", "name", "when", "kind", "emptied", "adopt")
_FLAGS = ("licensing", "fully_managed", "description", "colour")


@given(
    st.lists(
        st.one_of(
            ANYTHING, st.dictionaries(st.sampled_from([*_ENTRIES, *_FLAGS]), ANYTHING, max_size=5)
        ),
        max_size=3,
    )
)
def test_whatever_stands_for_group_rules_says_the_same_afterwards(groups: list[Any]) -> None:
    draft = {"key_column": "a", "attributes": [], "groups": groups}
    once = there_and_back(draft)
    assert there_and_back(once) == once
    assert len(once.get("groups", [])) == len(groups)
    for before, after in zip(groups, once.get("groups", []), strict=True):
        assert said(after) == said(before)


def said(entry: Any) -> Any:
    """An entry without what means nothing: usual values, and white space around names."""
    if not isinstance(entry, dict):
        return entry
    usual: dict[str, tuple[Any, ...]] = {
        "name": ("",),
        "description": ("",),
        "when": (None,),
        "adopt": ({}, ""),
        "kind": ("security",),
        "emptied": ("keep",),
    }
    found = {}
    for name, value in entry.items():
        value = value.strip() if isinstance(value, str) and name not in ("when", "kind") else value
        unset = name in _FLAGS[:2] and value is False
        if not unset and not (name in usual and value in usual[name]):
            found[name] = value
    return found


def test_a_row_shows_what_it_can_and_keeps_the_rest() -> None:
    first, other = editor_of({"groups": [EXAMPLES[0] | {"colour": 1, "kind": "odd"}, "x"]}).groups
    assert (first.rule, first.text, first.emptied) == ("department", "department", "delete")
    assert first.adopt.split("\n")[1].startswith("r&d = new = 5a1c")
    assert json.loads(first.extra) == {"colour": 1, "kind": "odd"}
    assert (other.rule, other.extra) == ("", '"x"')


def test_a_blank_row_and_a_deleted_one_are_left_out() -> None:
    fields = fields_of(editor_of({**STARTER, "groups": EXAMPLES})) | {"groups": "4"}
    fields |= {"group-1-delete": "on", "group-3-source": "group", "group-3-kind": "microsoft_365"}
    assert read_editor(fields).definition()["groups"] == [EXAMPLES[0], EXAMPLES[2]]


@pytest.mark.parametrize(
    ("source", "adopt", "told"),
    [
        ("column", "a = 1\na = 2", "a stands on two lines"),
        ("column", "just-an-id", "write value = id"),
        ("column", "a = b = 1\n\nc = 2", ""),
        ("group", "just-an-id", ""),
    ],
)
def test_lines_of_adopted_groups_that_are_none_are_said(source: str, adopt: str, told: str) -> None:
    fields = {"groups": "1", "group-0-rule": "x", "group-0-source": source}
    (row,) = read_editor(fields | {"group-0-text": "t", "group-0-adopt": adopt}).groups
    assert [told in each.message for each in row.mistakes()] == ([True] if told else [])
    assert there_and_back({"groups": [row.entry()]})["groups"] == [row.entry()]


def test_a_list_of_attributes_that_is_none_is_not_taken_for_rules() -> None:
    assert there_and_back([])["attributes"] == []


def test_a_row_marked_for_deletion_is_left_out() -> None:
    fields = fields_of(editor_of(STARTER)) | {"attr-0-delete": "on"}
    assert read_editor(fields).definition()["attributes"] == STARTER["attributes"][1:]


def test_a_name_given_twice_shows_up() -> None:
    fields = {"params": "2", "param-0-name": "a", "param-0-value": "1"}
    fields |= {"param-1-name": "a", "param-1-value": "2"}
    assert read_editor(fields).definition()["parameters"] == {"a": "1", "a (2)": "2"}


def test_conditions_turn_into_text_and_back() -> None:
    fields = fields_of(editor_of(EVERYTHING))
    text = read_group(fields | {"scope-turn": "text"}, "scope")
    assert text.as_text
    assert text.data() == EVERYTHING["scope"]
    rows = read_group(
        {"scope-mode": "text", "scope-text": text.text, "scope-turn": "rows"}, "scope"
    )
    assert not rows.as_text
    assert rows.data() == EVERYTHING["scope"]


def test_a_text_that_is_no_json_says_where() -> None:
    group = group_of('{"all": [}')
    assert group.as_text
    assert group.mistake is not None
    assert group.mistake[1:] == (1, 10)
    assert group_of({"all": []}).mistake is None


_WORD = st.text("abcXYZ äö_,;\"'0", min_size=1, max_size=8).map(str.strip).filter(bool)
_VALUELESS = ("present", "absent")
CONDITION = st.one_of(
    st.fixed_dictionaries({"column": _WORD, "is": st.sampled_from(_VALUELESS)}),
    st.fixed_dictionaries(
        {
            "column": _WORD,
            "is": st.sampled_from(["equals", "not_equals", "includes"]),
            "value": _WORD,
        }
    ),
    st.fixed_dictionaries(
        {"column": _WORD, "is": st.just("in"), "value": st.lists(_WORD, min_size=1, max_size=3)}
    ),
)


def _groups(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    listed = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(st.fixed_dictionaries({"all": listed}), st.fixed_dictionaries({"any": listed}))


_SCOPE = st.recursive(CONDITION, _groups, max_leaves=6)
_FREE = [
    path for path, each in CATALOGUE.items() if each.mutable and not each.required and not each.many
]
_TEXTS = [path for path in _FREE if CATALOGUE[path].kind == "string" and path != ACTIVE]


_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "when": st.just("create"),
        "empty": st.just("leave"),
        "redact": st.just(True),
    },
)


@st.composite
def _definitions(draw: st.DrawFn) -> dict[str, Any]:
    used = {rule["target"] for rule in STARTER["attributes"]}
    free = [target for target in _TEXTS if target not in used]
    added = draw(st.lists(st.sampled_from(free), unique=True, max_size=4))
    rules = [{"target": target, "column": draw(_WORD), **draw(_OPTIONS)} for target in added]
    parts = {
        "rules": st.dictionaries(_WORD, _SCOPE, max_size=2),
        "scope": _SCOPE,
        "out_of_scope": st.sampled_from(["skip", "disable"]),
        "lifecycle": lifecycles(),
        "guests": st.booleans(),
        "groups": group_rules(_SCOPE),
        "matching": st.lists(st.sampled_from(MATCHABLE), unique=True, max_size=4),
    }
    frame = draw(st.fixed_dictionaries({}, optional=parts))
    return {"key_column": draw(_WORD), **frame, "attributes": [*STARTER["attributes"], *rules]}


@given(_definitions())
def test_any_definition_survives(definition: dict[str, Any]) -> None:
    try:
        wanted = parse_definition(definition).to_json()
    except ProfileError as error:
        # A step of leavers may meet a rule that writes its target at creation only.
        assume("written only at creation" not in str(error))
        raise
    assert parse_definition(there_and_back(definition)).to_json() == wanted


def test_every_test_of_a_condition_has_a_row() -> None:
    for test in TESTS:
        value = ["x"] if test == "in" else "x"
        data = {"column": "c", "is": test} | ({} if test in _VALUELESS else {"value": value})
        assert not group_of(data).as_text
        assert group_of(data).data() == data


@given(group_rules(CONDITION))
def test_group_rules_that_can_be_published_need_no_json(rules: list[dict[str, Any]]) -> None:
    wanted = [each.to_json() for each in parse_groups(rules)]
    assert [row.rule for row in editor_of({"groups": wanted}).groups] == [e["rule"] for e in rules]
    assert not any(row.extra for row in editor_of({"groups": wanted}).groups)
