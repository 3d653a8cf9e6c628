"""An operation whose account moved after planning, planned again before it is sent; pure.

Approved was a step from known values to new ones. What another job has done meanwhile is not done
again; what is left is sent as long as it is a part of that step. Whatever would be more (a value
that nobody saw when the plan was approved, an account that would be opened or deleted although
somebody has worked on it since) waits for the next plan. Closing an account waits for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from provisioning.domain.attributes import ACTIVE, CATALOGUE
from provisioning.domain.plan_values import FlatState, Kind, Value
from provisioning.domain.records import fold_key

Values = Mapping[str, Value | None]


class Verdict(Enum):
    """What becomes of the operation."""

    SEND = "send"
    DONE = "done"
    SKIP = "skip"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Intended:
    """What was approved: `after` where the plan had seen `before` (path to value, None: none)."""

    kind: Kind
    key: str
    before: Values
    after: Values


@dataclass(frozen=True, slots=True)
class Current:
    """The account by now; `key` (folded) is empty when the portal does not manage it."""

    key: str
    active: bool
    state: FlatState


@dataclass(frozen=True, slots=True)
class Again:
    """The operation planned again: what to send (`before`, `after`), or why nothing is sent.

    `whole`: with it the account has everything that was intended.
    """

    verdict: Verdict
    before: Values
    after: Values
    reason: str = ""
    whole: bool = True


_ALREADY = "Nothing was left to do: another job had done it already."
_GONE = "The account had been deleted already."
_GONE_BEFORE = "The account is not there any more; the next plan starts anew."
_CREATED = "Another job has created this person's account meanwhile; the next plan compares it."
_NOT_OURS = "The account is not managed for this person any more; the next plan starts anew."
_OPENED = "The account changed after planning and would be opened; the next plan decides anew."
_DELETED = "The account changed after planning, so it is not deleted; the next plan decides anew."


def plan_again(intended: Intended, current: Current | None) -> Again:
    """What is left of an operation on an account that moved; None: it is not there any more."""
    if current is None:
        closes = intended.kind in (Kind.DISABLE, Kind.DELETE)
        return _settled(Verdict.DONE, _GONE) if closes else _settled(Verdict.WAIT, _GONE_BEFORE)
    if intended.kind is Kind.CREATE:
        return _created(intended, current)
    if current.key != fold_key(intended.key) and not _adopts(intended, current):
        return _settled(Verdict.WAIT, _NOT_OURS)
    if intended.kind is Kind.DELETE:
        return _settled(Verdict.WAIT, _DELETED)
    left = remaining(intended.after, current)
    if not left:
        return _settled(Verdict.DONE, _ALREADY)
    if left.get(ACTIVE) is True:
        return _settled(Verdict.WAIT, _OPENED)
    return _part(intended, current, left)


def remaining(after: Values, current: Current) -> dict[str, Value | None]:
    """Of the intended values, those that the account does not have."""
    return {path: value for path, value in after.items() if not _same(value, _value(current, path))}


def _created(intended: Intended, current: Current) -> Again:
    """A second account is never created; whatever differs is a change that nobody approved."""
    if remaining(intended.after, current):
        return _settled(Verdict.SKIP, _CREATED)
    return _settled(Verdict.DONE, _ALREADY)


def _adopts(intended: Intended, current: Current) -> bool:
    """Whether the account is nobody's, and the operation takes it over."""
    return intended.kind is Kind.ADOPT and not current.key


def _part(intended: Intended, current: Current, left: Values) -> Again:
    """What is left, if all of it starts where the plan has seen the account."""
    seen = {path: value for path, value in left.items() if _was_seen(intended, current, path)}
    closes = left.get(ACTIVE) is False
    if len(seen) < len(left) and not closes:
        moved = [path for path in left if path not in seen]
        return _settled(Verdict.WAIT, _moved(moved))
    # An account that is to be closed is closed, whatever else has changed.
    sent = {path: value for path, value in left.items() if path in seen or path == ACTIVE}
    before = {path: _value(current, path) for path in sent}
    return Again(Verdict.SEND, before, sent, whole=len(sent) == len(left))


def _was_seen(intended: Intended, current: Current, path: str) -> bool:
    return _same(intended.before.get(path), _value(current, path))


def _moved(paths: list[str]) -> str:
    known = {path: CATALOGUE.get(path) for path in paths[:5]}
    names = [each.label if each else path for path, each in known.items()]
    more = "" if len(paths) <= 5 else f" and {len(paths) - 5} more"
    return (
        f"Changed after planning to what nobody has approved replacing: {', '.join(names)}{more}."
        " The next plan shows it."
    )


def _settled(verdict: Verdict, reason: str) -> Again:
    return Again(verdict, {}, {}, reason)


def _value(current: Current, path: str) -> Value | None:
    if path == ACTIVE:
        # What an earlier change left in doubt is "" in the state: that is nobody's value.
        return current.state.get(ACTIVE, current.active)
    return current.state.get(path)


def _same(one: Value | None, other: Value | None) -> bool:
    """Equal, where the order of a list means nothing and no value is no value."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    return one == other
