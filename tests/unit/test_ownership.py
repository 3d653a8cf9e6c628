"""Accounts of other sources: transferred after a yes, left alone, never fought over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioning.domain.ownership import OtherSources, Owner, SourceRead
from provisioning.domain.planner import (
    ACTIVE,
    EXTERNAL_ID,
    USER_NAME,
    Absences,
    Account,
    Directory,
    Kind,
    Person,
    Retention,
    plan,
)
from provisioning.domain.protection import Protection
from provisioning.domain.records import fold_key

STAFF, GUESTS = Owner(1, "Employees", 0), Owner(2, "Contractors", 1)
MAPPED = frozenset({USER_NAME, ACTIVE, "title"})
NAME = "ann@fabled.example"


def person(key="E1", **values):
    return Person(key, {USER_NAME: NAME, ACTIVE: True, **values})


def account(key="C1", *, pk=1, owner=GUESTS, name=NAME, offered_to=None, **state):
    full = {USER_NAME: name, ACTIVE: True, EXTERNAL_ID: key} | state
    return Account(
        pk,
        f"id-{pk}",
        fold_key(key),
        name,
        bool(full[ACTIVE]),
        full,
        owner=owner.pk,
        offered_to=offered_to,
    )


def read(*keys, **more):
    return SourceRead(frozenset(map(fold_key, keys)), **more)


def directory(mine, accounts, accepted, newest, matching=()):
    other = GUESTS if mine is STAFF else STAFF
    others = OtherSources(
        mine, [other], accepted=lambda _: accepted, newest=lambda _: newest, matching=matching
    )
    managed = {}
    for each in accounts:
        if each.owner == mine.pk:
            managed[each.key] = each
        else:
            others.add(each)
    names = {each.user_name.casefold(): each for each in accounts}
    return Directory(managed, names, others=others)


def planned(people, accounts, *, mine=STAFF, accepted=None, newest=None, protection=(), **more):
    matching = more.pop("matching", ())
    return list(
        plan(
            people,
            directory(mine, accounts, accepted, newest, matching),
            mapped=MAPPED,
            protection=Protection(protection),
            absences=more.pop("absences", Absences()),
            matching=matching,
        )
    )


def only(*given, **more):
    (change,) = planned(*given, **more)
    return change


def test_who_left_the_owner_is_transferred_by_one_patch_after_a_yes():
    change = only([person(title="Clerk")], [account(title="Helper")], accepted=read())
    assert (change.kind, change.withheld, change.calls) == (Kind.TRANSFER, True, 1)
    assert change.before == {"title": "Helper", EXTERNAL_ID: "C1"}
    assert change.after == {"title": "Clerk", EXTERNAL_ID: "E1"}
    assert change.reason == "From Contractors to Employees: the person has left Contractors."


def test_a_transfer_that_changes_nothing_takes_no_call():
    change = only([person("C1")], [account()], accepted=read())
    assert (change.kind, change.after, change.calls) == (Kind.TRANSFER, {}, 0)
    assert change.withheld


def test_a_disabled_account_is_enabled_by_the_same_patch():
    change = only([person()], [account(active=False)], accepted=read())
    assert change.after == {ACTIVE: True, EXTERNAL_ID: "E1"}


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        # still there, or held, or possibly one of the rows that cannot be read
        (read("C1"), "still in Contractors"),
        (read(held={"c1"}), "still in Contractors"),
        (read(unreadable=1), "still in Contractors"),
        # its records are erased, or its profile cannot be used
        (None, "no read is kept"),
    ],
)
def test_who_may_still_be_with_the_owner_is_a_conflict_that_names_both(accepted, words):
    change = only([person()], [account()], accepted=accepted)
    assert (change.kind, change.after, change.withheld) == (Kind.LEAVE, {}, False)
    assert words in change.reason
    assert change.reason.startswith("The account belongs to the source Contractors")
    assert change.reason.endswith("Employees comes first.")


def test_who_is_inactive_there_has_left_even_when_rows_cannot_be_read():
    accepted = read(away={"c1"}, unreadable=3)
    assert only([person()], [account()], accepted=accepted).kind is Kind.TRANSFER


def test_the_lower_source_takes_nothing_over_unless_somebody_asks():
    left = account("E1", owner=STAFF)
    change = only([person("C1")], [left], mine=GUESTS, accepted=read())
    assert change.kind is Kind.LEAVE
    assert "somebody has to ask" in change.reason
    asked = account("E1", owner=STAFF, offered_to=GUESTS.pk)
    change = only([person("C1")], [asked], mine=GUESTS, accepted=read("E1"))
    assert (change.kind, change.withheld) == (Kind.TRANSFER, True)
    assert change.reason == "From Employees to Contractors: somebody asked for it."


@pytest.mark.parametrize(
    ("who", "matching"),
    [
        (person("c1", userName="other@fabled.example"), ()),  # the same key, folded
        (person("E1", userName=NAME.upper()), ()),  # the same user name
        (person("E1", userName="x@fabled.example", title="T-7"), ("title",)),
    ],
)
def test_the_account_is_found_by_key_user_name_and_matching(who, matching):
    change = only([who], [account(title="T-7")], accepted=read(), matching=matching)
    assert change.kind is Kind.TRANSFER


def test_several_accounts_are_never_picked_from():
    two = [account("E1", name="old@fabled.example"), account("C9", pk=2)]
    change = only([person("E1")], two, accepted=read())
    assert change.kind is Kind.LEAVE
    assert change.reason == "2 accounts of other sources match (Contractors); none is picked."


def test_two_people_do_not_get_the_same_account():
    two = [person("E1"), person("C1", userName="b@fabled.example")]
    kinds = [each.kind for each in planned(two, [account()], accepted=read())]
    assert kinds == [Kind.TRANSFER, Kind.LEAVE]


def test_who_is_inactive_here_claims_nothing():
    assert only([person(active=False)], [account()], accepted=read()).kind is Kind.INACTIVE


def test_protected_accounts_are_not_transferred():
    change = only([person()], [account()], accepted=read(), protection=["id-1"])
    assert change.kind is Kind.LEAVE


def test_a_taken_user_name_keeps_the_account_where_it_is():
    accounts = [account("E1", name="x@fabled.example"), account("E2", pk=2, owner=STAFF)]
    changes = planned([person("E1"), person("E2")], accounts, accepted=read(), absences=None)
    assert {change.key: change.kind for change in changes}["E1"] is Kind.LEAVE


@pytest.mark.parametrize(
    "newest",
    [
        read("C1"),
        read("E7", values={USER_NAME: {NAME}}),
        read("E7", values={"title": {"t-7"}}),
    ],
)
def test_a_leaver_who_is_in_the_other_source_is_not_disabled_without_a_yes(newest):
    change = only([], [account(title="T-7")], mine=GUESTS, newest=newest)
    assert (change.kind, change.withheld) == (Kind.DISABLE, True)
    assert change.reason == (
        "This person is in the source Employees now: transfer the account there instead."
    )


def test_neither_is_who_becomes_inactive():
    change = only([person("C1", active=False)], [account()], mine=GUESTS, newest=read("C1"))
    assert (change.kind, change.withheld) == (Kind.DISABLE, True)


def test_the_upper_sources_leaver_needs_somebody_to_ask():
    left = account("E1", owner=STAFF)
    change = only([], [left], newest=read("E1"))
    assert change.withheld
    assert "somebody has to ask" in change.reason


def test_who_is_nowhere_else_is_disabled_as_ever():
    change = only([], [account()], mine=GUESTS, newest=read("E7", values={"title": {"t"}}))
    assert (change.kind, change.withheld) == (Kind.DISABLE, False)
    assert only([], [account()], mine=GUESTS, newest=None).withheld is False


def test_nobody_is_deleted_without_hearing_that_the_person_is_elsewhere():
    now = datetime(2026, 5, 1, tzinfo=UTC)
    old = replace(account(active=False), outside_since=now - timedelta(days=90))
    absences = Absences(outside={"c1"}, retention=Retention(30, now))
    change = only([], [old], mine=GUESTS, newest=read("C1"), absences=absences)
    assert (change.kind, change.withheld) == (Kind.DELETE, True)
    assert "Employees" in change.reason


def test_accounts_of_others_are_neither_missing_nor_updated():
    assert planned([], [account(title="x")], newest=read("C1")) == []


def test_reads_are_opened_only_when_somebody_asks():
    opened = []

    def open_read(owner):
        opened.append(owner)
        return read()

    others = OtherSources(STAFF, [GUESTS], accepted=open_read, newest=open_read)
    mine = account("E1", owner=STAFF)
    known = Directory({"e1": mine}, {NAME: mine}, others=others)
    changes = list(
        plan(
            [person("E1"), person("E2", userName="new@fabled.example")],
            known,
            mapped=MAPPED,
            protection=Protection([]),
            absences=Absences(),
        )
    )
    assert [each.kind for each in changes] == [Kind.UNCHANGED, Kind.CREATE]
    assert opened == []
