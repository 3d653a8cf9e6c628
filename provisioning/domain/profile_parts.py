"""A definition taken apart into the parts that people compare, and put together again; pure.

A part is named "attributes:<target>", "parameters:<name>", "rules:<name>", "groups:<rule>", or by
its entry alone.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from provisioning.domain.expressions import ExpressionError, parse, to_source

PLAIN = ("key_column", "matching", "scope", "out_of_scope", "lifecycle", "guests")
"""Entries that are one part each."""
_NAMED = ("parameters", "rules")
_LISTED = {"attributes": "target", "groups": "rule"}
"""Entries that are lists, with what in an item names it."""
_USUAL = {"out_of_scope": "skip"}
_EXPRESSIONS = {"attributes": ("expression",), "groups": ("expression", "name")}
ADOPT = "adopt"
"""Of a group rule, the ids of groups that exist in one tenant."""


def parts_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Every part by its name. A definition that is still wrong gives the parts that can be seen."""
    found = {name: definition[name] for name in PLAIN if definition.get(name)}
    found = {name: value for name, value in found.items() if value != _USUAL.get(name)}
    for section in _NAMED:
        entries = definition.get(section)
        for name, value in entries.items() if isinstance(entries, Mapping) else ():
            found[f"{section}:{name}"] = value
    for section, name in _LISTED.items():
        rules = definition.get(section)
        for rule in rules if isinstance(rules, list) else []:
            if isinstance(rule, Mapping) and isinstance(rule.get(name), str):
                found.setdefault(f"{section}:{rule[name]}", dict(rule))
    return found


def section_of(part: str) -> tuple[str, str]:
    """Section and name of a part; the name is empty where the section is one part."""
    section, _, name = part.partition(":")
    return section, name


def meaning(part: str, value: Any) -> str | None:
    """What is compared: None for an absent part. Layout does not count, nor what is a tenant's own:
    values of parameters, and ids of groups that a rule adopts.
    """
    if value is None:
        return None
    if section_of(part)[0] == "parameters":
        return "given"
    for entry in _EXPRESSIONS.get(section_of(part)[0], ()):
        if isinstance(value.get(entry), str):
            value = {**value, entry: _laid_out(value[entry])}
    if section_of(part)[0] == "groups":
        value = {name: each for name, each in value.items() if name != ADOPT}
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def with_part(definition: Mapping[str, Any], part: str, value: Any) -> dict[str, Any]:
    """The definition with a part replaced where it stood, added at the end, or (None) left out."""
    changed = copy.deepcopy(dict(definition))
    section, name = section_of(part)
    if section in _LISTED:
        changed[section] = _with_rule(changed.get(section, []), _LISTED[section], name, value)
        if section == "groups" and not changed[section]:
            del changed[section]
    elif name:
        entries = changed.setdefault(section, {})
        entries.pop(name, None) if value is None else entries.__setitem__(name, value)
        if not entries:
            del changed[section]
    elif value is None:
        changed.pop(section, None)
    else:
        changed[section] = value
    return changed


def adopting(value: Any, ours: Any) -> Any:
    """A group rule from elsewhere with the ids that are adopted here; others' mean nothing here."""
    kept = {ADOPT: ours[ADOPT]} if isinstance(ours, Mapping) and ADOPT in ours else {}
    return {**{name: each for name, each in value.items() if name != ADOPT}, **kept}


def _with_rule(rules: list[Any], named: str, target: str, value: Any) -> list[Any]:
    kept: list[Any] = []
    placed = False
    for rule in rules:
        if not isinstance(rule, Mapping) or rule.get(named) != target:
            kept.append(rule)
        elif value is not None and not placed:
            kept.append(value)
            placed = True
    return kept if placed or value is None else [*kept, value]


@lru_cache(maxsize=4096)  # many clones hold the same expressions
def _laid_out(text: str) -> str:
    """The expression as the language itself would write it, so that line breaks do not count."""
    try:
        return to_source(parse(text))
    except ExpressionError:
        return text
