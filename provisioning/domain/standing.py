"""Where somebody stands between joining and leaving on one day, and which steps are due; pure.

before start minus days  → EARLY: no account yet
before the start         → JOINING: an account, not active
from the start           → PRESENT: active, as the profile maps it
after the last day, or inactive in the source → LEFT: the policy's steps, by days since then

The last day is worked in full. Days are those of the customer's zone: whoever asks gives `today`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

from provisioning.domain.attributes import ACTIVE, StateValue
from provisioning.domain.expressions import (
    IGNORED,
    EvaluationError,
    Ignored,
    Value,
    compile_expression,
)
from provisioning.domain.expressions.moments import read_moment
from provisioning.domain.lifecycle import (
    CLEAR,
    DELETE,
    DISABLE,
    LAST_DAY,
    REMOVE,
    SET,
    SINCE,
    Dated,
    Lifecycle,
    Step,
)
from provisioning.domain.target_values import Acceptor, RejectedError, acceptor
from provisioning.domain.targets import PLAIN, Targets

Present: TypeAlias = Mapping[Any, Any]
"""A record as expressions read it: cells that have a value, and parameters."""
Writes: TypeAlias = Mapping[str, StateValue | None]

_NO_DAYS = timedelta()
_DAY = timedelta(days=1)


class UndecidedError(Exception):
    """Where one record's person stands cannot be said; `column` is the one to blame, or ""."""

    def __init__(self, reason: str, column: str = "", target: str = "") -> None:
        super().__init__(reason)
        self.column, self.target = column, target


class Stage(StrEnum):
    """Between joining and leaving."""

    EARLY = "early"
    JOINING = "joining"
    PRESENT = "present"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Due:
    """What is due of a policy: `writes` are values (None: no value), `active` False to disable.

    `delete_after` are the policy's days once the deletion is due.
    """

    writes: Writes = field(default_factory=lambda: MappingProxyType({ACTIVE: False}))
    keeps_groups: bool = True
    delete_after: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands; `day` is that of joining, or the first day as a leaver."""

    stage: Stage = Stage.PRESENT
    day: date | None = None
    due: Due | None = None
    reason: str = ""

    @property
    def left(self) -> bool:
        """Whether the person is a leaver."""
        return self.stage is Stage.LEFT

    @property
    def waits(self) -> bool:
        """Whether the person gets no account today; one that exists may be changed."""
        return self.stage in (Stage.EARLY, Stage.LEFT)


PRESENT = Standing()


@dataclass(frozen=True, slots=True)
class _Ready:
    """A step ready to be evaluated; without `read` it clears, or has no value."""

    step: Step
    read: Callable[[Present], Value | Ignored] | None = None
    accept: Acceptor | None = None
    columns: frozenset[str] = frozenset()


class LifecyclePolicy:
    """A profile's dates and steps, ready to be applied; without an entry leavers are disabled."""

    def __init__(
        self,
        lifecycle: Lifecycle | None = None,
        targets: Targets = PLAIN,
        parameters: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._entry = lifecycle or Lifecycle()
        self._parameters = dict(parameters)
        self.dated = lifecycle is not None and bool(lifecycle.start or lifecycle.last_day)
        """Whether dates decide about anybody."""
        self.readers: dict[str, list[str]] = {}
        """What reads each column."""
        self._start = self._date(self._entry.start, "start")
        self._last_day = self._date(self._entry.last_day, "last_day")
        self._early = timedelta(days=self._entry.start.days_before if self._entry.start else 0)
        self.redacted: set[str] = set()
        """Targets whose values reports must not show."""
        self._steps = [self._ready(step, targets) for step in self._entry.steps]
        self.targets = frozenset(step.target for step in self._entry.steps if step.do == SET)
        """Paths that steps set."""
        self._missing: dict[tuple[date, date], Due] = {}

    def _date(self, dated: Dated | None, name: str) -> Callable[[Present], date | None] | None:
        if dated is None:
            return None
        if dated.kind == "column":
            self._reads(dated.text, name)
            return _column_date(dated.text, name)
        compiled = compile_expression(dated.text)
        for column in compiled.attributes - self._parameters.keys():
            self._reads(column, name)
        return _expression_date(compiled.reader, name)

    def _reads(self, column: str, name: str) -> None:
        self.readers.setdefault(column, []).append(f"lifecycle {name}")

    def _ready(self, step: Step, targets: Targets) -> _Ready:
        if step.do != SET:
            return _Ready(step)
        accept = acceptor(targets[step.target])
        if step.kind == "constant":
            text = step.text
            return _Ready(step, lambda _: text, accept)
        compiled = compile_expression(step.text)
        columns = compiled.attributes - self._parameters.keys() - {SINCE, LAST_DAY}
        for column in columns:
            self._reads(column, step.target)
        if compiled.redacted:
            self.redacted.add(step.target)
        return _Ready(step, compiled.reader, accept, columns)

    def standing(
        self, present: Present, *, active: bool, known: date | None, today: date
    ) -> Standing:
        """Where a record's person stands. Raises UndecidedError.

        `active` is what the profile maps, `known` the first day as a leaver if a sync noted one.
        """
        start = self._start(present) if self._start else None
        last_day = self._last_day(present) if self._last_day else None
        if start and last_day and last_day < start:
            raise UndecidedError(
                f"the last day, {last_day}, is before the start, {start}; correct one of them in"
                " the source, or empty the last day of whoever was hired again"
            )
        if last_day and last_day < today:
            since = last_day + _DAY
            if not active and known:
                since = min(since, known)
            due = self.due(since, today, present, last_day)
            return Standing(Stage.LEFT, since, due, f"The last day was {last_day}.")
        if not active:
            since = min(known or today, today)
            return Standing(Stage.LEFT, since, self.due(since, today, present, last_day))
        if start and today < start:
            return self._before(start, today)
        return PRESENT

    def _before(self, start: date, today: date) -> Standing:
        left = start - today
        if left <= self._early:
            reason = f"Joins on {start}; the account is not active before."
            return Standing(Stage.JOINING, start, reason=reason)
        first = start - self._early
        return Standing(
            Stage.EARLY, start, reason=f"Joins on {start}; the account is made from {first} on."
        )

    def due(self, since: date, today: date, present: Present, last_day: date | None = None) -> Due:
        """What is due of whom the source still has. Raises UndecidedError."""
        return self._due(since, today, {**present, **self._days(since, last_day)}, absent=False)

    def due_of_missing(self, since: date, today: date) -> Due:
        """What is due of whom the source no longer has: steps that read its columns do nothing."""
        found = self._missing.get((since, today))
        if found is None:
            named = {**self._parameters, **self._days(since, None)}
            found = self._missing[since, today] = self._due(since, today, named, absent=True)
        return found

    def _days(self, since: date, last_day: date | None) -> dict[str, str]:
        return {SINCE: since.isoformat(), LAST_DAY: (last_day or since).isoformat()}

    def _due(self, since: date, today: date, named: Present, *, absent: bool) -> Due:
        writes: dict[str, StateValue | None] = {}
        keeps_groups, delete_after = True, None
        for ready in self._in_time((today - since).days):
            step = ready.step
            if step.do == DISABLE:
                writes[ACTIVE] = False
            elif step.do == CLEAR:
                writes[step.target] = None
            elif step.do == REMOVE:
                keeps_groups = False
            elif step.do == DELETE:
                delete_after = step.after_days
            elif not (absent and ready.columns):
                value = _value(ready, named, absent)
                if value is not None:
                    writes[step.target] = value
        return Due(writes, keeps_groups, delete_after)

    def _in_time(self, days: int) -> Iterator[_Ready]:
        return (ready for ready in self._steps if ready.step.after_days <= days)


def _value(ready: _Ready, named: Present, absent: bool) -> StateValue | None:
    """What a step sets; None where it gives nothing."""
    if ready.read is None or ready.accept is None:
        return None
    try:
        value = ready.read(named)
        return None if value is IGNORED else ready.accept(value)
    except (EvaluationError, RejectedError) as error:
        if absent:
            return None  # there is no record to hold
        reason = f"{ready.step.target} cannot be set for a leaver: {_told(error)}"
        raise UndecidedError(reason, target=ready.step.target) from error


def _told(error: EvaluationError | RejectedError) -> str:
    return error.message if isinstance(error, EvaluationError) else error.explained(redacted=True)


@dataclass(frozen=True, slots=True)
class Leavers:
    """What becomes, today, of people that the source no longer has."""

    policy: LifecyclePolicy
    today: date

    def due(self, since: date | None) -> Due:
        """What is due of somebody missing since a day; None: found missing today."""
        return self.policy.due_of_missing(min(since or self.today, self.today), self.today)


def _column_date(column: str, name: str) -> Callable[[Present], date | None]:
    def read(present: Present) -> date | None:
        text = present.get(column)
        if not text:
            return None
        day = day_of(text)
        if day is None:
            raise UndecidedError(f"column {column} holds {text!r}, which is no date", column, name)
        return day

    return read


def _expression_date(
    reader: Callable[[Present], Value | Ignored], name: str
) -> Callable[[Present], date | None]:
    def read(present: Present) -> date | None:
        try:
            value = reader(present)
        except EvaluationError as error:
            raise UndecidedError(error.message, target=name) from error
        if isinstance(value, datetime):
            return value.date()
        if value is None or value is IGNORED or value == "":
            return None
        day = day_of(value) if isinstance(value, str) else None
        if day is None:
            raise UndecidedError(f"{value!r} is no date", target=name)
        return day

    return read


@lru_cache(maxsize=65_536)  # a company has few dates
def day_of(text: str) -> date | None:
    """The day that a text names, as it is written there, or None where it is no date.

    ISO 8601 with or without time and offset, or M/d/yyyy h:mm:ss tt.
    """
    try:
        moment = read_moment(text)
    except EvaluationError:
        return None
    if "/" in text:
        return moment.at.date()
    digits = text.strip()[:10].replace("-", "")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
