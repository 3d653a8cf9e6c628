"""Rules that turn a source's values into groups, as people write them, and what is wrong; pure.

    [{"rule": "department", "column": "department", "name": "Append(\\"Dept \\", [value])",
      "emptied": "delete", "adopt": {"Sales": "5a1c3f0e-..."}},
     {"rule": "sites", "expression": "Join(\\" \\", [country], [site])", "licensing": true},
     {"rule": "staff", "group": "All staff", "kind": "microsoft_365", "fully_managed": true,
      "when": {"column": "type", "is": "equals", "value": "employee"}}]

A rule takes its value from a column or an expression (a list: a group per element) or names one
fixed group; "name" is an expression over [value] and the parameters, so that all who share a value
share a name. The word under "rule" identifies its groups for good: renaming it makes new groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from provisioning.domain.expressions import ParseError, compile_expression, nearest
from provisioning.domain.groups.values import GroupKind
from provisioning.domain.problems import PARAMETER, Problem, ProblemsError
from provisioning.domain.records import fold_key
from provisioning.domain.scope import Part, ScopeError, parse_scope, scope_json

ValueSource: TypeAlias = Literal["column", "expression", "group"]
SOURCES: tuple[ValueSource, ...] = ("column", "expression", "group")
EMPTIED = {"keep": "Keep a group without members", "delete": "Delete a group without members"}
"""What becomes of a group whose last member leaves."""
VALUE = "value"
"""What an expression under "name" calls the value: [value]."""
LONGEST_NAME, LONGEST_DESCRIPTION = 256, 1024

_OPTIONS = ("name", "when", "kind", "emptied", "licensing", "fully_managed", "description", "adopt")
_ENTRIES = ("rule", *SOURCES, *_OPTIONS)
_RULE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class GroupsError(ProblemsError):
    """Group rules, or one record's groups, cannot be used; `problems` holds all that is wrong."""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One rule. `adopted` are object ids of existing groups by folded value ("" for a fixed one).

    `licensing`: a membership may bring a licence. `fully_managed`: members we did not add are
    removed.
    """

    rule: str
    source: ValueSource
    text: str
    name: str = ""
    when: Part | None = None
    kind: GroupKind = GroupKind.SECURITY
    emptied: str = "keep"
    licensing: bool = False
    fully_managed: bool = False
    description: str = ""
    adopted: Mapping[str, str] = field(default_factory=dict)

    def key(self, value: str) -> str:
        """The key of the group of a value: values that differ in case only share a group."""
        return self.rule if self.source == "group" else f"{self.rule}/{fold_key(value)}"

    def adopts(self, key: str) -> str:
        """The id of the existing group that stands for this key, "" for none."""
        return self.adopted.get(key[len(self.rule) + 1 :], "")

    def reason(self) -> str:
        """Why its members are members."""
        if self.source == "column":
            return f"By the value of {self.text} (rule {self.rule})."
        if self.when is not None and self.source == "group":
            return f"By its condition (rule {self.rule})."
        return f"By rule {self.rule}."

    def to_json(self) -> dict[str, Any]:
        """The object that parse_groups reads; what is usual is left out."""
        adopted: Any = self.adopted.get("") if self.source == "group" else dict(self.adopted)
        options: dict[str, Any] = {
            "name": self.name or None,
            "when": None if self.when is None else scope_json(self.when),
            "kind": None if self.kind is GroupKind.SECURITY else self.kind.value,
            "emptied": None if self.emptied == "keep" else self.emptied,
            "licensing": self.licensing or None,
            "fully_managed": self.fully_managed or None,
            "description": self.description or None,
            "adopt": adopted or None,
        }
        said = {name: value for name, value in options.items() if value is not None}
        return {"rule": self.rule, self.source: self.text, **said}


def rule_name(key: str) -> str:
    """The name of the rule that a group's key belongs to."""
    return key.partition("/")[0]


def parse_groups(
    data: object,
    parameters: Mapping[str, str] | None = None,
    conditions: Mapping[str, Part] | None = None,
) -> tuple[GroupRule, ...]:
    """Read rules; parameters and named conditions are the profile's. Raises GroupsError."""
    if not isinstance(data, list):
        raise GroupsError([Problem("", "groups must be a list of rules")])
    problems: list[Problem] = []
    rules: list[GroupRule] = []
    for number, entry in enumerate(data, start=1):
        rule = _read_rule(number, entry, conditions or {}, problems)
        if rule is not None:
            problems += _expression_problems(rule, parameters or {})
            rules.append(rule)
    problems += _together(rules)
    if problems:
        raise GroupsError(problems)
    return tuple(rules)


def _read_rule(
    number: int, entry: object, conditions: Mapping[str, Part], problems: list[Problem]
) -> GroupRule | None:
    if not isinstance(entry, Mapping):
        problems.append(Problem("", f"group rule {number} must be an object"))
        return None
    name = entry.get("rule")
    if not isinstance(name, str) or not _RULE_NAME.fullmatch(name):
        message = f'group rule {number}: "rule" is a name of letters, digits, - and _'
        problems.append(Problem("", message))
        return None
    target = f"groups {name}"
    wrong = [Problem(target, message) for message in _entry_problems(entry)]
    when = _read_when(target, entry.get("when"), conditions, wrong)
    problems += wrong
    if wrong:
        return None
    source = next(each for each in SOURCES if each in entry)
    return GroupRule(
        name,
        source,
        entry[source] if source == "expression" else " ".join(entry[source].split()),
        name=entry.get("name", ""),
        when=when,
        kind=GroupKind(entry.get("kind", "security")),
        emptied=entry.get("emptied", "keep"),
        licensing=entry.get("licensing", False),
        fully_managed=entry.get("fully_managed", False),
        description=entry.get("description", "").strip(),
        adopted=_adopted(entry.get("adopt", {})),
    )


def _adopted(given: str | Mapping[str, str]) -> dict[str, str]:
    by_value = {"": given} if isinstance(given, str) else given
    return {fold_value(value): each.strip().lower() for value, each in by_value.items()}


def clean_value(text: str) -> str:
    """A value as groups are named by it: without white space around it and doubled in it."""
    return " ".join(text.split())


def fold_value(text: str) -> str:
    """The form in which values are compared."""
    return fold_key(clean_value(text))


def _read_when(
    target: str, given: object, conditions: Mapping[str, Part], problems: list[Problem]
) -> Part | None:
    try:
        return None if given is None else parse_scope(given, conditions)
    except ScopeError as error:
        problems.append(Problem(target, f"when: {error}"))
        return None


def _entry_problems(entry: Mapping[Any, Any]) -> Iterator[str]:
    """Messages on one rule's entries, its condition and expressions left out."""
    for name in entry:
        if name not in _ENTRIES:
            near = nearest(str(name), _ENTRIES)
            yield f"unknown entry {name!r}" + (f": did you mean {near}?" if near else "")
    given = [source for source in SOURCES if source in entry]
    if len(given) != 1:
        yield "a rule has exactly one of column, expression and group"
        return
    text = entry[given[0]]
    if not isinstance(text, str) or not text.strip():
        yield f"{given[0]} must be text and not empty"
    elif given[0] == "group" and len(text) > LONGEST_NAME:
        yield f"the name is longer than {LONGEST_NAME} characters"
    if given[0] == "group" and "name" in entry:
        yield 'a fixed group has its name in "group"; leave "name" out'
    elif not isinstance(entry.get("name", ""), str):
        yield '"name" is an expression'
    yield from _option_problems(entry)
    yield from _adopt_problems(entry, fixed=given[0] == "group")


def _option_problems(entry: Mapping[Any, Any]) -> Iterator[str]:
    if entry.get("kind", "security") not in list(GroupKind):
        yield f'"kind" is {" or ".join(GroupKind)}'
    if entry.get("emptied", "keep") not in list(EMPTIED):
        yield f'"emptied" is {" or ".join(EMPTIED)}'
    for name in ("licensing", "fully_managed"):
        if not isinstance(entry.get(name, False), bool):
            yield f'"{name}" is true or false'
    description = entry.get("description", "")
    if not isinstance(description, str) or len(description) > LONGEST_DESCRIPTION:
        yield f'"description" is a text of at most {LONGEST_DESCRIPTION} characters'


def _adopt_problems(entry: Mapping[Any, Any], *, fixed: bool) -> Iterator[str]:
    given = entry.get("adopt", "" if fixed else {})
    if "adopt" in entry and not isinstance(given, str if fixed else Mapping):
        wanted = "the id of a group" if fixed else "an object of group ids by value"
        yield f'"adopt" is {wanted}'
        return
    by_value = {"": given} if isinstance(given, str) and "adopt" in entry else given
    for value, each in by_value.items() if isinstance(by_value, Mapping) else ():
        if not isinstance(each, str) or not _GUID.fullmatch(each.strip().lower()):
            yield f"adopt: {each!r} is not the id of a group"
        if not fixed and (not isinstance(value, str) or not value.strip()):
            yield "adopt: an id has no value"
    if not fixed and len({fold_value(str(value)) for value in by_value}) < len(by_value):
        yield "adopt: two values differ in case only, so they are one group"
    if fixed and "adopt" in entry and entry.get("emptied") == "delete":
        yield "an adopted group existed before the portal and is never deleted; keep it"


def _expression_problems(rule: GroupRule, parameters: Mapping[str, str]) -> Iterator[Problem]:
    target = f"groups {rule.rule}"
    if rule.source == "expression":
        yield from _one_expression(target, rule.text, parameters)
    if rule.name:
        yield from _one_expression(target, rule.name, parameters, only_value=True)


def _one_expression(
    target: str, text: str, parameters: Mapping[str, str], *, only_value: bool = False
) -> Iterator[Problem]:
    try:
        compiled = compile_expression(text)
    except ParseError as error:
        yield Problem(target, error.message, error.line, error.column, error.caret)
        return
    if compiled.volatile or compiled.clocked or compiled.alternatives:
        message = "a group needs the same value each time: no Guid, RandomString, Now and"
        yield Problem(target, f"{message} SelectUniqueValue")
    if compiled.redacted:
        yield Problem(target, "names of groups are shown in plans, so they cannot be redacted")
    for name in sorted(compiled.attributes):
        given = name.removeprefix(PARAMETER)
        if given != name and given not in parameters:
            near = nearest(given, list(parameters))
            hint = f": did you mean {near}?" if near else "; add it to the profile's parameters"
            yield Problem(target, f"there is no parameter {given}{hint}")
        elif given == name and only_value and name != VALUE:
            message = f"name reads [{name}], but may read [{VALUE}] and parameters only, because"
            yield Problem(target, f"{message} all members of a group share its name")


def _together(rules: Sequence[GroupRule]) -> Iterator[Problem]:
    """What is wrong between rules: nothing may be claimed twice."""
    claimed: set[tuple[str, str]] = set()
    for rule in rules:
        claims = [("rule name", fold_key(rule.rule))]
        claims += [("id", each) for each in rule.adopted.values()]
        if rule.source == "group":
            claims.append(("group name", fold_value(rule.text)))
        for what, text in claims:
            if (what, text) in claimed:
                yield Problem(f"groups {rule.rule}", f"the {what} {text} is used twice")
            claimed.add((what, text))
