"""How many calls a plan takes: what is expected, and the range the actual is to lie in; pure.

What is expected is counted, and right when nothing unforeseen happens. The ends of the range add
up bounds of what may come in between, each from what this tenant has met lately: docs/estimates.md.
"""

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

# Each bound holds with this probability, as far as the tenant stays as it was.
CONFIDENCE = 0.975
# What was met lately tells as much as so many calls, however many there were: days differ.
_WEIGHT = 200
# What is assumed before anything was met: so many bad ones among so many.
_ASSUMED_FAILED = (0.5, 20.0)
_ASSUMED_UNANSWERED = (0.25, 20.0)
_ASSUMED_MET = (0.5, 50.0)
# A group has no key of ours: it is looked for so often before a person decides (group_outcomes).
_GROUP_LOOKUPS = 6
# From here on chance evens out, and only the rate is in doubt.
_LARGE = 10_000


class Cause(StrEnum):
    """Why the actual may differ from what is expected."""

    RETRIES = "retries"
    LOOKUPS = "lookups"
    MATCHES = "matches"
    GROUPS = "groups"
    MANAGERS = "managers"
    GONE = "gone"
    BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class Step:
    """An operation as far as it counts: its calls, and what they hang on.

    `creates` is the name of what exists after it. It is not sent without `group`, and takes one
    call more if one of those it `awaits` is created in the same plan.
    """

    calls: int
    creates: str = ""
    group: str = ""
    awaits: tuple[str, ...] = ()


def calls_in(steps: Iterable[Step]) -> int:
    """Calls of a plan of these steps; exact when nothing unforeseen happens."""
    listed = list(steps)
    there = {each.creates for each in listed}
    sent = (each for each in listed if not each.group or each.group in there)
    return sum(each.calls + any(name in there for name in each.awaits) for each in sent)


@dataclass(frozen=True, slots=True)
class Refusals:
    """So many calls because names of a creation are taken; `comes`: one of them is free."""

    calls: int
    comes: bool

    def of(self, step: Step) -> Step:
        """The creation with them; without an account nothing follows it."""
        return replace(step, calls=step.calls + self.calls) if self.comes else Step(1 + self.calls)


def refusals_of(names: Sequence[str], taken: Container[str]) -> Refusals:
    """What a creation meets that tries these names one after the other; `taken` are folded.

    Each refusal is looked up, and the next name is a creation again.
    """
    free = next((at for at, name in enumerate(names) if name.casefold() not in taken), None)
    return (
        Refusals(2 * len(names) - 1, comes=False)
        if free is None
        else Refusals(2 * free, comes=True)
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """What is in doubt about a plan of `expected` calls.

    `creations` of accounts, of which `alternatives` have another value to try and `unproven` name a
    manager where the directory has not said whether they may; `followed`: calls that come after a
    creation, for the same account. `hanging` and `groups_hanging` are calls that hang on one
    account or group which the plan creates. `removals` of members, `groups` that are created, and
    other open jobs `beside`, which may do some of it first. Where deleted accounts
    are expected to keep the names of creations, `refused` calls come of that, and `forgone` are not
    made for it.
    """

    expected: int
    creations: int = 0
    alternatives: int = 0
    unproven: int = 0
    followed: int = 0
    removals: int = 0
    groups: int = 0
    hanging: Sequence[int] = ()
    groups_hanging: Sequence[int] = ()
    beside: int = 0
    refused: int = 0
    forgone: int = 0


@dataclass(frozen=True, slots=True)
class Experience:
    """What a tenant's last `calls` met: how many were `throttled`, how many `unanswered` (failed in
    the service, or their end unknown); of `created`, accounts to create, how many were `met` by a
    name that is taken.
    """

    calls: int = 0
    throttled: int = 0
    unanswered: int = 0
    created: int = 0
    met: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Up to so many calls fewer or more, and why, in a sentence."""

    cause: Cause
    fewer: int
    more: int
    text: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"cause": self.cause, "fewer": self.fewer, "more": self.more, "text": self.text}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls as they are expected, the ends of the range (included), and what makes it."""

    expected: int
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def least(self) -> int:
        """The fewest calls to reckon with."""
        return max(self.expected - sum(each.fewer for each in self.reasons), 0)

    @property
    def most(self) -> int:
        """The most calls to reckon with."""
        return self.expected + sum(each.more for each in self.reasons)


def estimate(counts: Counts, seen: Experience) -> Estimate:
    """The range of a plan, given what its tenant has met lately."""
    if not counts.expected:
        return Estimate(0)
    others = [_matches(counts, seen), _lookups(counts, seen), _groups(counts, seen)]
    others += [_managers(counts), _gone(counts), _beside(counts)]
    # Whatever comes on top is a call that can fail as well.
    calls = counts.expected + sum(each.more for each in others)
    reasons = [_retries(calls, seen), *others]
    return Estimate(counts.expected, tuple(each for each in reasons if each.fewer or each.more))


def _retries(calls: int, seen: Experience) -> Reason:
    failed = seen.throttled + seen.unanswered
    more = most_failures(calls, failed, seen.calls, _ASSUMED_FAILED)
    if seen.calls < _ASSUMED_FAILED[1]:
        why = "hardly a call of this tenant is known, so that a few in a hundred are assumed"
    else:
        why = f"{failed:,} of this tenant's last {seen.calls:,} calls were"
    text = f"Calls that are refused for now, fail or get no answer are made again: {why}."
    return Reason(Cause.RETRIES, 0, more, text)


def _lookups(counts: Counts, seen: Experience) -> Reason:
    subjects = counts.creations + counts.removals
    more = most_failures(subjects, seen.unanswered, seen.calls, _ASSUMED_UNANSWERED)
    text = "Where nobody knows whether an account was created, it is looked for first."
    return Reason(Cause.LOOKUPS, 0, more, text)


def _matches(counts: Counts, seen: Experience) -> Reason:
    taken = most_failures(counts.creations, seen.met, seen.created, _ASSUMED_MET)
    failed = min(taken, counts.creations)
    again = taken if counts.alternatives else 0
    fewer = min(failed, counts.followed) + _greatest(counts.hanging, failed)
    text = (
        "Whose name belongs to an account that the portal does not know, that account is looked"
        " up; then the next value is tried, or a person decides and what hangs on it is not sent."
    )
    return Reason(Cause.MATCHES, fewer, (taken if again else failed) + again, text)


def _groups(counts: Counts, seen: Experience) -> Reason:
    found = most_failures(counts.groups, seen.unanswered, seen.calls, _ASSUMED_UNANSWERED)
    lost = min(found, counts.groups)
    text = (
        "A group nobody knows the creation of is looked for several times; if it is not found, its"
        " members are not added."
    )
    return Reason(Cause.GROUPS, _greatest(counts.groups_hanging, lost), lost * _GROUP_LOOKUPS, text)


def _managers(counts: Counts) -> Reason:
    text = (
        "This directory has not said yet whether a creation may name the manager. If not, each of"
        " these is refused once and followed by a call of its own."
    )
    return Reason(Cause.MANAGERS, 0, 2 * counts.unproven, text)


def _gone(counts: Counts) -> Reason:
    text = (
        "Entra keeps the user name of a deleted account for 30 days. Some creations are expected to"
        " be refused for that, and are not if the account was deleted for good."
    )
    return Reason(Cause.GONE, counts.refused, counts.forgone, text)


def _beside(counts: Counts) -> Reason:
    fewer = min(2 * counts.beside, counts.expected)
    text = "Another open job of this tenant may do some of it first."
    return Reason(Cause.BESIDE, fewer, 0, text)


def _greatest(weights: Sequence[int], number: int) -> int:
    return sum(sorted(weights, reverse=True)[:number])


def most_failures(
    successes: int, bad: int, seen: int, assumed: tuple[float, float], sure: float = CONFIDENCE
) -> int:
    """The most failures before so many successes, with this probability.

    The share of failures is a beta distribution: what is `assumed` (bad, of all), and `bad` of the
    `seen`, which weigh at most _WEIGHT. So the failures are beta negative binomial.
    """
    if successes <= 0:
        return 0
    if successes > _LARGE:
        return math.ceil(most_failures(_LARGE, bad, seen, assumed, sure) * successes / _LARGE)
    weight = min(1.0, _WEIGHT / seen) if seen else 0.0
    failing = assumed[0] + bad * weight
    working = assumed[1] - assumed[0] + (seen - bad) * weight
    return _quantile(successes, failing, working, sure)


def _quantile(successes: int, failing: float, working: float, sure: float) -> int:
    """Smallest k with P(K <= k) >= sure, summed up from 0; by logarithms, as P(0) may be tiny."""
    both = failing + working
    chance = math.lgamma(working + successes) + math.lgamma(both)
    chance -= math.lgamma(working) + math.lgamma(both + successes)
    number, total = 0, math.exp(chance)
    while total < sure and number < 100 * successes + 100:
        chance += math.log((successes + number) / (number + 1))
        chance += math.log((failing + number) / (both + successes + number))
        number += 1
        total += math.exp(chance)
    return number


@dataclass(frozen=True, slots=True)
class Met:
    """What a job met while it was applied: attempts that were throttled or not answered, lookups,
    names that were taken; changes that failed or were not applied; whether it was cancelled.
    """

    throttled: int = 0
    unanswered: int = 0
    lookups: int = 0
    taken: int = 0
    failed: int = 0
    skipped: int = 0
    cancelled: bool = False


def why_outside(made: int, least: int, most: int, met: Met) -> str:
    """Why so many calls were made, in a sentence; "" when they lie in the range."""
    if least <= made <= most:
        return ""
    if made > most:
        said = [
            (met.throttled + met.unanswered, "attempts were refused for now or failed"),
            (met.lookups, "lookups were needed"),
            (met.taken, "names were taken"),
        ]
        return _listed(said, "More was tried than the range allows for")
    if met.cancelled:
        return "The job was cancelled before all was sent."
    said = [(met.failed, "changes failed"), (met.skipped, "were not needed any more")]
    return _listed(said, "Less was sent than planned")


def _listed(said: Sequence[tuple[int, str]], otherwise: str) -> str:
    parts = [f"{number:,} {what}" for number, what in sorted(said, reverse=True) if number]
    return f"{otherwise}: {', '.join(parts)}." if parts else f"{otherwise}."


def in_words(expected: int, least: int, most: int) -> str:
    """A range as people read it: "1,605 to 1,671, most likely 1,605"; one number if it is one."""
    if least == most:
        return f"{expected:,}"
    return f"{least:,} to {most:,}, most likely {expected:,}"
