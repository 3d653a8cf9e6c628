"""What becomes of one record, stage by stage: read, scope, mapped; pure.

Values that the profile redacts, and cells that would tell them, are shown as [Redact].
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from provisioning.domain.definition import Rule
from provisioning.domain.expressions import Context
from provisioning.domain.mapping import CompiledProfile, Mapped, MappingError
from provisioning.domain.plan_values import Value
from provisioning.domain.problems import Problem
from provisioning.domain.records import Record
from provisioning.domain.redaction import REDACTED
from provisioning.domain.scope_reasons import Reason, deciding


@dataclass(frozen=True, slots=True)
class Cell:
    """A column that the profile reads, as it was read."""

    column: str
    value: str


@dataclass(frozen=True, slots=True)
class ScopeStage:
    """Whether the profile is for this person (None: it cannot be said), and what decided."""

    covers: bool | None
    because: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class MappedValue:
    """One rule's value; `left`: what the directory has stays, `once`: only at the creation."""

    target: str
    rule: str
    value: Value | None = None
    problem: str = ""
    left: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class RecordStages:
    """The stages of a record before anything is compared with the directory."""

    line: int
    read: Sequence[Cell]
    unread: int
    """Columns that the profile has no use for: they are not shown."""
    scope: ScopeStage
    mapped: Sequence[MappedValue]


def stages_of_record(
    profile: CompiledProfile, record: Record, today: date, now: datetime
) -> RecordStages:
    """A record's way through a profile as planning takes it."""
    hidden = profile.hidden_columns
    cells = [
        Cell(column, REDACTED if column in hidden else record.values.get(column, ""))
        for column in profile.columns
    ]
    unread = len(set(record.values) - set(profile.columns))
    scope = _scope(profile, record, today)
    mapped = [] if scope.covers is False else list(_mapped(profile, record, now))
    return RecordStages(record.line, cells, unread, scope, mapped)


def _scope(profile: CompiledProfile, record: Record, today: date) -> ScopeStage:
    definition = profile.definition
    try:
        covers = profile.covers(record.values, today)
    except MappingError as error:
        return ScopeStage(None, [each.message for each in error.problems])
    if definition.scope is None:
        return ScopeStage(covers)
    _, reasons = deciding(definition.scope, definition.conditions, record.values, today)
    hidden = profile.hidden_columns
    return ScopeStage(covers, [_told(reason, hidden) for reason in reasons])


def _told(reason: Reason, hidden: frozenset[str]) -> str:
    condition = reason.condition
    text = f"{condition.column} (redacted)" if condition.column in hidden else str(condition)
    rule = f" (rule {reason.rule})" if reason.rule else ""
    return f"{text}{rule}: {'yes' if reason.holds else 'no'}"


def _mapped(profile: CompiledProfile, record: Record, now: datetime) -> Iterator[MappedValue]:
    try:
        mapped = profile.apply(record.values, Context(now=now))
    except MappingError as error:
        yield from (_problem(each, profile) for each in error.problems)
        return
    for rule in profile.definition.rules:
        yield _value(rule, mapped, profile.redacted)


def _problem(problem: Problem, profile: CompiledProfile) -> MappedValue:
    rules = {rule.target: rule for rule in profile.definition.rules}
    rule = rules.get(problem.target)
    return MappedValue(problem.target, str(rule) if rule else "", problem=problem.message)


def _value(rule: Rule, mapped: Mapped, redacted: frozenset[str]) -> MappedValue:
    path = rule.target
    value: Value | None = mapped.values.get(path, mapped.initial.get(path))
    if value is not None and path in redacted:
        value = REDACTED
    text = rule.kind if path in redacted and rule.kind == "constant" else str(rule)
    return MappedValue(path, text, value, left=path in mapped.ignored, once=rule.once)


def matched_by(
    matching: Sequence[str], wanted: Mapping[str, object], account: Mapping[str, object]
) -> str:
    """The first matching path at which the person and the account agree; "" when none does."""
    for path in matching:
        mine, its = wanted.get(path), account.get(path)
        if mine and its and str(mine).casefold() == str(its).casefold():
            return path
    return ""
