"""When a schedule runs: every so many minutes or hours, or at times of the customer's days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from provisioning.domain.local_time import first_instant

SHORTEST_MINUTES = 5
LONGEST_MINUTES = 7 * 24 * 60
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVERY_DAY = frozenset(range(7))


class Unit(StrEnum):
    """How a schedule is told."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAILY = "daily"
    WEEKLY = "weekly"


class ScheduleError(ValueError):
    """This is no schedule; str() says what to correct."""


@dataclass(frozen=True, slots=True)
class Every:
    """Runs `minutes` apart, counted from an instant; the clocks' changes do not move them."""

    minutes: int
    anchor: datetime
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if not SHORTEST_MINUTES <= self.minutes <= LONGEST_MINUTES:
            raise ScheduleError(
                f"Between two runs lie at least {SHORTEST_MINUTES} minutes and at most a week."
            )


@dataclass(frozen=True, slots=True)
class At:
    """Runs at times of the customer's clock, on days of the week (Monday is 0)."""

    times: frozenset[time]
    days: frozenset[int]
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if not self.times:
            raise ScheduleError("Name at least one time, e.g. 06:00.")
        if not self.days or not self.days <= EVERY_DAY:
            raise ScheduleError("Choose at least one day of the week.")


Schedule = Every | At


def next_run(schedule: Schedule, after: datetime) -> datetime:
    """The schedule's first moment (UTC) after an instant.

    A time that does not exist on a day runs when the clock goes on; one that comes twice runs once,
    the first time. Asked with the present, it leaves out whatever was missed: one run makes up for
    all of them.
    """
    if isinstance(schedule, Every):
        return _next_every(schedule, after)
    today = after.astimezone(schedule.zone).date()
    # A skipped time, even a skipped day, may run on the day after its own.
    for ahead in range(-1, 10):
        day = today + timedelta(days=ahead)
        if day.weekday() in schedule.days:
            runs = (first_instant(day, at, schedule.zone) for at in schedule.times)
            if ahead_of := [run for run in runs if run > after]:
                return min(ahead_of)
    raise RuntimeError("A week without any of its days.")  # the days are never empty


def sentence(schedule: Schedule) -> str:
    """A schedule in words: "Every Monday and Thursday at 06:00 and 18:00 (Europe/Berlin)"."""
    zone = schedule.zone.key
    if isinstance(schedule, Every):
        local = schedule.anchor.astimezone(schedule.zone)
        since = f"counted from {local.day} {local:%b %Y, %H:%M} ({zone})"
        return f"Every {_spell(schedule.minutes)}, {since}"
    times = in_words(f"{at:%H:%M}" for at in sorted(schedule.times))
    return f"{days_in_words(schedule.days)} at {times} ({zone})"


def days_in_words(days: Iterable[int]) -> str:
    """Days of the week in their order: "Every day", "Every Monday and Thursday"."""
    chosen = sorted(set(days))
    if len(chosen) == len(DAYS):
        return "Every day"
    if chosen == [0, 1, 2, 3, 4]:
        return "Every Monday to Friday"
    return f"Every {in_words(DAYS[day] for day in chosen)}"


def in_words(parts: Iterable[str]) -> str:
    """A list as people say it: "a", "a and b", "a, b and c"."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _next_every(schedule: Every, after: datetime) -> datetime:
    step = timedelta(minutes=schedule.minutes)
    anchor = schedule.anchor.astimezone(UTC)
    return anchor + ((after - anchor) // step + 1) * step


def _spell(minutes: int) -> str:
    hours, left = divmod(minutes, 60)
    number, unit = (hours, "hour") if hours and not left else (minutes, "minute")
    return unit if number == 1 else f"{number} {unit}s"
