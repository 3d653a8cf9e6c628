"""PATCH bodies and paths (RFC 7644, 3.5.2, as far as the service goes; fact sheet, 5)."""

import re
from dataclasses import dataclass
from typing import Any

from msp_portal.sandbox.errors import ScimError, bad_path, bad_syntax, bad_value
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.schemas import PATCH_OP, Location, ResourceSchemas, locate

_PATH = re.compile(r"(?P<base>[^\[\]]+)(?:\[(?P<selector>[^\[\]]*)\](?:\.(?P<sub>[\w/]+))?)?")
_SELECTOR = re.compile(
    r'\s*type\s+eq\s+"(?P<type>\w+)"(?:\s+and\s+primary\s+eq\s+(?P<primary>true|false))?\s*',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `op` is lower case, `path` None means the value names the attributes."""

    op: str
    path: str | None
    value: Any = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where an operation points; `type` is set for one kind of row of a list."""

    location: Location
    type: str | None = None


def parse_operations(body: Json) -> list[Operation]:
    """Operations of a PatchOp message; ScimError 400 when it is not one."""
    fields = {key.lower(): value for key, value in body.items()}
    urns = fields.get("schemas")
    if not isinstance(urns, list) or PATCH_OP.lower() not in [str(each).lower() for each in urns]:
        raise bad_syntax(f"'schemas' must contain '{PATCH_OP}'.")
    operations = fields.get("operations")
    if not isinstance(operations, list) or not operations:
        raise bad_syntax("'Operations' must be a list with at least one operation.")
    return [_operation(each) for each in operations]


def _operation(given: Any) -> Operation:
    if not isinstance(given, dict):
        raise bad_syntax("An operation must be an object.")
    op = str(given.get("op", "")).lower()
    path = given.get("path")
    if op not in ("add", "replace", "remove"):
        raise bad_syntax(f"Operation '{given.get('op')}' is not one of add, replace, remove.")
    if path is not None and (not isinstance(path, str) or not path.strip()):
        raise bad_path("'path' must be a non-empty string.")
    if op == "remove" and path is None:
        raise ScimError(400, "Operation 'remove' needs a path.", "noTarget")
    if op != "remove" and "value" not in given:
        raise bad_value(f"Operation '{op}' needs a value.")
    if path is None and not isinstance(given["value"], dict):
        raise bad_value("Without a path the value must be an object.")
    return Operation(op, path, given.get("value"))


def spread(kind: ResourceSchemas, operations: list[Operation]) -> list[tuple[Operation, Target]]:
    """Each operation with its target; a value that names attributes becomes one each."""
    found: list[tuple[Operation, Target]] = []
    for operation in operations:
        if operation.path is None:
            parts = [Operation(operation.op, key, value) for key, value in operation.value.items()]
            found += spread(kind, parts)
            continue
        target = parse_path(kind, operation.path)
        if target.location.attribute is None:
            found += spread(kind, _extension_parts(operation))
        else:
            found.append((operation, target))
    return found


def _extension_parts(operation: Operation) -> list[Operation]:
    if operation.op == "remove" or not isinstance(operation.value, dict):
        raise bad_path(f"'{operation.path}' takes an object of attributes, and is not removable.")
    return [
        Operation(operation.op, f"{operation.path}:{key}", value)
        for key, value in operation.value.items()
    ]


def parse_path(kind: ResourceSchemas, path: str) -> Target:
    """Target of a path: `title`, `name.givenName`, `emails[type eq "work"].value`, `<urn>:x`."""
    match = _PATH.fullmatch(path.strip())
    if match is None:
        raise bad_path(f"Invalid path: '{path}'.")
    if match["selector"] is None:
        return Target(locate(kind, match["base"]))
    suffix = f".{match['sub']}" if match["sub"] else ""
    location = locate(kind, match["base"] + suffix)
    return Target(location, _selected_type(location, match["selector"], path))


def _selected_type(location: Location, selector: str, path: str) -> str:
    attribute = location.attribute
    match = _SELECTOR.fullmatch(selector)
    if attribute is None or match is None or "type" not in attribute.index:
        raise ScimError(400, f"The filter in path '{path}' is not supported.", "invalidFilter")
    kind = match["type"].lower()
    types = attribute.index["type"].values
    primary = match["primary"]
    if primary and (attribute.name != "emails" or kind != "work"):
        raise ScimError(400, f"The filter in path '{path}' is not supported.", "invalidFilter")
    if kind not in types or (primary and primary.lower() != "true"):
        raise ScimError(
            400, f"The filter in path '{path}' selects nothing that can be written.", "noTarget"
        )
    return kind
