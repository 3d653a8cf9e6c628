"""People of a source as the planner takes them: the same for a plan and for its preview; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias

from provisioning.domain.attributes import ACTIVE, MANAGER
from provisioning.domain.expressions import Context
from provisioning.domain.groups import Memberships
from provisioning.domain.mapping import CompiledProfile, FlatState, Mapped, MappingError
from provisioning.domain.plan_values import Absences, Person, Retention
from provisioning.domain.problems import Problem
from provisioning.domain.records import Record, RefusedRow, fold_key

Apply: TypeAlias = Callable[[Mapping[str, str], Context | None], Mapped]


class SourcePeople:
    """Records with their desired state; a failed mapping holds its record.

    `held`, `outside` and `inside` the scope (folded keys) grow while this is read: the planner
    asks them after the last person. Whom the profile is not for is passed over, and held if the
    profile says so. With `most` it ends after so many people in scope; with `only` (folded keys)
    nobody else is mapped. `memberships` are the groups that the records of active people ask for;
    whoever is not active is neither added nor removed, and keeps the manager.
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
    ) -> None:
        self._profile = profile
        self._records = records
        self._apply = apply or profile.apply
        self._today = today
        self._context = Context(now=now)
        self._most = most
        self.only = only
        self.held: set[str] = set()
        self.outside: set[str] = set()
        self.inside: set[str] = set()
        self.leaves_groups: set[str] = set()
        """Folded keys of those whose leaving takes them out of our groups."""
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
        covers, apply, today, taken = self._profile.covers, self._apply, self._today, 0
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
            except MappingError as error:
                self.held.add(fold_key(record.key))
                self._failed(record, error)
                continue
            self._mapped(mapped)
            if self.memberships is not None:
                self._assign(record, mapped, self.memberships)
            values, manager = self._reference(mapped)
            yield Person(
                record.key,
                values,
                mapped.ignored,
                mapped.initial,
                {path: [*map(str, found)] for path, found in mapped.candidates.items()},
                self._digest(record),
                manager,
            )

    def absences(self, now: datetime) -> Absences:
        """How people missing from these are read."""
        days = self._profile.definition.delete_after_days
        retention = None if days is None else Retention(days, now)
        return Absences(self.held, self.unreadable, self.outside, retention, self.only)

    def _reference(self, mapped: Mapped) -> tuple[FlatState, str | None]:
        """The account's own values, and the key of the manager, which is none of them."""
        if not self._maps_manager:
            return mapped.values, None
        values = dict(mapped.values)
        manager = str(values.pop(MANAGER, ""))
        # A disable waits for nobody, so whoever is not active keeps the manager there is.
        left = MANAGER in mapped.ignored or values.get(ACTIVE, True) is False
        return values, None if left else manager

    def _assign(self, record: Record, mapped: Mapped, memberships: Memberships) -> None:
        if mapped.values.get(ACTIVE, True) is False:
            memberships.hold(record.key)
        elif problems := memberships.add(record.key, record.values, self._today):
            self._ungrouped(record, problems)

    def _pass_over(self, record: Record) -> None:
        self.passed_over += 1
        keeps = self._profile.definition.out_of_scope == "skip"
        (self.held if keeps else self.outside).add(fold_key(record.key))

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
