"""How fast a tenant's calls may leave: token buckets just under Entra's (Graph's identity limits).

The service takes a token when a request arrives, we take it before the request leaves: with a rate
and a size that are no larger than the service's, it can never find its bucket empty. Others who use
the same application are seen in the throttle headers: they say how full the worst bucket is.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

# Just under the quota: clocks differ a little, and a percentage has two digits.
_SIZE, _RATE, _ROUNDING = 0.99, 0.995, 0.01


@dataclass(frozen=True, slots=True)
class Quota:
    """So many tokens in so many seconds."""

    tokens: float
    seconds: float

    def scaled(self, factor: float) -> "Quota":
        """The same tokens by a clock that runs `factor` times as fast."""
        return Quota(self.tokens, self.seconds / factor)


TENANT_WRITES = Quota(3000, 150)
APPLICATION_WRITES = Quota(35_000, 300)
_UNIT_SECONDS = 10


def tenant_units(users: int) -> Quota:
    """Resource units of one application in a directory of so many users (sizes S, M, L)."""
    if users < 50:
        return Quota(3500, _UNIT_SECONDS)
    return Quota(5000 if users <= 500 else 8000, _UNIT_SECONDS)


class Bucket:
    """Tokens that come back steadily; all times are seconds of one clock.

    The level may fall below zero: those tokens are promised to requests that wait for them.
    """

    def __init__(self, quota: Quota, now: float, level: float = math.inf) -> None:
        self.size = max(1.0, quota.tokens * _SIZE)
        self.rate = quota.tokens / quota.seconds * _RATE
        self.level = min(level, self.size)
        self._at = now

    def refill(self, now: float) -> None:
        """Give back what has come free since the last look."""
        self.level = min(self.size, self.level + max(0.0, now - self._at) * self.rate)
        self._at = max(self._at, now)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` tokens are there; 0.0: now."""
        self.refill(now)
        # A clock's own digits are no reason to wait.
        return max(0.0, amount - 1e-6 - self.level) / self.rate

    def take(self, amount: float) -> None:
        """Take or promise tokens; a negative amount gives back."""
        self.level = min(self.size, self.level - amount)

    def learn(self, used: float, unseen: float, now: float) -> None:
        """What the service says: this share is used, and `unseen` tokens it had not counted yet."""
        self.refill(now)
        free = (1.0 - used - _ROUNDING) * self.size - unseen
        self.level = min(self.size, free)


def level_after(quota: Quota, spent: Iterable[tuple[float, float]]) -> float:
    """Tokens left after `spent` (seconds ago, tokens) of the last two windows, nothing before.

    What happened before is unknown and taken for a bucket that had been emptied; without any
    spending in two windows it has filled up again since.
    """
    bucket = Bucket(quota, -2 * quota.seconds, 0.0)
    for ago, tokens in sorted(spent, reverse=True):
        bucket.refill(-ago)
        bucket.take(tokens)
    bucket.refill(0.0)
    return bucket.level
