"""Where in a profile's file a problem stands that parse_definition found; pure."""

from __future__ import annotations

import re
from typing import Any

from provisioning.domain.expressions import ParseError, compile_expression
from provisioning.domain.groups.words import GROUP_RULE
from provisioning.domain.problems import PARAMETER, Problem
from provisioning.domain.scope import Part, ScopeError, parse_rules, parse_scope
from provisioning.domain.yaml_tree import (
    FileProblem,
    Node,
    Scalar,
    Sequence,
    Table,
    place_inside,
)

_PARAMETER = re.compile(r"parameter '?(\w+)")
_NUMBERED = re.compile(r"rule (\d+) must be")
_GROUP_NUMBERED = re.compile(r"group rule (\d+)")
_GUID_GIVEN = re.compile(r"adopt: '(.*)' is not the id")
_WORD = re.compile(r'"?(\w+)')


def place_of(problem: Problem, root: Table, text: str) -> FileProblem:
    """The problem with its place in the text; what belongs nowhere stands at the beginning."""
    if problem.target.startswith(GROUP_RULE):
        return _in_group(problem, root, text)
    if problem.target:
        return _of_rule(problem, root, text)
    if problem.message.startswith(("scope: ", "rule ")) and not _NUMBERED.match(problem.message):
        found = _in_conditions(problem, root)
        if found is not None:
            return found
    if problem.message.startswith("lifecycle: "):
        return _in_lifecycle(problem, root, text)
    node = _named(problem.message, root)
    return FileProblem(node.line, node.column, problem.message)


_STEP = re.compile(r"lifecycle: leavers step (\d+)")
_ENTRY = re.compile(r"lifecycle: (\w+)")


def _in_lifecycle(problem: Problem, root: Table, text: str) -> FileProblem:
    """The step or the entry that a message about joiners and leavers names."""
    node: Node = root.keys.get("lifecycle", root)
    entry = root.items.get("lifecycle")
    if isinstance(entry, Table):
        steps, numbered = entry.items.get("leavers"), _STEP.match(problem.message)
        named = _ENTRY.match(problem.message)
        if numbered is not None and isinstance(steps, Sequence):
            node = steps.items[int(numbered[1]) - 1]
        elif named is not None and named[1] in entry.items:
            node = entry.keys[named[1]]
            inner = entry.items[named[1]]
            node = inner if isinstance(inner, Table) and problem.line else node
    expression = node.items.get("expression") if isinstance(node, Table) else None
    if problem.line and problem.column and isinstance(expression, Scalar):
        line, column = place_inside(expression, text, problem.line, problem.column)
        return FileProblem(line, column, problem.message, caret=problem.caret)
    return FileProblem(node.line, node.column, problem.message)


def _named(message: str, root: Table) -> Node:
    """The node a message without a target begins with."""
    if (numbered := _GROUP_NUMBERED.match(message)) is not None:
        groups = root.items.get("groups")
        if isinstance(groups, Sequence):
            node = groups.items[int(numbered[1]) - 1]
            return node.items.get("rule", node) if isinstance(node, Table) else node
    if (numbered := _NUMBERED.match(message)) is not None:
        attributes = root.items.get("attributes")
        if isinstance(attributes, Sequence):
            return attributes.items[int(numbered[1]) - 1]
    if (parameter := _PARAMETER.match(message)) is not None:
        parameters = root.items.get("parameters")
        if isinstance(parameters, Table) and parameter[1] in parameters.items:
            return parameters.keys[parameter[1]]
    word = _WORD.match(message)
    return root.keys.get(word[1], root) if word else root


def _in_group(problem: Problem, root: Table, text: str) -> FileProblem:
    """The place in a group rule; of two that claim the same, in the later one."""
    name = problem.target.removeprefix(GROUP_RULE)
    groups = root.items.get("groups")
    named = [
        each
        for each in (groups.items if isinstance(groups, Sequence) else [])
        if isinstance(each, Table) and _scalar(each, "rule") == name
    ]
    if not named:
        key: Node = root.keys.get("groups", root)
        return FileProblem(key.line, key.column, problem.message, problem.target)
    rule = named[-1] if problem.message.endswith("is used twice") else named[0]
    if problem.message.startswith("when: ") and "when" in rule.items:
        found = _deepest(rule.items["when"], _known(root), "when: ")
        if found is not None:
            return FileProblem(found.line, found.column, found.message, problem.target)
    if problem.line and problem.column:
        for expression in _expressions(rule):
            if _fails_at(expression, problem):
                line, column = place_inside(expression, text, problem.line, problem.column)
                return FileProblem(line, column, problem.message, problem.target, problem.caret)
    node = _part_of_group(rule, problem.message)
    return FileProblem(node.line, node.column, problem.message, problem.target)


def _expressions(rule: Table) -> list[Scalar]:
    nodes = [rule.items.get(name) for name in ("expression", "name")]
    return [node for node in nodes if isinstance(node, Scalar)]


def _fails_at(node: Scalar, problem: Problem) -> bool:
    """Whether it is this expression that cannot be read."""
    try:
        compile_expression(node.value)
    except ParseError as error:
        return (error.message, error.line) == (problem.message, problem.line)
    return False


def _part_of_group(rule: Table, message: str) -> Node:
    """The entry that a message is about."""
    missed = re.match(r"there is no parameter (\w+)", message)
    if missed is not None:
        for node in _expressions(rule):
            if f"[{PARAMETER}{missed[1]}]" in node.value:
                return node
    adopted = rule.items.get("adopt")
    given = _GUID_GIVEN.match(message)
    for each in adopted.items.values() if isinstance(adopted, Table) and given else ():
        if isinstance(each, Scalar) and given and each.value == given[1]:
            return each
    if message.startswith("an adopted group"):
        return rule.items.get("emptied", rule.items["rule"])
    if message.startswith(("the name is longer", "the group name", "a fixed group")):
        return rule.items.get("group", rule.items["rule"])
    word = _WORD.match(message)
    return rule.items.get(word[1] if word else "", rule.items["rule"])


def _known(root: Table) -> dict[str, Part]:
    """Named conditions that can be read."""
    rules = root.items.get("rules")
    try:
        return parse_rules(plain(rules)) if isinstance(rules, Table) else {}
    except ScopeError:
        return {}


def _of_rule(problem: Problem, root: Table, text: str) -> FileProblem:
    attributes = root.items.get("attributes")
    rules = [
        each
        for each in (attributes.items if isinstance(attributes, Sequence) else [])
        if isinstance(each, Table) and _scalar(each, "target") == problem.target
    ]
    if not rules:
        key: Node = root.keys.get("attributes", root)
        return FileProblem(key.line, key.column, problem.message, problem.target)
    rule = rules[-1] if problem.message.startswith("is mapped twice") else rules[0]
    expression = rule.items.get("expression")
    if problem.line and problem.column and isinstance(expression, Scalar):
        line, column = place_inside(expression, text, problem.line, problem.column)
        return FileProblem(line, column, problem.message, problem.target, problem.caret)
    node = _part(rule, problem.message)
    return FileProblem(node.line, node.column, problem.message, problem.target)


def _part(rule: Table, message: str) -> Node:
    """The value a message begins with; a parameter is missed in the expression."""
    word = _WORD.match(message)
    name = word[1] if word else ""
    if message.startswith("there is no parameter"):
        name = "expression"
    return rule.items.get(name, rule.items["target"])


def _scalar(table: Table, name: str) -> str | None:
    node = table.items.get(name)
    return node.value.strip() if isinstance(node, Scalar) else None


def _in_conditions(problem: Problem, root: Table) -> FileProblem | None:
    """The innermost condition that cannot be read."""
    rules = root.items.get("rules")
    known: dict[str, Part] = {}
    named = rules.items.items() if isinstance(rules, Table) else ()
    for name, node in named:
        try:
            known[name] = parse_scope(plain(node), known)
        except ScopeError:
            if problem.message.startswith(f"rule {name}: "):
                return _deepest(node, known, f"rule {name}: ")
    scope = root.items.get("scope")
    return _deepest(scope, known, "scope: ") if scope is not None else None


def _deepest(node: Node, known: dict[str, Part], prefix: str) -> FileProblem | None:
    try:
        parse_scope(plain(node), known)
    except ScopeError as error:
        for child in _children(node):
            found = _deepest(child, known, prefix)
            if found is not None:
                return found
        place = _part_of_condition(node, str(error))
        return FileProblem(place.line, place.column, f"{prefix}{error}")
    return None


def _part_of_condition(node: Node, message: str) -> Node:
    """What in a condition a message is about."""
    if not isinstance(node, Table):
        return node
    for start, name in (('"is"', "is"), ("there is no rule", "rule"), ("column ", "value")):
        if message.startswith(start) and name in node.items:
            return node.items[name]
    return node


def _children(node: Node) -> list[Node]:
    if not isinstance(node, Table):
        return []
    groups = [node.items.get(word) for word in ("all", "any")]
    return [each for group in groups if isinstance(group, Sequence) for each in group.items]


def plain(node: Node) -> Any:
    """A condition's node as data; all its scalars are texts."""
    if isinstance(node, Scalar):
        return None if node.absent else node.value
    if isinstance(node, Sequence):
        return [plain(each) for each in node.items]
    return {name: plain(each) for name, each in node.items.items()}
