"""Joiners and leavers in a profile: what is read, what is refused, and where somebody stands."""

from datetime import date, timedelta
from typing import Any

import pytest

from provisioning.domain.attributes import ACTIVE, MAIL_NICKNAME
from provisioning.domain.definition import ProfileError, parse_definition
from provisioning.domain.definition_changes import changes_between
from provisioning.domain.lifecycle import NOBODY_KNOWS, way_in_sentence
from provisioning.domain.lifecycle_words import lifecycle_facts, lifecycle_words
from provisioning.domain.mapping import CompiledProfile, MappingError, compile_profile
from provisioning.domain.people import SourcePeople
from provisioning.domain.records import Record
from provisioning.domain.standing import Stage, Standing, day_of
from provisioning.domain.starter import STARTER
from provisioning.templatetags.sharing_ui import part_label, part_text
from tests.support.lifecycles import FULL, LEAVE_DATE, NOW, OFFICE, profile_data

TODAY = date(2026, 3, 10)


def profile(lifecycle: Any = None, **frame: Any) -> CompiledProfile:
    return compile_profile(parse_definition(profile_data(lifecycle, **frame)))


def refused(lifecycle: Any, *rules: dict[str, Any]) -> list[str]:
    with pytest.raises(ProfileError) as error:
        parse_definition(profile_data(lifecycle, rules=rules))
    return [str(problem) for problem in error.value.problems]


def stands(
    lifecycle: Any, *, today: date = TODAY, known: date | None = None, **cells: str
) -> Standing:
    compiled = profile(lifecycle)
    record = {"id": "1", "name": "Ann", "status": "active", **cells}
    return compiled.standing(record, compiled.apply(record), known, today)


def test_what_is_read_is_written_again() -> None:
    data = profile_data(FULL)
    written = parse_definition(data).to_json()
    assert written["lifecycle"] == FULL
    assert parse_definition(written) == parse_definition(data)


def test_without_an_entry_nothing_is_said() -> None:
    assert "lifecycle" not in parse_definition(STARTER).to_json()
    assert parse_definition(profile_data({})).lifecycle is None


WRONG: list[tuple[Any, str]] = [
    (7, "lifecycle: is an object with start, last_day, leavers, way_in"),
    ({"begin": 1}, "lifecycle: unknown entry 'begin': start, last_day, leavers, way_in are known"),
    ({"start": {"column": ""}}, "lifecycle: start: column must be text and not empty"),
    (
        {"start": {"column": "a", "expression": "b"}},
        "lifecycle: start: is an object with exactly one of column and expression",
    ),
    (
        {"start": {"column": "a", "days_before": -1}},
        "lifecycle: start: days_before is a number from 0 to 365",
    ),
    (
        {"last_day": {"column": "a", "days_before": 1}},
        "lifecycle: last_day: unknown entry 'days_before': column, expression are known",
    ),
    (
        {"leavers": []},
        "lifecycle: leavers is a list of 1 to 50 steps; leave it out to have leavers disabled at"
        " once",
    ),
    (
        {"leavers": [{"do": "burn"}]},
        'lifecycle: leavers step 1: "do" is one of disable, remove_from_groups, set, clear, delete',
    ),
    (
        {"leavers": [{"do": "disable", "after_days": True}]},
        "lifecycle: leavers step 1: after_days is a number from 0 to 3650",
    ),
    (
        {"leavers": [{"do": "disable"}, {"do": "set", "constant": "x"}]},
        "lifecycle: leavers step 2: set needs the target that it is about",
    ),
    (
        {"leavers": [{"do": "set", "target": "title", "column": "a", "constant": "x"}]},
        "lifecycle: leavers step 1: unknown entry 'column': after_days, do, target, constant,"
        " expression are known",
    ),
    (
        {"leavers": [{"do": "disable"}, {"do": "disable", "after_days": 3}]},
        "lifecycle: leavers: disable stands there twice",
    ),
    (
        {"leavers": [{"do": "delete", "after_days": 30}]},
        "lifecycle: leavers: delete needs a step before it that disables the account",
    ),
    (
        {"leavers": [{"do": "disable"}, {"do": "delete"}]},
        "lifecycle: leavers: delete comes at least a day after somebody has left",
    ),
    (
        {
            "leavers": [
                {"do": "disable"},
                {"do": "delete", "after_days": 3},
                {"do": "remove_from_groups", "after_days": 4},
            ]
        },
        "lifecycle: leavers: remove_from_groups comes after the account was deleted",
    ),
    (
        {"way_in": "carrier pigeon"},
        'lifecycle: way_in is temporary_access_pass, self_service_reset or "other: " and a text'
        " of at most 300 letters",
    ),
]


@pytest.mark.parametrize(("lifecycle", "problem"), WRONG)
def test_what_is_wrong_is_said(lifecycle: Any, problem: str) -> None:
    assert refused(lifecycle) == [problem]


TARGETS = [
    ("set", "userName", "stays as it is: it is what somebody signs in with who comes back"),
    ("set", ACTIVE, "is not set or cleared: the step is disable"),
    ("set", "externalId", "cannot be written. Always the record's key: the portal sets it."),
    ("set", "titel", "is no attribute of an Entra user: did you mean title?"),
    ("set", "preferredLanguage", "is written only at creation, so that it could never come back"),
    ("clear", "userType", "is neither mapped nor set by a step, so that it is not touched"),
    ("clear", MAIL_NICKNAME, "cannot be cleared, because every account needs it"),
]


@pytest.mark.parametrize(("do", "target", "reason"), TARGETS)
def test_a_target_that_no_step_may_write(do: str, target: str, reason: str) -> None:
    value = {"constant": "x"} if do == "set" else {}
    steps = [{"do": "disable"}, {"do": do, "target": target, **value}]
    assert refused({"leavers": steps}) == [f"lifecycle: leavers step 2: {target} {reason}"]


def test_what_a_step_sets_it_may_clear_again() -> None:
    steps = [
        {"do": "set", "target": "userType", "constant": "former"},
        {"do": "clear", "target": "userType", "after_days": 3},
    ]
    parse_definition(profile_data({"leavers": steps}))


def test_a_value_that_entra_would_refuse_is_refused() -> None:
    step = {"do": "set", "target": LEAVE_DATE, "constant": "soon"}
    (problem,) = refused({"leavers": [step]})
    assert "is not an ISO 8601 date" in problem


def test_a_step_whose_value_differs_each_time_is_refused() -> None:
    step = {"do": "set", "target": LEAVE_DATE, "expression": 'FormatDateTime(Now(), , "", "yyyy")'}
    (problem,) = refused({"leavers": [step]})
    assert "gives another value each time" in problem
    assert "[leaver.since]" in problem


def test_mistakes_in_an_expression_have_their_place() -> None:
    with pytest.raises(ProfileError) as error:
        parse_definition(profile_data({"last_day": {"expression": 'Join("-", [a]'}}))
    (problem,) = error.value.problems
    assert problem.message.startswith("lifecycle: last_day: ")
    assert problem.line == 1
    step = {"do": "set", "target": "title", "expression": "[param.gone]"}
    (told,) = refused({"leavers": [step]})
    assert told.startswith("lifecycle: leavers step 1: there is no parameter gone")


def test_nobody_could_be_enabled_where_active_is_left_alone() -> None:
    rule = {"target": ACTIVE, "column": "status", "empty": "leave"}
    (problem,) = refused({"start": {"column": "hire"}}, rule)
    assert problem.startswith("lifecycle: start: active is left alone when empty")


def test_its_columns_are_needed() -> None:
    compiled = profile(FULL)
    assert {"hire", "leave", "note"} <= set(compiled.columns)
    header = [column for column in compiled.columns if column not in ("hire", "note")]
    told = [str(each) for each in compiled.column_problems([*header, "hired"])]
    assert told[0] == "lifecycle start: there is no column hire: did you mean hired?"
    assert compiled.missing_columns(header) == ("hire", "note")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("20260301", date(2026, 3, 1)),
        ("2026-03-01T23:30:00-08:00", date(2026, 3, 1)),  # as it is written there
        (" 2026-03-01 08:00 ", date(2026, 3, 1)),
        ("3/1/2026 11:30:00 PM", date(2026, 3, 1)),
        ("9999-12-31", date(9999, 12, 31)),
        ("01.03.2026", None),
        ("2026-02-30", None),
        ("soon", None),
        ("", None),
    ],
)
def test_days_as_sources_write_them(text: str, day: date | None) -> None:
    assert day_of(text) == day


START = {"start": {"column": "hire", "days_before": 7}}


@pytest.mark.parametrize(
    ("hire", "stage"),
    [
        ("2026-03-18", Stage.EARLY),
        ("2026-03-17", Stage.JOINING),
        ("2026-03-11", Stage.JOINING),
        ("2026-03-10", Stage.PRESENT),
        ("1999-01-01", Stage.PRESENT),
        ("0001-01-02", Stage.PRESENT),
        ("9999-12-31", Stage.EARLY),
        ("", Stage.PRESENT),
    ],
)
def test_where_a_joiner_stands(hire: str, stage: Stage) -> None:
    assert stands(START, hire=hire).stage is stage


def test_a_joiner_is_told_when() -> None:
    assert stands(START, hire="2026-04-01").reason == (
        "Joins on 2026-04-01; the account is made from 2026-03-25 on."
    )


LAST = {"last_day": {"column": "leave"}}


@pytest.mark.parametrize(
    ("leave", "since"),
    [
        ("2026-03-11", None),
        ("2026-03-10", None),  # worked in full
        ("2026-03-09", date(2026, 3, 10)),
        ("2026-01-31", date(2026, 2, 1)),
        ("9999-12-31", None),
        ("", None),
    ],
)
def test_the_last_day_is_worked_in_full(leave: str, since: date | None) -> None:
    found = stands(LAST, leave=leave)
    assert (found.day, found.left) == (since, since is not None)


@pytest.mark.parametrize(
    ("known", "leave", "since"),
    [
        (None, "", TODAY),
        (date(2026, 2, 1), "", date(2026, 2, 1)),
        (date(2026, 2, 1), "2026-03-01", date(2026, 2, 1)),
        (date(2026, 3, 5), "2026-03-01", date(2026, 3, 2)),
        (None, "2026-05-01", TODAY),
        (TODAY + timedelta(days=1), "", TODAY),  # the customer's zone was changed
    ],
)
def test_who_is_inactive_has_left_since_that_was_noted(
    known: date | None, leave: str, since: date
) -> None:
    found = stands(LAST, known=known, status="inactive", leave=leave)
    assert (found.left, found.day) == (True, since)


def test_a_noted_day_does_not_outlive_a_corrected_date() -> None:
    assert stands(LAST, known=date(2026, 1, 5), leave="2026-03-05").day == date(2026, 3, 6)
    assert not stands(LAST, known=date(2026, 1, 5), leave="2026-04-05").left


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"hire": "soon"}, "lifecycle: column hire holds 'soon', which is no date"),
        ({"leave": "31.12."}, "lifecycle: column leave holds '31.12.', which is no date"),
        (
            {"hire": "2026-03-01", "leave": "2026-02-01"},
            "lifecycle: the last day, 2026-02-01, is before the start, 2026-03-01; correct one of"
            " them in the source, or empty the last day of whoever was hired again",
        ),
    ],
)
def test_a_record_whose_dates_cannot_be_read_is_held(cells: dict[str, str], told: str) -> None:
    with pytest.raises(MappingError) as error:
        stands(START | LAST, **cells)
    assert str(error.value) == told


def test_a_redacted_column_is_not_shown() -> None:
    compiled = profile(LAST, rules=[{"target": "userType", "column": "leave", "redact": True}])
    record = {"id": "1", "name": "Ann", "status": "active", "leave": "secret"}
    with pytest.raises(MappingError) as error:
        compiled.standing(record, compiled.apply(record), None, TODAY)
    assert "secret" not in str(error.value)


def test_a_date_by_expression() -> None:
    given = {"last_day": {"expression": 'FormatDateTime([leave], , "dd.MM.yyyy", "yyyy-MM-dd")'}}
    assert stands(given, leave="09.03.2026").left
    assert (
        stands({"last_day": {"expression": 'DateAdd("d", 5, CDate([leave]))'}}, leave="").day
        is None
    )
    assert stands(
        {"last_day": {"expression": 'DateAdd("d", 5, CDate([leave]))'}}, leave="2026-03-04"
    ).left
    with pytest.raises(MappingError) as error:
        stands({"last_day": {"expression": 'Append([leave], "?")'}}, leave="2026-03-04")
    assert "is no date" in str(error.value)


def due_on(day: int, **cells: str) -> Any:
    found = stands(FULL, today=date(2026, 3, 1) + timedelta(days=day), leave="2026-02-28", **cells)
    assert found.due is not None
    return found.due


def test_steps_are_due_by_days_since_somebody_left() -> None:
    assert due_on(0).writes == {ACTIVE: False, LEAVE_DATE: "2026-02-28T00:00:00Z"}
    assert due_on(1).writes["title"] == "Has left"
    assert due_on(1).keeps_groups
    assert not due_on(2).keeps_groups
    assert due_on(29).writes["title"] == "Has left"
    assert due_on(30).writes["title"] is None
    assert due_on(89).delete_after is None
    assert due_on(90).delete_after == 90


def test_a_step_reads_the_record_as_long_as_there_is_one() -> None:
    assert due_on(5, note="Gone").writes[OFFICE] == "Gone"
    missing = profile(FULL).policy.due_of_missing(date(2026, 3, 1), date(2026, 3, 6))
    assert OFFICE not in missing.writes
    assert missing.writes[LEAVE_DATE] == "2026-03-01T00:00:00Z"


def test_a_value_that_entra_would_refuse_holds_the_record() -> None:
    with pytest.raises(MappingError) as error:
        stands(
            {"leavers": [{"do": "set", "target": LEAVE_DATE, "expression": "[note]"}]},
            status="inactive",
            note="soon",
        )
    assert "cannot be set for a leaver" in str(error.value)
    assert "soon" not in str(error.value)


def people(lifecycle: Any, *records: dict[str, str], **more: Any) -> SourcePeople:
    rows = [
        Record(at + 2, str(at + 1), {"id": str(at + 1), "name": "Ann", "status": "active", **each})
        for at, each in enumerate(records)
    ]
    return SourcePeople(profile(lifecycle), rows, today=TODAY, now=NOW, **more)


def test_who_is_a_leaver_is_noted_and_who_came_back() -> None:
    known = {"1": date(2026, 1, 1), "3": date(2026, 1, 1), "4": date(2026, 2, 2)}
    found = people(
        LAST, {}, {"leave": "2026-03-01"}, {"status": "inactive"}, {"leave": "?"}, left_since=known
    )
    assert [person.key for person in found] == ["1", "2", "3"]
    assert found.leavers == {"2": date(2026, 3, 2), "3": date(2026, 1, 1)}
    assert (found.back, found.held) == ({"1"}, {"4"})
    assert (found.misses("5"), found.misses("4"), found.misses("2")) == (True, False, False)


def test_whose_memberships_stay() -> None:
    steps = {"leavers": [{"do": "disable"}, {"do": "remove_from_groups", "after_days": 3}]}
    known = {"2": date(2026, 3, 8), "3": date(2026, 3, 7)}
    inactive = {"status": "inactive"}
    found = people(steps, {}, inactive, inactive, left_since=known)
    list(found)
    assert found.keeps_groups == {"2"}
    missing = {"1": None, "8": date(2026, 3, 7), "9": date(2026, 3, 8), "10": None}
    assert found.holding_groups(missing) == {"2", "9", "10"}


def test_without_the_step_every_leaver_keeps_the_memberships() -> None:
    found = people(None, {"status": "inactive"})
    list(found)
    assert found.holding_groups({"9": date(2020, 1, 1)}) == {"1", "9"}


@pytest.mark.parametrize(
    ("way_in", "words"),
    [
        ("temporary_access_pass", "Temporary Access Pass"),
        ("self_service_reset", "self-service password reset"),
        ("other: The office hands out a letter.", "The office hands out a letter."),
        ("", "names no way in"),
    ],
)
def test_the_way_in_is_a_sentence(way_in: str, words: str) -> None:
    sentence = way_in_sentence(way_in)
    assert sentence.startswith(NOBODY_KNOWS)
    assert words in sentence


def test_an_entry_in_words() -> None:
    assert lifecycle_facts({"leavers": FULL["leavers"][:3], "way_in": "other: A letter."}) == [
        (
            "Leavers",
            "at once: disable the account, then at once: set Leave date to expression"
            " [leaver.last_day], then after 1 day: set Job title to constant Has left",
        ),
        ("Way in", "A letter."),
    ]
    assert lifecycle_words(FULL).startswith(
        "Start: column hire, the account is made 7 days before; Last day: column leave; Leavers: "
    )
    assert lifecycle_words(None) == "Leavers: at once: disable the account"
    assert lifecycle_words({"leavers": "x"}) == 'Joiners and leavers: {"leavers": "x"}'
    assert part_label("lifecycle") == "Joiners and leavers"
    assert part_text(FULL, "lifecycle").split("\n")[1] == "Last day: column leave"
    (found,) = changes_between({"lifecycle": FULL}, {})
    assert (found.label, found.new) == ("Joiners and leavers", None)
