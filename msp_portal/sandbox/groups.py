"""Create, read, list, change and delete groups, and their members (fact sheet, 6)."""

import re
import struct
import uuid
from datetime import UTC, datetime
from typing import Any

from msp_portal.sandbox.calls import Call, Outcome
from msp_portal.sandbox.directory import Entry, Event
from msp_portal.sandbox.errors import (
    ScimError,
    bad_path,
    bad_value,
    missing_detail,
    not_found,
)
from msp_portal.sandbox.filters import GROUP_RULES, group_candidates, matches, parse_filter
from msp_portal.sandbox.http import Json, Response
from msp_portal.sandbox.paging import (
    LIST_PARAMETERS,
    Cursors,
    group_page_size,
    list_response,
    page_size,
    parse_query,
)
from msp_portal.sandbox.patch import Operation, parse_operations, spread
from msp_portal.sandbox.permissions import require
from msp_portal.sandbox.projection import compile_projection
from msp_portal.sandbox.schemas import ENTRA_GROUP, GROUP, GROUPS
from msp_portal.sandbox.user_patch import patched
from msp_portal.sandbox.users import check_schemas, finish
from msp_portal.sandbox.values import clean_resource

ADDS_PER_PATCH = 20
_SHOWN = ("attributes", "excludedattributes")
_MEMBER_PATH = re.compile(r'\s*members\[\s*value\s+eq\s+"([^"]*)"\s*\]\s*', re.IGNORECASE)


def security_identifier(group_id: str) -> str:
    """SID of a cloud group: the four 32-bit parts of its GUID (Microsoft Graph reference)."""
    return "S-1-12-1-" + "-".join(map(str, struct.unpack("<4I", uuid.UUID(group_id).bytes_le)))


def create(call: Call) -> Outcome:
    """POST /groups: 201 with the resource."""
    require(call.roles, "group_create")
    projection = compile_projection(GROUPS, parse_query(call.query, _SHOWN), basic=False)
    body = call.json()
    check_schemas(body, GROUP, GROUPS.urns)
    resource = clean_resource(GROUPS, body)
    if "members" in resource:
        raise bad_value("Members cannot be given when a group is created; add them by PATCH.")
    if not resource.get("displayName"):
        raise bad_value("Required attribute 'displayName' is missing.")
    group_id = str(uuid.uuid4())
    created = datetime.fromtimestamp(int(call.now), UTC).isoformat()
    resource = stored(resource, group_id, created)
    _check_kind(resource[ENTRA_GROUP])
    seq = call.tenant.directory.groups.next_seq
    response = Response(201, projection.render(Entry(seq, resource)))
    return Outcome(response, [["group", seq, resource]])


def stored(resource: Json, group_id: str, created: str) -> Json:
    """A group as the service keeps it, with what it derives itself."""
    given = resource.get(ENTRA_GROUP, {})
    unified = "Unified" in given.get("groupTypes", ())
    extension = {
        "mailEnabled": unified,
        "securityEnabled": not unified,
        "mailNickname": re.sub(r"[^\w.-]", "", resource["displayName"])[:64] or group_id[:8],
        **given,
        "securityIdentifier": security_identifier(group_id),
    }
    meta = {"resourceType": "group", "location": f"/groups/{group_id}", "created": created}
    return finish({**resource, ENTRA_GROUP: extension}, GROUPS.urns, group_id, meta)


def _check_kind(extension: Json) -> None:
    unified = "Unified" in extension.get("groupTypes", ())
    if unified and not extension["mailEnabled"]:
        raise bad_value("A Microsoft 365 group (groupTypes 'Unified') must have mailEnabled true.")
    if not unified and (extension["mailEnabled"] or not extension["securityEnabled"]):
        raise bad_value("A security group must have mailEnabled false and securityEnabled true.")
    if re.search(r"[\s@]", extension["mailNickname"]):
        raise bad_value("Invalid value specified for property 'mailNickname' of resource 'Group'.")


def get(call: Call, group_id: str) -> Outcome:
    """GET /groups/{id}."""
    require(call.roles, "group_read")
    projection = compile_projection(GROUPS, parse_query(call.query, _SHOWN), basic=False)
    entry = call.reading().groups.by_id.get(group_id)
    if entry is None:
        raise not_found(group_id)
    return Outcome(Response(200, projection.render(entry)))


def listed(call: Call) -> Outcome:
    """GET /groups: one page."""
    require(call.roles, "group_read")
    query = parse_query(call.query, LIST_PARAMETERS)
    projection = compile_projection(GROUPS, query, basic=False)
    limit = group_page_size(page_size(query, call.tenant.switches))
    clauses = parse_filter(query["filter"], GROUP_RULES) if "filter" in query else []
    cursors = Cursors.of(call.key, call.tenant.id, "groups", query)
    first = "cursor" not in query
    start = 0 if first else cursors.read(query["cursor"])
    directory = call.reading()
    found = (
        entry
        for entry in group_candidates(directory, clauses, start)
        if matches(directory, entry, clauses)
    )
    return Outcome(
        list_response(
            found,
            limit,
            projection,
            cursors,
            first=first,
            last_total=call.tenant.switches.last_page_total,
        )
    )


def update(call: Call, group_id: str) -> Outcome:
    """PATCH /groups/{id}: attributes, or members in a PATCH of their own; 204."""
    parse_query(call.query, ())
    operations = parse_operations(call.json())
    touches_members = any(map(_is_membership, operations))
    require(call.roles, "group_members" if touches_members else "group_write")
    entry = call.tenant.directory.groups.by_id.get(group_id)
    if entry is None:
        raise not_found(group_id)
    if touches_members:
        return Outcome(Response(204), _membership(call, entry, operations))
    resource = patched(entry.resource, spread(GROUPS, operations))
    if not resource.get("displayName"):
        raise bad_value("Required attribute 'displayName' is missing.")
    _check_kind(resource[ENTRA_GROUP])
    resource = finish(resource, GROUPS.urns, group_id, resource["meta"])
    events: list[Event] = [] if resource == entry.resource else [["group", entry.seq, resource]]
    return Outcome(Response(204), events)


def _is_membership(operation: Operation) -> bool:
    if operation.path is None:
        return any(key.lower().startswith("members") for key in operation.value)
    path = operation.path.strip().lower().removeprefix(f"{GROUP}:".lower())
    return path.startswith("members")


def _membership(call: Call, entry: Entry, operations: list[Operation]) -> list[Event]:
    if len(operations) != 1:
        raise bad_value("A change of members must be the only operation of its PATCH.")
    if "DynamicMembership" in entry.resource[ENTRA_GROUP].get("groupTypes", ()):
        raise bad_value("Members of a group with dynamic membership cannot be changed.")
    operation = operations[0]
    group_id = entry.resource["id"]
    if operation.op == "add" and (operation.path or "").strip().lower() == "members":
        return _adds(call, group_id, operation.value)
    match = _MEMBER_PATH.fullmatch(operation.path or "")
    if operation.op == "remove" and match:
        return _removal(call, group_id, match[1].lower())
    raise bad_path(
        "Members are added by 'add' with path 'members', and removed one at a time by 'remove' "
        "with path 'members[value eq \"<id>\"]'."
    )


def _adds(call: Call, group_id: str, value: Any) -> list[Event]:
    if not isinstance(value, list) or not value:
        raise bad_value("The value of an addition of members must be a list of {'value': id}.")
    if len(value) > ADDS_PER_PATCH:
        raise bad_value(f"At most {ADDS_PER_PATCH} members can be added in one PATCH.")
    directory = call.tenant.directory
    ids: list[str] = []
    for row in value:
        if not isinstance(row, dict) or set(row) != {"value"} or not isinstance(row["value"], str):
            raise bad_value("Each member to add must be an object {'value': id}.")
        member = row["value"].lower()
        if not directory.has_object(member) or member == group_id:
            raise ScimError(
                call.tenant.switches.member_add_unknown_status, missing_detail(row["value"])
            )
        ids.append(member)
    present = directory.members.get(group_id, {})
    fresh = [each for each in dict.fromkeys(ids) if each not in present]
    return [["member", group_id, fresh]] if fresh else []


def _removal(call: Call, group_id: str, member: str) -> list[Event]:
    if member not in call.tenant.directory.members.get(group_id, {}):
        raise not_found(group_id)  # the service names the group, whatever is missing
    return [["member-", group_id, member]]


def delete(call: Call, group_id: str) -> Outcome:
    """DELETE /groups/{id}: 204."""
    require(call.roles, "group_write")
    parse_query(call.query, ())
    if group_id not in call.tenant.directory.groups.by_id:
        raise not_found(group_id)
    return Outcome(Response(204), [["group-", group_id, call.now]])
