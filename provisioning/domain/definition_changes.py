"""How two definitions differ, attribute by attribute and in their frame; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.definition import KINDS, OUT_OF_SCOPE
from provisioning.domain.groups.words import (
    group_rule_label,
    group_rule_words,
    group_rules_of,
)
from provisioning.domain.lifecycle_words import lifecycle_words
from provisioning.domain.scope import ScopeError, parse_rules, parse_scope

_FRAME = {
    "key_column": "Key column",
    "parameters": "Parameters",
    "matching": "Matching order",
    "rules": "Named rules",
    "scope": "Scope",
    "out_of_scope": "Out of scope",
    "lifecycle": "Joiners and leavers",
    "guests": "Guests",
}


_GUESTS = "adopted and written, too"


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """One part that differs, in words; None: the part is not there. `path`: of an attribute."""

    label: str
    old: str | None
    new: str | None
    path: str = ""


def changes_between(old: Any, new: Any) -> list[DefinitionChange]:
    """The frame's differences first, then attributes in the catalogue's order, then groups."""
    before, after = _mapping(old), _mapping(new)
    found = []
    for name, label in _FRAME.items():
        one, other = _frame(name, before), _frame(name, after)
        if one != other:
            found.append(DefinitionChange(label, one, other))
    order = {path: place for place, path in enumerate(CATALOGUE)}
    rules, others = _rules(before), _rules(after)
    for path in sorted({**rules, **others}, key=lambda path: order.get(path, len(order))):
        if rules.get(path) != others.get(path):
            known = CATALOGUE.get(path)
            label = known.label if known else path or "without a target"
            found.append(DefinitionChange(label, rules.get(path), others.get(path), path))
    return [*found, *_group_changes(before, after)]


def _group_changes(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[DefinitionChange]:
    old, new = _group_rules(before), _group_rules(after)
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            label = group_rule_label(name or "without a name")
            yield DefinitionChange(label, old.get(name), new.get(name))


def _group_rules(data: Mapping[str, Any]) -> dict[str, str]:
    """Words by name of the rule; of several of one name all."""
    named = data.get("rules")
    return {
        name: " · ".join(group_rule_words(entry, named) for entry in entries)
        for name, entries in group_rules_of(data).items()
    }


def rule_words(entry: Any) -> str:
    """A rule in a line: what it is, its text, and its options."""
    if not isinstance(entry, Mapping):
        return json.dumps(entry, ensure_ascii=False)
    kind = next((each for each in KINDS if each in entry), "")
    text = entry.get(kind, "")
    shown = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    options = [
        f"{name}: {json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value}"
        for name, value in entry.items()
        if name not in ("target", kind)
    ]
    return " · ".join([f"{kind} {shown}".strip(), *options])


def scope_words(scope: Any, rules: Any = None) -> str:
    """A scope in words; its JSON where it cannot be read."""
    try:
        return str(parse_scope(scope, parse_rules(rules or {})))
    except ScopeError:
        return json.dumps(scope, ensure_ascii=False)


def _mapping(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, Mapping) else {}


def _rules(data: Mapping[str, Any]) -> dict[str, str]:
    attributes = data.get("attributes")
    found: dict[str, str] = {}
    for entry in attributes if isinstance(attributes, list) else []:
        path = entry.get("target", "") if isinstance(entry, Mapping) else ""
        words = rule_words(entry)
        found[str(path)] = f"{found[str(path)]}; {words}" if str(path) in found else words
    return found


def _frame(name: str, data: Mapping[str, Any]) -> str | None:
    value = data.get(name)
    if value in (None, "", [], {}, False):
        return None
    if name == "guests":
        return _GUESTS
    if name == "scope":
        return scope_words(value, data.get("rules"))
    if name == "lifecycle":
        return lifecycle_words(value)
    return _plain(name, value)


def _plain(name: str, value: Any) -> str:
    if name == "rules" and isinstance(value, Mapping):
        return "; ".join(f"{each}: {scope_words(part, value)}" for each, part in value.items())
    if name == "parameters" and isinstance(value, Mapping):
        return ", ".join(f"{each} = {text}" for each, text in value.items())
    if isinstance(value, str):
        return OUT_OF_SCOPE.get(value, value) if name == "out_of_scope" else value
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False)
