"""What each rule of a draft gives for one person, rule by rule, whatever else is wrong; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.domain.attributes import REQUIRED
from provisioning.domain.definition import NOT_MAPPED, ProfileError, parse_definition
from provisioning.domain.expressions import Context
from provisioning.domain.mapping import CompiledProfile, MappingError, compile_profile
from provisioning.domain.plan_values import Value
from provisioning.domain.problems import Problem
from provisioning.domain.targets import PLAIN, Targets

# A value for each attribute that every account needs, so that a rule can be tried alone.
_FILLERS = {"userName": "somebody@customer.example"}


@dataclass(frozen=True, slots=True)
class RowResult:
    """A rule's value for one person.

    `problems` are wrong whoever the person is; `error` would hold this person. `left`: the
    directory's value stays. Without any of these and without a value: the attribute is emptied.
    """

    problems: tuple[Problem, ...] = ()
    value: Value | None = None
    error: str = ""
    left: bool = False
    redacted: bool = False
    tried: bool = False
    """Whether there was a person to try it on."""

    @property
    def problem(self) -> Problem | None:
        """The first of the problems."""
        return self.problems[0] if self.problems else None


def try_rule(
    data: Mapping[str, Any],
    entry: Any,
    columns: Sequence[str] | None,
    record: Mapping[str, str] | None,
    context: Context,
    targets: Targets = PLAIN,
) -> RowResult:
    """One entry of a draft's "attributes" on one record.

    Without columns nothing is said of missing ones; without a record only mistakes are found.
    """
    target = entry.get("target", "") if isinstance(entry, Mapping) else ""
    try:
        profile = compile_profile(parse_definition(_alone(data, entry, target), targets), targets)
    except ProfileError as error:
        problems = _said_once(error.problems, {target})
        own = tuple(each for each in problems if each.target == target)
        return RowResult(own or problems)
    missing = _missing(profile, target, columns)
    if missing or record is None:
        return RowResult(missing)
    return _tried(profile, target, record, context)


def _alone(data: Mapping[str, Any], entry: Any, target: str) -> dict[str, Any]:
    """A definition with this rule and nothing that could be wrong besides."""
    fillers = [
        {"target": path, "constant": _FILLERS.get(path, "x")} for path in REQUIRED if path != target
    ]
    parameters = data.get("parameters")
    usable = isinstance(parameters, Mapping) and all(
        isinstance(value, str) and value.strip() for value in parameters.values()
    )
    alone: dict[str, Any] = {"key_column": "-", "attributes": [entry, *fillers]}
    return {**alone, "parameters": parameters} if usable else alone


def _missing(
    profile: CompiledProfile, target: str, columns: Sequence[str] | None
) -> tuple[Problem, ...]:
    if columns is None:
        return ()
    return tuple(each for each in profile.column_problems(columns) if each.target == target)


def _tried(
    profile: CompiledProfile, target: str, record: Mapping[str, str], context: Context
) -> RowResult:
    redacted = target in profile.redacted
    try:
        mapped = profile.apply(record, context)
    except MappingError as error:
        told = "; ".join(each.message for each in error.problems if each.target == target)
        return RowResult(error=told or str(error), redacted=redacted, tried=True)
    value = mapped.values.get(target, mapped.initial.get(target))
    left = target in mapped.ignored
    return RowResult(value=value, left=left, redacted=redacted, tried=True)


def whole_problems(data: Any, targets: Targets = PLAIN) -> tuple[Problem, ...]:
    """Everything that keeps a draft from being published."""
    try:
        parse_definition(data, targets)
    except ProfileError as error:
        entries = data.get("attributes") if isinstance(data, Mapping) else None
        rules = entries if isinstance(entries, list) else []
        return _said_once(
            error.problems, {each.get("target") for each in rules if isinstance(each, Mapping)}
        )
    return ()


def _said_once(problems: Sequence[Problem], there: Collection[Any]) -> tuple[Problem, ...]:
    """Without "is not mapped" of targets that have a rule: what is wrong with that is said."""
    return tuple(
        each for each in problems if each.message != NOT_MAPPED or each.target not in there
    )
