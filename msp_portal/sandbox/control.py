"""The control API: directories, applications, faults, usage, costs, clock. Loopback only, JSON."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from msp_portal.sandbox import costs, guard
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.faults import parse_fault
from msp_portal.sandbox.http import Json, Request, Response, json_response
from msp_portal.sandbox.service import Service
from msp_portal.sandbox.tenants import Tenant

PREFIX = "/_sandbox"


class Control:
    """Answers under `/_sandbox`, but for the control page."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def answer(self, request: Request) -> Response:
        """Dispatch; errors are `{"error": "..."}`."""
        try:
            guard.check(request)
            return self._route(request)
        except ControlError as error:
            return json_response(error.status, {"error": error.message})

    def _route(self, request: Request) -> Response:
        service = self._service
        parts = request.path[len(PREFIX) :].strip("/").split("/")
        match [request.method, *parts]:
            case ["GET", "usage"]:
                return json_response(200, service.usage(_query(request).get("tenant")))
            case ["POST", "clock"]:
                now = service.advance_clock(_body(request).get("advance_seconds"))
                return json_response(200, {"now": now.isoformat()})
            case ["GET", "clock"]:
                return json_response(200, {"now": service.now().isoformat()})
            case ["GET", "tenants"]:
                tenants = [each.summary() for each in service.tenants()]
                return json_response(200, {"tenants": tenants})
            case ["PUT", "tenants", tenant_id]:
                return json_response(200, service.configure(tenant_id, _body(request)).summary())
            case ["GET", "tenants", tenant_id, "costs.csv"]:
                return costs.download(service.store, service.find(tenant_id), _query(request))
            case [_, "tenants", tenant_id, *rest]:
                return self._tenant(request, service.find(tenant_id), rest)
        raise ControlError(404, "No such endpoint of the control API.")

    def _tenant(self, request: Request, tenant: Tenant, rest: list[str]) -> Response:
        service = self._service
        handlers: dict[tuple[str, ...], Callable[[], Any]] = {
            ("GET",): tenant.summary,
            ("DELETE",): lambda: service.delete(tenant),
            ("GET", "users"): lambda: _dump_users(tenant),
            ("GET", "groups"): lambda: _dump_groups(tenant),
            ("GET", "deleted"): lambda: service.deleted(tenant),
            ("POST", "seed"): lambda: service.seed(tenant, _body(request)),
            ("GET", "faults"): lambda: {"faults": tenant.faults.shown()},
            ("POST", "faults"): lambda: tenant.faults.add(parse_fault(_body(request))),
            ("DELETE", "faults"): tenant.faults.clear,
        }
        handler = handlers.get((request.method, *rest))
        if handler is None:
            raise ControlError(404, "No such endpoint of the control API.")
        result = handler()
        return Response(204) if result is None else json_response(200, result)


def _query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query, keep_blank_values=True))


def _body(request: Request) -> Json:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise ControlError(400, "The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise ControlError(400, "The body must be a JSON object.")
    return body


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
