"""The planner: which operation each person gets, and what no plan may ever hold."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisioning.domain.planner import (
    ACTIVE,
    CALLS,
    EXTERNAL_ID,
    USER_NAME,
    Absences,
    Account,
    Directory,
    Kind,
    Person,
    difference,
    plan,
)
from provisioning.domain.protection import Protection
from provisioning.domain.records import fold_key

ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
NICKNAME = f"{ENTRA}:mailNickname"
MAPPED = frozenset({USER_NAME, ACTIVE, "displayName", "title", NICKNAME})
NOBODY = Protection([])


def person(key="007", *, ignored=(), **values):
    base = {USER_NAME: f"{key}@fabled.example", "displayName": f"Person {key}", ACTIVE: True}
    return Person(key, base | values, frozenset(ignored))


def account(key="007", *, pk=1, user_name=None, on_premises=False, **state):
    name = user_name or f"{key}@fabled.example"
    full = {USER_NAME: name, "displayName": f"Person {key}", ACTIVE: True, EXTERNAL_ID: key} | state
    return Account(
        pk, f"id-{pk}", fold_key(key), name, bool(full[ACTIVE]), full, on_premises=on_premises
    )


def foreign(user_name, *, pk=90, on_premises=False):
    return Account(pk, f"id-{pk}", "", user_name, True, {}, on_premises=on_premises)


def directory(*accounts):
    return Directory(
        {each.key: each for each in accounts if each.key},
        {each.user_name.casefold(): each for each in accounts},
    )


def planned(people, accounts=(), *, protection=NOBODY, held=(), doubtful=0, mapped=MAPPED):
    absences = Absences(frozenset(held), doubtful)
    return list(
        plan(people, directory(*accounts), mapped=mapped, protection=protection, absences=absences)
    )


def only(people, accounts=(), **options):
    (change,) = planned(people, accounts, **options)
    return change


@pytest.mark.parametrize(
    ("who", "accounts", "kind", "after"),
    [
        # a joiner gets everything that is mapped, and the key as externalId
        (person(), [], Kind.CREATE, {**person().values, EXTERNAL_ID: "007"}),
        # without a word about active, a new account is enabled
        (
            Person("1", {USER_NAME: "a@b.example"}),
            [],
            Kind.CREATE,
            {USER_NAME: "a@b.example", ACTIVE: True, EXTERNAL_ID: "1"},
        ),
        # who never had an account and is inactive gets none
        (person(active=False), [], Kind.INACTIVE, {}),
        (person(), [account()], Kind.UNCHANGED, {}),
        # only what differs is sent
        (person(title="Baker"), [account()], Kind.UPDATE, {"title": "Baker"}),
        # a value that is gone is removed
        (person(), [account(title="Baker")], Kind.UPDATE, {"title": None}),
        # unless its rule said to leave it as it is
        (person(ignored=["title"]), [account(title="Baker")], Kind.UNCHANGED, {}),
        # a nickname cannot be removed, so no call is spent on trying
        (person(), [account(**{NICKNAME: "seven"})], Kind.UNCHANGED, {}),
        # what the profile does not write is not ours to remove
        (person(), [account(department="Ovens")], Kind.UNCHANGED, {}),
        (person(active=False), [account()], Kind.DISABLE, {ACTIVE: False}),
        (person(), [account(active=False)], Kind.ENABLE, {ACTIVE: True}),
        # a returning person's other changes travel in the same call
        (
            person(title="Baker"),
            [account(active=False)],
            Kind.ENABLE,
            {ACTIVE: True, "title": "Baker"},
        ),
        # keys are compared without case and white space
        (Person(" aB ", person("ab").values), [account("AB", user_name="ab@fabled.example",
            displayName="Person ab")], Kind.UNCHANGED, {}),
        # leading zeros matter: 7 is not 007
        (person("7"), [replace(account("007"), active=False)], Kind.CREATE,
            {**person("7").values, EXTERNAL_ID: "7"}),
        # a user name that differs in case only is a change of that account, not a clash
        (
            person(userName="Zoe@fabled.example"),
            [account(user_name="zoe@fabled.example")],
            Kind.UPDATE,
            {USER_NAME: "Zoe@fabled.example"},
        ),
    ],
)  # fmt: skip
def test_one_person_is_one_operation_with_only_what_differs(who, accounts, kind, after):
    change = only([who], accounts)
    assert change.kind is kind
    assert dict(change.after) == after
    assert change.withheld is False
    if kind not in (Kind.CREATE, Kind.INACTIVE):
        assert change.account == accounts[0]
        assert change.before == {path: accounts[0].state.get(path) for path in after}


def test_the_change_names_the_person_as_the_source_does():
    change = only([person("00Ä", displayName="Ärlig Ek")])
    assert (change.key, change.person, change.user_name) == (
        "00Ä",
        "Ärlig Ek",
        "00Ä@fabled.example",
    )
    assert only([Person("3", {USER_NAME: "c@b.example"})]).person == "3"  # without a display name


@pytest.mark.parametrize(
    ("state", "held", "doubtful", "kinds", "withheld"),
    [
        (True, (), 0, [Kind.DISABLE], False),
        (False, (), 0, [], None),  # disabled already: nothing to do, nothing to pay
        (True, ("007",), 0, [], None),  # refused or unmappable: not a leaver
        (True, ("00a",), 0, [Kind.DISABLE], False),  # another one is held
        (True, (), 1, [Kind.DISABLE], True),  # an unreadable key might be this person's
        (True, ("007",), 1, [], None),
    ],
)
def test_who_is_missing_from_the_source_is_disabled(state, held, doubtful, kinds, withheld):
    changes = planned([], [account(active=state)], held=held, doubtful=doubtful)
    assert [change.kind for change in changes] == kinds
    for change in changes:
        assert change.withheld is withheld
        assert (change.before, change.after) == ({ACTIVE: True}, {ACTIVE: False})
        assert (change.key, change.person) == ("007", "Person 007")


@pytest.mark.parametrize(
    ("doubtful", "words"),
    [
        (0, "No longer in the source."),
        (1, "Not found in the source, but the key of 1 row could not be read."),
        (12, "Not found in the source, but the key of 12 rows could not be read."),
    ],
)
def test_the_reason_of_a_disable_says_how_sure_it_is(doubtful, words):
    assert only([], [account()], doubtful=doubtful).reason == words


def test_doubt_withholds_only_disables_by_absence():
    people = [person("1", active=False), person("2"), person("3", title="Baker")]
    accounts = [account("1"), account("3", pk=3), account("4", pk=4)]
    changes = planned(people, accounts, doubtful=2)
    assert [(change.key, change.kind, change.withheld) for change in changes] == [
        ("1", Kind.DISABLE, False),  # the source says so itself
        ("2", Kind.CREATE, False),
        ("3", Kind.UPDATE, False),
        ("4", Kind.DISABLE, True),
    ]


def test_the_key_of_a_leaver_is_written_as_the_source_wrote_it():
    assert only([], [account("00ABC")]).key == "00ABC"
    bare = replace(account("00ABC"), state={ACTIVE: True})
    change = only([], [bare])
    assert (change.key, change.person) == ("00abc", bare.user_name)


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        (foreign("007@fabled.example"), "was not created by this portal"),
        (foreign("007@FABLED.example"), "was not created by this portal"),  # names have no case
        (foreign("007@fabled.example", on_premises=True), "on-premises"),
        (account("9", pk=9, user_name="007@fabled.example"), "another person of this source"),
    ],
)
def test_a_joiner_whose_user_name_is_taken_is_left_alone(holder, words):
    change = planned([person()], [holder], held=["9"])[0]
    assert (change.kind, change.account) == (Kind.LEAVE, holder)
    assert words in change.reason
    assert change.after == {}


@pytest.mark.parametrize(
    ("who", "mine", "kind"),
    [
        (person(), [], Kind.LEAVE),  # a second account with that externalId could not be told apart
        (person("ab"), [], Kind.LEAVE),  # keys have no case
        (person("7"), [], Kind.CREATE),  # 7 is not 007
        (person(active=False), [], Kind.INACTIVE),  # nothing was going to be created
        (person(title="Baker"), [account()], Kind.UPDATE),  # ours is ours, whoever else claims it
    ],
)
def test_nobody_is_created_whose_key_another_account_carries(who, mine, kind):
    strangers = {"007": foreign("old@b.example"), "ab": foreign("ab@b.example", pk=91)}
    known = replace(directory(*mine), strangers=strangers)
    (change,) = plan([who], known, mapped=MAPPED, protection=NOBODY, absences=Absences())
    assert change.kind is kind
    if kind is Kind.LEAVE:
        holder = strangers[fold_key(who.key)]
        assert change.account == holder
        assert holder.user_name in change.reason
        assert "not created by this portal" in change.reason


def test_a_move_to_a_taken_user_name_is_left_alone():
    mine, other = account(), foreign("new@fabled.example")
    change = only([person(userName="New@fabled.example")], [mine, other])
    assert (change.kind, change.account) == (Kind.LEAVE, mine)
    assert "new@fabled.example" in change.reason


def test_of_two_people_with_one_user_name_the_first_gets_it():
    first, second = person("1", userName="Ann@b.example"), person("2", userName="ann@b.example")
    changes = planned([first, second])
    assert [change.kind for change in changes] == [Kind.CREATE, Kind.LEAVE]
    assert changes[1].reason == "The same user name is mapped for the person with key 1."


def test_a_mover_and_a_joiner_with_one_user_name_are_told_apart():
    mover = account("1")
    people = [person("2", userName="ann@b.example"), person("1", userName="ann@b.example")]
    changes = planned(people, [mover])
    assert [change.kind for change in changes] == [Kind.CREATE, Kind.LEAVE]
    assert changes[1].account == mover  # so that the page can point to the account


def test_a_user_name_that_becomes_free_in_this_run_is_given_after_that_change():
    leaving, joining = person("1", userName="z@b.example"), person("2", userName="a@b.example")
    changes = planned([leaving, joining], [account("1", user_name="a@b.example")])
    assert [change.kind for change in changes] == [Kind.UPDATE, Kind.CREATE]
    assert [change.after_keys for change in changes] == [(), ("1",)]


@pytest.mark.parametrize("clash", ["an account", "a person of this run"])
def test_a_taken_user_name_does_not_keep_a_leaver_enabled(clash):
    leaver = person(active=False, userName="new@b.example", title="Baker")
    others = [foreign("new@b.example")] if clash == "an account" else []
    first = [] if others else [person("1", userName="new@b.example")]
    change = planned([*first, leaver], [account(), *others])[-1]
    assert change.kind is Kind.DISABLE
    assert change.after == {ACTIVE: False, "title": "Baker"}
    assert change.before == {ACTIVE: True, "title": None}
    assert change.reason != ""


@pytest.mark.parametrize(
    ("people", "accounts", "entries", "entry"),
    [
        ([person()], [], ["007@fabled.example"], "007@fabled.example"),  # a joiner by name
        ([person(title="B")], [account()], ["ID-1"], "id-1"),  # an update by object id
        ([person(userName="x@b.example")], [account()], ["007@*"], "007@*"),  # by the old name
        ([person(userName="vip@b.example")], [account()], ["vip@*"], "vip@*"),  # by the new name
        ([person(active=False)], [account()], ["*@fabled.example"], "*@fabled.example"),
        ([], [account()], ["id-1"], "id-1"),  # a leaver
        ([person()], [account(active=False)], ["id-1"], "id-1"),  # a re-enable
    ],
)
def test_protected_accounts_are_never_written(people, accounts, entries, entry):
    change = only(people, accounts, protection=Protection(entries))
    assert change.kind is Kind.LEAVE
    assert change.account == (accounts[0] if accounts else None)
    assert change.reason == f"Protected by the entry {entry!r} of this tenant's list."


@pytest.mark.parametrize(
    "people", [[person(title="B")], [person(active=False)], []], ids=["update", "disable", "leaver"]
)
def test_accounts_of_an_on_premises_directory_are_never_written(people):
    change = only(people, [account(on_premises=True)])
    assert change.kind is Kind.LEAVE
    assert "on-premises" in change.reason


def test_protection_says_nothing_about_accounts_that_would_not_change():
    protection = Protection(["*"])
    changes = planned(
        [person("1"), person("2", active=False)], [account("1")], protection=protection
    )
    assert [change.kind for change in changes] == [Kind.UNCHANGED, Kind.INACTIVE]


def test_people_come_in_the_order_of_the_source_then_those_missing():
    people = [person(key) for key in ("3", "1", "2")]
    changes = planned(people, [account("9", pk=9), account("8", pk=8)])
    assert [change.key for change in changes] == ["3", "1", "2", "9", "8"]


def test_nothing_is_read_ahead_of_the_caller():
    def endless():
        number = 0
        while True:
            number += 1
            yield person(str(number))

    changes = plan(endless(), directory(), mapped=MAPPED, protection=NOBODY, absences=Absences())
    assert [next(changes).key for _ in range(3)] == ["1", "2", "3"]


def test_held_keys_are_asked_for_after_the_last_person():
    # Mapping holds records while people are read, so the set grows during the plan.
    held = set()

    def people():
        yield person("1")
        held.add("007")

    changes = plan(
        people(), directory(account()), mapped=MAPPED, protection=NOBODY, absences=Absences(held)
    )
    assert [change.kind for change in changes] == [Kind.CREATE]


@pytest.mark.parametrize(
    ("values", "state", "ignored", "expected"),
    [
        ({}, {}, (), {}),
        ({"title": "A"}, {"title": "A"}, (), {}),
        ({"title": "A"}, {"title": "a"}, (), {"title": "A"}),  # case is a difference
        ({}, {"title": "a"}, (), {"title": None}),
        ({}, {"title": "a"}, ("title",), {}),
        ({}, {ACTIVE: True, NICKNAME: "n"}, (), {}),  # never removed
        ({ACTIVE: False}, {ACTIVE: True}, (), {ACTIVE: False}),
        ({}, {"phone": "1"}, (), {}),  # not mapped
    ],
)
def test_the_difference_of_two_states(values, state, ignored, expected):
    assert difference(values, state, MAPPED, frozenset(ignored)) == expected


def test_calls_are_the_kinds_that_are_sent():
    sent = {Kind.CREATE, Kind.UPDATE, Kind.DISABLE, Kind.ENABLE, Kind.ADOPT, Kind.DELETE}
    sent |= {Kind.TRANSFER, Kind.RELEASE}
    assert sent == CALLS


@pytest.mark.parametrize("guests", [False, True])
def test_guests_are_written_if_the_profile_is_for_them(guests):
    guest = replace(account(), guest=True)
    changes = plan(
        [person(title="x")],
        directory(guest),
        mapped=MAPPED,
        protection=NOBODY,
        absences=None,
        guests=guests,
    )
    (change,) = changes
    assert change.kind is (Kind.UPDATE if guests else Kind.LEAVE)
    assert guests or "guest" in change.reason


def test_an_account_that_entra_refused_alone_is_left_alone():
    marked = replace(account(), possibly_privileged=datetime(2026, 1, 1, tzinfo=UTC))
    for people in ([person(title="x")], []):
        change = only(people, [marked])
        assert change.kind is Kind.LEAVE
        assert "may hold a privileged role" in change.reason


@pytest.mark.parametrize(
    ("there", "protection"),
    [
        (account(), Protection(["007@*"])),
        (account(on_premises=True), NOBODY),
        (replace(account(), guest=True), NOBODY),
        (replace(account(), possibly_privileged=datetime(2026, 11, 1, tzinfo=UTC)), NOBODY),
    ],
)
def test_a_manager_who_joins_changes_no_account_that_is_never_written(there, protection):
    people = [replace(person(), manager="008"), person("008")]
    new, left = planned(people, [there], protection=protection)
    assert (new.kind, left.kind, left.after, left.manager) == (Kind.CREATE, Kind.LEAVE, {}, "")
    free = planned(people, [account()])
    assert [(each.kind, each.manager) for each in free][1] == (Kind.UPDATE, "008")
