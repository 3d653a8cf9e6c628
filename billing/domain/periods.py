"""Billing hours, days and months: UTC everywhere, half-open."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

# Whoever writes another year has mistyped it; calendars end, and so would sums of their days.
FIRST_YEAR, LAST_YEAR = 2000, 2099


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int

    @property
    def start(self) -> datetime:
        """First instant of the month."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """First instant after the month."""
        return self.next().start

    @property
    def days(self) -> list[date]:
        """Every day of the month, in order."""
        first, end = self.start, self.end
        return [first.date() + timedelta(days=day) for day in range((end - first).days)]

    def holds(self, day: date) -> bool:
        """Whether a UTC day lies in the month."""
        return (day.year, day.month) == (self.year, self.number)

    def next(self) -> "Month":
        """The month after."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def previous(self) -> "Month":
        """The month before."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


@lru_cache(maxsize=4096)
def month_of(instant: datetime) -> Month:
    """The UTC month an instant lies in."""
    instant = instant.astimezone(UTC)
    return Month(instant.year, instant.month)


def longer_than(months: int, first: date, last: date) -> bool:
    """Whether the days from the first to the last, both included, are more than so many months."""
    begun = (last.year - first.year) * 12 + last.month - first.month
    return begun > months or (begun == months and last.day >= first.day)


def parse_month(text: str) -> Month:
    """`YYYY-MM` as a month; raises ValueError when it is none, or of another century."""
    parsed = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    _check_year(parsed.year)
    return Month(parsed.year, parsed.month)


def parse_day(text: str) -> date:
    """`YYYY-MM-DD` as a day; raises ValueError when it is none, or of another century."""
    day = date.fromisoformat(text)
    _check_year(day.year)
    return day


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"The year is not between {FIRST_YEAR} and {LAST_YEAR}.")


def hour_of(instant: datetime) -> datetime:
    """Start of the UTC hour an instant lies in."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def start_of(day: date) -> datetime:
    """First instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
