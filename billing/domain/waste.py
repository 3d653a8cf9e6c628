"""Calls that need not have been: by cause, with their price and the setting that avoids them; pure.

A call is wasted for one reason at most, the first of `Kind` that applies: a write that should not
have been is worse than one that was tried twice, and that is worse than a read in vain. What is
here beside the calls is known to whoever made them, so it is given with them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.periods import Month, month_of
from billing.domain.pricing import Cost, Price, UsageLine, cost_of

NOT_FOUND = 404


class Kind(StrEnum):
    """Why calls were wasted, in the order in which a call is looked at."""

    FLAPPING = "flapping attribute"
    RETRY = "retry"
    MISSING = "not found"
    IDLE_JOB = "job that found nothing"
    NO_OP_READ = "read that changed nothing"


@dataclass(frozen=True, slots=True)
class CallLine:
    """So many calls that are alike: of one hour, job, purpose and answer (status 0: uncertain).

    `read`: a GET; `again`: an attempt of this job for the same person and purpose had been made;
    `attribute`: the one that flaps, where the call wrote nothing else ("" otherwise); `useful`: its
    answer led to a change, or it was a change that was wanted.
    """

    at: datetime
    job: str
    purpose: str
    status: int
    calls: int
    read: bool = False
    again: bool = False
    attribute: str = ""
    useful: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """Wasted calls of a kind, of what (an attribute or a purpose), their cost, and what to set."""

    kind: Kind
    what: str
    cost: Cost
    jobs: int
    setting: str


_RULES = "Edit the profile: the rule of {}"
_HOURS = "Schedules and blackouts: add a blackout for the hours in which Entra fails"
_READ_ALL = "Reconcile: read all, so that the portal learns what was deleted in Entra"
_INTERVAL = "Schedules and blackouts: how many hours or minutes lie between two runs"
_DRIFT = "Reconcile: drift you accept, in per cent of the accounts"
_MATCHING = "Edit the profile: existing accounts are found by"
_SETTINGS = {
    Kind.FLAPPING: _RULES,
    Kind.RETRY: _HOURS,
    Kind.MISSING: _READ_ALL,
    Kind.IDLE_JOB: _INTERVAL,
    Kind.NO_OP_READ: _DRIFT,
}
# A lookup is asked for by the profile, and so is one that finds nobody.
_BY_PURPOSE = {"lookup": _MATCHING}


def wasted(
    lines: Iterable[CallLine], idle_jobs: Iterable[str], book: list[Price], cloud: str
) -> list[Finding]:
    """What one tenant's calls were spent on in vain, those with most billed calls first.

    `idle_jobs` found nothing to do. All calls of the months are needed, not only the wasted ones,
    because tiers count them. Raises ValueError for negative counts.
    """
    idle = frozenset(idle_jobs)
    costs: dict[tuple[Kind, str], Cost] = {}
    jobs: dict[tuple[Kind, str], set[str]] = {}
    reached: Counter[Month] = Counter()
    for line in sorted(lines, key=_order):
        if line.calls < 0:
            raise ValueError(f"There are no {line.calls} calls.")
        usage = UsageLine(line.at, line.status, line.calls)
        cost = cost_of([usage], book, cloud, reached)
        reached[month_of(line.at)] += cost.billable
        if line.calls and (kind := kind_of(line, idle)):
            key = kind, line.attribute if kind is Kind.FLAPPING else line.purpose
            costs[key] = costs.get(key, Cost()) + cost
            jobs.setdefault(key, set()).add(line.job)
    found = [
        Finding(kind, what, cost, len(jobs[kind, what]), _setting(kind, what))
        for (kind, what), cost in costs.items()
    ]
    return sorted(found, key=_most)


def kind_of(line: CallLine, idle_jobs: frozenset[str]) -> Kind | None:
    """Why calls were wasted, if they were."""
    if line.attribute:
        return Kind.FLAPPING
    if line.again:
        return Kind.RETRY
    if line.status == NOT_FOUND:
        return Kind.MISSING
    if line.read and line.job in idle_jobs:
        return Kind.IDLE_JOB
    return Kind.NO_OP_READ if line.read and not line.useful else None


def _setting(kind: Kind, what: str) -> str:
    reading = kind in (Kind.MISSING, Kind.NO_OP_READ)
    text = _BY_PURPOSE.get(what, _SETTINGS[kind]) if reading else _SETTINGS[kind]
    return text.format(what)


def _order(line: CallLine) -> tuple[datetime, Sequence[str], int]:
    """Time first; the rest only so that equal input gives equal output with tiers."""
    return line.at, (line.job, line.purpose, line.attribute), line.status


def _most(finding: Finding) -> tuple[int, int, Kind, str]:
    """By billed calls: amounts may be of several currencies."""
    return -finding.cost.billable, -finding.cost.calls, finding.kind, finding.what
