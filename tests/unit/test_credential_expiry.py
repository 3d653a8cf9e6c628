"""Of an end that comes nearer people are told once at each threshold, whenever somebody looks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.domain.expiry import THRESHOLDS, remaining, threshold, to_tell

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "found"),
    [
        (timedelta(days=60, seconds=1), None),
        (timedelta(days=60), 60),
        (timedelta(days=30, seconds=1), 60),
        (timedelta(days=30), 30),
        (timedelta(days=14), 14),
        (timedelta(days=3, seconds=1), 14),
        (timedelta(days=3), 3),
        (timedelta(seconds=1), 3),
        (timedelta(), 0),
        (timedelta(days=-400), 0),
    ],
)
def test_the_narrowest_threshold_that_has_been_passed(left, found):
    assert threshold(NOW + left, NOW) == found


def test_what_has_no_end_is_never_told_of():
    assert threshold(None, NOW) is to_tell(None, NOW, None) is None


@given(st.lists(st.floats(0, 70), max_size=60))
def test_each_threshold_is_told_of_once_and_in_order(days):
    """Whenever it is looked at: every look tells at most what was not told before."""
    end, told, heard = NOW + timedelta(days=65), None, []
    for day in sorted(days):
        found = to_tell(end, NOW + timedelta(days=day), told)
        if found is not None:
            told = found
            heard.append(found)
    assert heard == sorted(set(heard), reverse=True)
    assert set(heard) <= set(THRESHOLDS)


def test_looking_daily_tells_of_every_threshold():
    told, heard = None, []
    for day in range(80):
        found = to_tell(NOW + timedelta(days=70), NOW + timedelta(days=day), told)
        told = told if found is None else found
        heard += [] if found is None else [found]
    assert heard == [60, 30, 14, 3, 0]


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=12), "expires in 12 days, on 2027-03-13"),
        (timedelta(hours=5), "expires in 1 day, on 2027-03-01"),
        (timedelta(days=1, seconds=1), "expires in 2 days, on 2027-03-02"),
        (timedelta(), "expired on 2027-03-01"),
    ],
)
def test_how_long_it_is_in_words(left, words):
    assert remaining(NOW + left, NOW) == words
