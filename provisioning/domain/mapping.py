"""Mapping profiles: how a source record becomes the SCIM state of a user; pure.

definition (JSON) → parse_definition → ProfileDefinition → compile_profile → CompiledProfile.apply
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any, Literal, TypeAlias

from provisioning.domain.attributes import (
    ACTIVE,
    CATALOGUE,
    REQUIRED,
    Attribute,
    nearest_path,
)
from provisioning.domain.expressions import (
    IGNORED,
    EvaluationError,
    Ignored,
    ParseError,
    Value,
    compile_expression,
    nearest,
)
from provisioning.domain.target_values import Acceptor, RejectedError, acceptor

FlatState: TypeAlias = dict[str, str | bool]
"""A user's attributes: path to value. An absent path has no value."""

RuleKind: TypeAlias = Literal["column", "constant", "expression"]
_KINDS: tuple[RuleKind, ...] = ("column", "constant", "expression")

_IGNORED_REQUIRED = "the rule leaves out an empty value, but every account needs one"
_HIDDEN = "cannot be evaluated for this record; the reason would show a redacted value"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one target ("" for the profile itself).

    Where the text of an expression is wrong, line and column are 1-based and caret shows the place.
    """

    target: str
    message: str
    line: int | None = None
    column: int | None = None
    caret: str = ""

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        return f"{self.target}: {self.message}{place}" if self.target else self.message


class _ProblemsError(Exception):
    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


class ProfileError(_ProblemsError):
    """A definition cannot be used; `problems` holds all that is wrong with it."""


class MappingError(_ProblemsError):
    """One record cannot be mapped; `problems` holds all that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where one target's value comes from: `text` is a column, a constant or an expression."""

    target: str
    kind: RuleKind
    text: str

    def __str__(self) -> str:
        """As messages name it; a long expression is cut."""
        text = " ".join(self.text.split())
        return f"{self.kind} {text if len(text) <= 60 else text[:59] + '…'}"


@dataclass(frozen=True, slots=True)
class ProfileDefinition:
    """A profile as people wrote it: the column that holds the key, and a rule per target."""

    key_column: str
    rules: tuple[Rule, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON object that parse_definition reads."""
        attributes = [{"target": rule.target, rule.kind: rule.text} for rule in self.rules]
        return {"key_column": self.key_column, "attributes": attributes}


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapped record; the `ignored` paths keep whatever the directory has."""

    values: FlatState
    ignored: frozenset[str]


def parse_definition(data: object) -> ProfileDefinition:
    """Read a definition: {"key_column": c, "attributes": [{"target": t, "column": c}, ...]}.

    In place of "column", an entry may hold "constant" or "expression". Raises ProfileError.
    """
    if not isinstance(data, Mapping):
        raise ProfileError([Problem("", "the profile must be a JSON object")])
    key_column, entries = data.get("key_column"), data.get("attributes")
    problems = list(_frame_problems(data))
    rules: list[Rule] = []
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        rule = _read_rule(number, entry, problems)
        if rule is not None:
            rules.append(rule)
    problems += _target_problems(rules)
    for rule in rules:
        problems += _rule_problems(rule)
    if problems:
        raise ProfileError(problems)
    return ProfileDefinition(str(key_column).strip(), tuple(rules))


def _frame_problems(data: Mapping[Any, Any]) -> Iterator[Problem]:
    key_column = data.get("key_column")
    if not isinstance(key_column, str) or not key_column.strip():
        yield Problem("", "key_column must name the column that holds each record's key")
    if not isinstance(data.get("attributes"), list):
        yield Problem("", "attributes must be a list of rules")
    for name in data:
        if name not in ("key_column", "attributes"):
            yield Problem("", f"unknown entry {name!r}: a profile has key_column and attributes")


def _read_rule(number: int, entry: object, problems: list[Problem]) -> Rule | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("target"), str):
        problems.append(Problem("", f'rule {number} must be an object with a "target"'))
        return None
    target = entry["target"].strip()
    kinds = [kind for kind in _KINDS if kind in entry]
    unknown = [repr(name) for name in entry if name != "target" and name not in _KINDS]
    if len(kinds) != 1 or unknown:
        extra = f" (unknown: {', '.join(unknown)})" if unknown else ""
        message = f"a rule has exactly one of column, constant and expression{extra}"
        problems.append(Problem(target, message))
        return None
    value = entry[kinds[0]]
    if kinds[0] == "constant" and isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str) or not value.strip():
        problems.append(Problem(target, f"{kinds[0]} must be text and not empty"))
        return None
    return Rule(target, kinds[0], value.strip() if kinds[0] == "column" else value)


def _target_problems(rules: Sequence[Rule]) -> Iterator[Problem]:
    seen: set[str] = set()
    for rule in rules:
        if rule.target in seen:
            yield Problem(rule.target, "is mapped twice")
        seen.add(rule.target)
    for path in REQUIRED:
        if path not in seen:
            yield Problem(path, "is not mapped, and every account needs it")


def _rule_problems(rule: Rule) -> Iterator[Problem]:
    attribute = CATALOGUE.get(rule.target)
    if attribute is None:
        yield Problem(rule.target, _unknown_target(rule.target))
    elif not attribute.mutable:
        yield Problem(rule.target, f"cannot be mapped. {attribute.note}")
    elif rule.kind == "constant":
        yield from _constant_problems(rule, attribute)
    if rule.kind == "expression":
        yield from _expression_problems(rule)


def _unknown_target(target: str) -> str:
    if target == "password":
        return "cannot be mapped. The portal makes each account's first password."
    near = nearest_path(target)
    hint = f": did you mean {near}?" if near else ""
    return f"is no attribute of an Entra user{hint}"


def _constant_problems(rule: Rule, attribute: Attribute) -> Iterator[Problem]:
    try:
        acceptor(attribute)(rule.text)
    except RejectedError as rejected:
        yield Problem(rule.target, f"constant {rejected.explained(redacted=False)}")


def _expression_problems(rule: Rule) -> Iterator[Problem]:
    try:
        compile_expression(rule.text)
    except ParseError as error:
        yield Problem(rule.target, error.message, error.line, error.column, error.caret)


@dataclass(frozen=True, slots=True)
class _Step:
    """One rule, ready to run: `read` gives the value of a record, `accept` what is sent."""

    rule: Rule
    read: Callable[[Mapping[str, str]], Value | Ignored]
    accept: Acceptor
    redacted: bool


class CompiledProfile:
    """A definition ready to be applied to records."""

    def __init__(self, definition: ProfileDefinition) -> None:
        self.definition = definition
        self._constants: FlatState = {}
        self._steps: list[_Step] = []
        self._readers: dict[str, list[str]] = {}
        for rule in definition.rules:
            for column in self._add(rule):
                self._readers.setdefault(column, []).append(rule.target)
        self.columns = tuple(dict.fromkeys((definition.key_column, *self._readers)))
        """Columns that a source must have, the key's first."""
        self.targets = frozenset(rule.target for rule in definition.rules) | {ACTIVE}
        """Paths that the profile decides on."""
        self.redacted = frozenset(step.rule.target for step in self._steps if step.redacted)
        """Targets whose values plans, reports and logs must show as [Redact]."""
        self._run = [(step.rule.target, step.read, step.accept) for step in self._steps]

    def _add(self, rule: Rule) -> Iterable[str]:
        """Take the rule in; returns the columns it reads."""
        accept = acceptor(CATALOGUE[rule.target])
        if rule.kind == "constant":
            constant = accept(rule.text)
            if constant is not None:
                self._constants[rule.target] = constant
            return ()
        if rule.kind == "column":
            column = rule.text
            self._steps.append(_Step(rule, methodcaller("get", column), accept, redacted=False))
            return (column,)
        compiled = compile_expression(rule.text)
        self._steps.append(_Step(rule, compiled.evaluate, accept, compiled.redacted))
        return sorted(compiled.attributes)

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

    def apply(self, record: Mapping[str, str | None]) -> Mapped:
        """The user's state for one record. Raises MappingError with all of the record's problems.

        An empty cell is an absent attribute: null in expressions. `active` is True unless mapped;
        externalId is not among the values, since it always is the record's key.
        """
        cell = record.get
        present = {
            column: text
            for column in self._readers
            if (text := cell(column)) and not text.isspace()
        }
        values: FlatState = {ACTIVE: True, **self._constants}
        ignored: list[str] = []
        try:
            for target, read, accept in self._run:
                value = read(present)
                if value is IGNORED:
                    ignored.append(target)
                    continue
                accepted = accept(value)
                if accepted is not None:
                    values[target] = accepted
        except (RejectedError, EvaluationError):
            # The rare way: the record is walked again to collect everything that is wrong.
            raise MappingError(list(self._problems(present))) from None
        if ignored:
            self._settle_ignored(values, ignored)
        return Mapped(values, frozenset(ignored))

    def _settle_ignored(self, values: FlatState, ignored: list[str]) -> None:
        required = [target for target in ignored if CATALOGUE[target].required]
        if required:
            raise MappingError([Problem(target, _IGNORED_REQUIRED) for target in required])
        if ACTIVE in ignored:
            # Left as the directory has it: the default must not enable anybody.
            del values[ACTIVE]

    def _problems(self, present: Mapping[str, str]) -> Iterator[Problem]:
        for step in self._steps:
            try:
                value = step.read(present)
                if value is not IGNORED:
                    step.accept(value)
                elif CATALOGUE[step.rule.target].required:
                    yield Problem(step.rule.target, _IGNORED_REQUIRED)
            except RejectedError as error:
                reason = error.explained(redacted=step.redacted)
                yield Problem(step.rule.target, f"{step.rule}: {reason}")
            except EvaluationError as error:
                reason = _HIDDEN if step.redacted else error.message
                yield Problem(step.rule.target, f"{step.rule}: {reason}")


def _no_column(column: str, header: list[str]) -> str:
    near = nearest(column, header)
    if near is None:
        return f"there is no column {column}"
    case = " (upper and lower case matter)" if near.lower() == column.lower() else ""
    return f"there is no column {column}: did you mean {near}?{case}"


def compile_profile(definition: ProfileDefinition) -> CompiledProfile:
    """Compile a definition that parse_definition accepted; once per profile version."""
    return CompiledProfile(definition)
