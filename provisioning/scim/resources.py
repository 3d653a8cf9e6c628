"""Between flat state (canonical path to value) and SCIM resources; reading answers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.domain.attributes import CATALOGUE, StateValue, is_custom
from provisioning.scim.changes import Value
from provisioning.scim.refusals import Refused
from provisioning.scim.urns import CORE_USER, CUSTOM_SECURITY, ENTERPRISE_USER, ENTRA_USER

_EXTENSIONS = (ENTERPRISE_USER, ENTRA_USER)
_READ = (*_EXTENSIONS, CUSTOM_SECURITY)
_LISTS = frozenset(path for path, each in CATALOGUE.items() if each.many)
_TYPED = re.compile(r'(?P<name>\w+)\[type eq "(?P<type>\w+)"\]\.(?P<sub>\w+)\Z')


def user_resource(state: Mapping[str, Value | None], password: str) -> dict[str, Any]:
    """Body of a POST for one user; the password must be changed at the first sign-in.

    Raises Refused for custom security attributes: they are assigned by a PATCH of their own.
    """
    if any(map(is_custom, state)):
        raise Refused("Custom security attributes are assigned after the account was created.")
    body: dict[str, Any] = {"schemas": [CORE_USER], "password": password}
    for path, value in state.items():
        if value is not None:
            _place(body, path, value)
    body.setdefault(ENTRA_USER, {})["passwordForceChangeOnNextSignIn"] = True
    body["schemas"] += [urn for urn in _EXTENSIONS if urn in body]
    return body


def is_list(body: Any) -> bool:
    """Whether this is a list answer (RFC 7644, 3.4.2); one without matches may lack resources."""
    return isinstance(body, dict) and bool(body.keys() & {"resources", "Resources", "totalResults"})


def resources_of(page: Any) -> list[dict[str, Any]]:
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


def flat_state(resource: Mapping[str, Any], paths: Iterable[str]) -> dict[str, StateValue]:
    """Values of these canonical paths in a resource; what has none is left out."""
    found = ((path, _value_at(resource, path)) for path in paths)
    return {path: value for path, value in found if _is_value(value)}


def _is_value(found: Any) -> bool:
    if isinstance(found, list):
        return bool(found) and all(isinstance(each, str | int) for each in found)
    return isinstance(found, bool | str | int) and found != ""


def _value_at(resource: Mapping[str, Any], path: str) -> Any:
    for urn in _READ:
        if path.startswith(f"{urn}:"):
            return _dig(resource.get(urn), path.removeprefix(f"{urn}:").split("."))
    typed = _TYPED.match(path)
    if typed is None:
        return _dig(resource, path.split("."))
    rows = resource.get(typed["name"])
    # A proxy address is shown as a work address that is not the primary one.
    found = [
        row.get(typed["sub"])
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict) and row.get("type") == typed["type"] and _is_main(row)
    ]
    if path in _LISTS:
        return [each for each in found if each]
    return found[0] if found else None


def _is_main(row: Mapping[str, Any]) -> bool:
    return row.get("primary") is not False


def _dig(found: Any, names: list[str]) -> Any:
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def created_id(resource: Any) -> str | None:
    """Id in the answer to a creation, or None when there is none."""
    found = resource.get("id") if isinstance(resource, dict) else None
    return str(found) if found else None


def _place(body: dict[str, Any], path: str, value: Value) -> None:
    for urn in _EXTENSIONS:
        if path.startswith(f"{urn}:"):
            _nest(body.setdefault(urn, {}), path.removeprefix(f"{urn}:").split("."), value)
            return
    if typed := _TYPED.match(path):
        for each in value if isinstance(value, list | tuple) else [value]:
            _place_typed(body, typed["name"], typed["type"], typed["sub"], each)
    else:
        _nest(body, path.split("."), value)


def _nest(target: dict[str, Any], names: list[str], value: Value) -> None:
    for name in names[:-1]:
        target = target.setdefault(name, {})
    target[names[-1]] = value


def _place_typed(body: dict[str, Any], name: str, kind: str, sub: str, value: Value) -> None:
    elements: list[dict[str, Any]] = body.setdefault(name, [])
    for element in elements:
        if element["type"] == kind and sub not in element:
            element[sub] = value
            return
    element = {"type": kind, sub: value}
    if name == "emails" and kind == "work":
        element["primary"] = True
    elements.append(element)
