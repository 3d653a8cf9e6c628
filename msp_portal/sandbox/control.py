"""The control API: directories, applications, faults, usage, clock. Loopback only, JSON."""

import ipaddress
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from msp_portal.sandbox import groups, users
from msp_portal.sandbox.applications import parse_application
from msp_portal.sandbox.custom_attributes import check_sets
from msp_portal.sandbox.directory import Event
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.faults import parse_fault
from msp_portal.sandbox.http import Json, Request, Response, json_response
from msp_portal.sandbox.store import Store
from msp_portal.sandbox.switches import parse_switches
from msp_portal.sandbox.tenants import Config, Tenant
from msp_portal.sandbox.values import is_guid

PREFIX = "/_sandbox"
_NEW: Json = {
    "name": "",
    "domains": [],
    "federated_domains": [],
    "applications": [],
    "scim_enabled": True,
    "custom_attributes": {},
    "settings": {},
}
_TYPES: dict[str, type] = {
    "name": str,
    "domains": list,
    "federated_domains": list,
    "applications": list,
    "scim_enabled": bool,
    "custom_attributes": dict,
    "settings": dict,
}


class Control:
    """Answers under `/_sandbox`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(self, request: Request) -> Response:
        """Dispatch; errors are `{"error": "..."}`."""
        try:
            if not _loopback(request.client):
                raise ControlError(403, "The control API answers on loopback only.")
            return self._route(request)
        except ControlError as error:
            return json_response(error.status, {"error": error.message})

    def _route(self, request: Request) -> Response:
        parts = request.path[len(PREFIX) :].strip("/").split("/")
        match [request.method, *parts]:
            case ["GET", "usage"]:
                return json_response(200, self._usage(request))
            case ["POST", "clock"]:
                return json_response(200, self._clock(_body(request)))
            case ["GET", "tenants"]:
                tenants = [each.summary() for each in self._store.tenants.values()]
                return json_response(200, {"tenants": tenants})
            case ["PUT", "tenants", tenant_id]:
                return json_response(200, self._put(tenant_id.lower(), _body(request)))
            case [_, "tenants", tenant_id, *rest]:
                return self._tenant(request, self._find(tenant_id), rest)
        raise ControlError(404, "No such endpoint of the control API.")

    def _tenant(self, request: Request, tenant: Tenant, rest: list[str]) -> Response:
        handlers: dict[tuple[str, ...], Callable[[], Any]] = {
            ("GET",): tenant.summary,
            ("DELETE",): lambda: self._store.delete(tenant.id),
            ("GET", "users"): lambda: _dump_users(tenant),
            ("GET", "groups"): lambda: _dump_groups(tenant),
            ("GET", "deleted"): lambda: self._deleted(tenant),
            ("POST", "seed"): lambda: self._seed(tenant, _body(request)),
            ("GET", "faults"): lambda: {"faults": tenant.faults.shown()},
            ("POST", "faults"): lambda: tenant.faults.add(parse_fault(_body(request))),
            ("DELETE", "faults"): tenant.faults.clear,
        }
        handler = handlers.get((request.method, *rest))
        if handler is None:
            raise ControlError(404, "No such endpoint of the control API.")
        result = handler()
        return Response(204) if result is None else json_response(200, result)

    def _find(self, tenant_id: str) -> Tenant:
        tenant = self._store.tenants.get(tenant_id.lower())
        if tenant is None:
            raise ControlError(404, f"No directory {tenant_id}.")
        return tenant

    def _put(self, tenant_id: str, given: Json) -> Json:
        if not is_guid(tenant_id):
            raise ControlError(400, "The tenant id must be a GUID.")
        known = self._store.tenants.get(tenant_id)
        stored = {**_NEW, **(known.stored if known else {}), **_checked(given)}
        Config.load(stored)
        return self._store.configure(tenant_id, stored).summary()

    def _usage(self, request: Request) -> Json:
        wanted = dict(parse_qsl(request.query)).get("tenant")
        tenants = [self._find(wanted).id] if wanted else list(self._store.tenants)
        return self._store.meter.report(tenants)

    def _deleted(self, tenant: Tenant) -> Json:
        """Groups that could still be restored, though not through SCIM."""
        kept = tenant.switches.soft_delete_days * 86400
        groups = tenant.directory.deleted_groups.values()
        return {"groups": [group for group, at in groups if self._store.now() < at + kept]}

    def _clock(self, given: Json) -> Json:
        seconds = given.get("advance_seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise ControlError(400, "'advance_seconds' must be a number.")
        self._store.advance_clock(seconds)
        return {"now": datetime.fromtimestamp(self._store.now(), UTC).isoformat()}

    def _seed(self, tenant: Tenant, given: Json) -> Json:
        directory, now = tenant.directory, self._store.now()
        events: list[Event] = []
        names: set[str] = set()
        for number, user in enumerate(_rows(given, "users"), start=directory.users.next_seq):
            name = str(user.get("userName", "")).casefold()
            if not name or name in names or directory.by_name.get(name):
                raise ControlError(409, f"userName {user.get('userName')!r} is missing or taken.")
            names.add(name)
            events.append(users.seeded(dict(user), number))
        made = [event[2]["id"] for event in events]
        created = datetime.fromtimestamp(int(now), UTC).isoformat()
        for number, group in enumerate(_rows(given, "groups"), start=directory.groups.next_seq):
            events += _seeded_group(dict(group), number, created)
        self._store.commit(tenant, events, None)
        group_ids = [event[2]["id"] for event in events if event[0] == "group"]
        return {"users": made, "groups": group_ids}


def _seeded_group(group: Json, seq: int, created: str) -> list[Event]:
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


def _body(request: Request) -> Json:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise ControlError(400, "The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise ControlError(400, "The body must be a JSON object.")
    return body


def _checked(given: Json) -> Json:
    """The fields of a configuration in the form that is stored."""
    for key, value in given.items():
        if key not in _TYPES or not isinstance(value, _TYPES[key]):
            raise ControlError(400, f"Field {key!r} of a directory cannot be {value!r}.")
    checked = dict(given)
    for key in ("domains", "federated_domains"):
        if key in given:
            checked[key] = [str(each).lower() for each in given[key]]
    if "custom_attributes" in given:
        checked["custom_attributes"] = check_sets(given["custom_attributes"])
    if "applications" in given:
        checked["applications"] = [parse_application(each) for each in given["applications"]]
    parse_switches(given.get("settings", {}))
    return checked


def _dump_users(tenant: Tenant) -> list[Json]:
    return [
        {**entry.resource, "password_set": entry.password_set}
        for entry in tenant.directory.users.by_id.values()
    ]


def _dump_groups(tenant: Tenant) -> list[Json]:
    directory = tenant.directory
    return [
        {**entry.resource, "members": list(directory.members.get(group_id, {}))}
        for group_id, entry in directory.groups.by_id.items()
    ]


def _loopback(client: str) -> bool:
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False
