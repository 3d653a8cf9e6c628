"""Mapping profiles as YAML files that people keep, compare and send; pure.

    from_yaml(to_yaml(ProfileFile("People", definition))).definition == definition

The schema is documented in docs/profile-yaml.md and docs/profile.schema.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from provisioning.domain.definition import FRAME, ProfileDefinition, ProfileError, parse_definition
from provisioning.domain.expressions import nearest
from provisioning.domain.profile_parameters import filled, with_blanks
from provisioning.domain.profile_places import place_of
from provisioning.domain.yaml_tree import (
    FileError,
    FileProblem,
    Node,
    Scalar,
    Sequence,
    Table,
    compose,
    decode,
)

__all__ = ["FORMAT", "FileError", "FileProblem", "ProfileFile", "decode", "from_yaml", "to_yaml"]

Parse: TypeAlias = Callable[[object], ProfileDefinition]
"""Reads a definition, or raises ProfileError with all that is wrong with it."""

FORMAT = 1
"""The version of the schema."""

_HEAD = ("format", "name", "description")
_RULE = ("target", "column", "constant", "expression", "when", "empty", "default", "redact")
_CONDITION = ("all", "any", "rule", "column", "is", "value")
_LIFECYCLE = ("start", "last_day", "leavers", "way_in")
_GROUP = (
    *("rule", "column", "expression", "group", "name", "when", "kind", "emptied"),
    *("licensing", "fully_managed", "description", "adopt"),
)
_START = ("column", "expression", "days_before")
_STEP = ("after_days", "do", "target", "constant", "expression")
_NUMBERS = ("format", "delete_after_days", "days_before", "after_days")
_TRUTHS = ("redact", "guests", "licensing", "fully_managed")
_BY_NAME = ("parameters", "adopt")
"""Tables whose keys are people's own; all that stands in them is text."""
_SAID = {
    "parameters": "Values that expressions use as [param.name]; a template leaves some empty.",
    "matching": "What existing accounts may be found by.",
    "rules": "Conditions by name.",
    "scope": "Whom the profile is for.",
    "lifecycle": "When accounts are made, and what becomes of leavers.",
    "guests": "Whether accounts of guests are adopted and written, too.",
    "attributes": "Where each attribute's value comes from.",
    "groups": "Which groups people are members of.",
}
_MOST = 200
"""Problems that are said at once; nobody reads more, and each is looked for in the whole file."""
_BREAKS = frozenset("\x85\u2028\u2029")


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """A file's profile; `definition` is what parse_definition reads."""

    name: str
    definition: dict[str, Any]
    description: str = ""


def to_yaml(profile: ProfileFile) -> str:
    """The profile as text: a fixed order, a comment for each part, long expressions in blocks."""
    title = "".join(c for c in " ".join(profile.name.split()) if c.isprintable())
    head: dict[str, Any] = {"format": FORMAT, "name": profile.name}
    if profile.description:
        head["description"] = profile.description
    parts = [
        f"# Mapping profile of the MSP portal: {title}\n"
        "# yaml-language-server: $schema=profile.schema.json\n" + _dumped(head)
    ]
    known = [name for name in FRAME if name in profile.definition]
    rest = [name for name in profile.definition if name not in FRAME]
    for name in [*known, *rest]:
        said = f"# {_SAID[name]}\n" if name in _SAID else ""
        parts.append(said + _dumped({name: _arranged(profile.definition[name])}))
    return "\n".join(parts)


_ORDER = (
    *("rule", "start", "last_day", "leavers", "way_in", "after_days", "do"),
    *("target", "column", "constant", "expression", "group", "is", "value"),
    *("name", "when", "empty", "default", "redact"),
    *("kind", "emptied", "licensing", "fully_managed", "description", "adopt"),
)
"""Of what is written in a rule, a condition, a step or a group rule."""
_PLACE = {name: place for place, name in enumerate(_ORDER)}


def _arranged(value: Any) -> Any:
    """The value with every table in the fixed order: PostgreSQL's jsonb keeps none."""
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: (_PLACE.get(name, len(_ORDER)), name))
        return {name: _arranged(value[name]) for name in names}
    return [_arranged(each) for each in value] if isinstance(value, list) else value


def from_yaml(
    text: str,
    given: Mapping[str, str] | None = None,
    *,
    blanks: bool = False,
    parse: Parse = parse_definition,
) -> ProfileFile:
    """Read a file; raises FileError with the place of everything that is wrong.

    `given` are values for its parameters. Parameters without a value are an error, unless
    `blanks` says that this is a template, which leaves them open. `parse` knows the tenant.
    """
    root = compose(text)
    if not isinstance(root, Table):
        raise FileError([FileProblem(root.line, root.column, "a profile is a table of keys")])
    problems = [*_key_problems(root), *_head_problems(root)]
    data = {name: _data(name, root.items[name]) for name in FRAME if name in root.items}
    data = filled(data, given or {})
    problems += _unknown_parameters(data, given or {}, root)
    try:
        definition = parse(with_blanks(data) if blanks else data).to_json()
    except ProfileError as error:
        problems += [place_of(problem, root, text) for problem in error.problems[:_MOST]]
    if problems:
        raise FileError(problems)
    if blanks and "parameters" in data:
        definition["parameters"] = {n: str(v or "").strip() for n, v in data["parameters"].items()}
    head = {name: _text(root.items.get(name)) for name in ("name", "description")}
    return ProfileFile(head["name"] or "People", definition, head["description"])


def _text(node: Node | None) -> str:
    return node.value if isinstance(node, Scalar) and not node.absent else ""


def _data(name: str, node: Node) -> Any:
    """The node as JSON data; texts stay texts, but for what the schema says is none."""
    if isinstance(node, Sequence):
        return [_data(name, each) for each in node.items]
    if isinstance(node, Table):
        own = name in _BY_NAME
        return {key: _data("" if own else key, each) for key, each in node.items.items()}
    if node.absent:
        return "" if node.value == "" else None
    if node.style is None and name in _TRUTHS and node.value in ("true", "false"):
        return node.value == "true"
    if node.style is None and name in _NUMBERS and node.value.isdecimal() and len(node.value) < 10:
        return int(node.value)
    return node.value


def _head_problems(root: Table) -> Iterator[FileProblem]:
    written = root.items.get("format")
    if written is None:
        yield FileProblem(root.line, root.column, f"the file must say format: {FORMAT}")
    elif _data("format", written) != FORMAT:
        message = f"format must be {FORMAT}: this portal reads no other"
        yield FileProblem(written.line, written.column, message)
    for name, longest in (("name", 200), ("description", 5_000)):
        node = root.items.get(name)
        if node is not None and not isinstance(node, Scalar):
            yield FileProblem(node.line, node.column, f"{name} is a text")
        elif len(_text(node)) > longest and node is not None:
            message = f"{name} has {len(_text(node))} characters; at most {longest} are allowed"
            yield FileProblem(node.line, node.column, message)


def _key_problems(root: Table) -> Iterator[FileProblem]:
    """Keys that are unknown; a near miss is read as what was meant, so that it is said once."""
    yield from _unknown(root, (*_HEAD, *FRAME), "a profile has")
    attributes, rules = root.items.get("attributes"), root.items.get("rules")
    for each in attributes.items if isinstance(attributes, Sequence) else []:
        if isinstance(each, Table):
            yield from _unknown(each, _RULE, "a rule has")
    conditions = list(rules.items.values()) if isinstance(rules, Table) else []
    if "scope" in root.items:
        conditions.append(root.items["scope"])
    for node in conditions:
        yield from _condition_keys(node)
    if "lifecycle" in root.items:
        yield from _lifecycle_keys(root.items["lifecycle"])
    yield from _group_keys(root.items.get("groups"))


def _group_keys(groups: Node | None) -> Iterator[FileProblem]:
    for each in groups.items if isinstance(groups, Sequence) else []:
        if isinstance(each, Table):
            yield from _unknown(each, _GROUP, "a group rule has")
            if "when" in each.items:
                yield from _condition_keys(each.items["when"])


def _lifecycle_keys(node: Node) -> Iterator[FileProblem]:
    if not isinstance(node, Table):
        return
    yield from _unknown(node, _LIFECYCLE, "a lifecycle has")
    for name, known in (("start", _START), ("last_day", _START[:2])):
        dated = node.items.get(name)
        if isinstance(dated, Table):
            yield from _unknown(dated, known, f"{name} has")
    steps = node.items.get("leavers")
    for each in steps.items if isinstance(steps, Sequence) else []:
        if isinstance(each, Table):
            yield from _unknown(each, _STEP, "a step has")


def _condition_keys(node: Node) -> Iterator[FileProblem]:
    if not isinstance(node, Table):
        return
    yield from _unknown(node, _CONDITION, "a condition has")
    for word in ("all", "any"):
        group = node.items.get(word)
        for each in group.items if isinstance(group, Sequence) else []:
            yield from _condition_keys(each)


def _unknown(table: Table, known: tuple[str, ...], has: str) -> Iterator[FileProblem]:
    for name in [name for name in table.items if name not in known]:
        key = table.keys[name]
        near = nearest(name, known)
        hint = f"did you mean {near}?" if near else f"{has} {', '.join(known)}"
        value = table.items.pop(name)
        if near and near not in table.items:
            table.items[near], table.keys[near] = value, key
        yield FileProblem(key.line, key.column, f"unknown key {name}: {hint}")


def _unknown_parameters(
    data: Mapping[str, Any], given: Mapping[str, str], root: Table
) -> Iterator[FileProblem]:
    known = data.get("parameters")
    place = root.keys.get("parameters", root)
    for name in given:
        if not isinstance(known, Mapping) or name not in known:
            yield FileProblem(place.line, place.column, f"the profile has no parameter {name}")


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, texts of several lines as blocks, nothing wrapped."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _represented(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if _BREAKS & set(text) or text.endswith("\n\n"):
        # In a block those would be other line breaks, and blank lines would go on after it.
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represented)


def _dumped(data: Mapping[str, Any]) -> str:
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text
