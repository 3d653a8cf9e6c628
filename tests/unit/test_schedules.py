"""When schedules run and blackouts end, against an oracle that walks through the minutes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from provisioning.domain import blackouts
from provisioning.domain.blackouts import (
    BlackoutError,
    Dated,
    Weekly,
    Window,
    in_blackout,
    leaves_no_gap,
)
from provisioning.domain.local_time import told
from provisioning.domain.schedules import (
    EVERY_DAY,
    At,
    Every,
    ScheduleError,
    next_run,
    sentence,
)

BERLIN, MINUTE, DAY = ZoneInfo("Europe/Berlin"), timedelta(minutes=1), timedelta(days=1)
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",  # half an hour off
        "Australia/Lord_Howe",  # the clocks change by half an hour
        "Africa/Casablanca",  # back for Ramadan
        "America/Santiago",  # no midnight on the day the clocks go forward
        "Asia/Kathmandu",
    )
]
# Days around which the clocks of these zones change.
CHANGES = [
    date(2026, 3, 29),
    date(2026, 10, 25),
    date(2026, 3, 8),
    date(2026, 11, 1),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 9, 6),
    date(2026, 2, 15),
    date(2026, 3, 22),
    date(2026, 6, 17),
]

days = st.one_of(
    st.builds(lambda day, off: day + off * DAY, st.sampled_from(CHANGES), st.integers(-2, 2)),
    st.dates(date(2024, 1, 1), date(2030, 12, 31)),
)
clock = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 29, 30, 59]))
weekdays = st.frozensets(st.integers(0, 6), min_size=1)
zones = st.sampled_from(ZONES)
instants = st.builds(
    lambda day, minute: datetime.combine(day, time(), UTC) + minute * MINUTE,
    days,
    st.integers(0, 1439),
)


@cache
def walls(zone: ZoneInfo, middle: date, width: int) -> list[tuple[datetime, datetime]]:
    """Every minute (UTC) around a day, with what the clock shows then."""
    begin = datetime.combine(middle - width * DAY, time(), UTC)
    minutes = (begin + step * MINUTE for step in range(2 * width * 1440))
    return [(minute, minute.astimezone(zone).replace(tzinfo=None)) for minute in minutes]


def first_at(minutes: list[tuple[datetime, datetime]], naive: datetime) -> datetime:
    """The first minute at which the clock shows this or, if it is skipped, more."""
    return next(minute for minute, wall in minutes if wall >= naive)


def never_less(minutes: list[tuple[datetime, datetime]], naive: datetime) -> datetime:
    """The minute from which on the clock never shows less."""
    return next(minute for minute, wall in reversed(minutes) if wall < naive) + MINUTE


def days_around(middle: date, width: int) -> Iterator[date]:
    return (middle + off * DAY for off in range(-width, width + 1))


# Schedules.


@given(zones, st.frozensets(clock, min_size=1, max_size=2), weekdays, instants)
@example(BERLIN, frozenset({time(2, 30)}), EVERY_DAY, datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
@example(BERLIN, frozenset({time(2, 30)}), EVERY_DAY, datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
@example(ZONES[6], frozenset({time(0)}), EVERY_DAY, datetime(2026, 9, 6, 3, 0, tzinfo=UTC))
def test_the_next_run_is_the_one_found_by_walking(
    zone: ZoneInfo, times: frozenset[time], on: frozenset[int], after: datetime
) -> None:
    middle = after.date()
    minutes = walls(zone, middle, 10)
    runs = {
        first_at(minutes, datetime.combine(day, at))
        for day in days_around(middle, 8)
        if day.weekday() in on
        for at in times
    }
    assert next_run(At(times, on, zone), after) == min(run for run in runs if run > after)


@given(st.integers(5, 10080), instants, instants)
def test_every_so_many_minutes_counts_from_the_anchor(
    minutes: int, anchor: datetime, after: datetime
) -> None:
    run = next_run(Every(minutes, anchor, BERLIN), after)
    step = timedelta(minutes=minutes)
    assert after < run <= after + step
    assert (run - anchor) % step == timedelta()


def test_a_time_that_is_skipped_runs_when_the_gap_ends_and_one_that_comes_twice_once() -> None:
    schedule = At(frozenset({time(2, 30), time(2, 45)}), EVERY_DAY, BERLIN)
    gap_ends = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert next_run(schedule, datetime(2026, 3, 29, 0, 0, tzinfo=UTC)) == gap_ends
    assert next_run(schedule, gap_ends) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC), "both, once"
    autumn = At(frozenset({time(2, 30)}), EVERY_DAY, BERLIN)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_run(autumn, first - MINUTE) == first
    assert next_run(autumn, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_day_that_a_zone_left_out_runs_at_its_end() -> None:
    apia = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011
    schedule = At(frozenset({time(6)}), frozenset({4}), apia)
    run = next_run(schedule, datetime(2011, 12, 29, tzinfo=UTC))
    assert run == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert run.astimezone(apia).date() == date(2011, 12, 31)


def test_however_long_nobody_looked_one_run_is_next() -> None:
    schedule = Every(5, datetime(2026, 1, 1, tzinfo=UTC), BERLIN)
    back = datetime(2026, 6, 1, 12, 2, tzinfo=UTC)
    assert next_run(schedule, back) == datetime(2026, 6, 1, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Every(4, datetime(2026, 1, 1, tzinfo=UTC), BERLIN), "at least 5 minutes"),
        (lambda: Every(10081, datetime(2026, 1, 1, tzinfo=UTC), BERLIN), "at most a week"),
        (lambda: At(frozenset(), EVERY_DAY, BERLIN), "at least one time"),
        (lambda: At(frozenset({time(6)}), frozenset(), BERLIN), "at least one day"),
        (lambda: At(frozenset({time(6)}), frozenset({7}), BERLIN), "at least one day"),
    ],
)
def test_what_is_no_schedule_is_refused(build: object, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        build()  # type: ignore[operator]


def test_schedules_are_told_as_people_would() -> None:
    anchor = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
    times = frozenset({time(18), time(6)})
    assert sentence(At(times, frozenset({3, 0}), BERLIN)) == (
        "Every Monday and Thursday at 06:00 and 18:00 (Europe/Berlin)"
    )
    assert sentence(At(frozenset({time(6)}), EVERY_DAY, BERLIN)) == (
        "Every day at 06:00 (Europe/Berlin)"
    )
    assert sentence(At(frozenset({time(6)}), frozenset({0, 2, 4}), BERLIN)) == (
        "Every Monday, Wednesday and Friday at 06:00 (Europe/Berlin)"
    )
    told_anchor = "counted from 25 Nov 2026, 06:00 (Europe/Berlin)"
    assert sentence(Every(15, anchor, BERLIN)) == f"Every 15 minutes, {told_anchor}"
    assert sentence(Every(120, anchor, BERLIN)) == f"Every 2 hours, {told_anchor}"
    assert sentence(Every(60, anchor, BERLIN)) == f"Every hour, {told_anchor}"
    assert told(anchor, BERLIN) == "Wed 25 Nov 2026, 06:00 (Europe/Berlin)"


# Blackouts.

weekly = st.builds(Weekly, weekdays, clock, clock)
dated = st.builds(
    lambda day, begins, length, ends: Dated(day, begins, day + length * DAY, ends),
    days,
    clock,
    st.integers(1, 4),
    clock,
)
windows = st.lists(st.one_of(weekly, dated), max_size=3)


def spans(
    known: Iterable[Window], zone: ZoneInfo, middle: date, width: int
) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end of each occurrence, by walking through the minutes."""
    minutes = walls(zone, middle, width + 4)
    low, high = minutes[2][1], minutes[-2][1]
    for window in known:
        if isinstance(window, Dated):
            occurrences = [(window.first_day, window.last_day)]
        else:
            over = window.ends <= window.begins
            on = [day for day in days_around(middle, width) if day.weekday() in window.days]
            occurrences = [(day, day + over * DAY) for day in on]
        for first, last in occurrences:
            begins = datetime.combine(first, window.begins)
            ends = datetime.combine(last, window.ends)
            if low < begins < high and low < ends < high:
                yield first_at(minutes, begins), never_less(minutes, ends)


@given(windows, zones, instants)
@example([Weekly(EVERY_DAY, time(1), time(2, 30))], BERLIN, datetime(2026, 10, 25, 1, tzinfo=UTC))
@example([Weekly(EVERY_DAY, time(22), time(2))], BERLIN, datetime(2026, 10, 24, 23, tzinfo=UTC))
@example([Weekly(EVERY_DAY, time(2, 15), time(4))], BERLIN, datetime(2026, 3, 29, 1, tzinfo=UTC))
def test_a_blackout_ends_where_walking_finds_its_end(
    known: list[Window], zone: ZoneInfo, now: datetime
) -> None:
    assume(not leaves_no_gap(known, zone, now))
    found = list(spans(known, zone, now.date(), 12))
    minute = now
    while any(begins <= minute < ends for begins, ends in found):
        minute += MINUTE
    assume(minute - now < 10 * DAY)
    expected = None if minute == now else minute
    assert in_blackout(known, zone, now) == expected


def test_windows_that_touch_are_one_and_those_that_cross_midnight_go_on() -> None:
    friday_night = Weekly(frozenset({4}), time(22), time(0))
    saturday = Weekly(frozenset({5}), time(0), time(6))
    now = datetime(2026, 11, 27, 22, 0, tzinfo=UTC)  # Friday, 23:00 in Berlin
    end = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)
    assert in_blackout([friday_night, saturday], BERLIN, now) == end
    assert in_blackout([Weekly(frozenset({4}), time(22), time(6))], BERLIN, now) == end
    assert in_blackout([friday_night, saturday], BERLIN, end) is None
    assert in_blackout([], BERLIN, now) is None


def test_a_long_dated_range_is_seen_to_its_end() -> None:
    freeze = Dated(date(2026, 12, 18), time(18), date(2027, 4, 1), time(6))
    now = datetime(2026, 12, 20, tzinfo=UTC)
    assert in_blackout([freeze], BERLIN, now) == datetime(2027, 4, 1, 4, 0, tzinfo=UTC)


def test_windows_that_leave_no_time_are_recognised() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    days_only = Weekly(EVERY_DAY, time(6), time(22))
    assert not leaves_no_gap([days_only], BERLIN, now)
    assert leaves_no_gap([days_only, Weekly(EVERY_DAY, time(22), time(6))], BERLIN, now)
    assert leaves_no_gap([Weekly(EVERY_DAY, time(0), time(0))], BERLIN, now)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Weekly(frozenset(), time(1), time(2)), "at least one day"),
        (lambda: Dated(date(2026, 1, 2), time(1), date(2026, 1, 2), time(1)), "before it begins"),
        (lambda: Dated(date(2026, 1, 2), time(1), date(2026, 1, 1), time(2)), "before it begins"),
    ],
)
def test_what_is_no_blackout_is_refused(build: object, words: str) -> None:
    with pytest.raises(BlackoutError, match=words):
        build()  # type: ignore[operator]


def test_windows_are_told_as_people_would() -> None:
    assert blackouts.sentence(Weekly(frozenset({5}), time(22), time(6))) == (
        "Every Saturday from 22:00 to 06:00 the next day"
    )
    freeze = Dated(date(2026, 12, 18), time(18), date(2027, 1, 4), time(6))
    assert blackouts.sentence(freeze) == "From Fri 18 Dec 2026, 18:00 to Mon 4 Jan 2027, 06:00"
