"""Profiles in templates: targets, values, columns and effects in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import template

from provisioning.domain.attributes import CATALOGUE, Attribute
from provisioning.domain.column_statistics import ColumnStatistics
from provisioning.domain.effects import Difference, Effect
from provisioning.domain.groups import GroupAct
from provisioning.domain.planner import Kind
from provisioning.domain.suggestions import Suggestions

register = template.Library()

_TYPES = {
    "string": "text",
    "boolean": "yes or no",
    "dateTime": "date",
    "integer": "whole number",
    "reference": "the key of the manager's record",
}
# Kinds of a plan in the order of a plan's page: words, tone and icon.
_KINDS = {
    Kind.CREATE: ("create", "success", "user-plus"),
    Kind.UPDATE: ("update", "info", "pencil"),
    Kind.DISABLE: ("disable", "warning", "user-off"),
    Kind.ENABLE: ("enable again", "success", "user-check"),
    Kind.ADOPT: ("adopt", "info", "user-check"),
    Kind.TRANSFER: ("transfer", "info", "refresh"),
    Kind.DELETE: ("delete", "danger", "trash"),
    Kind.LEAVE: ("left alone", "neutral", "shield"),
    Kind.UNCHANGED: ("unchanged", "neutral", "check-circle"),
    Kind.INACTIVE: ("inactive without an account", "neutral", "dash"),
}
# Acts on groups in a plan's order: words for one, for several, tone and icon. Each is one call, but
# for adoptions and what is left alone.
_ACTS = {
    GroupAct.ADOPT: ("group adopted", "groups adopted", "info", "users"),
    GroupAct.CREATE: ("new group", "new groups", "success", "users"),
    GroupAct.CHANGE: ("group changed", "groups changed", "info", "users"),
    GroupAct.ADD: ("call that adds members", "calls that add members", "success", "user-plus"),
    GroupAct.REMOVE: ("member removed", "members removed", "warning", "user-off"),
    GroupAct.DELETE: ("group deleted", "groups deleted", "danger", "trash"),
    GroupAct.LEAVE: ("group left alone", "groups left alone", "neutral", "shield"),
}


@register.filter
def target_type(attribute: Attribute) -> str:
    """What a target takes: "text, at most 64 characters"."""
    kind = _TYPES.get(attribute.kind, attribute.kind)
    parts = [f"list of {kind}" if attribute.many else kind]
    if attribute.max_length:
        parts.append(f"at most {attribute.max_length:,} characters")
    return ", ".join(parts)


@register.filter
def shown_value(value: Any) -> str:
    """A mapped value for people."""
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value).removesuffix("T00:00:00Z")


@register.filter
def cell_of(record: Mapping[str, str] | None, column: str) -> str:
    """A record's value in a column."""
    return (record or {}).get(column, "")


@register.filter
def column_words(column: ColumnStatistics) -> str:
    """How full and how distinct a column is, and what it looks like."""
    if not column.filled:
        return "always empty"
    full = "always filled" if not column.empty else f"{column.empty:,} of {column.records:,} empty"
    distinct = (
        "all distinct" if column.distinct == column.filled else f"{column.distinct:,} distinct"
    )
    shape = column.looks_like
    return ", ".join(filter(None, (full, distinct, shape.value if shape else "")))


@register.filter
def used_for(found: Suggestions, column: str) -> str:
    """The attributes that a column is suggested for, and whether it is taken for the key."""
    labels = [CATALOGUE[rule.target].label for rule in found.rules if column in rule.columns]
    keys = ["the key"] if found.keys and found.keys[0].column == column else []
    return ", ".join([*keys, *labels])


@register.filter
def effect_counts(effect: Effect) -> list[tuple[str, int, str, str]]:
    """A plan's kinds that occur, with held records and people out of scope."""
    return list(_counts(effect))


def _counts(effect: Effect) -> Iterator[tuple[str, int, str, str]]:
    for kind, (words, tone, icon) in _KINDS.items():
        if number := effect.counts.get(kind, 0):
            yield words, number, tone, icon
    yield from _group_counts(effect)
    if effect.held:
        yield "held", effect.held, "warning", "pause"
    if effect.outside:
        yield "out of scope", effect.outside, "neutral", "filter"


def _group_counts(effect: Effect) -> Iterator[tuple[str, int, str, str]]:
    """What a plan does to groups, each act that occurs."""
    for act, (one, several, tone, icon) in _ACTS.items():
        if number := effect.acts.get(act, 0):
            yield one if number == 1 else several, number, tone, icon


@register.filter
def group_acts(difference: Difference) -> list[tuple[str, int, int]]:
    """Acts on groups that one of the two would take: words, and how often each would."""
    old, new = difference.old.acts, difference.new.acts
    return [
        (words[1].capitalize(), old.get(act, 0), new.get(act, 0))
        for act, words in _ACTS.items()
        if act in old or act in new
    ]


@register.filter
def choices(text: str) -> list[tuple[str, str]]:
    """Pairs of value and words out of "value:words,value:words"."""
    return [(value, words) for value, _, words in (p.partition(":") for p in text.split(","))]
