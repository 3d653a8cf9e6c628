"""How many requests of one lane are on their way at once: as many as help; pure.

Additive increase, multiplicative decrease, as TCP does it, and doubling until the first cut. Two
things speak against a thread: the service answers more slowly than it does at its best, so that
requests only queue there, or pushes back; and the pacer keeps requests waiting, so that the quota
decides and not the number of threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

LEAST, FIRST = 2, 4
_STEP = 2
_CUT_WHEN_REFUSED, _CUT_WHEN_SLOW = 0.5, 0.75
# So much slower than at its best is a queue. What was not seen again for so many batches may not
# be true any more: the lane begins anew with few, and sees what the best is now.
_SLOW, _LIKE_BEST, _STALE = 2.5, 1.1, 50
_UNKNOWN, _INSTANT = 8, 0.001
# Below this many seconds differences are noise.
_NOISE = 0.05


@dataclass(frozen=True, slots=True)
class Round:
    """What a batch of requests showed: seconds each took, seconds each waited for its quota.

    `refused` requests were answered that the service has too much to do.
    """

    latencies: Sequence[float]
    waits: Sequence[float] = ()
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Threads:
    """The number for the next batch, between LEAST and `most`, and the best latency seen."""

    most: int
    number: int
    best: float | None = None
    age: int = 0
    """Batches since the best was seen."""
    steady: bool = False
    """Whether a cut has shown where the limit is about."""
    usual: float | None = None
    """What the last batch took for one request."""

    @classmethod
    def begin(cls, most: int, number: int | None = None) -> "Threads":
        """With what the lane used last, or a few: who never saw it without a queue knows none."""
        if number is None:
            return cls(most, _bounded(FIRST, most))
        return cls(most, _bounded(number, most), steady=True)

    def after(self, seen: Round) -> "Threads":
        """The next number; a batch that never used the present one says nothing for more."""
        if not seen.latencies:
            return self
        usual = median(seen.latencies)
        best = usual if self.best is None else min(self.best, usual)
        age = 0 if usual <= best * _LIKE_BEST else self.age + 1
        if age >= _STALE:
            return Threads(self.most, _bounded(LEAST, self.most))
        number = self._next(seen, usual, best)
        steady = self.steady or number < self.number
        return replace(self, number=number, best=best, age=age, steady=steady, usual=usual)

    def fits(self, seconds: float) -> int:
        """How many requests such a batch can hold, so that it ends within about so many seconds.

        As long as nobody knows how long one takes, a few for each thread.
        """
        each = _UNKNOWN if self.usual is None else int(seconds / max(self.usual, _INSTANT))
        return self.number * max(1, each)

    def _next(self, seen: Round, usual: float, best: float) -> int:
        if seen.refused:
            return _bounded(int(self.number * _CUT_WHEN_REFUSED), self.most)
        paced = bool(seen.waits) and median(seen.waits) > max(usual, _NOISE)
        if paced or usual > max(best * _SLOW, best + _NOISE):
            return _bounded(int(self.number * _CUT_WHEN_SLOW), self.most)
        full = len(seen.latencies) >= self.number
        more = self.number + _STEP if self.steady else self.number * 2
        return _bounded(more, self.most) if full else self.number


def _bounded(number: int, most: int) -> int:
    return max(min(LEAST, most), min(number, most))
