"""What the days of a tenant look like: weekdays, level, trend, bursts, days of the month; pure.

See `billing.domain.forecast` for what it is made of. Everything here is in calls a day and scales
with them: ten times the calls give ten times the model.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations
from math import expm1, inf, log
from statistics import fmean, median

REMEMBERED = 92
"""So many days are looked at: the same day of three months."""
FEWEST_MONTHS = 2
"""In so many months a day must have stood out, and in most of those seen."""
_WEEK, _PROFILE_DAYS, _HALF_LIFE = 7, 56, 14
# 1.4826 median deviations are one standard deviation of normal values.
_SPREADS, _TIMES, _FEWEST_VALUES = 6 * 1.4826, 2, 3
_UNSEEN_WEEKEND = 0.5
_DAMPING, _STEEPEST, _WEEKS_FOR_TREND, _DAYS_FOR_A_WEEK = 0.85, 0.15, 4, 4
_TRUST, _LEAST_LEVEL = 1.5, 0.25
_WEEKS_OF_A_LEVEL = 2
_SATURDAY = 5

Days = Mapping[date, float]
Place = tuple[str, int]


def _last(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _working_days(first: date, last: date) -> int:
    return sum(day.weekday() < _SATURDAY for day in span(first, (last - first).days + 1))


_PLACES = {"working day": 10, "working day from the end": 7, "day": 31, "day from the end": 7}
"""Ways to count the days of a month, the likelier ones first, and how far anybody counts so."""


@lru_cache(maxsize=1024)
def places(day: date) -> Mapping[str, Place]:
    """Where in its month a day is, by each way to say it; a weekend is no working day."""
    first, last = day.replace(day=1), _last(day)
    numbers = {"day": day.day, "day from the end": (last - day).days + 1}
    if day.weekday() < _SATURDAY:
        numbers["working day"] = _working_days(first, day)
        numbers["working day from the end"] = _working_days(day, last)
    return {name: (name, at) for name, at in numbers.items() if at <= _PLACES[name]}


@dataclass(frozen=True, slots=True)
class Model:
    """What a day to come is expected to be.

    `level`: calls of a day, over the week, at `last`; `profile`: each weekday's factor (Monday is
    0), 1 on average; `slope`: growth in a week, as a share of the level; `peaks`: what comes on top
    at a place of the month, as a share of the level; `bursts`: days left out, with their calls;
    `first` is the first day it is made of, `changed` if older ones were of another level.
    """

    first: date
    last: date
    level: float
    profile: Sequence[float]
    slope: float
    peaks: Mapping[Place, float] = field(default_factory=dict)
    bursts: Days = field(default_factory=dict)
    changed: bool = False

    def expected(self, day: date) -> float:
        """Calls of a day after the last one known."""
        return self._level_on(day) * self.profile[day.weekday()] + self.peak(day)

    def peak(self, day: date) -> float:
        """Calls that come on top on this day of its month."""
        found = [self.peaks[place] for place in places(day).values() if place in self.peaks]
        return self._level_on(day) * max(found, default=0.0)

    def _level_on(self, day: date) -> float:
        weeks = (day - self.last).days / _WEEK
        return self.level * max(0.0, 1 + self.slope * expm1(weeks * log(_DAMPING)) / log(_DAMPING))


def span(first: date, count: int) -> list[date]:
    """So many consecutive days."""
    return [first + timedelta(days=number) for number in range(count)]


def fit(first: date, values: Sequence[float]) -> Model:
    """The model of consecutive days, at least one, that begin on `first`."""
    days = dict(list(zip(span(first, len(values)), values, strict=True))[-REMEMBERED:])
    last = max(days)
    high = _standing_out(days)
    since = _new_level(days, high, last)
    if since:
        days = {day: calls for day, calls in days.items() if day >= since}
        high = _standing_out(days)
    usual = {day: calls for day, calls in days.items() if day not in high}
    profile = _profile(usual, last)
    level, age = _level(usual, profile, last)
    slope = _slope(usual, profile, last) / level if level else 0.0
    slope = max(-_STEEPEST, min(_STEEPEST, slope))
    # The level is that of its weights' middle; from there to the last day it went on growing.
    level *= max(_LEAST_LEVEL, 1 + slope * age / _WEEK)
    model = Model(min(days), last, level, profile, slope, changed=since is not None)
    return _with_peaks(model, days, high)


def _standing_out(days: Days) -> set[date]:
    """Days far above the usual of their weekday, or of all days where that has hardly any calls."""
    by_weekday: dict[int, list[float]] = defaultdict(list)
    for day, calls in days.items():
        by_weekday[day.weekday()].append(calls)
    overall = _limit(days.values())
    limits = {}
    for weekday, values in by_weekday.items():
        busy = sum(value > 0 for value in values)
        own = busy >= _FEWEST_VALUES and busy * 2 > len(values)
        limits[weekday] = _limit(values) if own else overall
    return {day for day, calls in days.items() if calls > limits[day.weekday()]}


def _limit(values: Iterable[float]) -> float:
    """Above it a day is no usual one; days without calls say nothing about those with some."""
    busy = [value for value in values if value > 0]
    if len(busy) < _FEWEST_VALUES:
        return inf
    middle = median(busy)
    spread = median(abs(value - middle) for value in busy)
    return middle + max(_SPREADS * spread, (_TIMES - 1) * middle)


def _new_level(days: Days, high: set[date], last: date) -> date | None:
    """Since when most days with calls have stood out, if that is two weeks or more: no burst."""
    weeks = 0
    while True:
        end = last - timedelta(days=weeks * _WEEK)
        busy = [day for day in span(end - timedelta(days=_WEEK - 1), _WEEK) if days.get(day)]
        if not busy or 2 * len(high.intersection(busy)) <= len(busy):
            break
        weeks += 1
    return end + timedelta(days=1) if weeks >= _WEEKS_OF_A_LEVEL else None


def _profile(usual: Days, last: date) -> list[float]:
    """Each weekday's share; one of which little is known leans on those like it."""
    seen: dict[int, list[float]] = defaultdict(list)
    for day, calls in usual.items():
        if (last - day).days < _PROFILE_DAYS:
            seen[day.weekday()].append(calls)
    working = [calls for weekday in range(_SATURDAY) for calls in seen[weekday]]
    weekend = [calls for weekday in range(_SATURDAY, _WEEK) for calls in seen[weekday]]
    like_working = fmean(working or weekend or [0.0])
    like_weekend = fmean(weekend or [_UNSEEN_WEEKEND * like_working])
    means = []
    for weekday in range(_WEEK):
        alike = like_working if weekday < _SATURDAY else like_weekend
        means.append(fmean([*seen[weekday], alike]))
    whole = fmean(means)
    return [mean / whole for mean in means] if whole else [1.0] * _WEEK


def _level(usual: Days, profile: Sequence[float], last: date) -> tuple[float, float]:
    """Calls of a day by the last weeks, and how many days ago that was on average."""
    calls = weights = ages = 0.0
    for day, each in usual.items():
        age = (last - day).days
        weight = 0.5 ** (age / _HALF_LIFE)
        calls += weight * each
        weights += weight * profile[day.weekday()]
        ages += weight * profile[day.weekday()] * age
    return (calls / weights, ages / weights) if weights else (0.0, 0.0)


def _slope(usual: Days, profile: Sequence[float], last: date) -> float:
    """Calls a day by which a week differs from the one before: the median of all pairs of weeks.

    Weeks that disagree about its direction make it smaller, down to nothing; those of a steady
    tenant would otherwise make a trend of their noise.
    """
    calls: dict[int, float] = defaultdict(float)
    shares: dict[int, float] = defaultdict(float)
    counts: dict[int, int] = defaultdict(int)
    for day, each in usual.items():
        week = -((last - day).days // _WEEK)
        calls[week] += each
        shares[week] += profile[day.weekday()]
        counts[week] += 1
    levels = [
        (week, calls[week] / shares[week])
        for week in sorted(calls)
        if counts[week] >= _DAYS_FOR_A_WEEK and shares[week]
    ]
    if len(levels) < _WEEKS_FOR_TREND:
        return 0.0
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(levels, 2)]
    agreed = abs(sum((slope > 0) - (slope < 0) for slope in slopes)) / len(slopes)
    return median(slopes) * min(1.0, _TRUST * agreed)


def _with_peaks(model: Model, days: Days, high: set[date]) -> Model:
    """Days that stood out in most months are expected again, the others are bursts."""
    above = {day: _excess(model, day, calls) for day, calls in days.items()}
    peaks: dict[Place, float] = {}
    left = set(high)
    # The way to say it that explains most of them goes first; the others get what it leaves.
    for name in sorted(_PLACES, key=lambda each: -len(_explained(each, days, high))):
        explained = _explained(name, days, left)
        for place in {places(day)[name] for day in explained}:
            alike = [above[day] for day in days if places(day).get(name) == place]
            peaks[place] = median(alike)
        left -= explained
    return replace(model, peaks=peaks, bursts={day: days[day] for day in sorted(left)})


def _excess(model: Model, day: date, calls: float) -> float:
    """Calls above the usual of that time, as a share of its level."""
    weeks = (model.last - day).days / _WEEK
    level = model.level * max(_LEAST_LEVEL, 1 - model.slope * weeks)
    return max(0.0, calls / level - model.profile[day.weekday()]) if level else 0.0


def _explained(name: str, days: Days, high: set[date]) -> set[date]:
    """Those that stood out in two months or more at the same place, and in most months seen."""
    seen = Counter(places(day).get(name) for day in days)
    stood_out = Counter(places(day).get(name) for day in high)
    return {
        day
        for day in high
        if (place := places(day).get(name))
        and stood_out[place] >= FEWEST_MONTHS
        and stood_out[place] * 2 > seen[place]
    }
