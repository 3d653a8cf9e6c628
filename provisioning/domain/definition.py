"""A mapping profile as people wrote it: what it says, and everything that is wrong with it; pure.

    {"key_column": "employee_id",
     "parameters": {"domain": "customer.example"},
     "matching": ["externalId", "userName"],
     "rules": {"pilot": {"column": "site", "is": "equals", "value": "Kiruna"}},
     "scope": {"all": [{"column": "type", "is": "not_equals", "value": "contractor"}]},
     "out_of_scope": {"delete_after_days": 30},
     "lifecycle": {"last_day": {"column": "leave_date"}, ...},  (see domain/lifecycle)
     "attributes": [{"target": "title", "column": "job_title", "empty": "leave"}, ...],
     "groups": [{"rule": "department", "column": "department"}, ...]}  (see domain.groups.rules)

Only `key_column` and `attributes` are needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from provisioning.domain.attributes import (
    ACTIVE,
    EXTERNAL_ID,
    MANAGER,
    REQUIRED,
    Attribute,
)
from provisioning.domain.creation import creation_problems
from provisioning.domain.expressions import ParseError, compile_expression, nearest
from provisioning.domain.groups.rules import GroupRule, GroupsError, parse_groups
from provisioning.domain.lifecycle import Lifecycle, lifecycle_problems, read_lifecycle
from provisioning.domain.problems import PARAMETER, Problem, ProblemsError
from provisioning.domain.scope import Part, ScopeError, parse_rules, parse_scope, scope_json
from provisioning.domain.target_values import RejectedError, acceptor
from provisioning.domain.targets import PLAIN, Targets

RuleKind: TypeAlias = Literal["column", "constant", "expression"]
KINDS: tuple[RuleKind, ...] = ("column", "constant", "expression")

_PARAMETER_NAME = re.compile(r"[A-Za-z]\w{0,62}", re.ASCII)
_EMPLOYEE_NUMBER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber"
_MAIL_NICKNAME = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:mailNickname"
MATCHABLE = (EXTERNAL_ID, "userName", _EMPLOYEE_NUMBER, _MAIL_NICKNAME)
"""What existing accounts can be found by."""

OUT_OF_SCOPE = {
    "skip": "Leave their accounts alone",
    "disable": "Disable their accounts",
    "delete": "Disable their accounts, and delete them after some days",
}
"""What becomes of people whom the profile is not for; "delete" is written with its days."""
DELETE_AFTER, LONGEST_RETENTION = "delete_after_days", 365
NOT_MAPPED = "is not mapped, and every account needs it"
"""What is said of an attribute that has no rule that can be read."""
FRAME = (
    *("key_column", "parameters", "matching", "rules", "scope", "out_of_scope"),
    *("lifecycle", "attributes", "groups"),
)
"""The entries of a profile, in the order in which they are written."""
_OPTIONS = ("when", "empty", "default", "redact")


class ProfileError(ProblemsError):
    """A definition cannot be used."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where one target's value comes from: `text` is a column, a constant or an expression.

    `once`: only when the account is created. `keep_when_empty`: an empty value leaves what the
    directory has instead of clearing it. `default` stands in for an empty value.
    """

    target: str
    kind: RuleKind
    text: str
    once: bool = False
    keep_when_empty: bool = False
    default: str = ""
    redact: bool = False

    def __str__(self) -> str:
        """As messages name it; a long expression is cut."""
        text = " ".join(self.text.split())
        return f"{self.kind} {text if len(text) <= 60 else text[:59] + '…'}"

    def to_json(self) -> dict[str, Any]:
        """An entry of "attributes", without what is usual."""
        options: dict[str, Any] = {
            "when": "create" if self.once else None,
            "empty": "leave" if self.keep_when_empty else None,
            "default": self.default or None,
            "redact": self.redact or None,
        }
        said = {name: value for name, value in options.items() if value is not None}
        return {"target": self.target, self.kind: self.text, **said}


@dataclass(frozen=True, slots=True)
class ProfileDefinition:
    """A profile: the column that holds the key, whom it is for, and a rule per target.

    `out_of_scope` is one of OUT_OF_SCOPE; `delete_after_days` belongs to "delete".
    """

    key_column: str
    rules: tuple[Rule, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    matching: tuple[str, ...] = ()
    conditions: Mapping[str, Part] = field(default_factory=dict)
    scope: Part | None = None
    out_of_scope: str = "skip"
    delete_after_days: int | None = None
    lifecycle: Lifecycle | None = None
    groups: tuple[GroupRule, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON object that parse_definition reads; what is usual is left out."""
        parts: dict[str, Any] = {
            "key_column": self.key_column,
            "parameters": dict(self.parameters),
            "matching": list(self.matching),
            "rules": {name: scope_json(part) for name, part in self.conditions.items()},
            "scope": scope_json(self.scope) if self.scope else None,
            "out_of_scope": self._out_of_scope() if self.scope else None,
            "lifecycle": self.lifecycle.to_json() if self.lifecycle else None,
        }
        said = {name: value for name, value in parts.items() if value}
        groups = {"groups": [rule.to_json() for rule in self.groups]} if self.groups else {}
        return {**said, "attributes": [rule.to_json() for rule in self.rules], **groups}

    def _out_of_scope(self) -> Any:
        days = self.delete_after_days
        return self.out_of_scope if days is None else {DELETE_AFTER: days}


def parse_definition(data: object, targets: Targets = PLAIN) -> ProfileDefinition:
    """Read a definition; `targets` are what the tenant has. Raises ProfileError."""
    if not isinstance(data, Mapping):
        raise ProfileError([Problem("", "the profile must be a JSON object")])
    problems = list(_frame_problems(data))
    parameters = _read_parameters(data.get("parameters", {}), problems)
    matching = _read_matching(data.get("matching", []), problems)
    conditions = _read_conditions(data.get("rules", {}), problems)
    scope = _read_scope(data.get("scope"), conditions, problems)
    out_of_scope, delete_after = _read_out_of_scope(data.get("out_of_scope", "skip"), problems)
    rules = _read_rules(data.get("attributes"), problems)
    problems += _target_problems(rules)
    for rule in rules:
        problems += _rule_problems(rule, parameters, targets)
    problems += [Problem(*found) for found in creation_problems(rules, matching)]
    groups = _read_groups(data.get("groups", []), parameters, conditions, problems)
    lifecycle = _read_lifecycle(data.get("lifecycle"), rules, parameters, targets, problems)
    if problems:
        raise ProfileError(problems)
    return ProfileDefinition(
        str(data["key_column"]).strip(),
        tuple(rules),
        parameters,
        matching,
        conditions,
        scope,
        out_of_scope,
        delete_after,
        lifecycle,
        groups,
    )


def _frame_problems(data: Mapping[Any, Any]) -> Iterator[Problem]:
    key_column = data.get("key_column")
    if not isinstance(key_column, str) or not key_column.strip():
        yield Problem("", "key_column must name the column that holds each record's key")
    if not isinstance(data.get("attributes"), list):
        yield Problem("", "attributes must be a list of rules")
    for name in data:
        if name not in FRAME:
            yield Problem("", f"unknown entry {name!r}: a profile has {', '.join(FRAME)}")


def _read_parameters(given: object, problems: list[Problem]) -> dict[str, str]:
    if not isinstance(given, Mapping):
        problems.append(Problem("", "parameters must be an object of texts by name"))
        return {}
    for name, value in given.items():
        if not isinstance(name, str) or not _PARAMETER_NAME.fullmatch(name):
            problems.append(Problem("", f"parameter {name!r}: a name has letters, digits and _"))
        elif not isinstance(value, str) or not value.strip():
            problems.append(Problem("", f"parameter {name} has no value"))
    return {str(name): str(value).strip() for name, value in given.items()}


def _read_matching(given: object, problems: list[Problem]) -> tuple[str, ...]:
    paths = tuple(given) if isinstance(given, list) else (given,)
    for path in paths:
        if path not in MATCHABLE:
            message = f"matching: {path!r} cannot find an account; {', '.join(MATCHABLE)} can"
            problems.append(Problem("", message))
    if len(set(map(str, paths))) < len(paths):
        problems.append(Problem("", "matching names an attribute twice"))
    return tuple(map(str, paths))


def _read_conditions(given: object, problems: list[Problem]) -> dict[str, Part]:
    try:
        return parse_rules(given)
    except ScopeError as error:
        problems.append(Problem("", str(error)))
        return {}


def _read_scope(
    given: object, conditions: Mapping[str, Part], problems: list[Problem]
) -> Part | None:
    try:
        return None if given is None else parse_scope(given, conditions)
    except ScopeError as error:
        problems.append(Problem("", f"scope: {error}"))
        return None


def _read_out_of_scope(given: object, problems: list[Problem]) -> tuple[str, int | None]:
    """What is done, and after how many days accounts are deleted, if they are."""
    if given in ("skip", "disable"):
        return str(given), None
    days = given[DELETE_AFTER] if isinstance(given, Mapping) and set(given) == {DELETE_AFTER} else 0
    if type(days) is int and 1 <= days <= LONGEST_RETENTION:
        return "delete", days
    wanted = f'{{"{DELETE_AFTER}": 1 to {LONGEST_RETENTION}}}'
    problems.append(Problem("", f'out_of_scope must be "skip", "disable" or {wanted}'))
    return "skip", None


def _read_groups(
    given: object,
    parameters: Mapping[str, str],
    conditions: Mapping[str, Part],
    problems: list[Problem],
) -> tuple[GroupRule, ...]:
    try:
        return parse_groups(given, parameters, conditions)
    except GroupsError as error:
        problems += error.problems
        return ()


def _read_lifecycle(
    given: object,
    rules: Sequence[Rule],
    parameters: Mapping[str, str],
    targets: Targets,
    problems: list[Problem],
) -> Lifecycle | None:
    wrong: list[str] = []
    found = read_lifecycle(given, wrong)
    if found is not None:
        wrong += lifecycle_problems(found, rules, targets)
        for place, text in found.expressions():
            for each in _expression_problems(Rule("", "expression", text), parameters):
                problems.append(replace(each, message=f"lifecycle: {place}: {each.message}"))
    problems += [Problem("", f"lifecycle: {message}") for message in wrong]
    return found


def _read_rules(given: object, problems: list[Problem]) -> list[Rule]:
    rules: list[Rule] = []
    for number, entry in enumerate(given if isinstance(given, list) else [], start=1):
        rule = _read_rule(number, entry, problems)
        if rule is not None:
            rules.append(rule)
    return rules


def _read_rule(number: int, entry: object, problems: list[Problem]) -> Rule | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("target"), str):
        problems.append(Problem("", f'rule {number} must be an object with a "target"'))
        return None
    target = entry["target"].strip()
    kinds = [kind for kind in KINDS if kind in entry]
    unknown = [repr(name) for name in entry if name not in ("target", *KINDS, *_OPTIONS)]
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
    wrong = list(_option_problems(target, entry))
    problems += wrong
    if wrong:
        return None
    return Rule(
        target,
        kinds[0],
        value.strip() if kinds[0] == "column" else value,
        once=entry.get("when") == "create",
        keep_when_empty=entry.get("empty") == "leave",
        default=str(entry.get("default") or ""),
        redact=entry.get("redact") is True,
    )


def _option_problems(target: str, entry: Mapping[Any, Any]) -> Iterator[Problem]:
    if entry.get("when", "always") not in ("always", "create"):
        yield Problem(target, '"when" is "always" or "create"')
    if entry.get("empty", "clear") not in ("clear", "leave"):
        yield Problem(target, '"empty" is "clear" or "leave"')
    if not isinstance(entry.get("default", ""), str):
        yield Problem(target, '"default" is a text')
    if not isinstance(entry.get("redact", False), bool):
        yield Problem(target, '"redact" is true or false')


def _target_problems(rules: Sequence[Rule]) -> Iterator[Problem]:
    seen: set[str] = set()
    for rule in rules:
        if rule.target in seen:
            yield Problem(rule.target, "is mapped twice")
        seen.add(rule.target)
    for path in REQUIRED:
        if path not in seen:
            yield Problem(path, NOT_MAPPED)


def _rule_problems(
    rule: Rule, parameters: Mapping[str, str], targets: Targets
) -> Iterator[Problem]:
    attribute = targets.get(rule.target)
    if attribute is None:
        yield Problem(rule.target, _unknown_target(rule.target, targets))
    elif not attribute.mutable:
        yield Problem(rule.target, f"cannot be mapped. {attribute.note}")
    else:
        yield from _value_problems(rule, attribute)
        if rule.keep_when_empty and attribute.required and not rule.default:
            yield Problem(rule.target, "cannot be left empty, because every account needs it")
        if rule.once and rule.target == ACTIVE:
            yield Problem(rule.target, "applies always: otherwise nobody would ever be disabled")
        if rule.target == MANAGER:
            yield from _manager_problems(rule)
    if rule.kind == "expression":
        yield from _expression_problems(rule, parameters)
        if attribute is not None and attribute.many and _chooses(rule.text):
            yield Problem(rule.target, "holds a list, so SelectUniqueValue cannot make it unique")


def _manager_problems(rule: Rule) -> Iterator[Problem]:
    """A manager is another person of the source, found anew by each plan."""
    if rule.once:
        yield Problem(rule.target, "applies always: a manager may get an account later")
    if rule.redact:
        yield Problem(rule.target, "holds a key of the source, which plans show anyway")


def _unknown_target(target: str, targets: Targets) -> str:
    if target == "password":
        return "cannot be mapped. The portal makes each account's first password."
    return targets.unknown(target)


def _value_problems(rule: Rule, attribute: Attribute) -> Iterator[Problem]:
    texts = [("constant", rule.text)] if rule.kind == "constant" else []
    for name, text in [*texts, *([("default", rule.default)] if rule.default else [])]:
        try:
            acceptor(attribute)(text)
        except RejectedError as rejected:
            yield Problem(rule.target, f"{name} {rejected.explained(redacted=False)}")


def _chooses(text: str) -> bool:
    try:
        return bool(compile_expression(text).alternatives)
    except ParseError:
        return False


def _expression_problems(rule: Rule, parameters: Mapping[str, str]) -> Iterator[Problem]:
    try:
        compiled = compile_expression(rule.text)
    except ParseError as error:
        yield Problem(rule.target, error.message, error.line, error.column, error.caret)
        return
    for name in sorted(compiled.attributes):
        if name.startswith(PARAMETER) and name.removeprefix(PARAMETER) not in parameters:
            given = name.removeprefix(PARAMETER)
            near = nearest(given, list(parameters))
            hint = f": did you mean {near}?" if near else "; add it to the profile's parameters"
            yield Problem(rule.target, f"there is no parameter {given}{hint}")
