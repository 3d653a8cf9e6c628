"""Mapping profiles: how a source record becomes the SCIM state of a user; pure.

definition (JSON) → definition.parse_definition → ProfileDefinition → compile_profile
→ CompiledProfile.covers (is the record's person in scope?), CompiledProfile.apply (its state)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import methodcaller
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from provisioning.domain.attributes import ACTIVE, StateValue
from provisioning.domain.definition import (
    ProfileDefinition,
    Rule,
    parse_definition,
)
from provisioning.domain.expressions import (
    CONTEXT,
    IGNORED,
    CompiledExpression,
    Context,
    EvaluationError,
    Ignored,
    SlowPatternError,
    Value,
    compile_together,
    nearest,
)
from provisioning.domain.groups import CompiledGroups
from provisioning.domain.problems import PARAMETER, Problem, ProblemsError
from provisioning.domain.scope import UnreadableError, columns_of, compile_scope
from provisioning.domain.standing import (
    PRESENT,
    LifecyclePolicy,
    Stage,
    Standing,
    UndecidedError,
)
from provisioning.domain.target_values import Accepted, Acceptor, RejectedError, acceptor
from provisioning.domain.targets import PLAIN, Targets

FlatState: TypeAlias = dict[str, StateValue]
"""A user's attributes: path to value. An absent path has no value."""

_NOTHING: Mapping[str, StateValue] = MappingProxyType({})
_NO_CANDIDATES: Mapping[str, tuple[str | bool, ...]] = MappingProxyType({})
_IGNORED_REQUIRED = "the rule leaves out an empty value, but every account needs one"
_NOBODY_ENABLES = (
    "is left as it is for this record, so that nobody would enable the account on the start date"
)
_HIDDEN = "cannot be evaluated for this record; the reason would show a redacted value"


class MappingError(ProblemsError):
    """One record cannot be mapped; `problems` holds all that is wrong with it."""

    @property
    def slow(self) -> bool:
        """Whether a regular expression was stopped at its time limit."""
        return any(problem.slow for problem in self.problems)


class Mapped(NamedTuple):
    """A mapped record; `ignored` paths keep what the directory has, `initial` is for creation.

    `candidates`: for a path of SelectUniqueValue its values in order, of which the first that no
    account has is to be taken (see `first_free`); `initial` holds the first.
    """

    values: FlatState
    ignored: frozenset[str]
    initial: Mapping[str, StateValue] = _NOTHING
    candidates: Mapping[str, tuple[str | bool, ...]] = _NO_CANDIDATES


def first_free(candidates: Iterable[str | bool], taken: Callable[[str], bool]) -> str | bool | None:
    """The first of a SelectUniqueValue's values that is not taken; None when all are."""
    return next((value for value in candidates if not taken(str(value))), None)


@dataclass(frozen=True, slots=True)
class _Step:
    """One rule, ready to run: `read` gives the value of a record, `accept` what is sent."""

    rule: Rule
    read: Callable[[Mapping[Any, Any]], Value | Ignored]
    accept: Acceptor
    redacted: bool
    alternatives: tuple[CompiledExpression, ...] = ()


class CompiledProfile:
    """A definition ready to be applied to records."""

    def __init__(self, definition: ProfileDefinition, targets: Targets = PLAIN) -> None:
        self.definition = definition
        self._catalogue = targets
        self._parameters = {
            f"{PARAMETER}{name}": value for name, value in definition.parameters.items()
        }
        self._constants: FlatState = {}
        self._initial: FlatState = {}
        self._steps: list[_Step] = []
        self._readers: dict[str, list[str]] = {}
        formulas = [rule for rule in definition.rules if rule.kind == "expression"]
        together = compile_together([rule.text for rule in formulas])
        self._compiled = dict(zip(formulas, together, strict=True))
        for rule in definition.rules:
            for column in self._add(rule):
                self._readers.setdefault(column, []).append(rule.target)
        self._scope = None
        if definition.scope is not None:
            self._scope = compile_scope(definition.scope, definition.conditions)
        parts = [definition.scope, *definition.conditions.values()]
        for column in (name for part in parts if part for name in columns_of(part)):
            self._readers.setdefault(column, []).append("scope")
        self.groups = CompiledGroups(
            definition.groups, definition.parameters, definition.conditions
        )
        """Its group rules, ready to run."""
        for column in self.groups.columns:
            self._readers.setdefault(column, []).append("groups")
        self.policy = LifecyclePolicy(definition.lifecycle, targets, self._parameters)
        """When accounts are made, and what becomes of leavers."""
        for column, names in self.policy.readers.items():
            self._readers.setdefault(column, []).extend(names)
        self.columns = tuple(dict.fromkeys((definition.key_column, *self._readers)))
        """Columns that a source must have, the key's first."""
        self.once = frozenset(rule.target for rule in definition.rules if rule.once)
        """Paths that are written only when an account is created."""
        self.targets = frozenset(rule.target for rule in definition.rules) - self.once | {ACTIVE}
        """Paths that the profile's rules decide on as long as an account lives."""
        self.managed = self.targets | self.policy.targets
        """The same with what leavers' steps set: for everybody else that has no value."""
        said = frozenset(rule.target for rule in definition.rules if rule.redact)
        self.redacted = said.union(step.rule.target for step in self._steps if step.redacted)
        self.redacted |= self.policy.redacted
        """Targets whose values plans, reports and logs must show as [Redact]."""
        self.unique = frozenset(step.rule.target for step in self._steps if step.alternatives)
        """Targets of SelectUniqueValue."""
        self._run = [
            (step.rule.target, step.read, step.accept, step.rule.keep_when_empty)
            for step in self._steps
        ]

    def _add(self, rule: Rule) -> Iterable[str]:
        """Take the rule in; returns the columns it reads."""
        accept = acceptor(self._catalogue[rule.target])
        if rule.kind == "constant":
            constant = accept(rule.text)
            if constant is not None:
                (self._initial if rule.once else self._constants)[rule.target] = constant
            return ()
        if rule.default:
            accept = _defaulting(accept, accept(rule.default))
        if rule.kind == "column":
            column = rule.text
            self._steps.append(_Step(rule, methodcaller("get", column), accept, rule.redact))
            return (column,)
        compiled = self._compiled[rule]
        redacted = rule.redact or compiled.redacted
        self._steps.append(_Step(rule, compiled.reader, accept, redacted, compiled.alternatives))
        return sorted(name for name in compiled.attributes if not name.startswith(PARAMETER))

    def covers(self, record: Mapping[str, str], today: date) -> bool:
        """Whether the record's person is in scope. Raises MappingError if that cannot be said."""
        if self._scope is None:
            return True
        try:
            return self._scope(record, today)
        except UnreadableError as error:
            slow = isinstance(error.__cause__, SlowPatternError)
            hidden = self.redacted.intersection(self._readers.get(error.column, ()))
            reason = f"column {error.column} {_HIDDEN}" if hidden else str(error)
            raise MappingError([Problem("", f"scope: {reason}", slow=slow)]) from None

    def standing(
        self, record: Mapping[str, str], mapped: Mapped, known: date | None, today: date
    ) -> Standing:
        """Where the record's person stands today. Raises MappingError if that cannot be said.

        `known` is the first day as a leaver, if a sync has noted one.
        """
        active = mapped.values.get(ACTIVE) is not False
        if active and not self.policy.dated:
            return PRESENT
        present = self._present(record, None)
        try:
            found = self.policy.standing(present, active=active, known=known, today=today)
        except UndecidedError as error:
            raise MappingError([self._undecided(error)]) from None
        if found.stage is Stage.JOINING and ACTIVE in mapped.ignored:
            raise MappingError([Problem(ACTIVE, _NOBODY_ENABLES)])
        return found

    def _undecided(self, error: UndecidedError) -> Problem:
        read_by = self._readers.get(error.column, (error.target,))
        slow = isinstance(error.__cause__, SlowPatternError)
        hidden = self.redacted.intersection(read_by)
        reason = f"column {error.column} {_HIDDEN}" if hidden and error.column else str(error)
        reason = _HIDDEN if hidden and not error.column else reason
        return Problem("", f"lifecycle: {reason}", slow=slow)

    def missing_columns(self, header: Iterable[str]) -> tuple[str, ...]:
        """Columns that the profile reads and the header does not have."""
        present = set(header)
        return tuple(column for column in self.columns if column not in present)

    def column_problems(self, header: Iterable[str]) -> tuple[Problem, ...]:
        """A problem per missing column, naming who reads it and the most similar column."""
        present = list(header)
        return tuple(
            Problem(", ".join(self._readers.get(column, ["key"])), _no_column(column, present))
            for column in self.missing_columns(present)
        )

    def apply(self, record: Mapping[str, str | None], context: Context | None = None) -> Mapped:
        """The user's state for one record. Raises MappingError with all of the record's problems.

        An empty cell is an absent attribute: null in expressions. `active` is True unless mapped;
        externalId is not among the values, since it always is the record's key. Only profiles with
        Now, Guid, RandomString or SelectUniqueValue need a context.
        """
        present = self._present(record, context)
        values: FlatState = {ACTIVE: True, **self._constants}
        ignored: list[str] = []
        step = 0
        try:
            for target, read, accept, keep in self._run:
                value = read(present)
                if value is IGNORED:
                    ignored.append(target)
                else:
                    accepted = accept(value)
                    if accepted is not None:
                        values[target] = accepted
                    elif keep:
                        ignored.append(target)
                step += 1
        except (RejectedError, EvaluationError) as error:
            # The rare way: the other rules are walked too, to collect everything that is wrong.
            raise MappingError(list(self._problems(present, step, error, ignored))) from None
        if ignored:
            self._settle_ignored(values, ignored)
        if not self.once:
            return Mapped(values, frozenset(ignored))
        initial = self._initial | {path: values.pop(path) for path in self.once & values.keys()}
        candidates = self._candidates(present)
        # Chance may be in it: what is proposed and what comes first must be the same value.
        initial |= {path: found[0] for path, found in candidates.items() if found}
        return Mapped(values, frozenset(ignored), initial, candidates)

    def _present(self, record: Mapping[str, str | None], context: Context | None) -> dict[Any, Any]:
        """The cells that have a value, the parameters and the context, as expressions read them."""
        cell = record.get
        present: dict[Any, Any] = {
            column: text
            for column in self._readers
            if (text := cell(column)) and not text.isspace()
        }
        present |= self._parameters
        if context is not None:
            present[CONTEXT] = context
        return present

    def _candidates(self, present: Mapping[Any, Any]) -> Mapping[str, tuple[str | bool, ...]]:
        """The values of each SelectUniqueValue in order, as far as they can be evaluated."""
        found: dict[str, tuple[str | bool, ...]] = {}
        for step in self._steps:
            values: dict[str | bool, None] = {}
            with suppress(RejectedError, EvaluationError):
                for rule in step.alternatives:
                    value = rule.reader(present)
                    accepted = None if value is IGNORED else step.accept(value)
                    if isinstance(accepted, str | bool):
                        values[accepted] = None
            if step.alternatives:
                found[step.rule.target] = tuple(values)
        return found

    def _settle_ignored(self, values: FlatState, ignored: list[str]) -> None:
        required = [target for target in ignored if self._catalogue[target].required]
        if required:
            raise MappingError([Problem(target, _IGNORED_REQUIRED) for target in required])
        if ACTIVE in ignored:
            # Left as the directory has it: the default must not enable anybody.
            del values[ACTIVE]

    def _problems(
        self,
        present: Mapping[Any, Any],
        failed: int,
        error: RejectedError | EvaluationError,
        ignored: list[str],
    ) -> Iterator[Problem]:
        """All that is wrong, from the failed step on; nothing is evaluated a second time."""
        required = [target for target in ignored if self._catalogue[target].required]
        yield from (Problem(target, _IGNORED_REQUIRED) for target in required)
        yield _problem(self._steps[failed], error)
        if isinstance(error, SlowPatternError):
            return  # a second slow pattern would double the record's time
        for step in self._steps[failed + 1 :]:
            try:
                value = step.read(present)
                if value is not IGNORED:
                    step.accept(value)
                elif self._catalogue[step.rule.target].required:
                    yield Problem(step.rule.target, _IGNORED_REQUIRED)
            except (RejectedError, EvaluationError) as another:
                yield _problem(step, another)
                if isinstance(another, SlowPatternError):
                    return


def _problem(step: _Step, error: RejectedError | EvaluationError) -> Problem:
    if isinstance(error, RejectedError):
        reason = error.explained(redacted=step.redacted)
    else:
        reason = _HIDDEN if step.redacted else error.message
    slow = isinstance(error, SlowPatternError)
    return Problem(step.rule.target, f"{step.rule}: {reason}", slow=slow)


def _defaulting(accept: Acceptor, default: Accepted) -> Acceptor:
    """An acceptor that takes the default for an empty value."""

    def with_default(value: Value) -> Accepted:
        empty = value in (None, (), []) or (isinstance(value, str) and not value.strip())
        return default if empty else accept(value)

    return with_default


def _no_column(column: str, header: list[str]) -> str:
    near = nearest(column, header)
    if near is None:
        return f"there is no column {column}"
    case = " (upper and lower case matter)" if near.lower() == column.lower() else ""
    return f"there is no column {column}: did you mean {near}?{case}"


def compile_profile(definition: ProfileDefinition, targets: Targets = PLAIN) -> CompiledProfile:
    """Compile a definition that parse_definition accepted with these targets."""
    return CompiledProfile(definition, targets)


def published_profile(data: Mapping[str, Any], targets: Targets = PLAIN) -> CompiledProfile:
    """The profile of a published version's JSON; compiled once per version and process.

    Raises ProfileError when it uses a custom security attribute that is not among the targets.
    """
    return _published(json.dumps(data, sort_keys=True), targets)


@lru_cache(maxsize=64)
def _published(text: str, targets: Targets) -> CompiledProfile:
    # By content: a version never changes, and equal ones may share.
    return compile_profile(parse_definition(json.loads(text), targets), targets)
