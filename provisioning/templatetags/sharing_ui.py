"""Parts of a profile in templates: what they are called, and what they say, in words."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django import template

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.drift import Drift
from provisioning.domain.groups.words import GROUP_RULE, group_rule_label, group_rule_words
from provisioning.domain.lifecycle_words import lifecycle_facts
from provisioning.domain.profile_parts import section_of
from provisioning.domain.scope import ScopeError, parse_scope

register = template.Library()

_NAMES = {
    "key_column": "Key column",
    "matching": "Matching",
    "scope": "Scope",
    "out_of_scope": "Out of scope",
    "lifecycle": "Joiners and leavers",
    "guests": "Guests",
}
_OPTIONS = {"when": "only at creation", "empty": "left alone when empty", "redact": "redacted"}
_MOVED = {
    "here": ("here", "neutral", "pencil"),
    "template": ("in the template", "info", "refresh"),
    "both": ("in the template, and here too", "warning", "alert"),
}
_KINDS = {"domain": "Domain", "id": "Id", "set": "Attribute set"}


@register.filter
def part_label(part: str) -> str:
    """What people call a part."""
    section, name = section_of(part)
    if section == "attributes":
        attribute = CATALOGUE.get(name)
        return attribute.label if attribute else name
    if section == "groups":
        return group_rule_label(name)
    if section in ("parameters", "rules"):
        return f"{section.removesuffix('s').capitalize()} {name}"
    return _NAMES.get(section, section)


@register.filter
def part_path(part: str) -> str:
    """The path below an attribute's name; nothing for other parts."""
    section, name = section_of(part)
    return name if section == "attributes" else ""


@register.filter
def part_text(value: Any, part: str) -> str:
    """What a part says; empty for an absent one."""
    section, _ = section_of(part)
    if value is None:
        return ""
    if section in _SAID:
        return _SAID[section](value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if section == "guests" and value is True:
        return "adopted and written, too"
    return value if isinstance(value, str) else json.dumps(value)


@register.filter
def moved_badge(drift: Drift) -> tuple[str, str, str]:
    """Who did what, as label, tone and icon."""
    where, tone, icon = _MOVED[drift.moved.value]
    return f"{drift.change.capitalize()} {where}", tone, icon


@register.filter
def kind_label(kind: str) -> str:
    """What kind of value a tenant's own is."""
    return _KINDS[kind]


@register.filter
def place_label(place: str) -> str:
    """Where a value stands: an attribute or a group rule by its name, else as it is written."""
    if place.startswith(GROUP_RULE):
        return group_rule_label(place.removeprefix(GROUP_RULE))
    attribute = CATALOGUE.get(place)
    return attribute.label if attribute else place


def _rule(rule: Mapping[str, Any]) -> str:
    kind = next((kind for kind in ("column", "constant", "expression") if kind in rule), "")
    text = str(rule.get(kind, ""))
    said = text if kind == "expression" else f"{kind} {text}"
    options = [words for name, words in _OPTIONS.items() if rule.get(name)]
    if rule.get("default"):
        options.append(f"else {rule['default']}")
    return f"{said}\n({', '.join(options)})" if options else said


def _condition(value: Any) -> str:
    try:
        return str(parse_scope(value))
    except ScopeError:
        # A condition that refers to a rule elsewhere, or one that is still wrong.
        return json.dumps(value, ensure_ascii=False)


def _parameter(value: Any) -> str:
    return "asked for when the template is used" if value == "" else str(value)


_SAID: Mapping[str, Callable[[Any], str]] = {
    "parameters": _parameter,
    "attributes": _rule,
    "groups": lambda value: group_rule_words(value, between="\n"),
    "lifecycle": lambda value: "\n".join(
        f"{name}: {words}" for name, words in lifecycle_facts(value)
    ),
    "scope": _condition,
    "rules": _condition,
}
"""Sections whose parts are said in words of their own."""
