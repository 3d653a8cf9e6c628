"""Profiles: what a definition may say, and what a record becomes under it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.domain.attributes import ENTERPRISE, ENTRA, MAIL_NICKNAME
from provisioning.domain.definition import ProfileError, parse_definition
from provisioning.domain.mapping import MappingError, compile_profile
from provisioning.domain.problems import Problem

WORK_PHONE = 'phoneNumbers[type eq "work"].value'
HIRED = f"{ENTRA}:employeeHireDate"

BASE = {
    "userName": {"column": "upn"},
    "displayName": {"expression": 'Join(" ", [first], [last])'},
    "name.givenName": {"column": "first"},
    "name.familyName": {"column": "last"},
    MAIL_NICKNAME: {"expression": 'Word([upn], 1, "@")'},
}
RECORD = {"id": "007", "upn": "zoe@a.example", "first": "Zoë", "last": "Łoś"}
VALUES = {
    "active": True,
    "userName": "zoe@a.example",
    "displayName": "Zoë Łoś",
    "name.givenName": "Zoë",
    "name.familyName": "Łoś",
    MAIL_NICKNAME: "zoe",
}


def definition(**changes):
    """The smallest profile; a change's rule replaces or adds one, None takes it away."""
    rules = {**BASE, **changes}
    entries = [{"target": path, **rule} for path, rule in rules.items() if rule is not None]
    return {"key_column": "id", "attributes": entries}


def profile(**changes):
    return compile_profile(parse_definition(definition(**changes)))


def refused(data):
    with pytest.raises(ProfileError) as caught:
        parse_definition(data)
    return [(problem.target, problem.message) for problem in caught.value.problems]


def mapping_problems(compiled, **cells):
    with pytest.raises(MappingError) as caught:
        compiled.apply({**RECORD, **cells})
    return [(problem.target, problem.message) for problem in caught.value.problems]


def test_a_record_becomes_the_state_of_a_user():
    mapped = profile().apply(RECORD)
    assert mapped.values == VALUES  # active by default, externalId is the key and not among them
    assert mapped.ignored == frozenset()


def test_a_definition_survives_json():
    changes = {"active": {"constant": True}, "title": {"constant": "Engineer"}}
    parsed = parse_definition(definition(**changes))
    assert parse_definition(json.loads(json.dumps(parsed.to_json()))) == parsed
    assert parsed.to_json()["key_column"] == "id"


FRAME = [
    # not a profile at all
    ([], [("", "the profile must be a JSON object")]),
    (None, [("", "the profile must be a JSON object")]),
    (
        {},
        [
            ("", "key_column must name the column that holds each record's key"),
            ("", "attributes must be a list of rules"),
            *[(path, "is not mapped, and every account needs it") for path in BASE],
        ],
    ),
    # a needless entry
    (
        {**definition(), "activ": {}},
        [
            (
                "",
                "unknown entry 'activ': a profile has key_column, parameters, matching,"
                " rules, scope, out_of_scope, lifecycle, attributes, groups",
            )
        ],
    ),
    # rules that are none
    (
        {"key_column": "id", "attributes": [*definition()["attributes"], 5, {"column": "a"}]},
        [
            ("", 'rule 6 must be an object with a "target"'),
            ("", 'rule 7 must be an object with a "target"'),
        ],
    ),
]


@pytest.mark.parametrize(("data", "problems"), FRAME)
def test_a_broken_frame_is_refused(data, problems):
    assert refused(data) == problems


RULES = [
    # changes, problems
    (
        {"jobTitle": {"column": "job"}},  # Entra's name in place of SCIM's
        [("jobTitle", "is no attribute of an Entra user: did you mean title?")],
    ),
    (
        {"password": {"constant": "x"}},
        [("password", "cannot be mapped. The portal makes each account's first password.")],
    ),
    (
        {"externalId": {"column": "id"}},
        [("externalId", "cannot be mapped. Always the record's key: the portal sets it.")],
    ),
    (
        {f"{ENTRA}:creationType": {"constant": "x"}},
        [(f"{ENTRA}:creationType", "cannot be mapped. Read-only.")],
    ),
    ({"displayName": None}, [("displayName", "is not mapped, and every account needs it")]),
    (
        {"title": {"column": "a", "constant": "b"}},
        [("title", "a rule has exactly one of column, constant and expression")],
    ),
    (
        {"title": {"colum": "a"}},
        [("title", "a rule has exactly one of column, constant and expression (unknown: 'colum')")],
    ),
    ({"title": {"column": " "}}, [("title", "column must be text and not empty")]),
    ({"title": {"constant": 5}}, [("title", "constant must be text and not empty")]),
    # constants are checked before any record comes
    (
        {"active": {"constant": "maybe"}},
        [("active", 'constant "maybe" is not true, false, 1, 0, yes, no, active or inactive')],
    ),
    (
        {"title": {"constant": "x" * 129}},
        [("title", f'constant "{"x" * 79}…" has 129 characters; Entra takes at most 128')],
    ),
]


@pytest.mark.parametrize(("changes", "problems"), RULES)
def test_a_broken_rule_is_refused(changes, problems):
    assert refused(definition(**changes)) == problems


def test_a_target_is_mapped_once():
    data = definition()
    data["attributes"].append({"target": "userName", "column": "mail"})
    assert refused(data) == [("userName", "is mapped twice")]


def test_all_problems_are_told_at_once_with_the_place_in_the_expression():
    changes = {
        "userName": None,
        "title": {"expression": 'Join(" ",\n  job)'},
        "tittle": {"column": "x"},
    }
    with pytest.raises(ProfileError) as caught:
        parse_definition(definition(**changes))
    problems = caught.value.problems
    assert [problem.target for problem in problems] == ["userName", "title", "tittle"]
    assert (problems[1].line, problems[1].column, problems[1].caret) == (2, 3, "  job)\n  ^")
    assert "(line 2, column 3)" in str(caught.value)


def test_columns_are_those_that_are_read():
    compiled = profile(title={"expression": 'IIF([grade]>"3", [job], [upn])'})
    assert compiled.columns[0] == "id"
    assert set(compiled.columns) == {"id", "upn", "first", "last", "grade", "job"}
    assert compiled.missing_columns(["id", "UPN", "first", "last", "job"]) == ("upn", "grade")


def test_a_missing_column_is_explained():
    compiled = profile(title={"column": "job_title"})
    assert compiled.missing_columns(RECORD) == ("job_title",)
    assert compiled.column_problems(["upn", "First", "last", "jobtitle"]) == (
        Problem("key", "there is no column id"),
        Problem(
            "displayName, name.givenName",
            "there is no column first: did you mean First? (upper and lower case matter)",
        ),
        Problem("title", "there is no column job_title: did you mean jobtitle?"),
    )


def test_targets_are_what_the_profile_decides_on():
    compiled = profile(title={"column": "job"}, **{f"{ENTERPRISE}:department": {"constant": "R"}})
    assert compiled.targets == {*BASE, "title", f"{ENTERPRISE}:department", "active"}


VALUE_ROWS = [
    # target, rule, cells, value (None: no value)
    ("title", {"column": "job"}, {"job": "  Engineer \n"}, "Engineer"),  # trimmed
    ("title", {"column": "job"}, {"job": " \t"}, None),  # blank is no value
    ("title", {"column": "job"}, {"job": None}, None),
    ("title", {"column": "job"}, {}, None),  # the column is missing
    ("title", {"constant": " Engineer "}, {}, "Engineer"),
    ("title", {"expression": "5"}, {}, "5"),  # numbers and booleans become text
    ("title", {"expression": "IsNull([job])"}, {"job": " "}, "True"),  # an empty cell is absent
    ("title", {"expression": 'Coalesce([job], "none")'}, {"job": ""}, "none"),
    ("title", {"column": "job"}, {"job": "x" * 128}, "x" * 128),  # at the limit
    # active
    *[("active", {"column": "on"}, {"on": text}, True) for text in ("TRUE", "1", "Yes", "active")],
    *[
        ("active", {"column": "on"}, {"on": text}, False)
        for text in ("false", "0", "no", "INACTIVE")
    ],
    ("active", {"constant": False}, {}, False),
    ("active", {"expression": 'CBool([on]="A")'}, {"on": "A"}, True),
    ("active", {"expression": "1"}, {}, True),
    # dates
    (HIRED, {"column": "d"}, {"d": "2026-03-01"}, "2026-03-01T00:00:00Z"),
    (HIRED, {"column": "d"}, {"d": "2024-02-29"}, "2024-02-29T00:00:00Z"),
    (HIRED, {"column": "d"}, {"d": "2026-03-01T08:30"}, "2026-03-01T08:30:00Z"),  # UTC
    (HIRED, {"column": "d"}, {"d": "2026-03-01 08:30:15.1234567Z"}, "2026-03-01T08:30:15Z"),
    (HIRED, {"column": "d"}, {"d": "2026-03-01T00:30:00+02:00"}, "2026-02-28T22:30:00Z"),
    (HIRED, {"column": "d"}, {"d": ""}, None),
    # an attribute with no limit of its own
    (WORK_PHONE, {"column": "p"}, {"p": "+49 30 5550100"}, "+49 30 5550100"),
]


@pytest.mark.parametrize(("target", "rule", "cells", "value"), VALUE_ROWS)
def test_value(target, rule, cells, value):
    values = profile(**{target: rule}).apply({**RECORD, **cells}).values
    assert values.get(target) == value
    assert (target in values) == (value is not None)


def too_long(target, limit):
    text = "x" * (limit + 1)
    shown = text if limit < 80 else "x" * 79 + "…"
    message = f'column c: "{shown}" has {limit + 1} characters; Entra takes at most {limit}'
    return (target, {"column": "c"}, {"c": text}, message)


ERROR_ROWS = [
    # target, rule, cells, message
    ("name.givenName", {"column": "c"}, {}, "column c: no value, but every account needs one"),
    (
        "displayName",
        {"expression": 'IgnoreFlowIfNullOrEmpty([c])'},
        {"c": " "},
        "the rule leaves out an empty value, but every account needs one",
    ),
    (
        "userName",
        {"column": "c"},
        {"c": "zoe los@a.example"},
        'column c: "zoe los@a.example" is not of the form local@domain without spaces',
    ),
    ("userName", {"column": "c"}, {"c": "zoe"}, 'column c: "zoe" is not of the form local@domain'),
    ("userName", {"column": "c"}, {"c": "@a.example"}, 'column c: "@a.example" is not of the form'),
    ("userName", {"column": "c"}, {"c": "a@b@c"}, 'column c: "a@b@c" is not of the form'),
    *[
        (MAIL_NICKNAME, {"column": "c"}, {"c": f"a{sign}b"}, f'column c: "a{sign}b" holds a space')
        for sign in ' @()\\[]";:<>,'
    ],
    ("active", {"column": "c"}, {"c": " "}, "column c: active is empty"),
    ("active", {"expression": "Coalesce([c])"}, {}, "expression Coalesce([c]): active is empty"),
    ("active", {"column": "c"}, {"c": "A"}, 'column c: "A" is not true, false, 1, 0, yes, no'),
    *[
        (HIRED, {"column": "c"}, {"c": text}, f'column c: "{text}" is not an ISO 8601 date')
        for text in (
            "31.12.2026", "2026-02-30", "12/31/2026", "20261231", "2026-12-31x10:00",
            "2026-12-31T25:00", "2026-W12-1", "٢٠٢٦-03-01", "46022",
        )
    ],
    (
        HIRED,
        {"column": "c"},
        {"c": "0001-01-01T00:00:00+14:00"},
        'column c: "0001-01-01T00:00:00+14:00" lies outside the years 1 to 9999',
    ),
    (
        "title",
        {"expression": 'Split([c], ",")'},
        {"c": "a,b"},
        'expression Split([c], ","): a list of 2 values, but the attribute holds one',
    ),
    (
        "title",
        {"expression": "Left([c], [n])"},
        {"c": "a", "n": "x"},
        'expression Left([c], [n]): Left: count must be a whole number, not "x"',
    ),
    # a redacted value is in no message
    (
        HIRED,
        {"expression": "Redact([c])"},
        {"c": "secret"},
        "expression Redact([c]): [Redact] is not an ISO 8601 date or date-time such as 2026-03-01",
    ),
    (
        "title",
        {"expression": "Redact(Left([c], [c]))"},
        {"c": "secret"},
        "expression Redact(Left([c], [c])): cannot be evaluated for this record; the reason would "
        "show a redacted value",
    ),
    too_long("displayName", 256),
    too_long("name.givenName", 64),
    too_long("name.familyName", 64),
    too_long("title", 128),
    too_long(MAIL_NICKNAME, 64),
    too_long(f"{ENTERPRISE}:department", 64),
]  # fmt: skip


@pytest.mark.parametrize(("target", "rule", "cells", "message"), ERROR_ROWS)
def test_a_value_that_cannot_be_sent_is_an_error(target, rule, cells, message):
    (problem,) = mapping_problems(profile(**{target: rule}), **cells)
    assert problem[0] == target
    assert problem[1].startswith(message)


def test_a_user_name_has_a_limit():
    name = "x" * 102 + "@a.example"  # 112 characters
    compiled = profile(**{MAIL_NICKNAME: {"constant": "zoe"}})
    assert compiled.apply({**RECORD, "upn": f"x{name}"}).values["userName"] == f"x{name}"
    (problem,) = mapping_problems(compiled, upn=f"xx{name}")
    assert problem[1].endswith("has 114 characters; Entra takes at most 113")


def test_all_problems_of_a_record_are_told():
    compiled = profile(**{HIRED: {"column": "hired"}, "active": {"column": "status"}})
    problems = mapping_problems(compiled, hired="soon", status="?", last="")
    assert [target for target, _ in problems] == ["name.familyName", HIRED, "active"]


def test_an_ignored_attribute_has_no_value_and_is_named():
    rule = {"expression": "IgnoreFlowIfNullOrEmpty([job])"}
    mapped = profile(title=rule).apply({**RECORD, "job": ""})
    assert mapped.ignored == {"title"}
    assert "title" not in mapped.values
    assert profile(title=rule).apply({**RECORD, "job": "x"}).ignored == frozenset()


def test_an_ignored_active_is_left_as_it_is():
    # The default must not switch anybody on.
    mapped = profile(active={"expression": "IgnoreFlowIfNullOrEmpty([on])"}).apply(RECORD)
    assert "active" not in mapped.values
    assert mapped.ignored == {"active"}


def test_redacted_targets_are_named():
    compiled = profile(title={"expression": "Redact([job])"})
    assert compiled.redacted == {"title"}
    assert compiled.apply({**RECORD, "job": "Spy"}).values["title"] == "Spy"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["key_column", "attributes", "target", "column", "constant", "expression"]
                ),
                inner | st.sampled_from(["userName", "active", "title"]),
            )
        ),
        max_leaves=20,
    )
)
@settings(deadline=None)
def test_any_json_is_a_profile_or_a_profile_error(data):
    try:
        parsed = parse_definition(data)
    except ProfileError:
        return
    assert parse_definition(parsed.to_json()) == parsed


CELLS = st.none() | st.text(max_size=70) | st.sampled_from(["1", "2026-03-01", "a@b.example"])


@given(st.fixed_dictionaries(dict.fromkeys(["upn", "first", "last", "on", "d"], CELLS)))
@settings(deadline=None)
def test_any_record_maps_to_clean_values_or_is_a_mapping_error(record):
    compiled = profile(**{HIRED: {"column": "d"}, "active": {"column": "on"}})
    try:
        mapped = compiled.apply(record)
    except MappingError as error:
        assert error.problems  # noqa: PT017 - one of two outcomes
        return
    assert set(BASE) <= mapped.values.keys() <= compiled.targets
    assert all(
        value is True or value is False or value == value.strip() != ""
        for value in mapped.values.values()
    )


OUTSIDE = {"column": "site", "is": "equals", "value": "Kiruna"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("skip", ("skip", None)),
        ("disable", ("disable", None)),
        ({"delete_after_days": 1}, ("delete", 1)),
        ({"delete_after_days": 365}, ("delete", 365)),
    ],
)
def test_what_becomes_of_people_outside_the_scope(given, kept):
    parsed = parse_definition({**definition(), "scope": OUTSIDE, "out_of_scope": given})
    assert (parsed.out_of_scope, parsed.delete_after_days) == kept
    assert parsed.to_json()["out_of_scope"] == given
    assert parse_definition(parsed.to_json()) == parsed


@pytest.mark.parametrize(
    "given",
    ["delete", "", None, 30, ["skip"], {}, {"delete_after_days": 0}, {"delete_after_days": 366},
     {"delete_after_days": "30"}, {"delete_after_days": True}, {"delete_after_days": 30, "x": 1}],
)  # fmt: skip
def test_what_cannot_become_of_them(given):
    problems = refused({**definition(), "scope": OUTSIDE, "out_of_scope": given})
    wanted = 'out_of_scope must be "skip", "disable" or {"delete_after_days": 1 to 365}'
    assert problems == [("", wanted)]
