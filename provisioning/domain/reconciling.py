"""The directory against what we knew of it, and what is done about each difference; pure.

A *deviation* is one path of a managed account whose value was changed outside: `ours` is what the
shadow had, `theirs` what was read. "Ours" writes the desired value back, "theirs" is remembered as
accepted: it stays until the desired value changes, or the directory's.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, MANAGER, StateValue
from provisioning.domain.guard import Comparison, GuardLimits
from provisioning.domain.plan_values import Account, Change, FlatState, Kind, Person
from provisioning.domain.planner import difference
from provisioning.domain.protection import Protection
from provisioning.domain.records import fold_key

NOTHING: frozenset[str] = frozenset()
_WRITES = frozenset({Kind.UPDATE, Kind.ENABLE, Kind.DISABLE})
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Deviation:
    """One path of an account: what we knew, and what the directory has (None: no value)."""

    path: str
    ours: StateValue | None
    theirs: StateValue | None

    @property
    def doubtful(self) -> bool:
        """Whether we did not know: our last change of it was never answered."""
        return self.ours == ""


def deviations(known: FlatState, read: FlatState, paths: Collection[str]) -> list[Deviation]:
    """Where a read differs from what was known, by path; lists compare without their order."""
    looked_at = frozenset(paths)
    there = {path: value for path, value in read.items() if path in looked_at}
    changed = difference(there, known, looked_at, NOTHING)
    return [Deviation(path, known.get(path), changed[path]) for path in sorted(changed)]


def taken_over(known: FlatState, found: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """What is known after the directory's values were taken over."""
    state = {**known, **dict(found)}
    return {path: value for path, value in state.items() if value is not None}


def implausible(
    managed: int,
    missing: Sequence[str],
    limits: GuardLimits,
    accepted: int = -1,
    noun: str = "accounts",
) -> Comparison | None:
    """Why so many managed accounts cannot be taken for deleted, or None.

    `missing` are their keys; as many as a person `accepted` before are not asked for again.
    """
    share, number = Decimal(str(limits.share)), len(missing)
    if number <= accepted or number < limits.minimum or number <= share * managed:
        return None
    lost = Decimal(number) / Decimal(managed)
    percent = f"{lost * 100:.1f}".removesuffix(".0")
    limit = f"{share * 100:.1f}".removesuffix(".0")
    reason = (
        f"{number} of {managed} managed {noun} ({percent} %) are missing from what was read;"
        f" the limit is {limit} %."
    )
    return Comparison(
        managed, managed - number, number, lost, tuple(sorted(missing)[:_SHOWN]), (), (), (reason,)
    )


@dataclass(frozen=True, slots=True)
class Drifted:
    """What was found of one person's account: deviations by path, with what the directory has.

    `whole` when the account as such is what drifted: gone, or come back.
    """

    theirs: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False


def repair(change: Change, drifted: Drifted, protection: Protection) -> Change:
    """Of a person's change what undoes the drift, and nothing else.

    Other changes of the source are for the next sync, and nothing is deleted here. Without a
    digest, where the account is not written as a whole.
    """
    if drifted.whole:
        return _nothing(change) if change.kind is Kind.DELETE else change
    if change.kind not in {*_WRITES, Kind.UNCHANGED}:
        return change if change.kind is Kind.LEAVE else _nothing(change)
    after = {path: value for path, value in change.after.items() if path in drifted.theirs}
    before = {path: change.before.get(path) for path in after}
    if EXTERNAL_ID in drifted.theirs and _may_write(change, protection):
        after[EXTERNAL_ID], before[EXTERNAL_ID] = change.key, drifted.theirs[EXTERNAL_ID]
    if not after:
        return _nothing(change)
    change = replace(change, kind=kind_of(after), before=before, after=after, digest="")
    return replace(change, manager="", missing_manager="")


def kind_of(after: Mapping[str, Any]) -> Kind:
    """What an update of these values is called."""
    if ACTIVE not in after:
        return Kind.UPDATE
    return Kind.ENABLE if after[ACTIVE] else Kind.DISABLE


def _may_write(change: Change, protection: Protection) -> bool:
    account = change.account
    if account is None or account.on_premises:
        return False
    return protection.covers(account.entra_id, account.user_name) is None


def _nothing(change: Change) -> Change:
    change = replace(change, kind=Kind.UNCHANGED, before={}, after={}, choices={}, withheld=False)
    return replace(change, manager="", missing_manager="")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference that a person accepted: our desired value then, and the directory's."""

    ours: StateValue | None
    theirs: StateValue | None


def honoured(
    person: Person,
    account: Account | None,
    accepted: Mapping[str, Accepted],
    manager: str | None = None,
) -> tuple[Person, list[str]]:
    """The person without what was accepted, and the paths whose acceptance holds no longer.

    It holds while the desired value and the directory's are those of then. `manager` is the id of
    the desired manager's account.
    """
    kept, void = set(), []
    for path, each in accepted.items():
        desired = manager if path == MANAGER else person.values.get(path)
        if account is not None and path in person.ignored:
            continue
        stays = account is not None and _same(account.state.get(path), each.theirs)
        if stays and _same(desired, each.ours):
            kept.add(path)
        else:
            void.append(path)
    if not kept:
        return person, void
    values = {path: value for path, value in person.values.items() if path not in kept}
    if MANAGER in kept:
        person = replace(person, manager=None)
    return replace(person, values=values, ignored=person.ignored | kept), void


def _same(one: Any, other: Any) -> bool:
    path = "value"
    known = {} if one is None else {path: one}
    wanted = {} if other is None else {path: other}
    return not difference(wanted, known, frozenset({path}), NOTHING)


def drifted_only(
    changes: Iterable[Change],
    drifted: Mapping[str, Drifted],
    protection: Protection,
    note: Callable[[str, Change], None],
) -> Iterator[Change]:
    """Changes of people whose account drifted, each reduced to the repair; `note` learns of all.

    Keys are folded.
    """
    for change in changes:
        key = fold_key(change.key)
        found = drifted.get(key)
        if found is None:
            continue
        repaired = repair(change, found, protection)
        note(key, repaired)
        yield repaired
