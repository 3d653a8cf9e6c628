"""What a profile would do to the people of a source, and how two profiles differ in that; pure.

The real planner decides, so the calls are those that a plan of the same profile takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

from provisioning.domain.expressions import Context
from provisioning.domain.keys import Keyed
from provisioning.domain.mapping import CompiledProfile, FlatState, Mapped, MappingError
from provisioning.domain.planner import (
    CALLS,
    EXTERNAL_ID,
    Absences,
    Change,
    Directory,
    Kind,
    Person,
    Retention,
    plan,
)
from provisioning.domain.protection import Protection
from provisioning.domain.records import Record, fold_key

Apply: TypeAlias = Callable[[Mapping[str, str], Context | None], Mapped]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan is made from besides the profile: one day, one source, one directory.

    `held` are folded keys of rows that were refused when the source was read, `refused` their
    number, `unreadable` how many of those nobody can name.
    """

    directory: Directory
    protection: Protection
    today: date
    now: datetime
    held: frozenset[str] = frozenset()
    unreadable: int = 0
    refused: int = 0


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

    @property
    def held(self) -> int:
        """Rows that a plan holds back, for whatever reason."""
        return len(self.failures) + self.refused

    @property
    def calls(self) -> int:
        """Calls that the plan takes when everything in it is approved."""
        return sum(change.calls for change in self.changes)

    @property
    def withheld(self) -> int:
        """Calls among them that need a yes of their own."""
        return sum(change.withheld for change in self.changes)


def effect_of(
    profile: CompiledProfile, keyed: Keyed, situation: Situation, apply: Apply | None = None
) -> Effect:
    """Map the records, plan them against the directory, and count.

    `apply` stands in for the profile's own mapping where that is known to give the same.
    """
    people = _People(profile, keyed, situation, apply or profile.apply)
    definition = profile.definition
    changes = tuple(
        plan(
            people,
            situation.directory,
            mapped=profile.targets,
            protection=situation.protection,
            absences=people.absences(situation),
            matching=definition.matching,
        )
    )
    _count_writes(changes, people.attributes)
    return Effect(
        people.mapped,
        people.passed_over,
        changes,
        tuple(people.failures),
        people.attributes,
        profile.redacted,
        Counter(change.kind for change in changes),
        situation.refused + len(keyed.refused),
    )


class _People:
    """The records' people for the planner; `held` and `outside` grow while they are read."""

    def __init__(
        self, profile: CompiledProfile, keyed: Keyed, situation: Situation, apply: Apply
    ) -> None:
        self._profile = profile
        self._apply = apply
        self._keyed = keyed
        self._today = situation.today
        self._context = Context(now=situation.now)
        refused = {fold_key(row.key) for row in keyed.refused if row.key is not None}
        self.held: set[str] = set(situation.held) | refused
        self.outside: set[str] = set()
        self.passed_over = self.mapped = 0
        self.failures: list[Failure] = []
        targets = [rule.target for rule in profile.definition.rules]
        self.attributes = {target: AttributeEffect() for target in targets}

    def __iter__(self) -> Iterator[Person]:
        """Each record's person, as services.people gives them to a plan that is carried out."""
        covers, apply, today = self._profile.covers, self._apply, self._today
        for record in self._keyed.records:
            try:
                if not covers(record.values, today):
                    self._pass_over(record)
                    continue
                mapped = apply(record.values, self._context)
            except MappingError as error:
                self._hold(record, error)
                continue
            self.mapped += 1
            self._count_empty(mapped.values, mapped.initial)
            choices = {path: [*map(str, found)] for path, found in mapped.candidates.items()}
            yield Person(record.key, mapped.values, mapped.ignored, mapped.initial, choices)

    def absences(self, situation: Situation) -> Absences:
        """Who is missing from the source, as far as that is known."""
        days = self._profile.definition.delete_after_days
        retention = None if days is None else Retention(days, situation.now)
        doubtful = situation.unreadable + self._keyed.unreadable
        return Absences(self.held, doubtful, self.outside, retention)

    def _count_empty(self, values: FlatState, initial: Mapping[str, object]) -> None:
        if len(values) + len(initial) <= len(self.attributes):
            for target, counted in self.attributes.items():
                if target not in values and target not in initial:
                    counted.empty += 1

    def _pass_over(self, record: Record) -> None:
        self.passed_over += 1
        keeps = self._profile.definition.out_of_scope == "skip"
        (self.held if keeps else self.outside).add(fold_key(record.key))

    def _hold(self, record: Record, error: MappingError) -> None:
        self.held.add(fold_key(record.key))
        targets = frozenset(problem.target for problem in error.problems)
        self.failures.append(Failure(record.line, record.key, targets, str(error)))
        for target in targets & self.attributes.keys():
            self.attributes[target].failed += 1


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
