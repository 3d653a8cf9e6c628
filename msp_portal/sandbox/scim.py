"""Dispatch of SCIM calls: who calls, which endpoint, what is answered, what is counted."""

import re
from collections.abc import Callable

from msp_portal.sandbox import custom_attributes, groups, users
from msp_portal.sandbox.calls import Call, Caller, Outcome
from msp_portal.sandbox.errors import ScimError
from msp_portal.sandbox.faults import Fault
from msp_portal.sandbox.http import SCIM_TYPE, Headers, Json, Request, Response, dump
from msp_portal.sandbox.paging import parse_query
from msp_portal.sandbox.permissions import require_discovery
from msp_portal.sandbox.schema_documents import (
    resource_types,
    schema_documents,
    service_provider_config,
)
from msp_portal.sandbox.schemas import CUSTOM, LIST_RESPONSE
from msp_portal.sandbox.store import Store
from msp_portal.sandbox.throttle import Ask, Throttle, cost
from msp_portal.sandbox.tokens import Tokens
from msp_portal.sandbox.values import is_guid

BASE = "/rp/scim"
_Handler = Callable[..., Outcome]
_ACCEPTED = {"application/scim+json", "application/json", "application/*", "*/*"}
_JSON_ONLY = re.compile(r"application/([\w.-]+\+)?json", re.IGNORECASE)
_COLLECTIONS: dict[str, dict[str, _Handler]] = {
    "users": {"GET": users.listed, "POST": users.create},
    "groups": {"GET": groups.listed, "POST": groups.create},
}
_RESOURCES: dict[str, dict[str, _Handler]] = {
    "users": {"GET": users.get, "PATCH": users.update, "DELETE": users.delete},
    "groups": {"GET": groups.get, "PATCH": groups.update, "DELETE": groups.delete},
}


def error_response(error: ScimError, headers: Headers | None = None) -> Response:
    """A ScimError as an answer."""
    return Response(
        error.status, dump(error.body()), [(b"content-type", SCIM_TYPE), *(headers or [])]
    )


def below_base(path: str) -> str:
    """The path below the SCIM base, lower case, without a slash at its end."""
    return path[len(BASE) :].rstrip("/").lower()


class Scim:
    """The SCIM API over a store."""

    def __init__(self, store: Store, tokens: Tokens, *, throttle: bool) -> None:
        self._store = store
        self._tokens = tokens
        self._throttle = throttle
        self._buckets = Throttle()

    def identify(self, request: Request) -> Caller:
        """The caller behind the bearer token; ScimError 401."""
        return self._tokens.caller(request.headers.get("authorization", ""), self._store.now())

    def answer(self, caller: Caller, request: Request, fault: Fault | None = None) -> Response:
        """Decide, write state and count, then answer; a fault "after" the write changes that."""
        outcome = self._decide(caller, request)
        response = outcome.response
        status = response.status
        if fault is not None and fault.kind == "status":
            response = fault_response(fault)
            status = response.status
        self._store.commit(caller.tenant, outcome.events, status)
        response.headers += outcome.headers
        return response

    def refuse(self, caller: Caller, fault: Fault) -> Response:
        """A fault before the work: nothing is written but the count."""
        response = fault_response(fault)
        self._store.commit(caller.tenant, [], response.status)
        return response

    def cut(self, caller: Caller) -> None:
        """A connection cut before the work."""
        self._store.commit(caller.tenant, [], 0)

    def _decide(self, caller: Caller, request: Request) -> Outcome:
        now = self._store.now()
        call = Call(
            caller, request.method, request.query, request.headers, request.body, now,
            self._store.key,
        )  # fmt: skip
        passes, headers = self._admit(call, request.path)
        try:
            if not passes:
                raise ScimError(429, "Too many requests.")
            outcome = self._dispatch(call, below_base(request.path))
        except ScimError as error:
            return Outcome(error_response(error, headers))
        if outcome.response.body:
            outcome.response.headers.append((b"content-type", SCIM_TYPE))
        outcome.headers = headers
        return outcome

    def _admit(self, call: Call, path: str) -> tuple[bool, Headers]:
        switch = call.tenant.switches.throttle
        if not (self._throttle if switch is None else switch):
            return True, []
        parts = below_base(path).split("/")
        kind, single = parts[1] if len(parts) > 1 else "", len(parts) > 2
        units = cost(call.method, kind, single=single, projected="attributes=" in call.query)
        tenant, write = call.tenant, call.method != "GET"
        people = len(tenant.directory.users)
        ask = Ask(call.caller.app, tenant.id, people, units, write)
        return self._buckets.take(ask, call.now, tenant.switches)

    def _dispatch(self, call: Call, path: str) -> Outcome:
        _check_feature(call)
        _check_accept(call)
        match path.split("/"):
            case ["", ("users" | "groups") as kind]:
                return _COLLECTIONS[kind].get(call.method, users.unknown_method)(call)
            case ["", ("users" | "groups") as kind, resource_id]:
                return _resource(call, kind, resource_id)
            case ["", "serviceproviderconfig"]:
                return _discovery(call, service_provider_config())
            case ["", "resourcetypes" | "resourcetype", *rest] if len(rest) < 2:
                return _documents(call, resource_types(), rest)
            case ["", "schemas", urn] if urn == CUSTOM.lower():
                return _custom_schema(call)
            case ["", "schemas", *rest] if len(rest) < 2:
                return _documents(call, schema_documents(), rest)
        raise ScimError(404, f"Resource not found for the segment '{path.lstrip('/')}'.")


def fault_response(fault: Fault) -> Response:
    """What a fault of kind status answers."""
    error = ScimError(fault.status, f"Fault on demand: {fault.status}.")
    after = [(b"retry-after", fault.retry_after.encode())] if fault.retry_after else []
    return error_response(error, after)


def _check_feature(call: Call) -> None:
    if not call.tenant.switches.licensed:
        # No source prints this answer; the words are ours.
        raise ScimError(403, "The tenant has no Microsoft Entra ID P1 license, or one with it.")
    if call.tenant.config.scim_enabled:
        return
    if call.tenant.switches.feature_off_status == 401:
        raise ScimError(
            401,
            "The 'SCIM Provisioning API' feature is not enabled for any subscription. Please "
            "re-register the subscription with 'Microsoft.EntraIDGovernance' Resource Provider "
            "and retry.",
        )
    raise ScimError(
        400,
        f"No 'scimapiconsumptions' resource found for TenantId: {call.tenant.id}. Please ensure "
        "'SCIM Provisioning API' feature is enabled and only one 'scimapiconsumptions' resource "
        "exists.",
    )


def _check_accept(call: Call) -> None:
    given = call.headers.get("accept", "").strip()
    types = [each.partition(";")[0].strip().lower() for each in given.split(",")]
    if call.method == "DELETE":
        refused = [each for each in types if _JSON_ONLY.fullmatch(each)]
        if refused and call.tenant.switches.delete_refuses_json_accept:
            raise ScimError(400, f"Accept header {refused[0]} is invalid")
        return
    if not given and call.tenant.switches.accept_required:
        raise ScimError(400, "Accept header is missing.")
    if given and not _ACCEPTED.intersection(types):
        raise ScimError(400, f"Accept header {given} is invalid")


def _resource(call: Call, kind: str, resource_id: str) -> Outcome:
    handler = _RESOURCES[kind].get(call.method)
    if handler is None:
        return users.unknown_method(call)
    if not is_guid(resource_id):
        raise ScimError(
            call.tenant.switches.non_guid_status,
            f"Invalid object identifier '{resource_id}'.",
            "invalidValue" if call.tenant.switches.non_guid_status == 400 else None,
        )
    return handler(call, resource_id)


def _discovery(call: Call, document: Json) -> Outcome:
    if call.method != "GET":
        return users.unknown_method(call)
    require_discovery(call.roles)
    parse_query(call.query, ())
    return Outcome(Response(200, dump(document)))


def _custom_schema(call: Call) -> Outcome:
    if call.method != "GET":
        return users.unknown_method(call)
    if not call.roles & custom_attributes.DEFINITIONS:
        raise custom_attributes.refused()
    parse_query(call.query, ())
    return Outcome(
        Response(200, dump(custom_attributes.document(call.tenant.config.custom_attributes)))
    )


def _documents(call: Call, documents: list[Json], rest: list[str]) -> Outcome:
    if rest:
        for document in documents:
            if document["id"].lower() == rest[0]:
                return _discovery(call, document)
        raise ScimError(404, f"'{rest[0]}' is not known.")
    key = call.tenant.switches.discovery_list_key
    total = len(documents)
    return _discovery(
        call,
        {"schemas": [LIST_RESPONSE], "totalResults": total, key: documents},
    )
