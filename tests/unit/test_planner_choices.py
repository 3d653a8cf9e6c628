"""Unique values, deletions and second calls: what the planner decides about them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.attributes import CUSTOM, MAIL_NICKNAME
from provisioning.domain.planner import (
    ACTIVE,
    USER_NAME,
    Absences,
    Account,
    Directory,
    Kind,
    Person,
    Retention,
    difference,
    plan,
)
from provisioning.domain.protection import Protection

NOBODY = Protection([])
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NAMES = ("ann", "Ann", "bo", "cy", "di")
candidates = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)
crowds = st.lists(candidates, max_size=6)


def account(pk, name, *, key="", active=True, **more):
    state = {USER_NAME: name, ACTIVE: active}
    return Account(pk, f"id-{pk}", key, name, active, state, **more)


def planned(people, accounts=(), taken=None, absences=None, protection=NOBODY, kept=None):
    directory = Directory(
        {each.key: each for each in accounts if each.key},
        {each.user_name.casefold(): each for each in accounts},
        taken=taken or {},
        kept=kept or {},
    )
    mapped = frozenset({ACTIVE, "title"})
    absences = absences or Absences()
    return list(plan(people, directory, mapped=mapped, protection=protection, absences=absences))


def person(key, wanted, **values):
    return Person(key, {ACTIVE: True, **values}, choices={USER_NAME: wanted})


@given(crowds, st.sets(st.sampled_from(NAMES)))
def test_everybody_gets_the_first_value_that_is_free(crowd, names):
    taken = {name.casefold() for name in names}
    accounts = [account(pk, name) for pk, name in enumerate(sorted(taken), start=1)]
    changes = planned([person(str(n), wanted) for n, wanted in enumerate(crowd)], accounts)
    for wanted, change in zip(crowd, changes, strict=True):
        free = [name for name in dict.fromkeys(wanted) if name.casefold() not in taken]
        if not free:
            assert change.kind is Kind.LEAVE
            assert "every value the profile proposes is taken" in change.reason
            continue
        assert (change.kind, change.user_name) == (Kind.CREATE, free[0])
        assert change.after[USER_NAME] == free[0]
        assert list(change.choices[USER_NAME]) == free[1:]
        taken.add(free[0].casefold())


def test_another_path_is_unique_as_the_directory_says():
    people = [
        Person(
            str(n), {ACTIVE: True, USER_NAME: f"{n}@a"}, choices={MAIL_NICKNAME: ["x", "y", "z"]}
        )
        for n in range(2)
    ]
    changes = planned(people, taken={MAIL_NICKNAME: {"x"}})
    assert [change.after[MAIL_NICKNAME] for change in changes] == ["y", "z"]


def test_where_nothing_is_proposed_the_account_has_no_value():
    (change,) = planned([Person("1", {USER_NAME: "1@a"}, choices={MAIL_NICKNAME: []})])
    assert change.kind is Kind.CREATE
    assert MAIL_NICKNAME not in change.after


def test_a_protected_name_is_passed_over():
    protection = Protection(["ann@a"])
    (change,) = planned([person("1", ["Ann@a", "bo@a"])], protection=protection)
    assert (change.kind, change.user_name) == (Kind.CREATE, "bo@a")


def test_the_reason_tells_none_of_the_values():
    (change,) = planned([person("1", ["ann", "bo"])], [account(1, "ann"), account(2, "bo")])
    assert "(2 tried)" in change.reason
    assert "ann" not in change.reason


def test_who_has_an_account_or_is_inactive_needs_no_value():
    mine = account(1, "old", key="1")
    changes = planned([person("1", ["old"]), person("2", ["ann"], active=False)], [mine])
    assert [change.kind for change in changes] == [Kind.UNCHANGED, Kind.INACTIVE]


def test_a_change_without_its_value_passes_none_on():
    named = Person("1", {ACTIVE: True, USER_NAME: "ann"}, choices={MAIL_NICKNAME: ["x", "y"]})
    changes = planned([named], taken={MAIL_NICKNAME: set()}, protection=Protection(["ann"]))
    assert (changes[0].kind, changes[0].choices) == (Kind.LEAVE, {})


def test_a_name_that_a_deletion_keeps_taken_is_passed_over_or_explained():
    kept = {"ann": NOW + timedelta(days=12)}
    (change,) = planned([person("1", ["Ann", "bo"])], kept=kept)
    assert (change.kind, change.user_name) == (Kind.CREATE, "bo")
    only = Person("1", {ACTIVE: True, USER_NAME: "Ann"})
    for alone in (person("1", ["Ann"]), only):
        (change,) = planned([alone], kept=kept)
        assert (change.kind, change.calls) == (Kind.LEAVE, 0)
        assert "deleted on 2026-02-20. Entra keeps it until 2026-03-22 12:00 UTC" in change.reason


def outside(days, *, active=False, **more):
    since = None if days is None else NOW - timedelta(days=days)
    return account(1, "ann", key="1", active=active, outside_since=since, **more)


@pytest.mark.parametrize(
    ("mine", "kind"),
    [
        (outside(31), Kind.DELETE),
        (outside(30), Kind.DELETE),
        (outside(29.9), None),
        (outside(None), None),  # seen outside for the first time
        (outside(31, active=True), Kind.DISABLE),  # first of all it is disabled
        (outside(31, on_premises=True), Kind.LEAVE),
    ],
)
def test_a_disabled_account_is_deleted_when_its_days_are_over(mine, kind):
    absences = Absences(outside=frozenset({"1"}), retention=Retention(30, NOW))
    changes = planned([], [mine], absences=absences)
    assert [change.kind for change in changes] == ([kind] if kind else [])
    for change in changes:
        assert change.withheld is (kind is Kind.DELETE)
        assert change.calls == (0 if kind is Kind.LEAVE else 1)


@pytest.mark.parametrize(
    "absences",
    [
        Absences(outside=frozenset({"1"})),  # the profile deletes nobody
        Absences(retention=Retention(30, NOW)),  # missing, but not outside the scope
        Absences(held=frozenset({"1"}), outside=frozenset({"1"}), retention=Retention(30, NOW)),
    ],
)
def test_nobody_else_is_deleted(absences):
    assert planned([], [outside(365)], absences=absences) == []


@pytest.mark.parametrize(
    ("values", "calls"),
    [({}, 1), ({"title": "Baker"}, 1), ({f"{CUSTOM}:Staff.Badge": "7"}, 2)],
)
def test_only_custom_attributes_of_a_new_account_take_another_call(values, calls):
    (change,) = planned([person("1", ["ann"], **values)])
    assert (change.kind, change.calls) == (Kind.CREATE, calls)
    update = planned([Person("1", {ACTIVE: True, **values})], [account(1, "ann", key="1")])[0]
    assert update.calls == (1 if values else 0)


@pytest.mark.parametrize(
    ("value", "known", "differs"),
    [
        (["a", "b"], ["b", "a"], False),
        (["a", "b"], ["a"], True),
        (["a", "a"], ["a", "b"], True),
        ([1, 2], [2, 1], False),
        (["1"], [1], True),
        (["a"], "a", True),
        (["a"], None, True),
        ("a", ["a"], True),
        (3, 3, False),
        (3, 4, True),
    ],
)
def test_lists_differ_by_what_they_hold(value, known, differs):
    state = {} if known is None else {"x": known}
    after = difference({"x": value}, state, frozenset({"x"}), frozenset())
    assert after == ({"x": value} if differs else {})


def test_with_chosen_keys_nobody_else_is_missing():
    accounts = [account(pk, f"{pk}@a.example", key=str(pk)) for pk in (1, 2, 3)]
    absences = Absences(held=frozenset({"3"}), only=frozenset({"2", "3"}))
    assert [change.key for change in planned([], accounts, absences=absences)] == ["2"]
    assert [change.key for change in planned([], accounts)] == ["1", "2", "3"]
