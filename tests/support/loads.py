"""Daily calls of made-up tenants, seeded: what a forecast is measured on."""

import math
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from random import Random

from billing.domain.periods import Month

HISTORY_DAYS = 70
"""Days before the month that is forecast."""
_WEEKDAYS = (1.25, 1.1, 1.0, 1.0, 0.85, 0.06, 0.03)
_HOLIDAYS, _NOISE = 0.03, 0.3

Load = Callable[[Random, Month], dict[date, int]]


def steady(random: Random, month: Month) -> dict[date, int]:
    """Changes on working days, hardly any at weekends, now and then a holiday."""
    size = random.uniform(20, 2000)
    return {day: _calls(random, size, day) for day in days_of(month)}


def growing(random: Random, month: Month) -> dict[date, int]:
    """The same, larger by 2 to 6 % each week."""
    size, growth = random.uniform(20, 2000), random.uniform(0.02, 0.06)
    return {
        day: _calls(random, size * (1 + growth) ** (number / 7), day)
        for number, day in enumerate(days_of(month))
    }


def month_start(random: Random, month: Month) -> dict[date, int]:
    """The same, with joiners on the first three working days of each month."""
    size, joiners = random.uniform(20, 2000), random.uniform(3, 8)
    load = {}
    for day in days_of(month):
        working = sum(each.weekday() < 5 for each in _days(day.replace(day=1), day))
        first = day.weekday() < 5 and working <= 3
        share = joiners * (1.0, 0.6, 0.3)[working - 1] if first else 0
        load[day] = _calls(random, size, day) + _around(random, size * share)
    return load


def migration(random: Random, month: Month) -> dict[date, int]:
    """The same, with one migration of 2 to 4 days: in the weeks before, or as the month begins."""
    begins = month.start.date()
    if random.random() < 0.5:
        begins -= timedelta(days=random.randint(3, 40))
    return _migrated(random, month, begins)


def migration_ahead(random: Random, month: Month) -> dict[date, int]:
    """The same, begun after the last day from which the month is forecast: nobody can know it."""
    return _migrated(random, month, month.start.date() + timedelta(days=20))


SHAPES: dict[str, Load] = {
    "steady weekdays": steady,
    "growing customer": growing,
    "joiners at month start": month_start,
    "one-off migration": migration,
}


def days_of(month: Month) -> list[date]:
    """The days before the month and its own."""
    return _days(month.start.date() - timedelta(days=HISTORY_DAYS), month.days[-1])


def until(load: dict[date, int], today: date) -> dict[date, int]:
    """What is known at the beginning of a day."""
    return {day: calls for day, calls in load.items() if day < today}


def _migrated(random: Random, month: Month, begins: date) -> dict[date, int]:
    size, days, burst = random.uniform(20, 2000), random.randint(2, 4), random.uniform(5, 30)
    load = {day: _calls(random, size, day) for day in days_of(month)}
    for number in range(days):
        load[begins + timedelta(days=number)] += _around(random, size * burst)
    return load


def _calls(random: Random, size: float, day: date) -> int:
    share = _WEEKDAYS[day.weekday()]
    return _around(random, size * (min(share, 0.05) if random.random() < _HOLIDAYS else share))


def _around(random: Random, size: float) -> int:
    return round(size * random.lognormvariate(-_NOISE * _NOISE / 2, _NOISE))


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def naive(load: dict[date, int], month: Month, today: date) -> float:
    """Calls so far, over the days so far, times the days of the month."""
    passed = [load[day] for day in month.days if day < today]
    return sum(passed) / len(passed) * len(month.days)


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean."""
    return math.fsum(kept := list(values)) / len(kept)
