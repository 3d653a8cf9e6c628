"""Between flat state (canonical path to value) and SCIM resources and PATCH bodies."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_EXTENSIONS = (ENTERPRISE, ENTRA)
_TYPED = re.compile(r'(?P<name>\w+)\[type eq "(?P<type>\w+)"\]\.(?P<sub>\w+)\Z')
_MAIL = 'emails[type eq "work"].value'

Value = str | bool


def user_resource(state: Mapping[str, Value | None], password: str) -> dict[str, Any]:
    """Body of a POST for one user; the password must be changed at the first sign-in."""
    body: dict[str, Any] = {"schemas": [CORE], "password": password}
    for path, value in state.items():
        if value is not None:
            _place(body, path, value)
    body.setdefault(ENTRA, {})["passwordForceChangeOnNextSignIn"] = True
    body["schemas"] += [urn for urn in _EXTENSIONS if urn in body]
    return body


def patch_body(changes: Mapping[str, Value | None]) -> dict[str, Any]:
    """Body of one PATCH that sets every changed path; None removes the value."""
    operations = [_operation(path, value) for path, value in changes.items()]
    return {"schemas": [PATCH_SCHEMA], "Operations": operations}


def is_list(body: Any) -> bool:
    """Whether this is a list answer (RFC 7644, 3.4.2); one without matches may lack resources."""
    return isinstance(body, dict) and bool(body.keys() & {"resources", "Resources", "totalResults"})


def members_of(page: Any) -> list[dict[str, Any]]:
    """Resources of a list answer; Entra writes `resources`, its reference also `Resources`."""
    if not isinstance(page, dict):
        return []
    found = page.get("resources") or page.get("Resources")
    if not isinstance(found, list):
        return []
    return [resource for resource in found if isinstance(resource, dict)]


def extension_value(resource: Mapping[str, Any], urn: str, name: str) -> Any:
    """One attribute of an extension, or None."""
    extension = resource.get(urn)
    return extension.get(name) if isinstance(extension, dict) else None


def created_id(resource: Any) -> str | None:
    """Id in the answer to a creation, or None when there is none."""
    found = resource.get("id") if isinstance(resource, dict) else None
    return str(found) if found else None


def projection(paths: Iterable[str]) -> str:
    """Value of the `attributes` parameter."""
    return ",".join(paths)


def _operation(path: str, value: Value | None) -> dict[str, Any]:
    if path == _MAIL:
        path = 'emails[type eq "work" and primary eq true].value'
    if value is None:
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": value}


def _place(body: dict[str, Any], path: str, value: Value) -> None:
    for urn in _EXTENSIONS:
        if path.startswith(f"{urn}:"):
            _nest(body.setdefault(urn, {}), path.removeprefix(f"{urn}:").split("."), value)
            return
    if typed := _TYPED.match(path):
        _place_typed(body, typed["name"], typed["type"], typed["sub"], value)
    else:
        _nest(body, path.split("."), value)


def _nest(target: dict[str, Any], names: list[str], value: Value) -> None:
    for name in names[:-1]:
        target = target.setdefault(name, {})
    target[names[-1]] = value


def _place_typed(body: dict[str, Any], name: str, kind: str, sub: str, value: Value) -> None:
    elements: list[dict[str, Any]] = body.setdefault(name, [])
    for element in elements:
        if element["type"] == kind:
            element[sub] = value
            return
    element = {"type": kind, sub: value}
    if name == "emails":
        element["primary"] = True
    elements.append(element)
