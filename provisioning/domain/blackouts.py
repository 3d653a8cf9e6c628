"""Windows on the customer's clock in which nothing is sent for a tenant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from provisioning.domain.local_time import first_instant, last_instant
from provisioning.domain.schedules import EVERY_DAY, days_in_words

_DAY = timedelta(days=1)
# Nobody needs to know more exactly than that when windows without a gap between them end.
_HORIZON = timedelta(days=60)


class BlackoutError(ValueError):
    """This is no blackout; str() says what to correct."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """From a time on each of these days (Monday is 0) to another; not later: on the day after."""

    days: frozenset[int]
    begins: time
    ends: time

    def __post_init__(self) -> None:
        if not self.days or not self.days <= EVERY_DAY:
            raise BlackoutError("Choose at least one day of the week.")


@dataclass(frozen=True, slots=True)
class Dated:
    """From a day and time to another."""

    first_day: date
    begins: time
    last_day: date
    ends: time

    def __post_init__(self) -> None:
        if (self.first_day, self.begins) >= (self.last_day, self.ends):
            raise BlackoutError("The blackout ends before it begins.")


Window = Weekly | Dated


def in_blackout(windows: Iterable[Window], zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the blackout that is on ends (UTC), windows that touch or overlap joined; else None.

    A window begins when the clock first shows its begin and ends when it will not show less than
    its end again: the hour that comes twice in autumn belongs to it as a whole. Windows that leave
    no gap are followed for 60 days.
    """
    known, end = tuple(windows), now
    while end - now < _HORIZON:
        further = max((ends for each in known for ends in _around(each, zone, end)), default=end)
        if further <= end:
            break
        end = further
    return end if end > now else None


def leaves_no_gap(windows: Iterable[Window], zone: ZoneInfo, now: datetime) -> bool:
    """Whether weekly windows together leave no time at all in which something could be sent."""
    weekly = [each for each in windows if isinstance(each, Weekly)]
    end = in_blackout(weekly, zone, now)
    return end is not None and end - now >= _HORIZON


def sentence(window: Window) -> str:
    """A window in words, without its zone: "Every Saturday from 22:00 to 06:00 the next day"."""
    if isinstance(window, Weekly):
        following = " the next day" if window.ends <= window.begins else ""
        days = days_in_words(window.days)
        return f"{days} from {window.begins:%H:%M} to {window.ends:%H:%M}{following}"
    begins, ends = (
        f"{day:%a} {day.day} {day:%b %Y}, {at:%H:%M}"
        for day, at in ((window.first_day, window.begins), (window.last_day, window.ends))
    )
    return f"From {begins} to {ends}"


def _around(window: Window, zone: ZoneInfo, at: datetime) -> Iterator[datetime]:
    """Ends of a window's occurrences that hold an instant."""
    for first_day, last_day in _occurrences(window, at.astimezone(zone).date()):
        begins = first_instant(first_day, window.begins, zone)
        ends = last_instant(last_day, window.ends, zone)
        if begins <= at < ends:
            yield ends


def _occurrences(window: Window, today: date) -> Iterator[tuple[date, date]]:
    """First and last day of the occurrences that may hold an instant of this day."""
    if isinstance(window, Dated):
        yield window.first_day, window.last_day
        return
    for day in (today - 2 * _DAY, today - _DAY, today):
        if day.weekday() in window.days:
            yield day, day + _DAY * (window.ends <= window.begins)
