"""Bodies of PATCH requests: what Entra refuses cannot be built, and the reason is said.

Values go in under their canonical paths (`provisioning.domain.attributes`); whatever changed of one
object travels in one body, because one request is one price. Members never travel with attributes.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from provisioning.domain.attributes import CATALOGUE, MANAGER, Attribute
from provisioning.scim.refusals import Refused, guid
from provisioning.scim.urns import CUSTOM_SECURITY, ENTERPRISE_USER, ENTRA_GROUP, PATCH

Value = str | bool | int | Sequence[str] | Sequence[int]
Changes = Mapping[str, Value | None]

MOST_MEMBERS = 20
_MAIL = 'emails[type eq "work"].value'
_WRITTEN_MAIL = 'emails[type eq "work" and primary eq true].value'
_CUSTOM = re.compile(re.escape(CUSTOM_SECURITY) + r":[A-Za-z]\w*\.[A-Za-z]\w*")
_NEVER_EMPTY = frozenset(path for path, each in CATALOGUE.items() if each.required) | {"active"}
_GROUP_ATTRIBUTES = frozenset(
    {"displayName", f"{ENTRA_GROUP}:description", f"{ENTRA_GROUP}:mailNickname"}
)


def user_patch(changes: Changes) -> dict[str, Any]:
    """Body that sets every changed path of a user; None removes the value. Raises Refused."""
    return _body([_user_operation(path, value) for path, value in changes.items()])


def group_patch(changes: Mapping[str, str | None]) -> dict[str, Any]:
    """Body that sets attributes of a group; None removes a description. Raises Refused."""
    return _body([_group_operation(path, value) for path, value in changes.items()])


def addition(members: Sequence[str]) -> dict[str, Any]:
    """Body that adds 1 to 20 members, and does nothing else (Entra takes no more). Refused."""
    if not 1 <= len(members) <= MOST_MEMBERS:
        raise Refused(f"Entra adds 1 to {MOST_MEMBERS} members at a time, not {len(members)}.")
    value = [{"value": guid(member)} for member in members]
    return _body([{"op": "add", "path": "members", "value": value}])


def removal(member: str) -> dict[str, Any]:
    """Body that removes one member, and does nothing else (Entra takes no more). Refused."""
    return _body([{"op": "remove", "path": f'members[value eq "{guid(member)}"]'}])


def _body(operations: list[dict[str, Any]]) -> dict[str, Any]:
    if not operations:
        raise Refused("A change that changes nothing would still be billed.")
    return {"schemas": [PATCH], "Operations": operations}


def _user_operation(path: str, value: Value | None) -> dict[str, Any]:
    if path == MANAGER:
        return _manager_operation(value)
    if _CUSTOM.fullmatch(path):
        return _operation(path, value)
    _check(_attribute(path), value)
    return _operation(
        path.replace(_MAIL, 'emails[type eq "work" and primary eq true].value'), value
    )


def _attribute(path: str) -> Attribute:
    if path == "password":
        raise Refused("A password can be set only when the account is created.")
    found = CATALOGUE.get(path)
    if found is None:
        raise Refused(f"Entra's users have no attribute {path!r}.")
    if found.read_only:
        raise Refused(f"{path} is read-only in Entra.")
    return found


def _check(attribute: Attribute, value: Value | None) -> None:
    if value is None:
        if attribute.path in _NEVER_EMPTY:
            raise Refused(f"{attribute.path} can never be removed.")
        return
    if attribute.many:
        fits = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    elif attribute.kind == "boolean":
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, str) and value != ""
    if not fits:
        wanted = "a list of texts" if attribute.many else attribute.kind
        raise Refused(f"{attribute.path} takes {wanted}, not {value!r}.")


def _manager_operation(value: Value | None) -> dict[str, Any]:
    path = f"{ENTERPRISE_USER}:manager"
    if value is None:
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": {"value": guid(str(value))}}


def _group_operation(path: str, value: str | None) -> dict[str, Any]:
    if path.startswith("members"):
        raise Refused("Members change in requests of their own: additions, and one removal each.")
    if path not in _GROUP_ATTRIBUTES:
        raise Refused(f"{path!r} of a group cannot be changed.")
    if value == "" or (value is None and not path.endswith(":description")):
        raise Refused(f"{path} of a group can never be removed.")
    return _operation(path, value)


def _operation(path: str, value: Value | None) -> dict[str, Any]:
    if value is None:
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": value}
