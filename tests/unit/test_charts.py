"""Geometry of the stacked bars."""

from decimal import Decimal
from itertools import pairwise

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from billing.charts import MARGIN_BOTTOM, MARGIN_TOP, nice_ticks, stacked_bars

amounts = st.decimals(0, 10**9, places=3)


@st.composite
def daily_series(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, list[Decimal]]]]:
    """Up to 40 days and up to 8 series of amounts."""
    count = draw(st.integers(0, 40))
    values = draw(
        st.lists(st.lists(amounts, min_size=count, max_size=count), min_size=1, max_size=8)
    )
    return [f"day {day}" for day in range(count)], [
        (f"series {number}", column) for number, column in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("maximum", "expected"),
    [
        ("0", ["0"]),  # nothing to measure
        ("1", ["0", "0.5", "1"]),  # reached exactly: no empty step above
        ("2.402", ["0", "1", "2", "3"]),  # the last tick is not below the highest bar
        ("0.002", ["0", "0.0005", "0.001", "0.0015", "0.002"]),  # the price of one call
        ("4", ["0", "1", "2", "3", "4"]),
        ("41", ["0", "20", "40", "60"]),  # 1, 2, 5 times a power of ten only
        ("100000", ["0", "50000", "100000"]),  # no exponent in the text
    ],
)
def test_ticks_are_round(maximum: str, expected: list[str]) -> None:
    assert [str(tick) for tick in nice_ticks(Decimal(maximum))] == expected


@given(st.decimals("0.001", 10**12, places=3))
def test_ticks_reach_the_maximum_in_few_even_steps(maximum: Decimal) -> None:
    ticks = nice_ticks(maximum)
    assert ticks[0] == 0
    assert ticks[-2] < maximum <= ticks[-1]
    assert 2 <= len(ticks) <= 5
    assert len({high - low for low, high in pairwise(ticks)}) == 1


@given(daily_series())
def test_every_bar_lies_in_the_plot_and_in_its_own_slot(
    data: tuple[list[str], list[tuple[str, list[Decimal]]]],
) -> None:
    chart = stacked_bars(*data, 800, 240)
    for bar in chart.bars:
        assert bar.x >= chart.left
        assert bar.x + bar.width <= chart.right + 0.01
        assert bar.y >= MARGIN_TOP - 0.01
        assert bar.y + bar.height <= 240 - MARGIN_BOTTOM + 0.01
    lefts = sorted({bar.x for bar in chart.bars})
    widths = {bar.width for bar in chart.bars}
    assert all(high - low >= max(widths) for low, high in pairwise(lefts))


@given(daily_series())
def test_a_stack_has_no_gap_and_no_overlap(
    data: tuple[list[str], list[tuple[str, list[Decimal]]]],
) -> None:
    chart = stacked_bars(*data)
    for day in data[0]:
        stack = [bar for bar in chart.bars if bar.day == day]
        for lower, upper in pairwise(stack):
            assert upper.y + upper.height == pytest.approx(lower.y, abs=0.02)


@given(daily_series())
def test_the_numbers_behind_it_add_up(
    data: tuple[list[str], list[tuple[str, list[Decimal]]]],
) -> None:
    chart = stacked_bars(*data)
    assert chart.total == sum(row.total for row in chart.rows)
    assert chart.total == sum(series.total for series in chart.series)
    assert chart.total == sum(bar.value for bar in chart.bars)


def test_heights_are_proportional_to_values() -> None:
    chart = stacked_bars(["1 Jul"], [("a", [Decimal(1)]), ("b", [Decimal(3)])])
    small, large = chart.bars
    assert large.height == pytest.approx(3 * small.height, abs=0.02)
    assert large.y < small.y  # the later series stands on the earlier one


def test_zero_parts_are_left_out_and_days_keep_their_place() -> None:
    chart = stacked_bars(["1 Jul", "2 Jul", "3 Jul"], [("a", [Decimal(1), Decimal(0), Decimal(1)])])
    assert [bar.day for bar in chart.bars] == ["1 Jul", "3 Jul"]
    assert [label.text for label in chart.labels] == ["1 Jul", "2 Jul", "3 Jul"]


def test_the_table_behind_it_leaves_out_empty_days_and_says_so() -> None:
    chart = stacked_bars(["1", "2", "3"], [("a", [Decimal(0), Decimal(7), Decimal(0)])])
    assert [row.day for row in chart.filled] == ["2"]
    shown = render_to_string("components/bar_chart.html", {"chart": chart, "label": "Calls"})
    assert shown.count('<th scope="row">') == 2  # the day and the total
    assert "Days without any are left out" in shown
    whole = stacked_bars(["1"], [("a", [Decimal(7)])])
    shown = render_to_string("components/bar_chart.html", {"chart": whole, "label": "Calls"})
    assert "left out" not in shown


def test_labels_thin_out_before_they_touch() -> None:
    days = [f"{day} Jul" for day in range(1, 32)]
    chart = stacked_bars(days, [("a", [Decimal(1)] * 31)], width=500)
    assert all(right.x - left.x >= 58 for left, right in pairwise(chart.labels))
    assert chart.labels[0].text == "1 Jul"


def test_nothing_at_all_is_a_chart_without_bars() -> None:
    chart = stacked_bars([], [])
    assert (chart.bars, chart.rows, chart.total) == ((), (), 0)


def test_colours_repeat_after_the_sixth_series() -> None:
    chart = stacked_bars(["1 Jul"], [(str(number), [Decimal(1)]) for number in range(7)])
    assert [bar.css_class for bar in chart.bars][5:] == ["series-6", "series-1"]


@pytest.mark.parametrize(
    "values",
    [[Decimal(1)], [Decimal(1), Decimal(-1)]],
    ids=["a day without a value", "a negative value"],
)
def test_what_cannot_be_drawn_is_refused(values: list[Decimal]) -> None:
    with pytest.raises(ValueError, match="costs"):
        stacked_bars(["1 Jul", "2 Jul"], [("costs", values)])
