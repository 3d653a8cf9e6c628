"""What a sample says of the whole, what reading costs, and how often to do it."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.verification import (
    INTERVALS,
    Observation,
    advise,
    daily_drift,
    forecast,
    share_interval,
)

PRICE = Decimal("0.002")


@pytest.mark.parametrize(
    ("users", "managed", "sample", "calls", "whole"),
    [
        (0, 0, None, 1, True),  # the first page is asked for in any case
        (999, 900, None, 1, True),
        (1000, 900, None, 2, True),
        (100_000, 90_000, None, 101, True),
        (5_000, 4_000, 20, 6, True),  # all are read in fewer calls than twenty one by one
        (100_000, 90_000, 20, 20, False),
        (100_000, 90_000, 101, 101, True),  # as many calls, but an exact answer
        (100_000, 90_000, 100, 100, False),
        (100_000, 7, 20, 7, False),  # there are no twenty
    ],
)
def test_the_fewest_calls(users, managed, sample, calls, whole):
    found = forecast(users, managed, sample, 999)
    assert (found.calls, found.whole) == (calls, whole)
    assert found.instead == (whole and sample is not None)


def chance_of(drifted, read, bad, of):
    """Hypergeometric: so many drifted ones among those read."""
    ways = math.comb(bad, drifted) * math.comb(of - bad, read - drifted)
    return ways / math.comb(of, read)


@pytest.mark.parametrize(("of", "read"), [(40, 10), (100, 20), (1000, 20), (300, 150)])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(of, read):
    covered = []
    for bad in range(0, of + 1, max(1, of // 40)):
        found = 0.0
        for drifted in range(max(0, read - (of - bad)), min(read, bad) + 1):
            low, high = share_interval(drifted, read, of)
            if low - 1e-9 <= bad / of <= high + 1e-9:
                found += chance_of(drifted, read, bad, of)
        covered.append(found)
    assert sum(covered) / len(covered) > 0.94
    assert min(covered) > 0.8


@given(
    st.integers(1, 500).flatmap(lambda of: st.tuples(st.just(of), st.integers(0, of))), st.data()
)
def test_bounds_hold_what_was_seen_and_narrow_with_more(sizes, data):
    of, read = sizes
    drifted = data.draw(st.integers(0, read))
    low, high = share_interval(drifted, read, of)
    assert 0 <= low <= high <= 1
    assert low * of >= drifted - 1e-6 if read else low == 0
    if read == of:
        assert low == high == drifted / of
    elif read:
        assert low <= drifted / read + 1e-9
        assert high >= drifted / read - 1e-9


def test_without_history_there_is_no_advice():
    assert advise([], 1, PRICE, 0.01) is None
    assert advise([Observation(3, 0, 1.0), Observation(0, 5, 0.0)], 1, PRICE, 0.01) is None


def test_minutes_say_nothing_of_days():
    minutes = Observation(3, 12, 0.17)
    assert advise([minutes], 1, PRICE, 0.01) is None
    assert advise([minutes, Observation(0, 12, 0.83)], 1, PRICE, 0.01) is not None
    assert daily_drift([minutes]) == 1.0


def test_none_drifted_is_not_taken_for_never():
    assert daily_drift([Observation(0, 100, 10.0)]) == pytest.approx(0.0005)


seen = st.lists(
    st.builds(
        lambda read, part, days: Observation(int(read * part), read, days),
        st.integers(1, 10_000),
        st.floats(0, 1),
        st.floats(1, 100),
    ),
    min_size=1,
    max_size=6,
)


@given(seen, st.integers(1, 500), st.floats(0.0001, 1))
def test_the_longest_interval_that_is_bearable(history, calls, tolerance):
    advice = advise(history, calls, PRICE, tolerance)
    assert [each.days for each in advice.choices] == [*INTERVALS]
    shares = [each.share for each in advice.choices]
    assert shares == sorted(shares)
    fitting = [each for each in advice.choices if each.share <= tolerance]
    assert advice.choice == (fitting[-1] if fitting else advice.choices[0])
    assert ("more than" in advice.sentence) is (not fitting)


@given(seen, st.floats(0.0001, 1))
def test_more_drift_never_means_looking_less_often(history, tolerance):
    worse = [Observation(each.read, each.read, each.days) for each in history]
    one, other = (advise(each, 1, PRICE, tolerance) for each in (history, worse))
    assert other.choice.days <= one.choice.days


def test_money_is_that_of_a_month():
    advice = advise([Observation(0, 100_000, 30.0)], 101, PRICE, 0.01)
    weekly = next(each for each in advice.choices if each.days == 7)
    assert weekly.cost == Decimal("0.8783")  # 101 * 0.002 * 30.4375 / 7
    assert "within the 1 % you accept" in advice.sentence
