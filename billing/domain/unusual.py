"""An hour with far more calls than this tenant's own pattern, noticed within that hour; pure.

The pattern is the same hour of the same weekday by the customer's clock, in the weeks before: their
median, and how far they lie from it (median absolute deviation), so that one odd week neither hides
nor makes an alarm. A tenant without enough weeks is compared with the same hour of all days, and a
new one with nothing: its first calls are unusual by nature. Small numbers never alarm.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median
from zoneinfo import ZoneInfo

from billing.domain.periods import hour_of

Pattern = Mapping[datetime, Mapping[str, int]]
"""Calls by purpose, of UTC hours by their first instant; hours without calls may be missing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When to speak: above the median by `spreads` deviations, `percent` of it and `calls`, each.

    `weeks` are looked back on; with fewer than `fewest` of them the last `days` count instead, if
    there are so many of those.
    """

    spreads: int = 8
    percent: int = 100
    calls: int = 100
    weeks: int = 8
    fewest: int = 3
    days: int = 5


@dataclass(frozen=True, slots=True)
class HourLine:
    """Calls of the hour so far, by purpose and job (opaque label)."""

    purpose: str
    job: str
    calls: int


@dataclass(frozen=True, slots=True)
class Unusual:
    """An unusual hour: its calls so far, the usual number, from where on it is unusual.

    `purpose` and `job` contribute most: `purpose_calls` where `purpose_usual` are usual, of which
    `job_calls` are the job's. `compared` hours made the pattern.
    """

    hour: datetime
    calls: int
    usual: int
    limit: int
    compared: int
    purpose: str
    purpose_calls: int
    purpose_usual: int
    job: str
    job_calls: int

    def sentence(self) -> str:
        """In words, without names: the page knows what the job is called."""
        return (
            f"{self.calls:,} calls in this hour, where about {self.usual:,} are usual;"
            f" {self.purpose_calls:,} of them for {self.purpose.replace('_', ' ')}"
            f" (usually {self.purpose_usual:,})."
        )


def unusual_hour(
    now: datetime,
    lines: Iterable[HourLine],
    past: Pattern,
    known_since: datetime,
    zone: ZoneInfo,
    limits: Limits,
) -> Unusual | None:
    """What is unusual in the hour of `now`, if anything is, by its calls so far.

    `known_since`: from then on an hour that is missing in `past` had no calls.
    """
    hour = hour_of(now)
    hours = compared_hours(hour, known_since, zone, limits)
    if not hours:
        return None
    made = [line for line in lines if line.calls > 0]
    calls = sum(line.calls for line in made)
    before = [sum(past.get(each, {}).values()) for each in hours]
    usual = median(map(Fraction, before))
    limit = _limit(before, limits)
    if calls <= limit:
        return None
    purpose, excess_usual = _purpose(made, past, hours)
    of_purpose = [line for line in made if line.purpose == purpose]
    by_job = _sums((line.job, line.calls) for line in of_purpose)
    job = max(sorted(by_job), key=lambda each: by_job[each])
    return Unusual(
        hour,
        calls,
        int(usual),
        int(limit),
        len(hours),
        purpose,
        sum(line.calls for line in of_purpose),
        int(excess_usual),
        job,
        by_job[job],
    )


def compared_hours(
    hour: datetime, known_since: datetime, zone: ZoneInfo, limits: Limits
) -> Sequence[datetime]:
    """Hours (UTC) that make the pattern of an hour: by the customer's clock, over its changes."""
    local = hour.astimezone(zone).replace(tzinfo=None)

    def before(days: int) -> datetime:
        moved = (local - timedelta(days=days)).replace(tzinfo=zone)
        return hour_of(moved.astimezone(UTC))

    weeks = [before(7 * week) for week in range(1, limits.weeks + 1)]
    if len(known := [each for each in weeks if each >= known_since]) >= limits.fewest:
        return known
    days = [before(day) for day in range(1, 7 * limits.fewest + 1)]
    known = [each for each in days if each >= known_since]
    return known if len(known) >= limits.days else []


def _limit(before: Sequence[int], limits: Limits) -> Fraction:
    usual = median(map(Fraction, before))
    spread = median(abs(each - usual) for each in before)
    return usual + max(
        limits.spreads * spread, usual * limits.percent / 100, Fraction(limits.calls)
    )


def _purpose(
    made: Sequence[HourLine], past: Pattern, hours: Sequence[datetime]
) -> tuple[str, Fraction]:
    """The purpose with most calls above its own usual ones, and these."""
    now = _sums((line.purpose, line.calls) for line in made)
    usual = {
        purpose: median(Fraction(past.get(hour, {}).get(purpose, 0)) for hour in hours)
        for purpose in now
    }
    found = max(sorted(now), key=lambda purpose: now[purpose] - usual[purpose])
    return found, usual[found]


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, calls in pairs:
        sums[name] = sums.get(name, 0) + calls
    return sums
