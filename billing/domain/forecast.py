"""How many billable calls a month will come to, with a band; pure.

Floats are at home here: a forecast is an estimate. Money is not: `cost_band` prices whole calls.

- **Weekdays**: each has its factor, the mean of its days in the last eight weeks.
- **Level**: the last weeks count most (half after two weeks).
- **Trend**: the median of the slopes between all pairs of weeks (Theil and Sen), smaller where the
  weeks disagree about its direction, and damped with each week ahead.
- **Bursts**: a day above twice the usual and above six times its spread (median absolute deviation)
  is taken for a one-off migration: it is counted where it happened and carried nowhere else.
  When most days have stood out for two weeks, that is the level now, and older days are forgotten.
- **Days of the month**: unless the same day stood out in most months (of two at least): the n-th
  day or working day, counted from the beginning or the end. Then it is expected again.
- **Band**: the forecast is made anew for moments of the past, from what was known then. How far the
  days after it were off gives the band; with little history an assumed error prevails.

`docs/forecast.md` says it for people, `python -m tests.bench.bench_forecast` measures it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from math import floor, hypot, sqrt
from statistics import fmean

from billing.domain.forecast_model import REMEMBERED, Model, fit, span
from billing.domain.periods import Month, start_of
from billing.domain.pricing import Price, price_at

COVERAGE = 80
"""Of a hundred months so many are meant to end within the band."""
_Z = 1.2816  # 80 %, two-sided
_ASSUMED_ERROR, _ASSUMED_WEIGHT = 0.6, 0.15
_UNSURE_PEAK, _LEAST_SHARE = 0.5, 0.25
_TRIALS, _FEWEST_DAYS, _WEEK = 12, 14, 7
_TRIED = 2 * REMEMBERED  # so that a trial in the past remembers as much
_SPEAKING_SLOPE, _FRIDAY = 0.01, 4


@dataclass(frozen=True, slots=True)
class ForecastDay:
    """One day of the month: its calls, and the month's total at its end with the band."""

    day: date
    calls: int
    known: bool
    total: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Billable calls of a month: `so_far` happened, `low` to `high` is the band of COVERAGE %.

    `history_days`: complete days known before today; `method`: what was done, in sentences.
    """

    month: Month
    so_far: int
    expected: int
    low: int
    high: int
    days: Sequence[ForecastDay]
    history_days: int
    method: Sequence[str]


@dataclass(frozen=True, slots=True)
class CostBand:
    """Exact amounts per currency of the three totals of a forecast."""

    expected: Mapping[str, Decimal]
    low: Mapping[str, Decimal]
    high: Mapping[str, Decimal]


def forecast(history: Mapping[date, int], month: Month, today: date) -> Forecast:
    """What a month will come to by the billable calls of earlier UTC days.

    Days after the first that are missing had no calls; what there is of `today` is a part of it.
    Raises ValueError for negative counts and for days after today.
    """
    _check(history, today)
    known = [history.get(day, 0) if day <= today else 0 for day in month.days]
    ahead = [day for day in month.days if day >= today]
    first = min(history, default=today)
    history_days = max(0, (today - first).days)
    if not ahead:
        return _told(month, today, known, None, history_days, ["The month is over."])
    if not history_days:
        words = ["No complete day of history yet: only what has happened is counted."]
        return _told(month, today, known, None, 0, words)
    first = max(first, today - timedelta(days=_TRIED))
    values = [float(history.get(day, 0)) for day in span(first, (today - first).days)]
    model = fit(first, values)
    used = values[(model.first - first).days :] if model.changed else values
    errors = _errors(today, used, model, len(ahead))
    width = _width(model, ahead, len(used), errors)
    future = [max(model.expected(day), history.get(day, 0)) for day in ahead]
    words = _words(model, ahead, len(used), len(errors))
    return _told(month, today, known, (future, width), history_days, words)


def cost_band(found: Forecast, book: Iterable[Price], cloud: str) -> CostBand:
    """What a forecast costs one tenant, each day at its own price; raises NoPrice."""
    entries = list(book)
    calls = [each.calls for each in found.days]
    low = _steps([each.low for each in found.days])
    high = _steps([each.high for each in found.days])
    days = [each.day for each in found.days]
    expected, least, most = (_amounts(days, each, entries, cloud) for each in (calls, low, high))
    return CostBand(expected, least, most)


def _amounts(
    days: Sequence[date], calls: Sequence[int], book: list[Price], cloud: str
) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    before = 0
    for day, count in zip(days, calls, strict=True):
        if count:
            price = price_at(book, start_of(day), cloud)
            so_far = amounts.get(price.currency, Decimal(0))
            amounts[price.currency] = so_far + price.amount(count, before)
            before += count
    return amounts


def _check(history: Mapping[date, int], today: date) -> None:
    for day, calls in history.items():
        if calls < 0:
            raise ValueError(f"{day}: there are no {calls} calls.")
        if day > today:
            raise ValueError(f"{day} lies after today, {today}.")


def _told(
    month: Month,
    today: date,
    known: Sequence[int],
    coming: tuple[Sequence[float], float] | None,
    history_days: int,
    method: Sequence[str],
) -> Forecast:
    """The forecast in whole calls: totals at the end of each day, and the days between them.

    `coming`: calls of today and the days after it, and how far their sum may be off.
    """
    passed = [calls for day, calls in zip(month.days, known, strict=True) if day < today]
    begun = known[len(passed) :]
    future, width = coming or ([float(calls) for calls in begun], 0.0)
    low, high = _band(future, begun, width)
    totals, lows, highs = (_totals(passed, each) for each in (future, low, high))
    days = [
        ForecastDay(day, *rest)
        for day, *rest in zip(
            month.days,
            _steps(totals),
            [day < today for day in month.days],
            totals,
            lows,
            highs,
            strict=True,
        )
    ]
    return Forecast(
        month, sum(known), totals[-1], lows[-1], highs[-1], days, history_days, tuple(method)
    )


def _band(
    future: Sequence[float], begun: Sequence[int], width: float
) -> tuple[list[float], list[float]]:
    """Days of the lowest and the highest course; what has happened of a day is never taken off."""
    undone = [each - done for each, done in zip(future, begun, strict=True)]
    if not (rest := sum(undone)):
        return list(future), [each + width / len(future) for each in future]
    kept = max(0.0, 1 - width / rest)
    low = [
        min(each, each - missing * (1 - kept)) for each, missing in zip(future, undone, strict=True)
    ]
    high = [each + width * missing / rest for each, missing in zip(future, undone, strict=True)]
    return low, high


def _totals(passed: Sequence[int], future: Sequence[float]) -> list[int]:
    """Running totals in whole calls, rounded half up, so that they never fall."""
    before = list(accumulate(passed))
    so_far = before[-1] if before else 0
    return before + [so_far + floor(each + 0.5) for each in accumulate(future)]


def _steps(totals: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise([0, *totals])]


def _trial(count: int, ahead: int) -> int:
    """So many days are forecast in a trial on the past."""
    return min(ahead, max(_WEEK, count // 3))


def _width(model: Model, ahead: Sequence[date], count: int, errors: Sequence[float]) -> float:
    """How many calls the sum of the days ahead may be off, up or down, in COVERAGE % of cases.

    Trials overlap: they weigh as many as lie beside each other. The assumed error is there for
    tenants with none, and hardly matters to those with many.
    """
    assumed = _ASSUMED_ERROR * sqrt(min(1.0, _WEEK / count))
    squares, weight = _ASSUMED_WEIGHT * assumed * assumed, _ASSUMED_WEIGHT
    if errors:
        independent = (count - _FEWEST_DAYS) / _trial(count, len(ahead))
        squares += independent * fmean(each * each for each in errors)
        weight += independent
    usual = sqrt(squares / weight) * model.level * len(ahead)
    peaks = _UNSURE_PEAK * sum(model.peak(day) for day in ahead)
    return _Z * hypot(usual, peaks)


def _errors(today: date, values: Sequence[float], model: Model, ahead: int) -> list[float]:
    """By which share of the level earlier forecasts were off, without days that stood out."""
    first = today - timedelta(days=len(values))
    trial = _trial(len(values), ahead)
    latest = len(values) - trial
    origins = range(latest, _FEWEST_DAYS - 1, -max(1, (latest - _FEWEST_DAYS) // _TRIALS))
    errors = []
    for origin in origins:
        then = fit(first, values[:origin])
        off = sum(
            values[origin + number] - then.expected(day)
            for number, day in enumerate(span(first + timedelta(days=origin), trial))
            if day not in model.bursts and not model.peak(day)
        )
        if level := max(then.level, model.level * _LEAST_SHARE):
            errors.append(off / (level * trial))
    return errors


def _words(model: Model, ahead: Sequence[date], count: int, trials: int) -> list[str]:
    """What the forecast rests on, for people."""
    days = "1 day" if count == 1 else f"{min(count, REMEMBERED)} days"
    words = [f"{days} of history: by weekday, the last weeks counting most."]
    if model.changed:
        words[0] = f"Since {_dates([model.first])} another level: the days before are not used."
    if not trials:
        words.append("Too little for a proof on the past, so the band is a wide assumption.")
    if abs(model.slope) >= _SPEAKING_SLOPE:
        verb = "Grows" if model.slope > 0 else "Shrinks"
        words.append(f"{verb} by about {abs(model.slope):.0%} a week, which is expected to fade.")
    if peaks := [day for day in ahead if model.peak(day)]:
        words.append(f"More is expected on {_dates(peaks)}: it was so in the months before.")
    if model.bursts:
        calls = round(sum(model.bursts.values()))
        words.append(
            f"{calls:,} calls on {_dates(model.bursts)} are taken for one-off work and not expected"
            " again."
        )
        # A weekend says nothing about whether work goes on.
        weekend = max(0, model.last.weekday() - _FRIDAY)
        if max(model.bursts) >= model.last - timedelta(days=weekend):
            words.append("If that goes on, the month will come to more than the band says.")
    return words


def _dates(days: Iterable[date]) -> str:
    """Days as people name them, the first and the last of neighbours: "3 to 5 Nov, 9 Nov"."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        f"{run[0].day} {run[0]:%b}"
        if len(run) == 1
        else f"{run[0].day} {run[0]:%b} to {run[-1].day} {run[-1]:%b}"
        for run in runs
    )
