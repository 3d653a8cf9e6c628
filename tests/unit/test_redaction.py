"""Redacted values do not come out: not in states, not in names, not in sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.redaction import REDACTED, shown_name, shown_state, shown_text
from tests.unit.test_mapping import RECORD, definition, mapping_problems, profile

PATHS = ("title", "userName", "department", "skills")
words = st.text("abcDE .@-", min_size=1, max_size=8)
values = words | st.lists(words, min_size=1, max_size=2) | st.booleans() | st.none()
states = st.dictionaries(st.sampled_from(PATHS), values)


@given(states, st.sets(st.sampled_from(PATHS)))
def test_only_redacted_values_are_hidden(state, redacted):
    shown = shown_state(state, redacted)
    assert {path for path in state if shown[path] == REDACTED} == state.keys() & redacted
    assert all(shown[path] == state[path] for path in state.keys() - redacted)


@given(states, states, st.sets(st.sampled_from(PATHS)), st.data())
def test_no_sentence_holds_a_redacted_value(before, after, redacted, data):
    listed = [
        each
        for state in (before, after)
        for path in redacted
        for each in (state.get(path) if isinstance(state.get(path), list) else [state.get(path)])
        if isinstance(each, str) and len(each) >= 3
    ]
    parts = data.draw(st.lists(st.sampled_from([*listed, "Entra says", "no"]), max_size=4))
    text = shown_text(" ".join(parts), (before, after), redacted)
    for secret in listed:
        assert secret.lower() not in text.replace(REDACTED, "\0").lower()


def test_the_names_of_others_are_hidden_with_the_user_name():
    text = "The new user name is taken by another account (Zoe.Los@a.example)."
    assert shown_text(text, ({}, {}), {"userName"}) == (
        "The new user name is taken by another account ([Redact])."
    )
    assert shown_text(text, ({}, {}), {"title"}) == text
    assert shown_name("userName", "zoe@a", {"userName"}) == REDACTED
    assert shown_name("userName", "zoe@a", {"title"}) == "zoe@a"


@pytest.mark.parametrize(
    "rule",
    [
        {"column": "job", "redact": True},
        {"constant": "Baker", "redact": True},
        {"expression": "Redact([job])"},
        {"expression": 'Append(Redact([job]), "x")'},
        {"expression": "[job]", "redact": True},
    ],
    ids=str,
)
def test_a_rule_redacts_its_target_whatever_its_kind(rule):
    assert profile(title=rule).redacted == {"title"}


def test_a_cell_of_a_redacted_rule_does_not_come_out_of_the_scope():
    from datetime import date

    from provisioning.domain.definition import parse_definition
    from provisioning.domain.mapping import MappingError, compile_profile

    scope = {"column": "pay", "is": "greater", "value": 10}
    rules = definition(title={"column": "pay", "redact": True})
    compiled = compile_profile(parse_definition({**rules, "scope": scope}))
    with pytest.raises(MappingError) as caught:
        compiled.covers({**RECORD, "pay": "lots"}, date(2026, 3, 10))
    assert "lots" not in str(caught.value)
    assert "column pay" in str(caught.value)


def test_a_held_record_does_not_tell_a_redacted_value():
    compiled = profile(active={"column": "status", "redact": True})
    ((target, message),) = mapping_problems(compiled, status="secretive")
    assert (target, "secretive" in message, REDACTED in message) == ("active", False, True)
