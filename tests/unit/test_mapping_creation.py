"""Profiles with values for creation only, with a clock, and with patterns that are too slow."""

import random
from datetime import UTC, datetime

import pytest

from provisioning.domain.attributes import ENTERPRISE, MAIL_NICKNAME
from provisioning.domain.definition import ProfileError, parse_definition
from provisioning.domain.expressions import Context, patterns
from provisioning.domain.mapping import (
    MappingError,
    compile_profile,
    first_free,
    published_profile,
)

DIVISION = f"{ENTERPRISE}:division"
RULES = {
    "userName": {"column": "upn"},
    "displayName": {"column": "name"},
    "name.givenName": {"column": "name"},
    "name.familyName": {"column": "name"},
    MAIL_NICKNAME: {"column": "name"},
}
RECORD = {"id": "007", "upn": "zoe@a.example", "name": "zoe", "job": "a" * 60 + "b"}
SLOW = {"expression": 'Replace([job], , "(a|aa|b?a)+$", , "")'}
UNIQUE = 'SelectUniqueValue([name], Append([name], "1"), Append([name], RandomString(1,1,0,0,0)))'


def definition(matching=(), **changes):
    rules = [{"target": target, **rule} for target, rule in {**RULES, **changes}.items()]
    return {"key_column": "id", "matching": list(matching), "attributes": rules}


def profile(**changes):
    return compile_profile(parse_definition(definition(**changes)))


def context():
    return Context(now=datetime(2026, 3, 1, 23, 30, tzinfo=UTC), random=random.Random(3))


def refused(data):
    with pytest.raises(ProfileError) as caught:
        parse_definition(data)
    return [(problem.target, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("expression", "beginning"),
    [
        ("Guid()", "Guid gives another value each time and would change everyone on every run"),
        ("Left(RandomString(8, 1, 1, 1, 1), 4)", "RandomString gives another value each time"),
        ("SelectUniqueValue([name], [upn])", "SelectUniqueValue looks for a value that no account"),
    ],
)
def test_what_differs_each_time_is_for_creation_only(expression, beginning):
    ((target, message),) = refused(definition(title={"expression": expression}))
    assert target == "title"
    assert message.startswith(beginning)
    assert message.endswith('only when an account is created ("when": "create")')
    parse_definition(definition(title={"expression": expression, "when": "create"}))


def test_an_attribute_that_finds_accounts_is_not_made_unique():
    rule = {"expression": "SelectUniqueValue([upn], [name])", "when": "create"}
    ((target, message),) = refused(definition(matching=["userName"], userName=rule))
    assert target == "userName"
    assert message.startswith("finds existing accounts (matching)")
    parse_definition(definition(matching=["externalId"], userName=rule))


def test_the_clock_is_the_job_s():
    rule = {"expression": 'FormatDateTime(Now(), , , "yyyy-MM-dd HH:mm")'}
    assert profile(title=rule).apply(RECORD, context()).values["title"] == "2026-03-01 23:30"
    with pytest.raises(MappingError, match="Now: it needs the clock"):
        profile(title=rule).apply(RECORD)


def test_unique_values_are_candidates_in_order():
    rule = {"expression": UNIQUE, "when": "create"}
    mapped = profile(**{MAIL_NICKNAME: rule}).apply(RECORD, context())
    first, second, third = mapped.candidates[MAIL_NICKNAME]
    assert (first, second) == ("zoe", "zoe1")
    assert mapped.initial[MAIL_NICKNAME] == "zoe"
    assert MAIL_NICKNAME not in mapped.values
    assert first_free((first, second, third), {"zoe", "zoe1"}.__contains__) == third
    assert first_free((first,), {"zoe"}.__contains__) is None


def test_a_value_by_chance_is_drawn_once():
    rule = {"expression": "SelectUniqueValue(RandomString(9, 9, 0, 0, 0))", "when": "create"}
    mapped = profile(title=rule).apply(RECORD, context())
    assert mapped.candidates["title"] == (mapped.initial["title"],)


def test_two_rules_with_the_same_chance_draw_twice():
    rule = {"expression": "Guid()", "when": "create"}
    initial = profile(title=rule, displayName=rule).apply(RECORD, context()).initial
    assert initial["title"] != initial["displayName"]


def test_candidates_end_where_a_rule_cannot_be_evaluated():
    text = 'SelectUniqueValue([name], Left([name], "x"), "never")'
    mapped = profile(title={"expression": text, "when": "create"}).apply(RECORD, context())
    assert mapped.candidates["title"] == ("zoe",)


def test_a_slow_pattern_is_told_apart_and_ends_the_record(monkeypatch):
    started = []
    search = patterns.Pattern.limit
    monkeypatch.setattr(
        patterns.Pattern, "limit", lambda self, text: started.append(text) or search(self, text)
    )
    # A pattern of its own: what is compiled once keeps the limit it was compiled with.
    slow = {"expression": SLOW["expression"].replace("b?a", "c?a")}
    compiled = profile(title=slow, **{DIVISION: slow})
    with pytest.raises(MappingError) as caught:
        compiled.apply(RECORD)
    assert caught.value.slow
    (problem,) = caught.value.problems
    assert problem.target == "title"
    assert problem.slow
    # Run once: neither again for the report, nor the next slow rule.
    assert len(started) == 1


def test_other_problems_are_not_slow():
    with pytest.raises(MappingError) as caught:
        profile(title={"expression": 'Left([name], "x")'}).apply(RECORD)
    assert not caught.value.slow


def test_a_slow_scope_is_slow():
    data = definition()
    data["scope"] = {"column": "job", "is": "matches", "value": "(a|aa)+$"}
    with pytest.raises(MappingError) as caught:
        compile_profile(parse_definition(data)).covers(RECORD, datetime(2026, 3, 1).date())  # noqa: DTZ001
    assert caught.value.slow


def test_a_published_profile_is_compiled_once():
    assert published_profile(definition()) is published_profile(definition())
    assert published_profile(definition()) is not published_profile(definition(title=SLOW))


def test_problems_before_and_after_the_first_are_all_told():
    compiled = profile(
        userName={"expression": "IgnoreFlowIfNullOrEmpty([none])"},
        title={"expression": 'Left([name], "x")'},
        **{DIVISION: {"expression": "Mid([name], 0, 1)"}},
    )
    with pytest.raises(MappingError) as caught:
        compiled.apply(RECORD)
    assert [problem.target for problem in caught.value.problems] == [
        "userName",
        "title",
        DIVISION,
    ]
