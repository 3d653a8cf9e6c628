"""One record stage by stage: what decided about the scope, and what may not be shown."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.definition import parse_definition
from provisioning.domain.mapping import CompiledProfile, compile_profile
from provisioning.domain.records import Record
from provisioning.domain.scope import Condition, Group, Part, Reference, compile_scope
from provisioning.domain.scope_reasons import deciding
from provisioning.domain.stages import RecordStages, matched_by, stages_of_record
from provisioning.domain.starter import STARTER

TODAY, NOW = date(2026, 7, 1), datetime(2026, 7, 1, tzinfo=UTC)
words = st.sampled_from(["x", "y"])
conditions = st.builds(
    Condition, st.sampled_from(["a", "b", "c"]), st.just("equals"), st.tuples(words)
)
RULES = {"named": Condition("a", "equals", ("x",))}
parts: st.SearchStrategy[Part] = st.recursive(
    st.one_of(conditions, st.just(Reference("named"))),
    lambda inner: st.builds(
        Group, st.booleans(), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=8,
)
records = st.fixed_dictionaries({"a": words, "b": words, "c": words})


@given(parts, records)
def test_the_reasons_are_those_of_the_scope_itself(part: Part, record: dict[str, str]) -> None:
    holds, reasons = deciding(part, RULES, record, TODAY)
    assert holds is compile_scope(part, RULES)(record, TODAY)
    assert reasons
    for reason in reasons:
        assert reason.holds is holds, "what decides agrees with what is decided"
        assert reason.holds is compile_scope(reason.condition, RULES)(record, TODAY)


@given(parts, records, records)
def test_whoever_agrees_in_what_decided_is_treated_alike(
    part: Part, record: dict[str, str], other: dict[str, str]
) -> None:
    holds, reasons = deciding(part, RULES, record, TODAY)
    alike = other | {reason.condition.column: record[reason.condition.column] for reason in reasons}
    assert compile_scope(part, RULES)(alike, TODAY) is holds


def profile(**frame: Any) -> CompiledProfile:
    rules = [{**rule, "redact": rule["target"] == "displayName"} for rule in STARTER["attributes"]]
    return compile_profile(parse_definition({**STARTER, "attributes": rules, **frame}))


def staged(compiled: CompiledProfile, **values: str) -> RecordStages:
    cells = {column: f"cell of {column}" for column in compiled.columns}
    return stages_of_record(compiled, Record(3, "7", cells | values), TODAY, NOW)


def test_cells_that_would_tell_a_redacted_value_are_hidden() -> None:
    compiled = profile()
    stages = staged(compiled, salary="100000")
    shown = {cell.column: cell.value for cell in stages.read}
    assert compiled.hidden_columns
    for column in compiled.hidden_columns:
        assert shown[column] == "[Redact]"
    assert "salary" not in shown
    assert stages.unread == 1


def test_a_value_that_cannot_be_mapped_says_why() -> None:
    stages = staged(profile())
    assert any(each.problem for each in stages.mapped), "cells of text are no valid user names"


def test_whoever_is_out_of_scope_is_not_mapped() -> None:
    scope = {"all": [{"column": "team", "is": "equals", "value": "x"}]}
    stages = staged(profile(scope=scope), team="y")
    assert (stages.scope.covers, list(stages.mapped)) == (False, [])
    assert stages.scope.because == ["team is exactly x: no"]


def test_a_scope_that_cannot_be_read_says_so() -> None:
    scope = {"column": "since", "is": "before", "value": "2026-01-01"}
    stages = staged(profile(scope=scope), since="no day")
    assert stages.scope.covers is None
    assert "since" in stages.scope.because[0]


@pytest.mark.parametrize(
    ("wanted", "path"),
    [({"userName": "A@b"}, "userName"), ({"externalId": "7"}, "externalId"), ({}, "")],
)
def test_the_first_attribute_that_agrees_matches(wanted: dict[str, str], path: str) -> None:
    account = {"userName": "a@b", "externalId": "7"}
    assert matched_by(["externalId", "userName"], wanted, account) == path
