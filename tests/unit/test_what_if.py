"""How often a tenant syncs, from schedules and from moments; what stands side by side."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.charts import paired_bars
from billing.domain.pricing import USUAL_RULE, Price
from billing.domain.simulator import (
    MINUTES_A_MONTH,
    History,
    Kind,
    Migration,
    Scenario,
    Write,
)
from provisioning.domain.schedules import At, Every, next_run
from provisioning.domain.what_if import (
    DAY,
    FOUR_HOURS,
    HOUR,
    PRESETS,
    QUARTER,
    SYNCS,
    WEEK,
    interval_words,
    migration_alone,
    minutes_between,
    side_by_side,
    usual_minutes,
)
from provisioning.templatetags.simulator_ui import duration

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 8, 3, tzinfo=UTC)  # a Monday
PRICE = Price(Decimal("0.002"), "USD", USUAL_RULE, START)
HISTORY = History(
    1000,
    1200,
    (40, 2000),
    START,
    START + timedelta(days=30),
    tuple(Write(START + timedelta(hours=at), Kind.CHANGE, f"{at % 50}") for at in range(600)),
    DAY,
)

rules = st.lists(
    st.builds(
        Every,
        st.sampled_from([5, 15, 30, 60, 240, 1440, 10_080]),
        st.just(START),
        st.just(UTC_ZONE),
    )
    | st.builds(
        At,
        st.frozensets(st.sampled_from([time(hour) for hour in range(24)]), min_size=1),
        st.frozensets(st.integers(0, 6), min_size=1),
        st.just(UTC_ZONE),
    ),
    max_size=4,
)


@given(rules)
def test_minutes_between_runs_are_those_of_a_week_walked_through(found):
    runs = 0
    for rule in found:
        at = START - timedelta(seconds=1)
        while (at := next_run(rule, at)) < START + timedelta(days=7):
            runs += 1
    assert minutes_between(found) == (max(1, round(WEEK / runs)) if runs else None)


def test_syncs_that_come_by_hand_are_taken_for_a_usual_interval():
    days = [START + timedelta(days=number, minutes=7 * number % 40) for number in range(9)]
    assert usual_minutes(days) == DAY
    assert usual_minutes(days[::-1]) == DAY
    assert usual_minutes([*days, days[0] + timedelta(minutes=4)]) == DAY  # one correction
    assert usual_minutes([START, START + timedelta(days=3)]) == 3 * DAY
    assert usual_minutes([START, START]) == 1
    assert usual_minutes([START]) is None


@given(st.sampled_from(SYNCS), st.integers(2, 20))
def test_what_is_regular_is_found(minutes, count):
    assert (
        usual_minutes([START + timedelta(minutes=minutes * at) for at in range(count)]) == minutes
    )


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (None, "never"),
        (1, "every minute"),
        (QUARTER, "every 15 minutes"),
        (HOUR, "every hour"),
        (FOUR_HOURS, "every 4 hours"),
        (DAY, "every day"),
        (2 * DAY, "every 2 days"),
        (WEEK, "every week"),
        (MINUTES_A_MONTH, "every month"),
        (90, "every 90 minutes"),
        (1441, "about every 24 hours"),
        (2999, "about every 2 days"),
        (3000, "every 50 hours"),
    ],
)
def test_intervals_in_words(minutes, words):
    assert interval_words(minutes) == words


scenarios = st.builds(
    Scenario,
    st.sampled_from((*SYNCS, 77)),
    st.none() | st.sampled_from((WEEK, MINUTES_A_MONTH)),
    st.sampled_from((-10, 0, 20)),
)


@given(scenarios, scenarios, st.none() | st.just(Migration(10, 20, 2)))
def test_the_present_way_stands_first_and_the_chosen_one_once(present, chosen, move):
    present = Scenario(present.sync_minutes, present.reconcile_minutes)
    wanted = Scenario(*(getattr(chosen, n) for n in _NAMES), move)
    lines = side_by_side(HISTORY, present, wanted, PRICE)
    assert lines[0].scenario == present
    assert [line.present for line in lines] == [True, *[False] * (len(lines) - 1)]
    (asked,) = (line for line in lines if line.chosen)
    assert asked.scenario == chosen
    assert (asked.answer.migration is None) is (move is None)
    assert all(line.answer.migration is None for line in lines if line is not asked)
    assert {*PRESETS, chosen.sync_minutes} <= {line.scenario.sync_minutes for line in lines}
    assert len({(line.name, line.detail) for line in lines}) == len(lines)
    others = [line.scenario.sync_minutes for line in lines[1:]]
    assert others == sorted(set(others))


_NAMES = ("sync_minutes", "reconcile_minutes", "growth_percent")


def test_a_migration_by_itself():
    found = migration_alone(Migration(1000, 3000, 30, new_groups=30), PRICE, START)
    assert found.ours.calls == {Kind.CREATE: 1000, Kind.GROUP: 30, Kind.ADD: 150}
    assert found.ours.amount == Decimal("2.36")
    assert found.naive.total == 1000 + 30 + 3000 + 1000
    assert (found.ours.least_seconds, found.ours.most_seconds) == (0, 59)


amounts = st.decimals(0, 10**7, places=4)


@given(st.lists(st.tuples(st.text(), amounts, amounts), max_size=6))
def test_bars_are_on_one_scale_and_nothing_is_invisible(rows):
    pairs = paired_bars(rows)
    assert [(pair.label, pair.first, pair.second) for pair in pairs] == rows
    bars = [
        bar
        for pair in pairs
        for bar in ((pair.first, pair.first_width), (pair.second, pair.second_width))
    ]
    most = max((value for value, _ in bars), default=0)
    for value, width in bars:
        assert width <= 100
        assert (width >= 1) is (value > 0)
        if width > 1:
            assert width == pytest.approx(float(value / most * 100), abs=0.01)
    assert not most or max(width for _, width in bars) == 100


def test_no_bar_is_negative():
    with pytest.raises(ValueError, match="negative"):
        paired_bars([("a", Decimal(-1), Decimal(1))])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "no time"),
        (1, "1 second"),
        (90, "90 seconds"),
        (121, "3 minutes"),
        (7199, "120 minutes"),
        (7200, "2 hours"),
        (200_000, "3 days"),
    ],
)
def test_durations_are_rounded_up(seconds, words):
    assert duration(seconds) == words
