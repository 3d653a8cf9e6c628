"""What a budget leaves: calls there is money for, thresholds, periods."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.budgets import UNLIMITED, Span, Standing, months_of, parse_thresholds
from billing.domain.periods import Month, month_of

amounts = st.decimals(0, 10**6, places=9)
UNIT = Decimal("0.002")


@pytest.mark.parametrize(
    ("amount", "spent", "doubtful", "promised", "calls"),
    [
        ("1", "0", "0", "0", 500),
        ("1", "0.998", "0", "0", 1),
        ("1", "0.9981", "0", "0", 0),  # not enough for a whole call
        ("1", "0.5", "0.3", "0.1", 50),
        ("1", "2", "0", "0", 0),
        ("0", "0", "0", "0", 0),
    ],
)
def test_how_many_calls_there_is_money_for(amount, spent, doubtful, promised, calls):
    standing = Standing(*map(Decimal, (amount, spent, doubtful, promised)))
    assert standing.calls(UNIT) == calls


def test_what_costs_nothing_is_never_stopped():
    assert Standing(Decimal(0), Decimal(0)).calls(Decimal(0)) == UNLIMITED


@given(amounts, amounts, amounts, amounts, st.decimals("0.000000001", 10, places=9))
def test_granted_calls_never_cost_more_than_is_left(amount, spent, doubtful, promised, unit):
    standing = Standing(amount, spent, doubtful, promised)
    calls = standing.calls(unit)
    assert calls >= 0
    if calls:
        assert spent + doubtful + promised + calls * unit <= amount
    if calls < UNLIMITED:
        assert spent + doubtful + promised + (calls + 1) * unit > amount


@given(amounts, amounts, st.lists(st.integers(1, 1000), max_size=5))
def test_thresholds_are_reached_at_their_percent(amount, spent, thresholds):
    reached = Standing(amount, spent).reached(thresholds)
    assert reached == sorted(p for p in set(thresholds) if spent >= amount * p / 100)


@pytest.mark.parametrize(
    ("span", "months"),
    [
        (Span.MONTH, ["2026-05"]),
        (Span.QUARTER, ["2026-04", "2026-05", "2026-06"]),
        (Span.YEAR, [f"2026-{n:02d}" for n in range(1, 13)]),
    ],
)
def test_periods(span, months):
    at = datetime(2026, 5, 31, 23, 59, tzinfo=UTC)
    assert [str(month) for month in months_of(span, at)] == months


@given(st.integers(0, 4 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC)))
def test_every_moment_lies_in_its_period(at):
    for span in Span:
        months = months_of(span, at)
        assert month_of(at) in months
        assert months_of(span, months[0].start) == months
        assert months_of(span, months[-1].end)[0] == months[-1].next()
    assert months_of(Span.MONTH, at) == [month_of(at)]
    assert Month(at.year, 1) in months_of(Span.YEAR, at)


def test_thresholds_as_people_write_them():
    assert parse_thresholds("80, 50 %,100,80") == [50, 80, 100]
    assert parse_thresholds("") == []
    for wrong in ("half", "0", "-5", "1001", "50;80", "5.5"):
        with pytest.raises(ValueError, match="percents"):
            parse_thresholds(wrong)
