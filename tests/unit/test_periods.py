"""Billing hours, days and months are UTC and half-open."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.periods import Month, hour_of, month_of, parse_month

EAST, WEST = timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))
months = st.builds(Month, st.integers(2, 9998), st.integers(1, 12))
instants = st.integers(0, 9000 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@pytest.mark.parametrize(
    ("instant", "month"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), Month(2026, 3)),
        (datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC), Month(2026, 3)),
        (datetime(2026, 4, 1, 5, tzinfo=EAST), Month(2026, 3)),  # still March in UTC
        (datetime(2026, 3, 31, 16, tzinfo=WEST), Month(2026, 4)),  # April in UTC already
        (datetime(2026, 12, 31, 23, tzinfo=WEST), Month(2027, 1)),
    ],
)
def test_the_month_of_an_instant_is_utcs(instant, month):
    assert month_of(instant) == month


@pytest.mark.parametrize(
    ("instant", "hour"),
    [
        (datetime(2026, 3, 1, 10, 59, 59, 9, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (datetime(2026, 3, 1, 11, tzinfo=UTC), datetime(2026, 3, 1, 11, tzinfo=UTC)),
        # half-hour zones: 10:00 there is 04:30 here
        (datetime(2026, 3, 1, 10, tzinfo=EAST), datetime(2026, 3, 1, 4, tzinfo=UTC)),
    ],
)
def test_the_hour_of_an_instant_is_utcs(instant, hour):
    assert hour_of(instant) == hour
    assert hour_of(instant).tzinfo is UTC


@given(instants)
def test_an_instant_lies_in_its_month_and_hour_and_in_no_other(instant):
    month, hour = month_of(instant), hour_of(instant)
    assert month.start <= instant < month.end
    assert hour <= instant < hour + timedelta(hours=1)
    assert month.previous().end == month.start
    assert month.end == month.next().start
    assert month_of(hour) == month  # an hour never lies in two months


@given(months)
def test_days_cover_the_month_without_gaps(month):
    days = month.days
    assert (days[0], days[-1] + timedelta(days=1)) == (month.start.date(), month.end.date())
    assert all(after - before == timedelta(days=1) for before, after in pairwise(days))


@given(months)
def test_next_and_previous_undo_each_other(month):
    assert month.next().previous() == month == month.previous().next()
    assert month.previous() < month < month.next()


@given(st.builds(Month, st.integers(2000, 2099), st.integers(1, 12)))
def test_a_month_is_written_and_read_alike(month):
    assert parse_month(str(month)) == month


@pytest.mark.parametrize(
    ("month", "days"),
    [
        (Month(2026, 2), 28),
        (Month(2028, 2), 29),
        (Month(2100, 2), 28),  # no leap year
        (Month(2026, 12), 31),
    ],
)
def test_the_length_of_months(month, days):
    assert len(month.days) == days
    assert month.days[-1] == date(month.year, month.number, days)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-00",
        "2026-13",
        "2026-3-1",
        "26-03",
        "2026/03",
        "2026-03 ",
        "0000-01",  # there is no year 0
        "0001-01",  # calendars end before its first hour in other zones
        "1999-12",
        "2100-01",
        "9999-12",  # its end lies after the last day there is
        "march",
    ],
)
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError):
        parse_month(text)


@pytest.mark.parametrize("text", ["2000-01", "2026-03", "2099-12"])
def test_every_month_that_is_read_has_a_start_and_an_end(text):
    month = parse_month(text)
    assert month.start < month.end
