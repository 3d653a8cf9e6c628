"""How often a tenant syncs, in words and minutes, and what is tried beside it; pure.

Intervals are whole minutes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import median

from billing.domain.pricing import Price
from billing.domain.simulator import (
    MINUTES_A_MONTH,
    Answer,
    Compared,
    History,
    Migration,
    Quota,
    Scenario,
    simulate,
)
from provisioning.domain.pacing import TENANT_WRITES, tenant_units
from provisioning.domain.schedules import Every, Schedule

QUARTER, HOUR, FOUR_HOURS, DAY, WEEK = 15, 60, 240, 1440, 10_080
SYNCS = (QUARTER, HOUR, FOUR_HOURS, DAY, WEEK)
"""Intervals of syncs that can be tried."""
RECONCILES = (WEEK, MINUTES_A_MONTH)
PRESETS = (QUARTER, FOUR_HOURS, DAY)
"""Intervals of syncs that are always shown."""
_NEAR = Fraction(1, 10)
_MOST_TOLD = 100
_UNITS = ((MINUTES_A_MONTH, "month"), (WEEK, "week"), (DAY, "day"), (HOUR, "hour"), (1, "minute"))


@dataclass(frozen=True, slots=True)
class Line:
    """One way of several side by side; `present` is the way of today, `chosen` the one asked for.

    One may be both.
    """

    scenario: Scenario
    answer: Answer
    present: bool
    chosen: bool

    @property
    def name(self) -> str:
        """How often it syncs: "Every 4 hours"."""
        words = interval_words(self.scenario.sync_minutes)
        return words[:1].upper() + words[1:]

    @property
    def detail(self) -> str:
        """What else sets it apart: its reconciles, and growth."""
        growth, back = self.scenario.growth_percent, self.scenario.reconcile_minutes
        reconciles = f"reconcile {interval_words(back)}" if back else "no reconciles"
        more = f", {abs(growth)} % {'more' if growth > 0 else 'fewer'} people" if growth else ""
        return f"{reconciles}{more}"


def minutes_between(rules: Iterable[Schedule]) -> int | None:
    """Minutes between two runs of all schedules together, on average; None without schedules."""
    runs = sum((_runs_a_week(rule) for rule in rules), Fraction(0))
    return max(1, round(WEEK / runs)) if runs else None


def usual_minutes(moments: Sequence[datetime]) -> int | None:
    """The median of the minutes between moments; None for fewer than two.

    One within a tenth of an interval that can be tried is taken for that: a person who hands in a
    file every morning does not do it on the minute.
    """
    ordered = sorted(moments)
    if len(ordered) < 2:
        return None
    seconds = median((later - earlier).total_seconds() for earlier, later in pairwise(ordered))
    minutes = max(1, round(seconds / 60))
    return next((each for each in SYNCS if abs(minutes - each) <= each * _NEAR), minutes)


def interval_words(minutes: int | None) -> str:
    """An interval as people say it: "every 4 hours", "every day"; None: "never"."""
    if minutes is None:
        return "never"
    exact = next(each for each in _UNITS if minutes % each[0] == 0)
    # Two of a unit say more than one of the next; a hundred and more say nothing to anybody.
    size, unit = exact
    if minutes // size > _MOST_TOLD:
        size, unit = next(each for each in _UNITS if minutes >= 2 * each[0])
    number = round(minutes / size)
    about = "" if minutes % size == 0 else "about "
    return f"{about}every {f'{number} {unit}s' if number > 1 else unit}"


def side_by_side(history: History, present: Scenario, chosen: Scenario, price: Price) -> list[Line]:
    """The present way, then the others from often to seldom, each once.

    The others have the reconciles and the growth that were chosen; the migration is the chosen
    one's alone.
    """
    wanted = replace(chosen, migration=None)
    intervals = sorted({*PRESETS, wanted.sync_minutes})
    others = [replace(wanted, sync_minutes=minutes) for minutes in intervals]
    quota = quota_of(history.users)
    lines = []
    for each in [present, *(each for each in others if each != present)]:
        tried = chosen if each == wanted else each
        answer = simulate(history, tried, price, quota)
        lines.append(Line(each, answer, each == present, each == wanted))
    return lines


def migration_alone(move: Migration, price: Price, at: datetime) -> Compared:
    """A migration where nothing else happens, for a tenant without a history."""
    nobody = History(0, 0, (), at, at + timedelta(days=1), (), DAY)
    found = simulate(nobody, Scenario(DAY, migration=move), price, quota_of(move.people)).migration
    if found is None:
        raise RuntimeError("A migration was asked for.")
    return found


def quota_of(users: int) -> Quota:
    """What may be sent to a directory of so many users."""
    units = tenant_units(users)
    return Quota(
        int(TENANT_WRITES.tokens), int(TENANT_WRITES.seconds), int(units.tokens), int(units.seconds)
    )


def _runs_a_week(rule: Schedule) -> Fraction:
    if isinstance(rule, Every):
        return Fraction(WEEK, rule.minutes)
    return Fraction(len(rule.times) * len(rule.days))
