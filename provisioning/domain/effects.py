"""What a profile would do to the people of a source, and how two profiles differ in that; pure.

The real planner decides, so the calls are those that a plan of the same profile takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from provisioning.domain.groups import GroupAct, GroupDirectory, GroupOperation, plan_groups
from provisioning.domain.groups import People as GroupPeople
from provisioning.domain.joining import Joining
from provisioning.domain.keys import Keyed
from provisioning.domain.mapping import CompiledProfile, Mapped, MappingError
from provisioning.domain.people import Apply, SourcePeople
from provisioning.domain.planner import (
    CALLS,
    EXTERNAL_ID,
    Change,
    Directory,
    Kind,
    Person,
    plan,
)
from provisioning.domain.protection import Protection
from provisioning.domain.records import Record, fold_key

_MOST_SLOW = 5
"""Records at whose regular expressions a preview is given up; each took the whole time limit."""


class TooSlowError(Exception):
    """A preview would take too long; str() says why and what to do."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan is made from besides the profile: one day, one source, one directory.

    `groups` are read only for profiles with group rules; `namespace` names the source to them.

    `held` are folded keys of rows that were refused when the source was read, `refused` their
    number, `unreadable` how many of those nobody can name. `honour` leaves out of people what was
    accepted of their accounts.
    """

    directory: Directory
    protection: Protection
    today: date
    now: datetime
    held: frozenset[str] = frozenset()
    unreadable: int = 0
    refused: int = 0
    honour: Callable[[Iterable[Person]], Iterable[Person]] = iter
    groups: Callable[[], GroupDirectory] = lambda: GroupDirectory(())
    namespace: str = ""
    creation_carries: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that would be held: its line, key, the targets that failed, and why."""

    line: int
    key: str
    targets: frozenset[str]
    message: str


@dataclass(slots=True)
class AttributeEffect:
    """One target over all people: how many have no value, fail, and get a value changed.

    `set`, `replaced` and `cleared` count accounts that exist; a new account is not among them.
    """

    empty: int = 0
    failed: int = 0
    set: int = 0
    replaced: int = 0
    cleared: int = 0

    @property
    def changed(self) -> int:
        """Accounts on which the attribute is written anew."""
        return self.set + self.replaced + self.cleared


@dataclass(frozen=True, slots=True)
class Effect:
    """A plan that is only looked at. `people` are the mapped ones.

    `refused` counts rows without a key of their own, or that did not fit their header.
    """

    people: int
    outside: int
    changes: tuple[Change, ...]
    failures: tuple[Failure, ...]
    attributes: Mapping[str, AttributeEffect]
    redacted: frozenset[str]
    counts: Mapping[Kind, int] = field(default_factory=dict)
    refused: int = 0
    groups: tuple[GroupOperation, ...] = ()
    manager_calls: int = 0
    """Calls that managers take on top, because they join together with their people."""

    @property
    def acts(self) -> Mapping[GroupAct, int]:
        """Operations on groups, by what they do."""
        return Counter(each.act for each in self.groups)

    @property
    def held(self) -> int:
        """Rows that a plan holds back, for whatever reason."""
        return len(self.failures) + self.refused

    @property
    def calls(self) -> int:
        """Calls that the plan takes when everything in it is approved."""
        of_people = sum(change.calls for change in self.changes) + self.manager_calls
        return of_people + sum(each.calls for each in self.groups)

    @property
    def withheld(self) -> int:
        """Calls among them that need a yes of their own."""
        of_people = sum(change.calls for change in self.changes if change.withheld)
        return of_people + sum(each.calls for each in self.groups if each.withheld)


def effect_of(
    profile: CompiledProfile, keyed: Keyed, situation: Situation, apply: Apply | None = None
) -> Effect:
    """Map the records, plan them against the directory, and count.

    `apply` stands in for the profile's own mapping where that is known to give the same.
    """
    people = _People(profile, keyed, situation, apply)
    changes = tuple(
        plan(
            situation.honour(people),
            situation.directory,
            mapped=profile.managed,
            protection=situation.protection,
            absences=people.absences(situation.now),
            matching=profile.definition.matching,
            creation_carries=situation.creation_carries,
        )
    )
    _count_writes(changes, people.attributes)
    joining = Joining()
    for change in changes:
        joining.note(change)
    return Effect(
        people.count,
        people.passed_over,
        changes,
        tuple(people.failures),
        people.attributes,
        profile.redacted,
        Counter(change.kind for change in changes),
        situation.refused + len(keyed.refused),
        _groups(people, joining, situation),
        joining.plan(creation_carries=situation.creation_carries).calls,
    )


def _groups(
    people: SourcePeople, joining: Joining, situation: Situation
) -> tuple[GroupOperation, ...]:
    managed = situation.directory.managed
    left_since = {key: each.left_since for key, each in managed.items()}
    memberships = people.settled_memberships(left_since)
    if memberships is None:
        return ()
    covers = situation.protection.covers
    everyone = GroupPeople(
        {key: each.entra_id.lower() for key, each in managed.items()},
        joining.keys,
        {e.entra_id.lower() for e in managed.values() if covers(e.entra_id, e.user_name)},
        people.absences(situation.now),
    )
    return tuple(
        plan_groups(memberships, situation.groups(), everyone, namespace=situation.namespace)
    )


class _People(SourcePeople):
    """The records' people for the planner, and what is counted of their mapping."""

    def __init__(
        self, profile: CompiledProfile, keyed: Keyed, situation: Situation, apply: Apply | None
    ) -> None:
        today, now = situation.today, situation.now
        super().__init__(
            profile,
            keyed.records,
            keyed.refused,
            today=today,
            now=now,
            apply=apply,
            left_since=situation.directory.left_since(),
        )
        self.held |= situation.held
        self.unreadable += situation.unreadable
        self.count = self._slow = 0
        self.failures: list[Failure] = []
        targets = [rule.target for rule in profile.definition.rules]
        self.attributes = {target: AttributeEffect() for target in targets}

    def _mapped(self, mapped: Mapped) -> None:
        self.count += 1
        values, initial = mapped.values, mapped.initial
        if len(values) + len(initial) <= len(self.attributes):
            for target, counted in self.attributes.items():
                if target not in values and target not in initial:
                    counted.empty += 1

    def _failed(self, record: Record, error: MappingError) -> None:
        targets = frozenset(problem.target for problem in error.problems)
        self.failures.append(Failure(record.line, record.key, targets, str(error)))
        for target in targets & self.attributes.keys():
            self.attributes[target].failed += 1
        self._slow += error.slow
        if self._slow >= _MOST_SLOW:
            raise TooSlowError(
                f"A regular expression took too long on {_MOST_SLOW} records"
                f" (of {', '.join(sorted(targets)) or 'the scope'}). Make it simpler: begin it with"
                " ^, and repeat no group that repeats something itself, as in (a+)+."
            )
        self._slow += error.slow
        if self._slow >= _MOST_SLOW:
            raise TooSlowError(
                f"A regular expression took too long on {_MOST_SLOW} records"
                f" (of {', '.join(sorted(targets)) or 'the scope'}). Make it simpler: begin it with"
                " ^, and repeat no group that repeats something itself, as in (a+)+."
            )


def _count_writes(changes: Iterable[Change], attributes: Mapping[str, AttributeEffect]) -> None:
    for change in changes:
        if change.kind in CALLS and change.kind is not Kind.CREATE:
            for path, value in change.after.items():
                counted = attributes.get(path)
                if counted is None:
                    continue
                if value is None:
                    counted.cleared += 1
                elif change.before.get(path) is None:
                    counted.set += 1
                else:
                    counted.replaced += 1


@dataclass(frozen=True, slots=True)
class PersonDifference:
    """One person whom two profiles treat differently; None: that profile leaves them out.

    `old` and `new` are changes, or the reason why the record would be held.
    """

    key: str
    person: str
    old: Change | Failure | None
    new: Change | Failure | None
    paths: frozenset[str]
    """Attributes that would be written differently."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How two profiles differ in their effect; `attributes` counts people by path."""

    old: Effect
    new: Effect
    people: tuple[PersonDifference, ...]
    attributes: Mapping[str, int]


def compare_effects(old: Effect, new: Effect) -> Difference:
    """Everybody who would be treated differently, people of the new profile first."""
    before, after = _by_key(old), _by_key(new)
    found = []
    for key in {**after, **before}:
        one, other = before.get(key), after.get(key)
        if not _same(one, other):
            found.append(_person(one, other))
    paths = Counter(path for each in found for path in each.paths)
    return Difference(old, new, tuple(found), paths)


def from_nothing(new: Effect) -> Difference:
    """The same against no profile at all: everybody of whom anything becomes is different."""
    kept = tuple(change for change in new.changes if change.kind is not Kind.UNCHANGED)
    nothing = Effect(0, 0, (), (), {}, frozenset())
    return compare_effects(nothing, replace(new, changes=kept))


def _by_key(effect: Effect) -> dict[str, Change | Failure]:
    found: dict[str, Change | Failure] = {fold_key(each.key): each for each in effect.changes}
    return found | {fold_key(each.key): each for each in effect.failures}


def _same(one: Change | Failure | None, other: Change | Failure | None) -> bool:
    if isinstance(one, Change) and isinstance(other, Change):
        if one.kind is not other.kind or one.withheld != other.withheld:
            return False
        return one.after == other.after and one.reason == other.reason
    if isinstance(one, Failure) and isinstance(other, Failure):
        return one.message == other.message
    return one is None and other is None


def _person(one: Change | Failure | None, other: Change | Failure | None) -> PersonDifference:
    old = _written(one)
    new = _written(other)
    paths = frozenset(
        path
        for path in old.keys() | new.keys()
        if path != EXTERNAL_ID and old.get(path, _ABSENT) != new.get(path, _ABSENT)
    )
    shown = other if isinstance(other, Change) else one if isinstance(one, Change) else None
    key = other.key if other else one.key if one else ""
    return PersonDifference(key, shown.person if shown else key, one, other, paths)


_ABSENT = object()


def _written(each: Change | Failure | None) -> Mapping[str, object]:
    return each.after if isinstance(each, Change) and each.kind in CALLS else {}
