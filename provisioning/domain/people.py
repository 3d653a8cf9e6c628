"""People of a source as the planner takes them: the same for a plan and for its preview; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TypeAlias

from provisioning.domain.attributes import ACTIVE, MANAGER
from provisioning.domain.expressions import Context
from provisioning.domain.groups import Memberships
from provisioning.domain.mapping import CompiledProfile, FlatState, Mapped, MappingError
from provisioning.domain.plan_values import Absences, Person, Retention
from provisioning.domain.problems import Problem
from provisioning.domain.records import Record, RefusedRow, fold_key
from provisioning.domain.standing import PRESENT, Leavers, Standing

Apply: TypeAlias = Callable[[Mapping[str, str], Context | None], Mapped]


class SourcePeople:
    """Records with their desired state; a failed mapping holds its record.

    `held`, `outside` and `inside` the scope (folded keys) grow while this is read: the planner
    asks them after the last person. Whom the profile is not for is passed over, and held if the
    profile says so. With `most` it ends after so many people in scope; with `only` (folded keys)
    nobody else is mapped. `memberships` are the groups that the records of active people ask for.

    `left_since` is what earlier syncs noted: the first day as a leaver, by folded key. Of those
    people, `back` are found to be none any more. `leavers` are those that the source still has,
    with that day. `keeps_groups` are leavers whose memberships stay as they are: to be held where
    everybody else who has left is not fed.
    """

    def __init__(
        self,
        profile: CompiledProfile,
        records: Iterable[Record],
        refused: Iterable[RefusedRow] = (),
        *,
        today: date,
        now: datetime,
        most: int | None = None,
        only: frozenset[str] | None = None,
        apply: Apply | None = None,
        left_since: Mapping[str, date] | None = None,
    ) -> None:
        self._profile = profile
        self._records = records
        self._apply = apply or profile.apply
        self.today = today
        self.left_since = left_since or {}
        self.leavers: dict[str, date] = {}
        self.back: set[str] = set()
        self.keeps_groups: set[str] = set()
        self._context = Context(now=now)
        self._most = most
        self.only = only
        self.held: set[str] = set()
        self.outside: set[str] = set()
        self.inside: set[str] = set()
        self.passed_over = self.unreadable = 0
        self._maps_manager = MANAGER in profile.targets
        self.memberships: Memberships | None = None
        if profile.definition.groups:
            self.memberships = Memberships(profile.groups)
        for row in refused:
            self.unreadable += row.key is None
            if row.key is not None:
                self.held.add(fold_key(row.key))

    def __iter__(self) -> Iterator[Person]:
        covers, apply, today, taken = self._profile.covers, self._apply, self.today, 0
        for record in self._records:
            if self._most is not None and taken >= self._most:
                return
            if self.only is not None and fold_key(record.key) not in self.only:
                continue
            try:
                if not covers(record.values, today):
                    self._pass_over(record)
                    continue
                taken += 1
                self.inside.add(fold_key(record.key))
                mapped = apply(record.values, self._context)
                standing = self._standing(record, mapped)
            except MappingError as error:
                self.held.add(fold_key(record.key))
                self._failed(record, error)
                continue
            self._mapped(mapped)
            if self.memberships is not None:
                self._assign(record, mapped, standing, self.memberships)
            values, manager = self._reference(mapped)
            yield _placed(
                Person(
                    record.key,
                    values,
                    mapped.ignored,
                    mapped.initial,
                    {path: [*map(str, found)] for path, found in mapped.candidates.items()},
                    self._digest(record),
                    manager,
                    standing,
                )
            )

    def settled_memberships(self, accounts: Mapping[str, date | None]) -> Memberships | None:
        """What the records ask for, after the last of them; asked for as `holding_groups` is.

        Whose record is held keeps all memberships, and so do leavers, unless the profile's steps
        take them out of our groups.
        """
        if self.memberships is None:
            return None
        for key in self.held | self.holding_groups(accounts):
            self.memberships.hold(key)
        return self.memberships

    def absences(self, now: datetime) -> Absences:
        """How people missing from these are read."""
        days = self._profile.definition.delete_after_days
        retention = None if days is None else Retention(days, now)
        leavers = Leavers(self._profile.policy, self.today)
        return Absences(self.held, self.unreadable, self.outside, retention, self.only, leavers)

    def misses(self, key: str) -> bool:
        """Whether a person (folded key) is surely no longer in the source; asked at the end."""
        if self._most is not None or self.unreadable or key in self.held:
            return False
        asked = self.only is None or key in self.only
        return asked and key not in self.inside and key not in self.outside

    def leaver_since(self, key: str, noted: date | None) -> date | None:
        """What is to be noted as the first day as a leaver; whoever was held keeps what was."""
        if key in self.leavers:
            return self.leavers[key]
        if key in self.back:
            return None
        return noted or (self.today if self.misses(key) else None)

    def holding_groups(self, accounts: Mapping[str, date | None]) -> set[str]:
        """Folded keys of leavers whose memberships stay, the missing ones among the accounts
        included; asked at the end. People outside the scope keep theirs.

        `accounts` are those we manage by folded key, with the first day as a leaver.
        """
        leavers = Leavers(self._profile.policy, self.today)
        found = self.keeps_groups | self.outside
        for key, since in accounts.items():
            if key in self.inside or key in found or key in self.held:
                continue
            if not self.misses(key) or leavers.due(since).keeps_groups:
                found.add(key)
        return found

    def _standing(self, record: Record, mapped: Mapped) -> Standing:
        """Where somebody stands, and noted if that is among the leavers."""
        key = fold_key(record.key)
        known = self.left_since.get(key)
        standing = self._profile.standing(record.values, mapped, known, self.today)
        if standing.day is not None and standing.left:
            self.leavers[key] = standing.day
            if standing.due is None or standing.due.keeps_groups:
                self.keeps_groups.add(key)
        elif known is not None:
            self.back.add(key)
        return standing

    def _reference(self, mapped: Mapped) -> tuple[FlatState, str | None]:
        """The account's own values, and the key of the manager, which is none of them."""
        if not self._maps_manager:
            return mapped.values, None
        values = dict(mapped.values)
        manager = str(values.pop(MANAGER, ""))
        return values, None if MANAGER in mapped.ignored else manager

    def _assign(
        self, record: Record, mapped: Mapped, standing: Standing, memberships: Memberships
    ) -> None:
        """The groups of a record's person: a leaver's are held or left, by the profile's steps."""
        if standing.left and fold_key(record.key) not in self.keeps_groups:
            memberships.leave(record.key)
        elif standing.left or mapped.values.get(ACTIVE, True) is False:
            memberships.hold(record.key)
        elif problems := memberships.add(record.key, record.values, self.today):
            self._ungrouped(record, problems)

    def _pass_over(self, record: Record) -> None:
        self.passed_over += 1
        keeps = self._profile.definition.out_of_scope == "skip"
        key = fold_key(record.key)
        (self.held if keeps else self.outside).add(key)
        if key in self.left_since:
            self.back.add(key)  # whoever is in the source but not in scope is no leaver

    def _failed(self, record: Record, error: MappingError) -> None:
        """Called for each record that is held."""

    def _ungrouped(self, record: Record, problems: Sequence[Problem]) -> None:
        """Called for each record whose groups cannot be said."""

    def _mapped(self, mapped: Mapped) -> None:
        """Called for each record that is mapped."""

    def _digest(self, record: Record) -> str:
        """Names what the mapping was given; "" where nobody asks."""
        del record
        return ""


def _placed(person: Person) -> Person:
    """The person with the values that follow from where they stand."""
    standing = person.standing
    if standing is PRESENT:
        return person
    values, ignored = dict(person.values), set(person.ignored)
    if standing.due is None:
        values[ACTIVE] = False  # not before the first day
        return replace(person, values=values)
    if ACTIVE not in standing.due.writes:
        values.pop(ACTIVE, None)  # whoever is to be disabled later stays as the account is
        ignored.add(ACTIVE)
    for path, value in standing.due.writes.items():
        ignored.discard(path)
        values.pop(path, None)
        if value is not None:
            values[path] = value
    # What differs because a day has come is no change without a reason: it gets no digest.
    return replace(person, values=values, ignored=frozenset(ignored), digest="")
