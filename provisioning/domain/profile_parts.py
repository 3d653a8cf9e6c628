"""A definition taken apart into the parts that people compare, and put together again; pure.

A part is named "attributes:<target>", "parameters:<name>", "rules:<name>", or by its entry alone.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from provisioning.domain.expressions import ExpressionError, parse, to_source

PLAIN = ("key_column", "matching", "scope", "out_of_scope", "lifecycle")
"""Entries that are one part each."""
_NAMED = ("parameters", "rules")
_USUAL = {"out_of_scope": "skip"}


def parts_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Every part by its name. A definition that is still wrong gives the parts that can be seen."""
    found = {name: definition[name] for name in PLAIN if definition.get(name)}
    found = {name: value for name, value in found.items() if value != _USUAL.get(name)}
    for section in _NAMED:
        entries = definition.get(section)
        for name, value in entries.items() if isinstance(entries, Mapping) else ():
            found[f"{section}:{name}"] = value
    rules = definition.get("attributes")
    for rule in rules if isinstance(rules, list) else []:
        if isinstance(rule, Mapping) and isinstance(rule.get("target"), str):
            found.setdefault(f"attributes:{rule['target']}", dict(rule))
    return found


def section_of(part: str) -> tuple[str, str]:
    """Section and name of a part; the name is empty where the section is one part."""
    section, _, name = part.partition(":")
    return section, name


def meaning(part: str, value: Any) -> str | None:
    """What is compared: None for an absent part. Values of parameters and layout do not count."""
    if value is None:
        return None
    if section_of(part)[0] == "parameters":
        return "given"
    if section_of(part)[0] == "attributes" and isinstance(value.get("expression"), str):
        value = {**value, "expression": _laid_out(value["expression"])}
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def with_part(definition: Mapping[str, Any], part: str, value: Any) -> dict[str, Any]:
    """The definition with a part replaced where it stood, added at the end, or (None) left out."""
    changed = copy.deepcopy(dict(definition))
    section, name = section_of(part)
    if section == "attributes":
        changed[section] = _with_rule(changed.get(section, []), name, value)
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


def _with_rule(rules: list[Any], target: str, value: Any) -> list[Any]:
    kept: list[Any] = []
    placed = False
    for rule in rules:
        if not isinstance(rule, Mapping) or rule.get("target") != target:
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
