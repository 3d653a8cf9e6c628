"""The comparison of a directory with what was known of it, and what undoes a difference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, MANAGER
from provisioning.domain.guard import GuardLimits
from provisioning.domain.plan_values import Account, Change, Kind, Person
from provisioning.domain.planner import NOT_REMOVABLE
from provisioning.domain.protection import Protection
from provisioning.domain.reconciling import (
    Accepted,
    Drifted,
    deviations,
    drifted_only,
    honoured,
    implausible,
    repair,
    taken_over,
)

PATHS = ("title", "department", "mails", ACTIVE, *sorted(NOT_REMOVABLE - {ACTIVE}))
OUTSIDE = "not looked at"
values = st.one_of(
    st.booleans(), st.sampled_from(("a", "A", "b")), st.lists(st.sampled_from("xyz"), min_size=1)
)
states = st.dictionaries(st.sampled_from((*PATHS, OUTSIDE)), values)
nobody = Protection(())


def same(one, other):
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one) == sorted(other)
    return one == other


@given(states, states)
def test_taking_over_what_deviates_gives_what_was_read(known, read):
    found = deviations(known, read, PATHS)
    after = taken_over(known, [(each.path, each.theirs) for each in found])
    for path in PATHS:
        # Entra never lets these be empty: read without them, the answer is not believed.
        if path in NOT_REMOVABLE and path not in read:
            assert same(after.get(path), known.get(path))
        else:
            assert same(after.get(path), read.get(path))
    assert after.get(OUTSIDE) == known.get(OUTSIDE)


@given(states, states)
def test_each_deviation_is_one_and_says_both_sides(known, read):
    found = deviations(known, read, PATHS)
    assert len({each.path for each in found}) == len(found)
    for each in found:
        assert each.path in PATHS
        assert each.ours == known.get(each.path)
        assert each.theirs == read.get(each.path)
        assert not same(each.ours, each.theirs)


@given(states, st.randoms())
def test_the_same_in_another_order_is_no_deviation(known, chance):
    shuffled = {}
    for path in chance.sample([*known], len(known)):
        value = known[path]
        shuffled[path] = chance.sample(value, len(value)) if isinstance(value, list) else value
    assert deviations(known, shuffled, PATHS) == []


def account(**fields):
    usual = {"pk": 1, "entra_id": "id-1", "key": "k", "user_name": "k@x.example", "active": True}
    return Account(**{**usual, "state": {}, **fields})


def change(kind=Kind.UPDATE, **fields):
    usual = {"key": "K", "person": "K", "user_name": "k@x.example", "account": account()}
    return Change(kind, **{**usual, "digest": "d", **fields})


@given(
    st.dictionaries(st.sampled_from(PATHS), values),
    st.sets(st.sampled_from((*PATHS, EXTERNAL_ID))),
)
def test_a_repair_writes_what_drifted_and_nothing_else(after, drifted):
    found = Drifted(dict.fromkeys(drifted, "theirs"))
    repaired = repair(change(after=after), found, nobody)
    wanted = {path: value for path, value in after.items() if path in drifted}
    if EXTERNAL_ID in drifted:
        wanted[EXTERNAL_ID] = "K"
    assert repaired.after == wanted
    assert repaired.before.keys() == wanted.keys()
    if not wanted:
        assert repaired.kind is Kind.UNCHANGED
    elif ACTIVE in wanted:
        assert repaired.kind is (Kind.ENABLE if wanted[ACTIVE] else Kind.DISABLE)
    else:
        assert repaired.kind is Kind.UPDATE
    assert not wanted or repaired.digest == ""


@pytest.mark.parametrize(
    ("kind", "whole", "kept"),
    [
        (Kind.CREATE, True, True),  # a deleted account comes again
        (Kind.ADOPT, True, True),  # or somebody else's is taken, after a yes
        (Kind.DELETE, True, False),  # nothing is deleted by a repair
        (Kind.DELETE, False, False),
        (Kind.ADOPT, False, False),
        (Kind.LEAVE, False, True),  # with the reason
        (Kind.INACTIVE, True, True),
    ],
)
def test_which_changes_a_repair_can_be(kind, whole, kept):
    found = repair(change(kind, reason="why"), Drifted({"title": "x"}, whole), nobody)
    assert found.kind is (kind if kept else Kind.UNCHANGED)


@pytest.mark.parametrize(
    ("who", "protection"),
    [(account(on_premises=True), nobody), (account(), Protection(["k@*"]))],
)
def test_an_external_id_is_not_written_where_nothing_may_be(who, protection):
    found = repair(change(Kind.UNCHANGED, account=who), Drifted({EXTERNAL_ID: "other"}), protection)
    assert found.kind is Kind.UNCHANGED


def test_whoever_did_not_drift_is_left_out():
    told = []
    changes = [change(key="One"), change(key="TWO", after={"title": "x"})]
    found = drifted_only(
        changes, {"two": Drifted({"title": "y"})}, nobody, lambda key, _: told.append(key)
    )
    assert [each.key for each in found] == ["TWO"]
    assert told == ["two"]


def test_a_manager_that_joins_is_no_repair():
    waiting = change(Kind.UPDATE, manager="boss", after={"title": "x"})
    assert repair(waiting, Drifted({"title": "y"}), nobody).manager == ""


@given(states, states, st.dictionaries(st.sampled_from(PATHS), st.tuples(values, values)))
def test_accepted_holds_while_both_sides_are_as_they_were(desired, known, accepted):
    person = Person("K", desired)
    rows = {path: Accepted(*pair) for path, pair in accepted.items()}
    kept, void = honoured(person, account(state=known), rows)
    for path, each in rows.items():
        holds = same(desired.get(path), each.ours) and same(known.get(path), each.theirs)
        assert (path in kept.ignored) is holds
        assert (path in void) is not holds
        assert not (holds and path in kept.values)
    untouched = {path: value for path, value in desired.items() if path not in kept.ignored}
    assert kept.values == untouched


def test_nothing_holds_of_an_account_that_is_gone():
    person = Person("K", {"title": "a"})
    kept, void = honoured(person, None, {"title": Accepted("a", "b")})
    assert (kept, void) == (person, ["title"])


def test_an_accepted_manager_is_left_as_it_is():
    person = Person("K", {}, manager="boss")
    rows = {MANAGER: Accepted("id-boss", "id-other")}
    known = account(state={MANAGER: "id-other"})
    assert honoured(person, known, rows, "id-boss")[0].manager is None
    assert honoured(person, known, rows, "id-new")[0] == person


@pytest.mark.parametrize(
    ("managed", "missing", "accepted", "stops"),
    [
        (100, 10, -1, False),  # the limit itself is bearable
        (100, 11, -1, True),
        (10, 4, -1, False),  # too few to say anything
        (10, 5, -1, True),
        (100, 100, -1, True),
        (100, 20, 20, False),  # a person has seen as many
        (100, 21, 20, True),  # but not more
    ],
)
def test_more_missing_than_can_be_believed(managed, missing, accepted, stops):
    keys = [f"k{number}" for number in range(missing)]
    found = implausible(managed, keys, GuardLimits(0.1, 5), accepted)
    assert (found is not None) is stops
    if found is not None:
        assert (found.missing, found.people_before, found.stops) == (missing, managed, True)
        assert f"{missing} of {managed}" in found.reasons[0]
