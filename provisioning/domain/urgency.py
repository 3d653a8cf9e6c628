"""Which of a tenant's jobs the lane works on next; pure.

Leavers' accounts are closed first, then people who were sent on demand, then the rest by age.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Rank(IntEnum):
    """How urgent a job is; the lower goes first."""

    CLOSES = 0
    ON_DEMAND = 1
    REST = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that has something to do: `closes` if accounts are to be disabled now."""

    pk: int
    on_demand: bool = False
    closes: bool = False

    @property
    def rank(self) -> Rank:
        """How urgent it is."""
        if self.closes:
            return Rank.CLOSES
        return Rank.ON_DEMAND if self.on_demand else Rank.REST


def most_urgent(jobs: Iterable[Waiting]) -> Waiting | None:
    """The job to work on; of two that are as urgent, the older one."""
    return min(jobs, key=lambda job: (job.rank, job.pk), default=None)


def gives_way(running: Waiting, others: Iterable[Waiting]) -> bool:
    """Whether the one that runs has to make room: only the rest does, for whatever is urgent.

    Two of one rank never take turns within a slice, and nothing short is interrupted.
    """
    return running.rank is Rank.REST and any(each.rank is not Rank.REST for each in others)
