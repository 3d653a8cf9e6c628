"""Geometry of charts: pure functions from values to shapes that a template draws as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise

from billing.domain.budgets import Course

MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 76, 4, 10, 24
LABEL_SPACE = 58
BAR_SHARE, BAR_MAX = Decimal("0.72"), Decimal(56)
COLOURS = 6
_ZERO, _VISIBLE = Decimal(0), Decimal(1)
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of one day's stack; user units of the drawing, value as given."""

    x: float
    y: float
    width: float
    height: float
    css_class: str
    day: str
    series: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot at height y, standing for value."""

    y: float
    value: Decimal


@dataclass(frozen=True, slots=True)
class DayLabel:
    """Text below the middle of a day's stack."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class SeriesTotal:
    """A row of the legend."""

    name: str
    css_class: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class DayRow:
    """A row of the table behind the chart: one value per series, and their sum."""

    day: str
    values: tuple[Decimal, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything a template needs to draw the chart and the table behind it."""

    width: int
    height: int
    left: int
    right: int
    label_y: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[DayLabel, ...]
    series: tuple[SeriesTotal, ...]
    rows: tuple[DayRow, ...]
    total: Decimal

    @property
    def filled(self) -> tuple[DayRow, ...]:
        """Rows of the days that have anything."""
        return tuple(row for row in self.rows if row.total)

    @property
    def axis(self) -> float:
        """Width of the tick labels in per cent of the whole."""
        return _number(Decimal(self.left * 100) / self.width)


def nice_step(maximum: Decimal, count: int) -> Decimal:
    """Smallest of 1, 2, 5 times a power of ten with which count steps reach maximum."""
    rough = maximum / count
    power = Decimal(1).scaleb(rough.adjusted())
    return next(
        step for factor in (1, 2, 5, 10) if (step := _plain(factor * power)) * count >= maximum
    )


def nice_ticks(maximum: Decimal, count: int = 4) -> list[Decimal]:
    """Evenly spaced round values from 0 to the first that reaches maximum; [0] for nothing."""
    if maximum <= 0:
        return [_ZERO]
    step = nice_step(maximum, count)
    steps = int((maximum / step).to_integral_value(ROUND_CEILING))
    return [_plain(step * number) for number in range(steps + 1)]


def stacked_bars(
    days: Sequence[str],
    series: Sequence[tuple[str, Sequence[Decimal]]],
    width: int = 1120,
    height: int = 260,
) -> Chart:
    """One stack per day, one part per series, bottom up; zero parts are left out.

    Raises ValueError for a series of another length than days, or a negative value.
    """
    _check(days, series)
    rows = tuple(_row(day, index, series) for index, day in enumerate(days))
    ticks = nice_ticks(max((row.total for row in rows), default=_ZERO))
    plot = _Plot(width, height, max(len(days), 1), ticks[-1] or Decimal(1))
    return Chart(
        width=width,
        height=height,
        left=MARGIN_LEFT,
        right=width - MARGIN_RIGHT,
        label_y=height - 6,
        bars=tuple(bar for index in range(len(days)) for bar in _stack(plot, index, days, series)),
        ticks=tuple(Tick(_number(plot.y(value)), value) for value in ticks),
        labels=_day_labels(plot, days),
        series=tuple(
            SeriesTotal(name, css_class(number), sum(values, _ZERO))
            for number, (name, values) in enumerate(series)
        ),
        rows=rows,
        total=sum((row.total for row in rows), _ZERO),
    )


def css_class(number: int) -> str:
    """Class of the series with this index; colours repeat after the sixth."""
    return f"series-{number % COLOURS + 1}"


@dataclass(frozen=True, slots=True)
class _Plot:
    """Scales of the drawing; exact until a shape is made of them."""

    width: int
    height: int
    days: int
    top: Decimal

    @property
    def slot(self) -> Decimal:
        """Width of one day."""
        return Decimal(self.width - MARGIN_LEFT - MARGIN_RIGHT) / self.days

    def middle(self, index: int) -> Decimal:
        """Centre of a day's stack."""
        return MARGIN_LEFT + self.slot * index + self.slot / 2

    def y(self, value: Decimal) -> Decimal:
        """Height at which a value stands; y grows downwards."""
        span = self.height - MARGIN_TOP - MARGIN_BOTTOM
        return self.height - MARGIN_BOTTOM - span * value / self.top


def _stack(
    plot: _Plot, index: int, days: Sequence[str], series: Sequence[tuple[str, Sequence[Decimal]]]
) -> list[Bar]:
    bar_width = min(plot.slot * BAR_SHARE, BAR_MAX)
    left = _number(plot.middle(index) - bar_width / 2)
    sums = [_ZERO]
    for _, values in series:
        sums.append(sums[-1] + values[index])
    bars = []
    for number, (low, high) in enumerate(pairwise(sums)):
        if high > low:
            top, bottom = _number(plot.y(high)), _number(plot.y(low))
            name, values = series[number]
            shape = (left, top, _number(bar_width), round(bottom - top, 2))
            bars.append(Bar(*shape, css_class(number), days[index], name, values[index]))
    return bars


def _day_labels(plot: _Plot, days: Sequence[str]) -> tuple[DayLabel, ...]:
    """Every n-th day, so that neighbours do not touch."""
    every = max(1, int((LABEL_SPACE / plot.slot).to_integral_value(ROUND_CEILING)))
    return tuple(
        DayLabel(_number(plot.middle(index)), day)
        for index, day in enumerate(days)
        if index % every == 0
    )


def _row(day: str, index: int, series: Sequence[tuple[str, Sequence[Decimal]]]) -> DayRow:
    values = tuple(values[index] for _, values in series)
    return DayRow(day, values, sum(values, _ZERO))


def _check(days: Sequence[str], series: Sequence[tuple[str, Sequence[Decimal]]]) -> None:
    for name, values in series:
        if len(values) != len(days):
            raise ValueError(f"{name}: {len(values)} values for {len(days)} days")
        if any(value < 0 for value in values):
            raise ValueError(f"{name}: a bar cannot be negative")


def _number(value: Decimal) -> float:
    """Position rounded to a hundredth of a unit: exact enough to draw, short enough to send."""
    return float(value.quantize(_HUNDREDTH))


def _plain(value: Decimal) -> Decimal:
    """The same value without an exponent and without trailing zeros."""
    return Decimal(f"{value.normalize():f}")


@dataclass(frozen=True, slots=True)
class CourseBar:
    """Shapes of a budget's bar: left edges and widths of what is spent and of the band, lines."""

    width: int
    spent: float
    band_left: float
    band_width: float
    expected: float | None
    budget: float | None


def course_bar(course: Course, width: int = 160) -> CourseBar:
    """A course drawn to scale; the largest of its amounts fills the width."""
    low, expected, high = course.low, course.expected, course.high
    top = max(course.spent, course.amount or _ZERO, expected or _ZERO, high or _ZERO)

    def at(amount: Decimal) -> float:
        return _number(amount * (width - 2) / top) if top > 0 else 0.0

    left = at(low) if low is not None else 0.0
    return CourseBar(
        width,
        max(0.0, at(course.spent)),
        left,
        round(at(high) - left, 2) if high is not None else 0.0,
        None if expected is None else at(expected),
        None if course.amount is None else at(course.amount),
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values of one thing, and how long their bars are in per cent of the longest of all."""

    label: str
    first: Decimal
    second: Decimal
    first_width: float
    second_width: float


def paired_bars(rows: Sequence[tuple[str, Decimal, Decimal]]) -> tuple[Pair, ...]:
    """Bars on one scale for two values of each row; what is not nothing stays visible.

    Raises ValueError for a negative value.
    """
    if any(min(first, second) < 0 for _, first, second in rows):
        raise ValueError("a bar cannot be negative")
    most = max((max(first, second) for _, first, second in rows), default=_ZERO)
    return tuple(
        Pair(label, first, second, _width(first, most), _width(second, most))
        for label, first, second in rows
    )


def _width(value: Decimal, most: Decimal) -> float:
    return _number(max(value * 100 / most, _VISIBLE)) if value else 0.0


def sparkline(values: Sequence[int], width: int = 120, height: int = 24) -> str:
    """Points of a polyline over the values, the largest at the top; "" for fewer than two."""
    if len(values) < 2:
        return ""
    most, step = max(*values, 1), (width - 2) / (len(values) - 1)
    return " ".join(
        f"{1 + at * step:.1f},{height - 2 - number * (height - 4) / most:.1f}"
        for at, number in enumerate(values)
    )
