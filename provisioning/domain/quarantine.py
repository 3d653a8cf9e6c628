"""How failures of the same kind, one after the other, slow a tenant down: 1, 2, 6, 12, 24 hours.

What stops a whole tenant (a refused credential, a feature that is off, a missing permission)
is tried again three times, a minute apart: somebody may be mending it right now. From the fourth
failure on the tenant rests for an hour, then for 2, 6, 12 and 24 hours, and a day each time after
that. A failed plan, or a job in which many people failed for one reason, may happen once; from the
second on the tenant rests in the same steps. Success, or a failure of another kind, begins anew.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

STEPS = tuple(timedelta(hours=hours) for hours in (1, 2, 6, 12, 24))
# A job has failed as a whole when so many operations, and this share of them, ended for one reason.
LEAST_FAILED, FAILED_PERCENT = 5, 50
# What differs from person to person: what stands in brackets, in quotation marks, and numbers.
_PERSONAL = re.compile(r"\([^)]*\)|'[^']*'|\"[^\"]*\"|\S*\d\S*|\S*@\S*")


class Stage(StrEnum):
    """Where a failure happened, and so what counts as a success after it."""

    CALL = "call"
    """A call that nothing but a person can mend; a call that succeeds ends it."""
    PLAN = "plan"
    """A job that failed before it had a plan; a plan ends it."""
    JOB = "job"
    """A job in which many failed for one reason; a job in which they did not ends it."""


QUICK = {Stage.CALL: 3, Stage.PLAN: 1, Stage.JOB: 1}


@dataclass(frozen=True, slots=True)
class Streak:
    """Failures of one kind without a success in between."""

    stage: Stage
    kind: str
    since: datetime
    failures: int

    @property
    def step(self) -> int:
        """How many rests this makes so far; 0 while it is tried again at once."""
        return max(0, self.failures - QUICK[self.stage])

    @property
    def rest(self) -> timedelta | None:
        """How long the tenant rests now; None while it is tried again at once."""
        return STEPS[min(self.step, len(STEPS)) - 1] if self.step else None


def failed(before: Streak | None, stage: Stage, kind: str, now: datetime) -> Streak:
    """The streak with one more failure; another kind of failure begins a new one."""
    if before is None or (before.stage, before.kind) != (stage, kind):
        return Streak(stage, kind, now, 1)
    return Streak(stage, kind, before.since, before.failures + 1)


def common_reason(messages: Iterable[tuple[str, int]], total: int) -> str | None:
    """The reason, as told of somebody, for which a large share of `total` operations failed.

    `messages` are what the failed ones say and how often; what is one person's in them is left out.
    """
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for message, number in messages:
        kind = kind_of_message(message)
        counts[kind] += number
        examples.setdefault(kind, message)
    if not counts:
        return None
    kind, number = counts.most_common(1)[0]
    enough = number >= LEAST_FAILED and number * 100 >= FAILED_PERCENT * total
    return examples[kind] if enough else None


def kind_of_message(message: str) -> str:
    """A message without what differs from person to person."""
    return " ".join(_PERSONAL.sub("", message).split())[:200]
