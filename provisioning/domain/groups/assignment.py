"""From records to desired memberships: rules compiled once, then read once per record; pure.

Who is fed is a member; who is not fed loses what we added (the planner's `absences` say whether
that can be believed). A person whose groups cannot be said is held: neither added nor removed
anywhere. So a leaver policy that keeps memberships holds its people, any other leaves them out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from provisioning.domain.expressions import (
    IGNORED,
    CompiledExpression,
    EvaluationError,
    Ignored,
    SlowPatternError,
    Value,
    compile_expression,
    to_text,
)
from provisioning.domain.groups.rules import (
    LONGEST_NAME,
    VALUE,
    GroupRule,
    GroupsError,
    clean_value,
)
from provisioning.domain.problems import PARAMETER, Problem
from provisioning.domain.records import fold_key, key_damage
from provisioning.domain.scope import Part, UnreadableError, columns_of, compile_scope

Row: TypeAlias = Mapping[str, str]
Reader: TypeAlias = Callable[[dict[Any, Any]], Value | Ignored]


class Assigned(NamedTuple):
    """One group of one person, and how the group is called by that person's value."""

    key: str
    rule: GroupRule
    name: str


class _Step:
    """One rule, ready to run; the group of a value is worked out once."""

    def __init__(
        self, rule: GroupRule, parameters: Mapping[str, str], conditions: Mapping[str, Part]
    ) -> None:
        self.rule = rule
        self.columns: set[str] = set()
        self._parameters = parameters
        self._when = None
        if rule.when is not None:
            self._when = compile_scope(rule.when, conditions)
            for part in (rule.when, *conditions.values()):
                self.columns |= set(columns_of(part))
        self._name = compile_expression(rule.name) if rule.name else None
        self._read = self._reader()
        self._known: dict[str, Assigned] = {}

    def _reader(self) -> Reader:
        rule = self.rule
        if rule.source == "group":
            return lambda _: rule.text
        if rule.source == "column":
            self.columns.add(rule.text)
            return lambda present: present.get(rule.text)
        compiled: CompiledExpression = compile_expression(rule.text)
        self.columns |= {each for each in compiled.attributes if not each.startswith(PARAMETER)}
        return compiled.evaluate

    def groups(self, row: Row, present: dict[Any, Any], today: date) -> list[Assigned]:
        """The groups of a record by this rule. Raises GroupsError."""
        try:
            if self._when is not None and not self._when(row, today):
                return []
            return [self._group(value) for value in _values(self._read(present))]
        except (EvaluationError, UnreadableError) as error:
            cause = error.__cause__ if isinstance(error, UnreadableError) else error
            message = error.message if isinstance(error, EvaluationError) else str(error)
            raise self._error(message, slow=isinstance(cause, SlowPatternError)) from None

    def _group(self, value: str) -> Assigned:
        found = self._known.get(value)
        if found is None:
            found = self._known[value] = self._named(value)
        return found

    def _named(self, value: str) -> Assigned:
        rule = self.rule
        if rule.source != "group" and (damage := key_damage(value)):
            raise self._error(f"the value {value[:80]!r} {damage}")
        name = value
        if self._name is not None:
            given = self._name.evaluate({**self._parameters, VALUE: value})
            name = "" if given in (None, IGNORED) else clean_value(_text(given))
        if not name or len(name) > LONGEST_NAME:
            wrong = f"longer than {LONGEST_NAME} characters" if name else "empty"
            raise self._error(f"the name of the group for {value!r} is {wrong}")
        return Assigned(rule.key(value), rule, name)

    def _error(self, message: str, *, slow: bool = False) -> GroupsError:
        return GroupsError([Problem(f"groups {self.rule.rule}", message, slow=slow)])


def _text(value: Value | Ignored) -> str:
    return "" if isinstance(value, Ignored) else to_text(value)


def _values(read: Value | Ignored) -> Iterable[str]:
    """The values that name groups, each once; nothing for an empty one."""
    if read is None or isinstance(read, Ignored):
        return ()
    listed = read if isinstance(read, list | tuple) else [read]
    return dict.fromkeys(text for each in listed if (text := clean_value(to_text(each))))


class CompiledGroups:
    """Rules that parse_groups accepted, with the same parameters and conditions."""

    def __init__(
        self,
        rules: Sequence[GroupRule],
        parameters: Mapping[str, str] | None = None,
        conditions: Mapping[str, Part] | None = None,
    ) -> None:
        self._parameters = {f"{PARAMETER}{key}": each for key, each in (parameters or {}).items()}
        self._steps = [_Step(rule, self._parameters, conditions or {}) for rule in rules]
        self.rules: Mapping[str, GroupRule] = {rule.rule: rule for rule in rules}
        """Rules by name."""
        self.columns = tuple(sorted({name for step in self._steps for name in step.columns}))
        """Columns that a source must have for these rules."""

    def of(self, row: Row, today: date) -> list[Assigned]:
        """The groups of one record's person. Raises GroupsError with all that is wrong."""
        present: dict[Any, Any] = {
            column: text for column in self.columns if (text := row.get(column)) and text.strip()
        }
        present |= self._parameters
        found: list[Assigned] = []
        problems: list[Problem] = []
        for step in self._steps:
            try:
                found += step.groups(row, present, today)
            except GroupsError as error:
                problems += error.problems
        if problems:
            raise GroupsError(problems)
        return found


@dataclass(slots=True)
class DesiredGroup:
    """A group as the source wants it: folded keys of its members, and how often each name came."""

    rule: GroupRule
    names: Counter[str] = field(default_factory=Counter)
    members: dict[str, None] = field(default_factory=dict)

    def name(self, known: str = "") -> str:
        """The name: the one it has if anybody spells it so, otherwise the most frequent."""
        if known in self.names:
            return known
        return min(self.names, key=lambda name: (-self.names[name], name))


class Memberships:
    """What all records of a job want, collected record by record; order does not matter."""

    def __init__(self, compiled: CompiledGroups) -> None:
        self.compiled = compiled
        self.groups: dict[str, DesiredGroup] = {}
        self.seen: set[str] = set()
        self.held: set[str] = set()

    def add(self, key: str, row: Row, today: date) -> tuple[Problem, ...]:
        """Take a record in; gives what is wrong with it, and then its person is held."""
        folded = fold_key(key)
        try:
            found = self.compiled.of(row, today)
        except GroupsError as error:
            self.held.add(folded)
            return error.problems
        self.seen.add(folded)
        for assigned in found:
            group = self.groups.get(assigned.key)
            if group is None:
                group = self.groups[assigned.key] = DesiredGroup(assigned.rule)
            group.names[assigned.name] += 1
            group.members[folded] = None
        return ()

    def leave(self, key: str) -> None:
        """Take this person out of whatever we put them into."""
        self.seen.add(fold_key(key))

    def hold(self, key: str) -> None:
        """Leave all memberships of this person as they are."""
        self.held.add(fold_key(key))
