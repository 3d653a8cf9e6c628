"""What reading a directory back costs, what a sample says of the whole, and how often to do it.

Pure. A whole read takes a call for 999 accounts, so it is often cheaper than twenty accounts read
one by one; the cheaper way is chosen by calculation. Shares are floats, money is Decimal.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

DAYS_A_MONTH = 30.4375
INTERVALS = (1, 2, 7, 14, 30, 90)
"""Intervals in days that are weighed against each other."""
FEWEST_DAYS = 1.0
"""So long has to lie between readings before anything is said of days to come."""
_Z = 1.959963984540054  # 95 %, two-sided


@dataclass(frozen=True, slots=True)
class ReadForecast:
    """How a directory will be read back: in so many calls, all of it or account by account.

    `asked` is the size of the sample that was asked for, `whole_calls` what everybody costs, and
    `groups` are the calls for groups among them all.
    """

    calls: int
    whole: bool
    whole_calls: int
    asked: int | None = None
    groups: int = 0

    @property
    def instead(self) -> bool:
        """Whether everything is read although a sample was asked for, because it costs no more."""
        return self.whole and self.asked is not None


def forecast(users: int, managed: int, sample: int | None, page: int) -> ReadForecast:
    """The fewest calls: `users` are known of the directory, `page` of them come in a call."""
    everything = max(1, math.ceil(users / page))
    if sample is None:
        return ReadForecast(everything, True, everything)
    one_by_one = min(sample, managed)
    whole = everything <= one_by_one
    return ReadForecast(everything if whole else one_by_one, whole, everything, sample)


class Interval(NamedTuple):
    """Bounds of a share, 0 to 1."""

    low: float
    high: float


def share_interval(drifted: int, read: int, of: int) -> Interval:
    """Where the share of drifted accounts lies with 95 % confidence (Wilson's score interval).

    The sample is drawn without putting back from `of` accounts, which makes it say more: the
    finite population correction is applied by enlarging it. Everything read is no estimate.
    """
    if read <= 0:
        return Interval(0.0, 1.0)
    share = drifted / read
    if read >= of:
        return Interval(share, share)
    size = read * (of - 1) / (of - read)
    square = _Z * _Z
    middle = (share + square / (2 * size)) / (1 + square / size)
    spread = math.sqrt(share * (1 - share) / size + square / (4 * size * size))
    reach = _Z * spread / (1 + square / size)
    # What was seen is certain: so many have drifted, and so many have not.
    low = max(middle - reach, drifted / of)
    high = min(middle + reach, 1 - (read - drifted) / of)
    return Interval(low, max(low, high))


class Observation(NamedTuple):
    """One reading: of `read` accounts `drifted` had, within `days` since they were last read."""

    drifted: int
    read: int
    days: float


@dataclass(frozen=True, slots=True)
class Choice:
    """One interval in days: the share drifted by its end (0 to 1), calls and cost of a month."""

    days: int
    share: float
    calls: float
    cost: Decimal
    fits: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """The interval to choose, why, and all that were weighed; `daily` is drift a day, 0 to 1."""

    choice: Choice
    sentence: str
    choices: Sequence[Choice]
    daily: float


def observed_days(seen: Iterable[Observation]) -> float:
    """Days that earlier readings span together, of those that compared anybody."""
    return sum(each.days for each in seen if each.days > 0 and each.read > 0)


def daily_drift(seen: Iterable[Observation]) -> float | None:
    """Share of accounts that drift in a day, from what was observed; None without observations.

    A share, so never more than all of them.
    Half an account is added (Jeffreys), so that "none yet" is not taken for "never".
    """
    kept = [each for each in seen if each.days > 0 and each.read > 0]
    exposure = sum(each.read * each.days for each in kept)
    if not exposure:
        return None
    return min(1.0, (sum(each.drifted for each in kept) + 0.5) / exposure)


def advise(
    seen: Iterable[Observation], calls: int, price: Decimal, tolerance: float
) -> Advice | None:
    """The longest interval whose drift stays within the tolerance (0 to 1), or the shortest there
    is; `calls` is one reading, `price` that of a call. None before FEWEST_DAYS were observed.
    """
    kept = list(seen)
    daily = daily_drift(kept)
    if daily is None or observed_days(kept) < FEWEST_DAYS:
        return None
    choices = [_choice(days, daily, calls, price, tolerance) for days in INTERVALS]
    fitting = [each for each in choices if each.fits]
    chosen = fitting[-1] if fitting else choices[0]
    return Advice(chosen, _sentence(chosen, daily, tolerance), choices, daily)


def _choice(days: int, daily: float, calls: int, price: Decimal, tolerance: float) -> Choice:
    share = -math.expm1(-daily * days)
    monthly = calls * DAYS_A_MONTH / days
    cost = price * calls * Decimal(str(DAYS_A_MONTH)) / days
    cost = cost.quantize(Decimal("0.0001"), ROUND_HALF_UP)  # a forecast, not a bill
    return Choice(days, share, monthly, cost, share <= tolerance)


def _sentence(chosen: Choice, daily: float, tolerance: float) -> str:
    every = "every day" if chosen.days == 1 else f"every {chosen.days} days"
    seen = f"About {_percent(daily)} of the accounts drift in a day"
    if not chosen.fits:
        return (
            f"{seen}: even read {every}, {_percent(chosen.share)} will have drifted each time,"
            f" more than the {_percent(tolerance)} you accept."
        )
    return (
        f"{seen}: read {every}, at most {_percent(chosen.share)} will have drifted each time,"
        f" within the {_percent(tolerance)} you accept."
    )


def _percent(share: float) -> str:
    percent = share * 100
    if 0 < percent < 0.01:
        return "less than 0.01 %"
    places = 2 if percent < 1 else 1
    return f"{percent:.{places}f}".rstrip("0").rstrip(".") + " %"
