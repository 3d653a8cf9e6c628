"""Profiles as YAML: nothing changes on the way, and every mistake is said with its place."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provisioning.domain.definition import ProfileError, parse_definition
from provisioning.domain.profile_yaml import (
    FRAME,
    FileError,
    FileProblem,
    ProfileFile,
    decode,
    from_yaml,
    to_yaml,
)
from provisioning.domain.scope import TESTS
from provisioning.domain.starter import STARTER
from provisioning.domain.yaml_tree import MAX_BYTES
from tests.support.group_rules import group_rules
from tests.support.lifecycles import lifecycles

TEXTS = st.text(min_size=1, max_size=30).filter(str.strip)
STRIPPED = TEXTS.map(str.strip)
NAMES = st.from_regex(r"[A-Za-z]\w{0,8}", fullmatch=True).filter(str.isascii)
WORDY = [name for name in TESTS if name in ("equals", "not_equals", "includes", "in")]
FREE = ("userType", 'addresses[type eq "work"].locality', 'phoneNumbers[type eq "work"].value')


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    test = draw(st.sampled_from([*WORDY, "present", "before", "greater"]))
    found: dict[str, Any] = {"column": draw(STRIPPED), "is": test}
    values = {
        "in": st.lists(STRIPPED, min_size=1, max_size=3),
        "before": st.sampled_from(["today", "today-30", "2026-03-01"]),
        "greater": st.sampled_from(["0", "-3", "007"]),
    }
    if test != "present":
        found["value"] = draw(values.get(test, STRIPPED))
    return found


SCOPES = st.recursive(
    conditions(),
    lambda inner: st.builds(
        lambda word, parts: {word: parts},
        st.sampled_from(["all", "any"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@st.composite
def expressions(draw: st.DrawFn) -> str:
    space = draw(st.sampled_from(["", " ", "\n", "\n    ", "\r\n", "\t", "\n\n  "]))
    text = draw(TEXTS).replace("\\", "\\\\").replace('"', '\\"')
    return f'{space}Append({space}"{text}",{space}[a]){space}'


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    rules = list(STARTER["attributes"])
    for target in FREE:
        kind = draw(st.sampled_from(["column", "expression", "absent"]))
        if kind != "absent":
            value = draw(STRIPPED if kind == "column" else expressions())
            rule: dict[str, Any] = {"target": target, kind: value}
            rule |= {"redact": True} if draw(st.booleans()) else {}
            rule |= {"empty": "leave"} if draw(st.booleans()) else {}
            rules.append(rule)
    data: dict[str, Any] = {
        "key_column": draw(STRIPPED),
        "parameters": draw(st.dictionaries(NAMES, STRIPPED, max_size=3)),
        "rules": draw(st.dictionaries(STRIPPED, SCOPES, max_size=2)),
        "attributes": rules,
    }
    if draw(st.booleans()):
        data["guests"] = True
    if draw(st.booleans()):
        data |= {"scope": draw(SCOPES), "out_of_scope": draw(st.sampled_from(["skip", "disable"]))}
    if draw(st.booleans()):
        data["lifecycle"] = draw(lifecycles())
    if draw(st.booleans()):
        data["groups"] = draw(group_rules(SCOPES))
    return parse_definition(data).to_json()


@given(definitions(), TEXTS, st.text(max_size=40))
def test_nothing_changes_on_the_way_to_yaml_and_back(
    definition: dict[str, Any], name: str, said: str
) -> None:
    again = from_yaml(to_yaml(ProfileFile(name[:200], definition, said)))
    assert again.definition == definition
    assert (again.name, again.description) == (name[:200], said)


def as_jsonb(value: Any) -> Any:
    """The value as PostgreSQL gives it back: tables in an order of its own."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return {name: as_jsonb(value[name]) for name in names}
    return [as_jsonb(each) for each in value] if isinstance(value, list) else value


@given(definitions())
def test_the_text_is_the_same_whatever_database_kept_the_profile(
    definition: dict[str, Any],
) -> None:
    text = to_yaml(ProfileFile("x", definition))
    assert to_yaml(ProfileFile("x", as_jsonb(definition))) == text


# Texts that YAML would read as something else, or with other line breaks.
AWKWARD = [
    *("no", "~", "null", "007", "1e3", "2026-03-01", "[x]", "{x}", "&x", "*x", "!x", "%x", "@x"),
    *("#x", "a #b", "a: b", "- a", "? a", "'", '"', "|", ">", "---", "...", "\\"),
    *("a\n b", "\n\nx", "x\n\n", " x\n y", "x \ny", "a\tb\nc", "a\r\nb", "\ufeffx", "a\x07b"),
    *("a\x85b", "a\nb\x85c", "a\u2028b\nc", "a\u2029", "\ud800", "\U0001f469"),
]


@pytest.mark.parametrize("text", AWKWARD, ids=repr)
def test_awkward_texts_come_back_as_they_were(text: str) -> None:
    assert from_yaml(to_yaml(ProfileFile("x", STARTER, text))).description == text
    rule = {"target": "userType", "constant": text}
    definition = {**STARTER, "attributes": [*STARTER["attributes"], rule]}
    again = from_yaml(to_yaml(ProfileFile("x", definition)))
    assert again.definition["attributes"][-1] == rule


@given(st.text(max_size=400))
@example("a: &a [*a]")
@example("\x00")
@example("? [a]\n: b")
@example("- ")
def test_whatever_is_handed_in_is_read_or_refused(text: str) -> None:
    with pytest.raises(FileError):
        from_yaml(text)


@given(st.data())
def test_a_damaged_profile_is_read_or_refused_with_places_inside_it(data: st.DataObject) -> None:
    text = to_yaml(ProfileFile("People", STARTER))
    at = data.draw(st.integers(0, len(text) - 1))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(st.text("[]{}:-#'\"|> \n\tax&*!", max_size=5))
    damaged = text[:at] + put + text[at + cut :]
    for problem in found(damaged):
        assert 1 <= problem.line <= len(damaged.split("\n")) + 1
        assert problem.column >= 1


def found(text: str) -> tuple[FileProblem, ...]:
    """The problems of a text; none if it can be used."""
    try:
        from_yaml(text)
    except FileError as error:
        return error.problems
    return ()


BASE = """\
format: 1
name: People
key_column: id
parameters:
  domain: customer.example
rules:
  pilot:
    column: site
    is: equals
    value: Kiruna
scope:
  any:
    - rule: pilot
    - all:
        - column: country
          is: in
          value: [NO, SE]
out_of_scope: disable
attributes:
  - target: userName
    expression: Append([id], Append("@", [param.domain]))
  - target: urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:mailNickname
    column: id
  - target: displayName
    expression: |
      Join(
        " ",
        [first],
        [last])
  - target: name.givenName
    column: first
  - target: name.familyName
    column: last
  - target: active
    constant: true
  - target: title
    constant: 007
lifecycle:
  start:
    column: hired
    days_before: 7
  last_day:
    expression: |-
      DateAdd("d", 1, CDate([leave]))
  leavers:
    - do: disable
      after_days: 0
    - after_days: 1
      do: set
      target: title
      expression: Join(" ", "left", [leaver.since])
    - after_days: 30
      do: delete
  way_in: self_service_reset
groups:
  - rule: department
    column: department
    name: |-
      Append("Dept ",
        [value])
    adopt:
      Sales: 5a1c3f0e-2b7d-4c55-9d66-7e8899aabbcc
      licensing: 6a1c3f0e-2b7d-4c55-9d66-7e8899aabbcc
  - rule: projects
    expression: Split([projects], [param.domain])
    licensing: true
  - rule: staff
    group: 007
    when:
      any:
        - rule: pilot
        - column: grade
          is: greater
          value: 3
    fully_managed: true
    emptied: keep
"""


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        from_yaml(text)
    return [str(each) for each in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert BASE.count(old) == 1, old
    return BASE.replace(old, new)


def test_texts_are_what_is_written() -> None:
    definition = from_yaml(BASE).definition
    assert definition["scope"]["any"][1]["all"][0]["value"] == ["NO", "SE"]
    assert definition["attributes"][-1]["constant"] == "007"
    assert definition["attributes"][-2]["constant"] == "true"
    assert [each.get("licensing") for each in definition["groups"]] == [None, True, None]
    assert definition["groups"][0]["adopt"]["licensing"].startswith("6a1c")
    assert definition["groups"][2]["group"] == "007"


# Each row: what is changed in the file above, and line, column and words of the answer.
MISTAKES = [
    ("format: 1", "format: 2", "line 1, column 9: format must be 1"),
    ("format: 1\n", "", "line 1, column 1: the file must say format: 1"),
    ("name: People", "name: [x]", "line 2, column 7: name is a text"),
    ("key_column: id", "key_colum: id", "line 3, column 1: unknown key key_colum: did you mean"),
    ("key_column: id", "key_column:", "line 3, column 1: key_column must name the column"),
    ("domain: customer.example", "domain:", "line 5, column 3: parameter domain has no value"),
    ('"@", [param.domain]', '"@", [param.domin]', "line 21, column 17: userName: there is no"),
    ("value: Kiruna", "value:", 'line 10, column 11: rule pilot: column site: "equals" needs'),
    ("- rule: pilot\n    -", "- rule: pilto\n    -", "line 13, column 13: scope: there is no rule"),
    ("is: in\n", "is: inn\n", 'line 16, column 15: scope: "is" of column country must be'),
    ("is: in\n", "iss: in\n", "line 16, column 11: unknown key iss"),
    ("out_of_scope: disable", "guests: some", "line 18, column 1: guests is true or"),
    ("out_of_scope: disable", "out_of_scope: erase", "line 18, column 1: out_of_scope must be"),
    ("target: displayName", "target: displayNam", "line 24, column 13: displayNam: is no attrib"),
    ('" ",\n', '" "\n', 'line 28, column 9: displayName: unexpected [first]'),
    ('"@", [param', '"@" [param', "line 21, column 41: userName: unexpected [param.domain]"),
    ("column: first", "colum: first", "line 31, column 5: unknown key colum: did you mean column"),
    ("constant: true", "constant: perhaps", "line 35, column 15: active: constant"),
    ("constant: 007", "when: never", "line 36, column 13: title: a rule has exactly one"),
    ("constant: 007", "constant: 7\n    when: never", 'line 38, column 11: title: "when" is'),
    ("  - target: title\n", "  - target: active\n", "line 36, column 13: active: is mapped twice"),
    ("- target: title", "- zzz: title", "line 36, column 5: rule 7 must be an object"),
    ("name: People", "name: People\nname: Two", "line 3, column 1: name stands here twice"),
    ("[NO, SE]", "[NO, SE", "line 18, column 13: this is no YAML"),
    ("value: Kiruna", "value: &x Kiruna", "line 10, column 12: anchors"),
    ("value: Kiruna", "value: !!python/name:os.system x", "line 10, column 12: tags"),
    ("format: 1\n", "--- {}\n---\nformat: 1\n", "line 2, column 1: a file holds one profile"),
    ("  start:\n", "  begin:\n", "line 39, column 3: unknown key begin"),
    ("days_before: 7", "days_before: soon", "line 39, column 3: lifecycle: start: days_before is"),
    ("do: disable", "do: enable", 'line 46, column 7: lifecycle: leavers step 1: "do" is one of'),
    ("after_days: 1\n", "after: 1\n", "line 48, column 7: unknown key after: did you mean"),
    ("target: title\n      e", "target: titl\n      e", "line 48, column 7: lifecycle: leavers"),
    ('"left", [leaver', '"left" [leaver', "line 51, column 36: lifecycle: leavers step 2: unexp"),
    ("way_in: self", "way_in: none", "line 54, column 3: lifecycle: way_in is temporary"),
    ("column: department", "colum: department", "line 57, column 5: unknown key colum: did you"),
    ("- rule: department", "- rule: 1a", "line 56, column 11: group rule 1: \"rule\" is a name"),
    ("- rule: projects", "- rul: projects", "line 64, column 5: unknown key rul: did you mean"),
    ("- rule: staff", "- rule: Projects", "line 67, column 11: groups Projects: the rule name"),
    ('"Dept ",\n', '"Dept "\n', "line 60, column 9: groups department: unexpected [value]"),
    ("Sales: 5a1c", "Sales: 5g1c", "line 62, column 14: groups department: adopt: '5g1c"),
    ("Sales: 5a1c", "Sales: 6a1c", "line 56, column 11: groups department: the id 6a1c"),
    ("[projects], [param", "[projects] [param", "line 65, column 34: groups projects: unexpec"),
    ("[projects], [param.d", "[projects], [param.x", "line 65, column 17: groups projects: there"),
    ("licensing: true", "licensing: yes", 'line 66, column 16: groups projects: "licensing" is'),
    ("group: 007", "group:", "line 68, column 11: groups staff: group must be text"),
    ("group: 007", "column: a\n    group: 7", "line 67, column 11: groups staff: a rule has"),
    ("      any:\n        - rule: pilot", "      any:\n        - rule: pilto", "line 71, column 1"),
    ("is: greater", "is: taller", 'line 73, column 15: groups staff: when: "is" of column grade'),
    ("is: greater", "iss: greater", "line 73, column 11: unknown key iss: did you mean is"),
    ("emptied: keep", "emptied: burn", 'line 76, column 14: groups staff: "emptied" is keep or'),
    ("CDate([leave])", "CDate([leave]", "line 44, column 37: lifecycle: last_day: "),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_mistake_is_said_with_its_place(old: str, new: str, said: str) -> None:
    found = problems(changed(old, new))
    assert any(each.startswith(said) for each in found), found


def test_a_misspelt_key_is_said_once() -> None:
    assert len(problems(changed("key_column: id", "key_colum: id"))) == 1
    assert len(problems(changed("column: first", "colum: first"))) == 1
    assert len(problems(changed("is: in\n", "ist: in\n"))) == 1


def test_an_error_in_a_block_points_into_the_block() -> None:
    with pytest.raises(FileError) as caught:
        from_yaml(changed("        [first],", "        [first"))
    (problem,) = caught.value.problems
    line = changed("        [first],", "        [first").split("\n")[problem.line - 1]
    assert line[problem.column - 1 :] == "[first"
    assert problem.caret.endswith("^")


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = BASE.replace("key_column", "key").replace("is: in\n", "is: inn\n")
    lines = [int(re.match(r"line (\d+)", each)[1]) for each in problems(text)]  # type: ignore[index]
    assert lines == sorted(lines)
    assert len(lines) > 1


def test_a_template_leaves_parameters_open_and_values_fill_them() -> None:
    text = changed("domain: customer.example", "domain:")
    assert from_yaml(text, blanks=True).definition["parameters"] == {"domain": ""}
    filled = from_yaml(text, {"domain": "other.example"})
    assert filled.definition["parameters"] == {"domain": "other.example"}
    with pytest.raises(FileError, match="no parameter country"):
        from_yaml(text, {"country": "SE", "domain": "x"})


def test_a_file_is_no_larger_than_a_profile_can_be() -> None:
    with pytest.raises(FileError, match="larger than 512 KiB"):
        decode(b"x" * (MAX_BYTES + 1))
    with pytest.raises(FileError, match="larger than 512 KiB"):
        from_yaml("x" * (MAX_BYTES + 1))


def test_a_file_is_not_deeper_and_holds_not_more_than_a_profile_can() -> None:
    assert "nested deeper than 32" in problems("[" * 5_000)[0]
    assert "more than 20000 values" in problems("[" + "x," * 20_000 + "]")[0]


def test_a_file_is_utf8() -> None:
    assert decode("\ufeffé".encode()) == "é"
    with pytest.raises(FileError, match="line 2, column 2: this is no UTF-8"):
        decode(b"a\nb\xe9")


def test_the_keys_are_those_of_a_definition() -> None:
    with pytest.raises(ProfileError) as caught:
        parse_definition({**STARTER, "colour": "red"})
    assert f"a profile has {', '.join(FRAME)}" in str(caught.value)
