"""Group rules of a profile in words, for pages and comparisons; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.domain.groups.rules import EMPTIED, SOURCES, VALUE
from provisioning.domain.groups.values import GroupKind
from provisioning.domain.scope import ScopeError, parse_rules, parse_scope

GROUP_RULE = "groups "
"""What a place begins with that is a group rule: "groups department"."""


def group_rule_label(rule: str) -> str:
    """What people call a rule."""
    return f"Group rule {rule}"


def group_rules_of(definition: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Entries by the name of their rule; one of no name, or that is no rule, under ""."""
    given = definition.get("groups")
    found: dict[str, list[Any]] = {}
    for entry in given if isinstance(given, list) else []:
        name = entry.get("rule") if isinstance(entry, Mapping) else ""
        found.setdefault(name if isinstance(name, str) else "", []).append(entry)
    return found


def group_rule_words(entry: Any, rules: Any = None, *, between: str = "; ") -> str:
    """A rule in a line, conditions by the profile's named rules; its JSON where it is none."""
    if not isinstance(entry, Mapping):
        return json.dumps(entry, ensure_ascii=False)
    return between.join(_facts(entry, rules))


def _facts(entry: Mapping[str, Any], rules: Any) -> Iterator[str]:
    source = next((each for each in SOURCES if each in entry), "")
    yield _source(entry, source)
    for name, value in entry.items():
        if name in _WORDS:
            words = _WORDS[name](value)
        elif name == "when":
            words = f"when {_condition(value, rules)}"
        elif name in ("rule", source):
            words = ""
        else:
            words = f"{name}: {json.dumps(value, ensure_ascii=False)}"
        if words:
            yield words


def _source(entry: Mapping[str, Any], source: str) -> str:
    text = entry.get(source, "")
    shown = " ".join(text.split()) if isinstance(text, str) else json.dumps(text)
    if source == "group":
        return f"one group, {shown}"
    return f"a group for each value of {source} {shown}" if source else "without a source"


def _condition(value: Any, rules: Any) -> str:
    try:
        return str(parse_scope(value, parse_rules(rules or {})))
    except ScopeError:
        return json.dumps(value, ensure_ascii=False)


def _named(value: Any) -> str:
    return f"named {' '.join(str(value).split())}" if value not in ("", f"[{VALUE}]") else ""


def _emptied(value: Any) -> str:
    words = EMPTIED.get(value, str(value)) if isinstance(value, str) else json.dumps(value)
    return words[:1].lower() + words[1:] if value != "keep" else ""


def _kind(value: Any) -> str:
    if value == GroupKind.SECURITY:
        return ""
    return "Microsoft 365 group" if value == GroupKind.MICROSOFT_365 else f"kind {value}"


def _adopts(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"adopts {each} for {one}" for one, each in value.items())
    return f"adopts {value}" if value else ""


_WORDS = {
    "name": _named,
    "kind": _kind,
    "emptied": _emptied,
    "licensing": lambda value: "members get a licence" if value is True else "",
    "fully_managed": lambda value: "nobody else is a member" if value is True else "",
    "description": lambda value: f"description “{value}”" if value else "",
    "adopt": _adopts,
}
