"""What a month would cost: the past replayed, priced exactly, beside the naive way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.pricing import USUAL_RULE, Price, Tier
from billing.domain.simulator import (
    MINUTES_A_MONTH,
    History,
    Kind,
    Migration,
    Quota,
    Scenario,
    Write,
    replay,
    seconds_of,
    simulate,
)

START = datetime(2026, 8, 1, tzinfo=UTC)
QUARTER, FOUR_HOURS, DAY, WEEK = 15, 240, 1440, 10_080
MONTH = timedelta(minutes=MINUTES_A_MONTH)
FLAT = Price(Decimal("0.002"), "USD", USUAL_RULE, START)
TIERED = replace(FLAT, tiers=(Tier(1000, Decimal("0.0015")), Tier(5000, Decimal("0.001"))))
QUOTA = Quota()


def at(hours, minutes=0):
    return START + timedelta(hours=hours, minutes=minutes)


def past(*writes, people=5000, users=6000, sizes=(100, 1500), length=MONTH, every=QUARTER):
    return History(people, users, sizes, START, START + length, writes, every)


def cost(answer):
    return answer.month.ours.amount


WRITES = (
    Write(at(1), Kind.CHANGE, "anna"),
    Write(at(1, 20), Kind.CHANGE, "anna"),  # corrected twenty minutes later
    Write(at(5), Kind.CHANGE, "anna"),
    Write(at(1), Kind.CHANGE, "ben"),
    Write(at(2), Kind.CREATE, "carla"),
    Write(at(2, 1), Kind.SECOND, "carla"),
    Write(at(3), Kind.CHANGE, "carla"),  # a day's creation would have carried it
    Write(at(1), Kind.ADD, "staff", 15),
    Write(at(2), Kind.ADD, "staff", 15),
    Write(at(2), Kind.ADD, "leads", 1),
    Write(at(2), Kind.REMOVE, "staff", 3),
    Write(at(3), Kind.GROUP, "leads"),
    Write(at(30), Kind.DELETE, "ben"),
)


@pytest.mark.parametrize(
    ("minutes", "changes", "additions"),
    [
        (QUARTER, 5, 3),
        (60, 4, 3),  # Anna's first two are one
        (FOUR_HOURS, 3, 3),  # Carla's is in her creation; 30 members are two calls
        (DAY, 2, 3),
        (2 * DAY, 1, 3),  # Ben's is not needed any more
    ],
)
def test_an_interval_takes_together_what_falls_into_it(minutes, changes, additions):
    calls = replay(past(*WRITES), minutes)
    assert calls == {
        Kind.CREATE: 1,
        Kind.SECOND: 1,
        Kind.CHANGE: changes,
        Kind.DELETE: 1,
        Kind.GROUP: 1,
        Kind.ADD: additions,
        Kind.REMOVE: 3,
    }


def test_additions_share_calls_within_an_interval():
    small = [Write(at(hour), Kind.ADD, "staff", 5) for hour in range(8)]
    assert [replay(past(*small), each)[Kind.ADD] for each in (60, FOUR_HOURS, DAY)] == [8, 2, 2]


def test_a_month_of_one_tenant():
    answer = simulate(past(*WRITES), Scenario(QUARTER, WEEK), FLAT, QUOTA)
    # 7 pages of users, one of groups, 1 + 2 of members; 43,830 / 10,080 times a month.
    assert answer.month.ours.calls == {
        Kind.CREATE: 1,
        Kind.SECOND: 1,
        Kind.CHANGE: 5,
        Kind.DELETE: 1,
        Kind.GROUP: 1,
        Kind.ADD: 3,
        Kind.REMOVE: 3,
        Kind.RECONCILE: 48,
    }
    assert answer.month.ours.total == 63
    assert cost(answer) == Decimal("0.126")
    naive = answer.month.naive
    assert naive.calls[Kind.READ] == 5000 * 2922
    assert naive.calls[Kind.ADD] == 31
    assert Kind.RECONCILE not in naive.calls
    assert naive.total == 5000 * 2922 + 43
    assert answer.month.saved_calls == naive.total - 63
    assert answer.month.saved == naive.total * Decimal("0.002") - Decimal("0.126")
    assert answer.units.person == Decimal("0.0000252")
    assert answer.units.change == Decimal("0.002285714")  # 8 calls for 7: a creation took two
    assert answer.units.membership == Decimal("0.000352941")  # 6 calls for 34
    assert answer.currency == "USD"


def test_how_often_it_syncs_changes_hardly_anything_and_how_often_the_naive_way_does():
    days = [
        Write(at(24 * (person % 28) + person % 9), Kind.CHANGE, f"{person}")
        for person in range(1000)
    ]
    history = past(*days)
    totals, naive = zip(
        *(
            (answer.month.ours.total, answer.month.naive.total)
            for minutes in (QUARTER, FOUR_HOURS, DAY)
            for answer in [simulate(history, Scenario(minutes), FLAT, QUOTA)]
        ),
        strict=True,
    )
    assert totals == (1000, 1000, 1000)
    assert naive == (5000 * 2922 + 1000, 5000 * 183 + 1000, 5000 * 31 + 1000)


@pytest.mark.parametrize(
    ("minutes", "calls"),
    [(None, 0), (MINUTES_A_MONTH, 11), (WEEK, 48), (DAY, 335)],
)
def test_reconciles(minutes, calls):
    answer = simulate(past(), Scenario(DAY, minutes), FLAT, QUOTA)
    assert answer.month.ours.calls.get(Kind.RECONCILE, 0) == calls == answer.month.ours.total
    grown = simulate(past(), Scenario(DAY, minutes, growth_percent=20), FLAT, QUOTA)
    assert (grown.month.ours.total > calls) is (minutes is not None)


def test_growth_is_one_of_people_and_of_changes():
    changes = [Write(at(hour), Kind.CHANGE, f"{hour}") for hour in range(10)]
    history = past(*changes, people=100, users=1000, sizes=(0,))
    usual, more = (
        simulate(history, Scenario(DAY, MINUTES_A_MONTH, growth), FLAT, QUOTA).month
        for growth in (0, 25)
    )
    assert usual.ours.calls == {Kind.CHANGE: 10, Kind.RECONCILE: 4}  # an empty group is a call, too
    assert more.ours.calls == {Kind.CHANGE: 13, Kind.RECONCILE: 4}
    assert (usual.naive.calls[Kind.READ], more.naive.calls[Kind.READ]) == (3100, 3875)


def test_reads_need_time_but_no_writes():
    large = past(users=9_990_000, sizes=())
    ours = simulate(large, Scenario(DAY, MINUTES_A_MONTH), FLAT, QUOTA).month.ours
    assert ours.total == 10_000
    assert (ours.least_seconds, ours.most_seconds) == (15, 25)  # two units a page
    naive = simulate(past(), Scenario(DAY), FLAT, QUOTA).month.naive
    assert (naive.least_seconds, naive.most_seconds) == (184, 194)  # 155,000 of one unit


def test_a_migration_comes_on_top_of_the_month():
    move = Migration(people=1000, memberships=1010, groups=10, second_calls=50, new_groups=10)
    answer = simulate(past(*WRITES), Scenario(DAY, None, 0, move), TIERED, QUOTA)
    ours, naive = answer.migration.ours, answer.migration.naive
    assert ours.calls == {
        Kind.CREATE: 1000,
        Kind.SECOND: 50,
        Kind.GROUP: 10,
        Kind.ADD: 60,  # 101 members in each: six calls
    }
    assert naive.calls[Kind.ADD] == 1010
    assert naive.calls[Kind.LOOKUP] == 1000
    before = answer.month.ours.total
    assert ours.amount == TIERED.amount(1120, before)
    assert ours.amount == TIERED.amount(1120 + before) - TIERED.amount(before)
    assert (ours.least_seconds, ours.most_seconds) == (0, 56)
    uneven = Migration(people=41, memberships=41, groups=2)
    assert simulate(past(), Scenario(DAY, migration=uneven), FLAT, QUOTA).migration.ours.calls == {
        Kind.CREATE: 41,
        Kind.ADD: 3,  # 21 and 20
    }


@pytest.mark.parametrize(
    ("writes", "units", "expected"),
    [
        (0, 0, (0, 0)),
        (3000, 3000, (0, 150)),  # a full bucket goes at once
        (3001, 3001, (1, 151)),
        (10_000, 10_000, (350, 500)),  # the fact sheet's example
        (0, 800_000, (990, 1000)),  # reads alone: resource units bind
        (10_000, 800_000, (990, 1000)),
    ],
)
def test_time_under_the_quota(writes, units, expected):
    assert seconds_of(writes, units, QUOTA) == expected


def test_what_to_know_is_said():
    week = past(length=timedelta(days=7), every=DAY)
    assert simulate(week, Scenario(QUARTER), FLAT, QUOTA).notes == [
        "From 7 days of history: a rough picture.",
        "Syncs would be closer together than they were: changes that one of them took together may"
        " then be several calls.",
        "Without reconciles nobody notices what was changed in Entra by hand.",
    ]
    assert simulate(past(), Scenario(DAY, WEEK), FLAT, QUOTA).notes == [
        "What a reconcile finds and puts right comes on top."
    ]


@pytest.mark.parametrize(
    ("history", "scenario", "words"),
    [
        (past(length=timedelta(hours=23)), Scenario(DAY), "one day of history"),
        (past(Write(START + MONTH, Kind.CHANGE, "x")), Scenario(DAY), "outside"),
        (past(), Scenario(0), "minute"),
        (past(), Scenario(DAY, 0), "minute"),
        (past(), Scenario(DAY, None, -101), "-100 %"),
        (past(), Scenario(DAY, None, 0, Migration(-1)), "0 or more"),
        (past(), Scenario(DAY, None, 0, Migration(1, 1, 0)), "0 or more"),
        (past(), Scenario(DAY, None, 0, Migration(1, 3, 2)), "twice"),
        (past(), Scenario(DAY, None, 0, Migration(1, second_calls=2)), "second calls"),
    ],
)
def test_what_cannot_be_is_refused(history, scenario, words):
    with pytest.raises(ValueError, match=words):
        simulate(history, scenario, FLAT, QUOTA)


written = st.sampled_from([kind for kind in Kind if kind in replay(past(), DAY)])
writes = st.lists(
    st.builds(
        Write,
        st.integers(0, MINUTES_A_MONTH - 1).map(lambda each: at(0, each)),
        written,
        st.sampled_from("abcde"),
        st.integers(1, 60),
    ),
    max_size=30,
)
sizes = st.lists(st.integers(0, 5000), max_size=4)
pasts = st.builds(
    lambda found, people, strangers, groups: past(
        *found, people=people, users=people + strangers, sizes=tuple(groups)
    ),
    writes,
    st.integers(0, 20_000),
    st.integers(0, 5000),
    sizes,
)
intervals = st.sampled_from((QUARTER, 60, FOUR_HOURS, DAY, WEEK))
reconciles = st.none() | st.sampled_from((DAY, WEEK, MINUTES_A_MONTH))
prices = st.builds(
    lambda first, tiers: replace(FLAT, unit_price=first, tiers=tuple(tiers)),
    st.decimals(0, 1, places=4),
    st.lists(
        st.builds(Tier, st.integers(1, 10**5), st.decimals(0, 1, places=4)),
        max_size=3,
        unique_by=lambda tier: tier.above,
    ),
)
growths = st.integers(-100, 300)


@given(pasts, intervals, reconciles, prices, growths, growths)
@settings(deadline=None)
def test_more_growth_never_costs_less(history, minutes, reconcile, price, one, other):
    small, large = sorted((one, other))
    less = simulate(history, Scenario(minutes, reconcile, small), price, QUOTA).month
    more = simulate(history, Scenario(minutes, reconcile, large), price, QUOTA).month
    for before, after in ((less.ours, more.ours), (less.naive, more.naive)):
        assert before.total <= after.total
        assert before.amount <= after.amount
        assert before.most_seconds <= after.most_seconds
        assert before.least_seconds <= after.least_seconds
    if small == -100:
        assert set(less.ours.calls) <= {Kind.RECONCILE}


@given(pasts, reconciles, prices, st.integers(0, 3))
@settings(deadline=None)
def test_syncs_further_apart_never_cost_more(history, reconcile, price, at_interval):
    nested = (QUARTER, 60, FOUR_HOURS, DAY, WEEK)
    near, far = nested[at_interval : at_interval + 2]
    often = simulate(history, Scenario(near, reconcile), price, QUOTA).month
    seldom = simulate(history, Scenario(far, reconcile), price, QUOTA).month
    assert seldom.ours.total <= often.ours.total
    assert seldom.ours.amount <= often.ours.amount
    assert seldom.naive.total <= often.naive.total


@given(pasts, intervals, reconciles, prices, growths)
@settings(deadline=None)
def test_the_naive_way_costs_more_where_its_reads_are_more_than_our_reconciles(
    history, minutes, reconcile, price, growth
):
    found = simulate(history, Scenario(minutes, reconcile, growth), price, QUOTA).month
    writes = {kind: found.ours.calls.get(kind, 0) for kind in Kind if kind is not Kind.RECONCILE}
    for kind, count in writes.items():
        assert found.naive.calls.get(kind, 0) >= count
    reads, reconciling = found.naive.calls.get(Kind.READ, 0), found.ours.calls.get(Kind.RECONCILE)
    if reads >= (reconciling or 0):
        assert found.saved_calls >= 0
        assert found.saved >= 0
    assert found.ours.amount == price.amount(found.ours.total)
    assert found.saved_calls == found.naive.total - found.ours.total


@given(st.integers(0, 20_000), intervals, growths)
def test_without_changes_nothing_is_written_and_without_people_nothing_is_read(
    people, minutes, growth
):
    quiet = simulate(past(people=people), Scenario(minutes, None, growth), FLAT, QUOTA)
    assert quiet.month.ours.calls == {}
    assert quiet.month.ours.amount == 0
    assert (quiet.month.ours.least_seconds, quiet.month.ours.most_seconds) == (0, 0)
    assert set(quiet.month.naive.calls) <= {Kind.READ}
    assert quiet.units.change is None
    assert quiet.units.membership is None


moves = st.builds(
    lambda people, groups, share, second, new: Migration(
        people, people * groups * share // 100, groups, people * second // 100, new
    ),
    st.integers(0, 20_000),
    st.integers(1, 50),
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 50),
)


@given(moves, prices)
def test_a_migration_never_takes_more_calls_than_the_naive_one(move, price):
    answer = simulate(past(), Scenario(DAY, WEEK, 0, move), price, QUOTA)
    ours, naive = answer.migration.ours, answer.migration.naive
    assert ours.calls.get(Kind.CREATE, 0) == move.people
    packs = ours.calls.get(Kind.ADD, 0)
    assert -(-move.memberships // 20) <= packs <= move.memberships
    assert packs <= -(-move.memberships // 20) + move.groups
    assert ours.total <= naive.total
    assert ours.amount == price.amount(ours.total, answer.month.ours.total)
    assert 0 <= ours.least_seconds <= ours.most_seconds <= naive.most_seconds
