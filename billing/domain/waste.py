"""Calls that need not have been: by cause, with their price and the setting that avoids them; pure.

A call is wasted for one reason at most, the first of `Kind` that applies: a write that should not
have been is worse than one that came to nothing, and that is worse than a read in vain. What is
here beside the calls is known to whoever made them, so it is given with them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.periods import Month, month_of
from billing.domain.pricing import Cost, Price, UsageLine, cost_of

NOT_FOUND = 404
CHECK = "reconcile"
"""The kind of job that reads in order to look, whatever it finds."""


class Kind(StrEnum):
    """Why calls were wasted, in the order in which a call is looked at."""

    FLAPPING = "flapping attribute"
    RETRY = "retry"
    MISSING = "not found"
    IDLE_JOB = "job that found nothing"
    NO_OP_READ = "read that changed nothing"


class Trouble(StrEnum):
    """What made an attempt be repeated."""

    THROTTLED = "throttled"
    REFUSED = "refused"
    FAILED = "failed"


class Setting(StrEnum):
    """What a person would change, so that such calls are not made again."""

    RULE = "rule"
    GROUPS = "groups"
    MATCHING = "matching"
    PACE = "pace"
    CREDENTIAL = "credential"
    BLACKOUT = "blackout"
    READ_ALL = "read all"
    INTERVAL = "interval"
    CHECKS = "checks"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class CallLine:
    """So many calls that are alike: of one day, job, purpose and answer (status 0: uncertain).

    `read`: a GET; `again`: it came to nothing and was followed by another attempt of its job for
    the same person and purpose, so that this one is the one too many; `attribute`: the one that
    flaps, where the call wrote nothing else ("" otherwise); `useful`: what a read was answered led
    to a change, or was what somebody wanted to know.
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
    """Wasted calls of a kind, of what, their cost, and what to set.

    `what` is an attribute, a `Trouble`, a kind of job or a purpose; `jobs` are labels, those with
    most wasted calls first.
    """

    kind: Kind
    what: str
    cost: Cost
    jobs: tuple[str, ...]
    setting: Setting


_TROUBLES = {429: Trouble.THROTTLED, 401: Trouble.REFUSED, 403: Trouble.REFUSED}
_AGAINST = {
    Trouble.THROTTLED: Setting.PACE,
    Trouble.REFUSED: Setting.CREDENTIAL,
    Trouble.FAILED: Setting.BLACKOUT,
}
# A lookup is asked for by the profile, and so is one that finds nobody; a list of groups is read
# because of the ids that its rules name.
_MISSING = {"lookup": Setting.MATCHING, "inventory": Setting.GROUPS}
_IN_VAIN = {"lookup": Setting.MATCHING}


def wasted(
    lines: Iterable[CallLine], idle_jobs: Mapping[str, str], book: list[Price], cloud: str
) -> list[Finding]:
    """What one tenant's calls were spent on in vain, those with most billed calls first.

    `idle_jobs` found nothing to do: labels with what kind of job each is. All calls of the months
    are needed, not only the wasted ones, because tiers count them. Raises ValueError for negative
    counts.
    """
    costs: dict[tuple[Kind, str], Cost] = {}
    jobs: dict[tuple[Kind, str], Counter[str]] = {}
    reached: Counter[Month] = Counter()
    for line in sorted(lines, key=_order):
        if line.calls < 0:
            raise ValueError(f"There are no {line.calls} calls.")
        cost = cost_of([UsageLine(line.at, line.status, line.calls)], book, cloud, reached)
        reached[month_of(line.at)] += cost.billable
        if line.calls and (kind := kind_of(line, idle_jobs)):
            key = kind, _what(kind, line, idle_jobs)
            costs[key] = costs.get(key, Cost()) + cost
            jobs.setdefault(key, Counter())[line.job] += line.calls
    found = [
        Finding(kind, what, cost, _ranked(jobs[kind, what]), _setting(kind, what))
        for (kind, what), cost in costs.items()
    ]
    return sorted(found, key=_most)


def kind_of(line: CallLine, idle_jobs: Mapping[str, str]) -> Kind | None:
    """Why calls were wasted, if they were."""
    if line.attribute:
        return Kind.FLAPPING
    if line.again:
        return Kind.RETRY
    in_vain = line.read and not line.useful
    if line.status == NOT_FOUND and (in_vain or not line.read):
        return Kind.MISSING
    if line.read and line.job in idle_jobs:
        return Kind.IDLE_JOB
    return Kind.NO_OP_READ if in_vain else None


def trouble_of(status: int) -> Trouble:
    """What an answer (0: none) says of an attempt that was repeated."""
    return _TROUBLES.get(status, Trouble.FAILED)


def _what(kind: Kind, line: CallLine, idle_jobs: Mapping[str, str]) -> str:
    if kind is Kind.FLAPPING:
        return line.attribute
    if kind is Kind.RETRY:
        return trouble_of(line.status)
    return idle_jobs[line.job] if kind is Kind.IDLE_JOB else line.purpose


def _setting(kind: Kind, what: str) -> Setting:
    match kind:
        case Kind.FLAPPING:
            return Setting.RULE
        case Kind.RETRY:
            return _AGAINST[Trouble(what)]
        case Kind.MISSING:
            return _MISSING.get(what, Setting.READ_ALL)
        case Kind.IDLE_JOB:
            return Setting.CHECKS if what == CHECK else Setting.INTERVAL
        case Kind.NO_OP_READ:
            return _IN_VAIN.get(what, Setting.SAMPLE)


def _ranked(calls: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(calls, key=lambda job: (-calls[job], job)))


def _order(line: CallLine) -> tuple[datetime, tuple[str, ...], int]:
    """Time first; the rest only so that equal input gives equal output with tiers."""
    return line.at, (line.job, line.purpose, line.attribute), line.status


def _most(finding: Finding) -> tuple[int, int, Kind, str]:
    """By billed calls: amounts may be of several currencies."""
    return -finding.cost.billable, -finding.cost.calls, finding.kind, finding.what
