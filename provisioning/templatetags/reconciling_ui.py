"""Drift in templates: values of both sides, decisions, shares and intervals in words."""

from typing import Any

from django import template

from provisioning.domain.attributes import USER_NAME
from provisioning.domain.groups import DESCRIPTION
from provisioning.domain.groups.repairing import MEMBER
from provisioning.domain.redaction import DISPLAY_NAME, REDACTED, shown_name
from provisioning.domain.verification import share_interval
from provisioning.models import Drift, Operation, Reconciliation
from provisioning.templatetags.provisioning_ui import attribute_label

register = template.Library()

_GROUP_LABELS = {
    DESCRIPTION: "Description",
    "mailNickname": "Mail nickname",
    "traits": "What it is",
    "kind": "Kind",
}
_WORDS = {True: "Yes", False: "No"}
_KINDS = {
    Drift.Kind.CHANGED: ("info", "pencil"),
    Drift.Kind.MISSING: ("danger", "user-minus"),
    Drift.Kind.RETURNED: ("success", "user-check"),
    Drift.Kind.DOUBT: ("neutral", "info"),
    Drift.Kind.CARRIER: ("warning", "eye"),
    Drift.Kind.GROUP: ("info", "pencil"),
    Drift.Kind.GROUP_GONE: ("danger", "x-circle"),
    Drift.Kind.PARTED: ("warning", "user-minus"),
    Drift.Kind.JOINED: ("info", "user-plus"),
}


@register.filter
def drift_badge(row: Drift) -> tuple[str, str, str]:
    """Words, tone and icon of a difference."""
    return (str(row.get_kind_display()), *_KINDS[Drift.Kind(row.kind)])


def drift_text(row: Drift, side: str, redacted: frozenset[str]) -> str | None:
    """One side's value (`ours`, `theirs` or `wanted`) in words; None without one."""
    value = getattr(row, side)
    if row.path.startswith(MEMBER):
        return value_text(value[1], USER_NAME, redacted) if value else None
    return value_text(value, row.path, redacted)


def value_text(value: Any, path: str, redacted: frozenset[str]) -> str | None:
    """A value as pages show it; None without one."""
    if value is None or value == "":
        return None
    if path in redacted:
        return REDACTED
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _WORDS[value] if isinstance(value, bool) else str(value).removesuffix("T00:00:00Z")


@register.filter
def drift_label(path: str) -> str:
    """What of an account or a group differs, for people."""
    if path.startswith(MEMBER):
        return "Member"
    return _GROUP_LABELS.get(path) or attribute_label(path)


@register.simple_tag
def drift_side(row: Any, side: str, redacted: frozenset[str]) -> str | None:
    """As `drift_text`, for rows of drift and accepted ones."""
    return drift_text(row, side, redacted)


@register.filter
def drift_person(row: Any, redacted: frozenset[str]) -> str:
    """The person's name as pages may show it."""
    if isinstance(row, Drift) and row.kind in Drift.GROUPS:
        return row.person
    return shown_name(DISPLAY_NAME, row.person, redacted) or str(row.key)


@register.filter
def drift_user_name(row: Drift, redacted: frozenset[str]) -> str:
    """The user name, or a group's nickname, as pages may show it."""
    if row.kind in Drift.GROUPS:
        return row.user_name
    return shown_name(USER_NAME, row.user_name, redacted)


@register.filter
def operation_of(row: Drift, operations: dict[str, Operation]) -> Operation | None:
    """The operation that a difference is repaired by."""
    return operations.get(row.record_key) if row.writable else None


@register.filter
def share(part: float) -> str:
    """A share of 0 to 1 in per cent, exact enough to tell small ones apart."""
    percent = part * 100
    if 0 < percent < 0.01:
        return "under 0.01 %"
    return f"{percent:.{2 if percent < 10 else 1}f}".rstrip("0").rstrip(".") + " %"


@register.filter
def drifted_share(reading: Reconciliation) -> str:
    """Which share of all managed accounts has drifted, as an interval where a sample was read."""
    low, high = share_interval(reading.drifted, reading.checked, reading.managed)
    if low == high:
        return share(low)
    return f"{share(low)} to {share(high)}"
