"""Which uncertain call made what the directory shows; pure.

Only a creation signs what it makes: the account carries our key, the group our nickname. What the
directory shows then has been made by one of the calls that may have made it. That is known without
knowing which, so one count of them is certain; it can be moved where all stand in the same hour and
job, and nowhere else. What nobody saw of it is its answer, which may have been a failure after the
write: hence a status of its own (`pricing.FOUND`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

# A gateway's own words, whatever the service behind it did.
_TIMEOUT = 408


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that was to make it; `status` of its answer, None: on its way, uncertain or found.

    `hour` and `job`: where it is counted.
    """

    id: UUID
    uncertain: bool
    status: int | None
    hour: datetime
    job: str

    @property
    def may_have_made_it(self) -> bool:
        """Whatever was not refused: a failure may have come after the write."""
        refused = self.status is not None and self.status // 100 == 4
        return not refused or self.status == _TIMEOUT


def maker(attempts: Iterable[Attempt]) -> UUID | None:
    """The call that counts as found, of all that were to make what is there; None: nobody knows.

    Where several are uncertain, any of them stands for the one: always the same, so that asking
    twice finds one call.
    """
    possible = [attempt for attempt in attempts if attempt.may_have_made_it]
    if not possible or not all(attempt.uncertain for attempt in possible):
        return None
    if len({(attempt.hour, attempt.job) for attempt in possible}) > 1:
        return None
    return min(attempt.id for attempt in possible)
