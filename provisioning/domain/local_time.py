"""A customer's wall clock: which instant a local time is, also where the clocks are changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def first_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which the clock shows this time or, where it is skipped, more.

    So a time within the gap of a change to summer time is the moment the gap ends, and a time that
    comes twice in autumn is the first of the two.
    """
    return _instant(datetime.combine(day, at), zone, fold=0)


def last_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant (UTC) from which the clock never again shows less than this time."""
    naive = datetime.combine(day, at)
    found = _instant(naive, zone, fold=1)
    before = (found - _SECOND).astimezone(zone).replace(tzinfo=None)
    # Where the clock was set back to exactly this time, it has shown no less since the first.
    return found if before < naive else _instant(naive, zone, fold=0)


def told(moment: datetime, zone: ZoneInfo) -> str:
    """An instant for people, on the customer's clock: "Mon 23 Nov 2026, 06:00 (Europe/Berlin)"."""
    return f"{clock(moment, zone)} ({zone.key})"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """The same without the zone, where that is said already: "Mon 23 Nov 2026, 06:00"."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def _instant(naive: datetime, zone: ZoneInfo, fold: int) -> datetime:
    found = naive.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == naive:
        return found
    return _end_of_gap(naive, zone)


def _end_of_gap(naive: datetime, zone: ZoneInfo) -> datetime:
    """The change of the offset between the two readings of a time that does not exist (PEP 495)."""
    later, earlier = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    before = earlier.astimezone(zone).utcoffset()
    while later - earlier > _SECOND:
        middle = (earlier + (later - earlier) / 2).replace(microsecond=0)
        middle = max(middle, earlier + _SECOND)
        if middle.astimezone(zone).utcoffset() == before:
            earlier = middle
        else:
            later = middle
    return later
