"""People and groups put into a directory from outside SCIM: nothing of it is counted."""

import uuid
from datetime import UTC, datetime

from msp_portal.sandbox import groups, users
from msp_portal.sandbox.directory import Event
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.tenants import Tenant


def events_of(tenant: Tenant, given: Json, now: float) -> list[Event]:
    """The events that add `users` and `groups`; ControlError 400 or 409 and nothing is added."""
    directory = tenant.directory
    events: list[Event] = []
    names: set[str] = set()
    for number, user in enumerate(_rows(given, "users"), start=directory.users.next_seq):
        name = str(user.get("userName", "")).casefold()
        if not name or name in names or directory.by_name.get(name):
            raise ControlError(409, f"userName {user.get('userName')!r} is missing or taken.")
        names.add(name)
        events.append(users.seeded(dict(user), number))
    created = datetime.fromtimestamp(int(now), UTC).isoformat()
    for number, group in enumerate(_rows(given, "groups"), start=directory.groups.next_seq):
        events += _group(dict(group), number, created)
    return events


def _group(group: Json, seq: int, created: str) -> list[Event]:
    members = [str(each).lower() for each in group.pop("members", [])]
    owners = [str(each).lower() for each in group.pop("owners", [])]
    if not isinstance(group.get("displayName"), str):
        raise ControlError(400, "A group needs a displayName.")
    group_id = str(group.pop("id", None) or uuid.uuid4()).lower()
    events: list[Event] = [["group", seq, groups.stored(group, group_id, created)]]
    if members:
        events.append(["member", group_id, members])
    if owners:
        events.append(["owner", group_id, owners])
    return events


def _rows(given: Json, key: str) -> list[Json]:
    rows = given.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise ControlError(400, f"'{key}' must be a list of objects.")
    return rows
