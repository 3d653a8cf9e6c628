"""Unusual hours: against the tenant's own pattern, within the hour, with the likely cause."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.unusual import HourLine, Limits, compared_hours, unusual_hour

MONDAY = datetime(2026, 11, 9, 8, tzinfo=UTC)
UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
LONG_AGO = MONDAY - timedelta(days=400)
LIMITS = Limits()


def weeks(*calls, purpose="update", hour=MONDAY):
    """The same hour of the weeks before, the newest first."""
    return {
        hour - timedelta(weeks=number): {purpose: each}
        for number, each in enumerate(calls, start=1)
        if each
    }


def flagged(calls, past, *, now=MONDAY, since=LONG_AGO, zone=UTC_ZONE, limits=LIMITS):
    lines = [HourLine("update", "7", calls)]
    return unusual_hour(now, lines, past, since, zone, limits)


@pytest.mark.parametrize(
    ("before", "calls", "unusual"),
    [
        ([], 100, False),  # weeks of nothing: small numbers never alarm
        ([], 101, True),
        ([5, 3, 4, 6, 5, 4, 5, 5], 104, False),  # 5 usual, and a floor of 100 above it
        ([5, 3, 4, 6, 5, 4, 5, 5], 106, True),
        ([1000] * 8, 2000, False),  # twice the usual is not yet unusual
        ([1000] * 8, 2001, True),
        ([1000, 400, 1600, 700, 1300, 1000, 200, 1800], 4600, False),  # it varies by 450
        ([1000, 400, 1600, 700, 1300, 1000, 200, 1800], 4601, True),
        ([9000, 100, 100, 100, 100, 100, 100, 100], 300, True),  # one odd week hides nothing
        ([100, 100, 100, 100, 100, 100, 100, 0], 200, False),  # and makes nothing
        ([0, 0, 0, 0, 5000, 5000, 5000, 5000], 7501, False),  # half of them like this: no pattern
        ([2000] * 8, 0, False),  # too few is not the question
    ],
)
def test_examples(before, calls, unusual):
    assert (flagged(calls, weeks(*before)) is not None) is unusual


def test_the_likely_cause():
    past = {
        MONDAY - timedelta(weeks=number): {"update": 400, "lookup": 20, "member_add": 100}
        for number in range(1, 9)
    }
    lines = [
        HourLine("update", "job 4", 450),
        HourLine("member_add", "job 4", 150),
        HourLine("lookup", "job 5", 300),
        HourLine("lookup", "job 6", 700),
        HourLine("lookup", "job 5", 350),
        HourLine("discovery", "", 0),
    ]
    found = unusual_hour(MONDAY + timedelta(minutes=12), lines, past, LONG_AGO, UTC_ZONE, LIMITS)
    assert (found.hour, found.calls, found.usual, found.limit) == (MONDAY, 1950, 520, 1040)
    assert (found.purpose, found.purpose_calls, found.purpose_usual) == ("lookup", 1350, 20)
    assert (found.job, found.job_calls, found.compared) == ("job 6", 700, 8)
    assert found.sentence() == (
        "1,950 calls in this hour, where about 520 are usual; 1,350 of them for lookup (usually"
        " 20)."
    )


def test_the_purpose_with_most_calls_is_not_the_cause_if_it_is_usual():
    past = {MONDAY - timedelta(weeks=n): {"update": 2000, "create": 0} for n in range(1, 9)}
    lines = [HourLine("update", "1", 2200), HourLine("create", "2", 1900)]
    found = unusual_hour(MONDAY, lines, past, LONG_AGO, UTC_ZONE, LIMITS)
    assert (found.purpose, found.job) == ("create", "2")


def test_the_customers_clock_counts():
    now = datetime(2026, 10, 26, 7, tzinfo=UTC)  # Monday, 08:00 in Berlin, winter since yesterday
    summer = {
        now - timedelta(weeks=number, hours=1): {"update": 3000}  # 08:00 in Berlin, too
        for number in range(1, 9)
    }
    assert flagged(3200, summer, now=now, zone=BERLIN) is None
    assert flagged(3200, summer, now=now, zone=UTC_ZONE) is not None


@pytest.mark.parametrize(
    ("days", "compared"),
    [
        (0, 0),  # a new tenant: nothing to compare with
        (4, 0),
        (5, 5),  # the same hour of five days
        (20, 20),
        (21, 3),  # three weeks: the same weekday from now on
        (56, 8),
        (400, 8),
    ],
)
def test_what_an_hour_is_compared_with(days, compared):
    since = MONDAY - timedelta(days=days)
    found = compared_hours(MONDAY, since, UTC_ZONE, LIMITS)
    assert len(found) == compared
    assert all(since <= each < MONDAY and each.hour == MONDAY.hour for each in found)
    assert (flagged(10**6, {}, since=since) is None) is (compared == 0)


calls = st.integers(0, 10**5)
pasts = st.lists(calls, min_size=8, max_size=8)
made = st.lists(
    st.builds(
        HourLine,
        st.sampled_from(("update", "create", "lookup")),
        st.sampled_from(("", "1", "2")),
        calls,
    ),
    max_size=8,
)


@given(made, pasts)
def test_what_is_flagged_is_above_its_limit_and_the_cause_is_among_the_calls(lines, before):
    found = unusual_hour(MONDAY, lines, weeks(*before), LONG_AGO, UTC_ZONE, LIMITS)
    total = sum(line.calls for line in lines)
    if found is None:
        return
    assert found.calls == total > found.limit >= found.usual + LIMITS.calls
    assert found.limit >= 2 * found.usual
    of_purpose = [line for line in lines if line.purpose == found.purpose]
    assert found.purpose_calls == sum(line.calls for line in of_purpose)
    of_job = [line.calls for line in of_purpose if line.job == found.job]
    assert 0 < sum(of_job) == found.job_calls <= found.purpose_calls <= total
    assert found.purpose_calls > found.purpose_usual


@given(made, pasts, calls)
def test_more_calls_are_never_less_unusual(lines, before, more):
    past = weeks(*before)
    if unusual_hour(MONDAY, lines, past, LONG_AGO, UTC_ZONE, LIMITS):
        larger = [*lines, HourLine("verify", "3", more)]
        assert unusual_hour(MONDAY, larger, past, LONG_AGO, UTC_ZONE, LIMITS)


@given(pasts, st.integers(0, 7))
def test_hours_like_the_ones_before_never_alarm(before, number):
    usual = sorted(before)[3]
    assert flagged(min(before[number], 2 * usual), weeks(*before)) is None
    assert flagged(min(before[number], LIMITS.calls), weeks(*before)) is None


@given(pasts, st.integers(0, 7), calls)
def test_one_odd_week_moves_the_limit_by_little(before, number, odd):
    """A limit stays within those that the other weeks' order allows: no week alone sets it."""
    found = flagged(10**9, weeks(*before))
    changed = flagged(10**9, weeks(*[*before[:number], odd, *before[number + 1 :]]))
    ordered = sorted(before)
    assert ordered[2] <= changed.usual <= ordered[5]
    assert ordered[3] - 1 <= found.usual <= ordered[4]
