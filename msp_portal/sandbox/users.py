"""Create, read, list, change and delete users."""

import uuid

from msp_portal.sandbox import custom_attributes, user_rules
from msp_portal.sandbox.calls import Call, Outcome
from msp_portal.sandbox.directory import Entry, Event
from msp_portal.sandbox.errors import ScimError, bad_syntax, bad_value, not_found
from msp_portal.sandbox.filters import (
    USER_RULES,
    matches,
    parse_filter,
    require_basic,
    user_candidates,
)
from msp_portal.sandbox.http import Json, Response
from msp_portal.sandbox.paging import (
    LIST_PARAMETERS,
    Cursors,
    list_response,
    page_size,
    parse_query,
    user_page_size,
)
from msp_portal.sandbox.patch import Operation, Target, parse_operations, spread
from msp_portal.sandbox.permissions import (
    require,
    require_user_update,
    user_read_is_basic,
)
from msp_portal.sandbox.projection import Projection, compile_projection
from msp_portal.sandbox.schemas import CUSTOM, ENTERPRISE, USER, USERS, UndefinedCustom
from msp_portal.sandbox.user_patch import patched
from msp_portal.sandbox.values import clean_resource

_SHOWN = ("attributes", "excludedattributes")


def check_schemas(body: Json, core: str, known: list[str]) -> None:
    """`schemas` of a creation: the core URN and nothing unknown."""
    given = next((value for key, value in body.items() if key.lower() == "schemas"), None)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise bad_syntax("'schemas' must be a list of URNs.")
    folded = {each.lower() for each in given}
    if core.lower() not in folded:
        raise bad_syntax(f"'schemas' must contain '{core}'.")
    for each in given:
        if each.lower() not in {urn.lower() for urn in known}:
            raise bad_syntax(f"Unknown schema '{each}'.")


def finish(resource: Json, urns: list[str], resource_id: str, meta: Json) -> Json:
    """The resource as the service keeps it: schemas first, meta last."""
    body = {key: value for key, value in resource.items() if key not in ("schemas", "id", "meta")}
    shown = [urns[0], *(urn for urn in urns[1:] if body.get(urn))]
    return {"schemas": shown, "id": resource_id, **body, "meta": meta}


def _meta(user_id: str) -> Json:
    return {"resourceType": "user", "location": f"/users/{user_id}"}


def create(call: Call) -> Outcome:
    """POST /users: 201 with the resource."""
    require(call.roles, "user_create")
    projection = _projection(call, parse_query(call.query, _SHOWN))
    body = call.json()
    if any(key.lower() == CUSTOM.lower() for key in body):
        raise bad_value("Custom security attributes cannot be set when a user is created.")
    check_schemas(body, USER, USERS.urns)
    resource = clean_resource(USERS, body)
    password = resource.pop("password", None)
    user_rules.check_required(resource)
    domain_kind = user_rules.check_user_name(call.tenant, resource)
    password_set = user_rules.check_password(call.tenant, password, domain_kind)
    user_rules.derive_nickname(call.tenant, resource)
    user_rules.settle(call.tenant, resource)
    resource = finish(resource, USERS.urns, str(uuid.uuid4()), {})
    resource["meta"] = _meta(resource["id"])
    user_rules.check_new_manager(call.tenant, resource)
    user_rules.check_unique(call.tenant, resource, call.now)
    user_rules.check_addresses(call.tenant, resource, {})
    seq = call.tenant.directory.users.next_seq
    entry = Entry(seq, resource, password_set)
    return Outcome(Response(201, projection.render(entry)), [["user", seq, resource, password_set]])


def get(call: Call, user_id: str) -> Outcome:
    """GET /users/{id}."""
    projection = _projection(call, parse_query(call.query, _SHOWN))
    entry = call.reading().users.by_id.get(user_id)
    if entry is None:
        raise not_found(user_id)
    return Outcome(Response(200, projection.render(entry)))


def _projection(call: Call, query: dict[str, str]) -> Projection:
    basic = user_read_is_basic(call.roles) if call.method == "GET" else False
    try:
        projection = compile_projection(call.tenant.user_schemas, query, basic=basic)
    except UndefinedCustom as error:
        raise _undefined(call, error) from None
    if projection.custom and not call.roles & custom_attributes.READ:
        raise custom_attributes.refused()
    return projection


def _undefined(call: Call, error: UndefinedCustom) -> ScimError:
    status = call.tenant.switches.custom_security_unknown_status
    return ScimError(status, f"Custom security attribute '{error}' is not defined.")


def listed(call: Call) -> Outcome:
    """GET /users: one page."""
    query = parse_query(call.query, LIST_PARAMETERS)
    projection = _projection(call, query)
    limit = user_page_size(page_size(query, call.tenant.switches), projection)
    clauses = parse_filter(query["filter"], USER_RULES) if "filter" in query else []
    if projection.basic:
        require_basic(clauses)
    cursors = Cursors.of(call.key, call.tenant.id, "users", query)
    first = "cursor" not in query
    start = 0 if first else cursors.read(query["cursor"])
    directory = call.reading()
    found = (
        entry
        for entry in user_candidates(directory, clauses, start)
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


def update(call: Call, user_id: str) -> Outcome:
    """PATCH /users/{id}: 204; all operations or none."""
    parse_query(call.query, ())
    operations = _operations(call)
    entry = call.tenant.directory.users.by_id.get(user_id)
    if entry is None:
        raise not_found(user_id)
    resource = patched(entry.resource, operations)
    user_rules.check_required(resource)
    user_rules.settle(call.tenant, resource)
    if resource["userName"] != entry.resource.get("userName"):
        user_rules.check_user_name(call.tenant, resource)
        user_rules.check_unique(call.tenant, resource, call.now)
    user_rules.check_addresses(call.tenant, resource, entry.resource)
    user_rules.check_manager(call.tenant, resource)
    resource = finish(resource, USERS.urns, user_id, _meta(user_id))
    if resource == entry.resource:
        return Outcome(Response(204))
    return Outcome(Response(204), [["user", entry.seq, resource, entry.password_set]])


def _operations(call: Call) -> list[tuple[Operation, Target]]:
    try:
        operations = spread(call.tenant.user_schemas, parse_operations(call.json()))
    except UndefinedCustom as error:
        raise _undefined(call, error) from None
    targets = [target for _, target in operations]
    plain = [each for each in targets if not custom_attributes.is_custom(each.location)]
    if plain:
        require_user_update(call.roles, plain)
    if len(plain) < len(targets) and not call.roles & custom_attributes.WRITE:
        raise custom_attributes.refused()
    return operations


def delete(call: Call, user_id: str) -> Outcome:
    """DELETE /users/{id}: 204; the name stays taken, memberships and reports are let go."""
    require(call.roles, "user_delete")
    parse_query(call.query, ())
    directory = call.tenant.directory
    if user_id not in directory.users.by_id:
        raise not_found(user_id)
    events: list[Event] = []
    for report in directory.reports.get(user_id):
        if report != user_id:
            events.append(_without_manager(directory.users.by_id[report]))
    return Outcome(Response(204), [*events, ["user-", user_id, call.now]])


def _without_manager(entry: Entry) -> Event:
    enterprise = {k: v for k, v in entry.resource[ENTERPRISE].items() if k != "manager"}
    resource = {key: value for key, value in entry.resource.items() if key != ENTERPRISE}
    if enterprise:
        resource[ENTERPRISE] = enterprise
    resource = finish(resource, USERS.urns, resource["id"], resource["meta"])
    return ["user", entry.seq, resource, entry.password_set]


def seeded(body: Json, seq: int) -> Event:
    """Event that puts an account into the directory as it is, read-only attributes included."""
    password_set = bool(body.pop("password", None) or body.pop("password_set", False))
    user_id = str(body.get("id") or uuid.uuid4()).lower()
    resource = finish(body, USERS.urns, user_id, _meta(user_id))
    return ["user", seq, resource, password_set]


def unknown_method(call: Call, *_: str) -> Outcome:
    """405 (or what the switch says) for methods without an endpoint, PUT above all."""
    status = call.tenant.switches.put_status if call.method == "PUT" else 405
    raise ScimError(status, f"Method {call.method} is not supported for this resource.")
