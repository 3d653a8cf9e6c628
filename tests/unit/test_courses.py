"""Where budgets are heading: verdicts, bars, and parts of an amount that come to it exactly."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.charts import course_bar
from billing.domain.azure_formats import EXACT
from billing.domain.budgets import Course, Verdict, percent_of
from billing.domain.focus import exact_parts
from billing.domain.pricing import Cost
from billing.views.lists import cost_lines


def course(spent, amount, *band):
    bands = dict(zip(("low", "expected", "high"), map(Decimal, band), strict=False))
    return Course("USD", Decimal(spent), None if amount is None else Decimal(amount), **bands)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (course(3, 10), Verdict.WITHIN),
        (course(3, 10, 7, 8, 10), Verdict.WITHIN),  # up to the budget is within it
        (course(3, 10, 7, 8, "10.001"), Verdict.TIGHT),
        (course(3, 10, 7, "10.001", 12), Verdict.OVER),
        (course(10, 10, 10, 10, 10), Verdict.USED),
        (course("9.999", 10, "9.999", "9.999", "9.999"), Verdict.WITHIN),
        (course(0, 0), Verdict.USED),
        (course(3, None, 7, 8, 9), None),
    ],
)
def test_verdicts(given, verdict):
    assert given.verdict == verdict


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        ("9.999", "10", "99.9"),
        ("10", "10", "100"),
        ("0.48", "10", "4.8"),
        ("3.152", "10", "31.5"),
        ("0.0005", "1", "0.1"),
        ("0.0004", "1", "0"),
        ("2.402", "0.01", "24020"),
        ("0", "0", "100"),
        ("3", None, "0"),
    ],
)
def test_a_percent_is_rounded_but_never_up_to_all(part, whole, percent):
    assert percent_of(Decimal(part), whole and Decimal(whole)) == Decimal(percent)


MONEY = st.decimals(0, 10**9, places=9)


@given(MONEY, st.none() | MONEY, st.none() | st.tuples(MONEY, MONEY, MONEY).map(sorted))
def test_a_bar_stays_in_its_frame(spent, amount, band):
    drawn = course_bar(Course("USD", spent, amount, *(band or ())))
    assert 0 <= drawn.spent <= drawn.width
    assert drawn.band_width >= 0
    assert drawn.band_left + drawn.band_width <= drawn.width
    for line in (drawn.expected, drawn.budget):
        assert line is None or 0 <= line <= drawn.width


def test_the_largest_amount_fills_the_bar():
    drawn = course_bar(course(2, 10, 4, 6, 8))
    assert (drawn.width, drawn.budget, drawn.spent) == (160, 158.0, 31.6)
    assert (drawn.band_left, drawn.band_width, drawn.expected) == (63.2, 63.2, 94.8)


@given(st.integers(0, 10**9), st.decimals(0, 10**12, places=9))
def test_parts_come_to_the_amount_exactly(quantity, amount):
    with localcontext(EXACT):
        parts = exact_parts(quantity, amount)
        if not quantity:
            assert parts == []
            return
        assert sum(number for number, _ in parts) == quantity
        assert sum(number * unit for number, unit in parts) == amount
        assert all(number > 0 and unit >= 0 for number, unit in parts)
        assert len(parts) <= 2


def test_one_price_stays_one_part():
    assert exact_parts(1200, Decimal("2.4")) == [(1200, Decimal("0.002"))]
    assert exact_parts(3, Decimal("0.01")) == [
        (2, Decimal("0.003333333")),
        (1, Decimal("0.003333334")),
    ]


COSTS = st.builds(
    Cost,
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.dictionaries(st.sampled_from(["USD", "EUR", "CNY"]), MONEY),
)


@given(st.lists(COSTS, max_size=5))
def test_lines_of_files_add_up_and_mix_no_currencies(costs):
    lines = [line for cost in costs for line in cost_lines("x", cost=cost)]
    total = sum(costs, Cost())
    sums = [sum(line[at] for line in lines) for at in (1, 2, 3)]
    assert sums == [total.calls, total.billable, total.uncertain]
    by_currency = {}
    for *_, code, amount in lines:
        if amount is not None:
            by_currency[code] = by_currency.get(code, Decimal(0)) + amount
    assert by_currency == total.amounts
    assert all(isinstance(amount, Decimal | None) for *_, amount in lines)
