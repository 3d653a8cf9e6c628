"""Applies PATCH operations to a copy of a user (fact sheet, 5, PATCH)."""

import copy
from typing import Any

from msp_portal.sandbox.errors import ScimError, bad_value, read_only
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.patch import Operation, Target
from msp_portal.sandbox.schemas import Attribute
from msp_portal.sandbox.values import clean_value, is_proxy_row

_UNREMOVABLE = {"userName", "displayName", "active", "name", "mailNickname"}
_NOTHING: tuple[Any, ...] = (None, "", [])


def patched(resource: Json, operations: list[tuple[Operation, Target]]) -> Json:
    """The resource after the operations, in their order; ScimError 400 leaves it as it was."""
    result = copy.deepcopy(resource)
    for operation, target in operations:
        _apply(result, operation, target)
    return result


def _apply(resource: Json, operation: Operation, target: Target) -> None:
    attribute, urn = target.location.attribute, target.location.urn
    if attribute is None:
        raise bad_value(f"Path '{operation.path}' names no attribute.")
    _check_writable(attribute)
    container = resource.setdefault(urn, {}) if urn else resource
    removes = operation.op == "remove" or operation.value in _NOTHING
    if removes and attribute.name in _UNREMOVABLE:
        raise bad_value(f"Attribute '{operation.path}' cannot be removed.")
    if attribute.multi and attribute.sub:
        _apply_to_rows(container, attribute, operation, target, removes)
    elif attribute.type == "complex":
        _apply_to_complex(container, attribute, operation, target, removes)
    else:
        _store(
            container, attribute.name, None if removes else clean_value(attribute, operation.value)
        )
    if urn and not container:
        del resource[urn]


def _check_writable(attribute: Attribute) -> None:
    if attribute.mutability == "writeOnly":
        raise ScimError(400, "'password' can be set only when a user is created.", "mutability")
    if attribute.mutability == "readOnly":
        raise read_only(attribute.name)


def _store(container: Json, name: str, value: Any) -> None:
    if value in (None, {}, []):
        container.pop(name, None)
    else:
        container[name] = value


def _apply_to_complex(
    container: Json, attribute: Attribute, operation: Operation, target: Target, removes: bool
) -> None:
    sub = target.location.sub
    current = dict(container.get(attribute.name, {}))
    if attribute.name == "manager" and sub is not None:
        raise bad_value("The manager is written as a whole: path '...:manager', value {'value'}.")
    if sub is not None:
        _store(current, sub.name, None if removes else clean_value(sub, operation.value))
    elif removes:
        current = {}
    else:
        given = clean_value(attribute, operation.value)
        current = given if attribute.name == "manager" else {**current, **given}
    if attribute.name == "manager" and not removes and not current.get("value"):
        raise bad_value("The manager's value must be an object with the id of a user.")
    _store(container, attribute.name, current)


def _apply_to_rows(
    container: Json, attribute: Attribute, operation: Operation, target: Target, removes: bool
) -> None:
    rows = container.get(attribute.name, [])
    kept = [row for row in rows if attribute.name == "emails" and is_proxy_row(row)]
    rows = [row for row in rows if row not in kept]
    if target.type is None:
        if target.location.sub is not None:
            raise ScimError(400, f"Path '{operation.path}' needs a filter on the type.", "noTarget")
        rows = _whole_list(attribute, operation, rows, removes)
    else:
        rows = _typed_rows(attribute, operation, target, rows, removes)
    _store(container, attribute.name, (clean_value(attribute, rows) or []) + kept)


def _whole_list(
    attribute: Attribute, operation: Operation, rows: list[Json], removes: bool
) -> list[Json]:
    if removes:
        return []
    given = operation.value if isinstance(operation.value, list) else [operation.value]
    fresh: list[Json] = clean_value(attribute, given) or []
    if operation.op == "replace":
        return fresh
    types = {row["type"] for row in fresh if not _repeats(attribute, row["type"])}
    old = [row for row in rows if row["type"] not in types and row not in fresh]
    return old + fresh


def _repeats(attribute: Attribute, kind: str) -> bool:
    return attribute.name == "ims" or (attribute.name == "emails" and kind == "other")


def _typed_rows(
    attribute: Attribute, operation: Operation, target: Target, rows: list[Json], removes: bool
) -> list[Json]:
    kind, sub = target.type or "", target.location.sub
    ours = [row for row in rows if row["type"] == kind]
    others = [row for row in rows if row["type"] != kind]
    whole = sub is None or sub.name == "value"
    if removes and whole:
        return others
    if _repeats(attribute, kind) and whole:
        given = operation.value if isinstance(operation.value, list) else [operation.value]
        fresh = [_row(attribute, kind, sub, each) for each in given]
        before = ours if operation.op == "add" else []
        return others + before + [row for row in fresh if row not in before]
    row = dict(ours[0]) if ours else {}
    if sub is not None and removes:
        row.pop(sub.name, None)
    else:
        row.update(_row(attribute, kind, sub, operation.value))
    return others + ([row] if set(row) - {"type", "primary"} else [])


def _row(attribute: Attribute, kind: str, sub: Attribute | None, value: Any) -> Json:
    if sub is not None:
        part: Json = {sub.name: clean_value(sub, value)}
    elif isinstance(value, dict):
        part = dict(value)
    else:
        raise bad_value(f"A value of '{attribute.name}' must be an object.")
    part["type"] = kind
    if attribute.name == "emails" and kind == "work":
        part["primary"] = True
    return part
