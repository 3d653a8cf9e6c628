"""What two profiles have in common is mapped once, and nobody can tell."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.definition import parse_definition
from provisioning.domain.mapping import Mapped, MappingError, compile_profile
from provisioning.domain.shared_mapping import share

FIXED = {
    "userName": [
        {"expression": 'Join("@", [a], "x.example")'},
        {"constant": "me@x.example"},
        {
            "expression": 'SelectUniqueValue(Join("@", [a], "x"), Join("@", [b], "y"))',
            "when": "create",
        },
    ],
    "displayName": [{"column": "a"}, {"column": "b"}, {"column": "b", "default": "nobody"}],
    "name.givenName": [{"column": "a"}, {"constant": "g", "when": "create"}],
    "name.familyName": [{"column": "b"}, {"expression": 'Append([b], "x")'}],
    "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:mailNickname": [
        {"constant": "m"},
        {"column": "a"},
    ],
}
OPTIONAL: dict[str, list[dict[str, Any]]] = {
    "active": [
        {"column": "c"},
        {"expression": 'Switch([c], , "1", "True", "0", "False")'},
        {"expression": "IgnoreFlowIfNullOrEmpty([c])"},
    ],
    "title": [
        {"column": "c", "empty": "leave"},
        {"column": "c"},
        {"column": "a", "when": "create"},
    ],
    "userType": [{"constant": "x", "when": "create"}, {"constant": "y"}],
}


@st.composite
def _profiles(draw: st.DrawFn) -> dict[str, Any]:
    rules = [{"target": target, **draw(st.sampled_from(each))} for target, each in FIXED.items()]
    for target, each in OPTIONAL.items():
        chosen = draw(st.sampled_from([None, *each]))
        if chosen is not None:
            rules.append({"target": target, **chosen})
    return {"key_column": "k", "attributes": rules}


_CELL = st.sampled_from(["", "1", "0", "ada", "bo", "x y"])
_RECORDS = st.lists(st.fixed_dictionaries({"a": _CELL, "b": _CELL, "c": _CELL}), max_size=4)


def outcome(apply: Any, record: dict[str, str]) -> Mapped | list[str]:
    try:
        found = apply(record, None)
    except MappingError as error:
        return sorted(map(str, error.problems))
    assert isinstance(found, Mapped)
    return found


@given(_profiles(), _profiles(), _RECORDS)
def test_sharing_changes_nothing(
    one: dict[str, Any], other: dict[str, Any], records: list[dict[str, str]]
) -> None:
    first, second = (compile_profile(parse_definition(each)) for each in (one, other))
    apply_first, apply_second = share(first, second)
    assert [outcome(apply_first, each) for each in records] == [
        outcome(first.apply, each) for each in records
    ]
    assert [outcome(apply_second, each) for each in records] == [
        outcome(second.apply, each) for each in records
    ]
