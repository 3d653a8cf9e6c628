"""A row: the rule it shows, what there is before, the steps, and what each must answer.

    row(
        "5.82",
        "twice",
        delete(f"/users/{ADA}"),
        delete(f"/users/{ADA}", 404),
        people=[person("ada")],
    )

In every text `{tenant}`, `{app}`, `{abroad}` and what earlier steps have kept are filled in.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.contract.rules.checks import ANYTHING, Like
from tests.contract.sandbox.helpers import ENTRA, ENTRA_GROUP, GROUP, PATCH_OP, USER

Json = dict[str, Any]
JSON = "application/json"
SCIM_JSON = "application/scim+json"
DAY = 86400
CUSTOM = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:CustomSecurityAttributes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request and the answer it must get.

    `path` lies below the SCIM base; `login:/...` is the login authority, `control:/...` what the
    sandbox itself knows. `by` is "app", "second" (another application of the tenant), "abroad"
    (the same application in another tenant) or "nobody".
    """

    method: str
    path: str
    status: int = 200
    shows: Any = ANYTHING
    query: str | dict[str, Any] = ""
    body: Any = None
    form: dict[str, Any] | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)  # headers of the answer
    keep: dict[str, str] = field(default_factory=dict)  # name -> key of the answer
    times: int = 1
    by: str = "app"
    raw: bool = False  # the request line as it is, past every client's checks


@dataclass(frozen=True, slots=True)
class Later:
    """The sandbox's clock moves on; with a fresh token unless the old one is to be seen expire."""

    seconds: float
    renew: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """The tenant's configuration, or its application's, changes."""

    config: Json = field(default_factory=dict)
    application: Json = field(default_factory=dict)


Step = Ask | Later | Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing to see of one rule."""

    rule: str
    what: str
    steps: tuple[Step, ...]
    people: list[Json] = field(default_factory=list)
    groups: list[Json] = field(default_factory=list)
    switches: Json = field(default_factory=dict)
    permissions: tuple[str, ...] | None = None
    application: Json = field(default_factory=dict)
    config: Json = field(default_factory=dict)
    abroad: Json | None = None  # switches of a second tenant with the same application


def row(rule: str, what: str, *steps: Step, **before: Any) -> Row:
    """A row; `before` is what there is before the first step."""
    return Row(rule=rule, what=what, steps=steps, **before)


# --- requests


def _ask(method: str, path: str, status: int, more: Json) -> Ask:
    detail, scim_type = more.pop("detail", None), more.pop("scim_type", ANYTHING)
    if detail is not None:
        more["shows"] = {"detail": Like(detail + ".*"), "scimType": scim_type}
        if scim_type is ANYTHING:
            del more["shows"]["scimType"]
    return Ask(method=method, path=path, status=status, **more)


def get(path: str, status: int = 200, **more: Any) -> Ask:
    """GET. `detail` is a pattern for the beginning of an error's detail."""
    return _ask("GET", path, status, more)


def post(path: str, body: Any, status: int = 201, **more: Any) -> Ask:
    """POST."""
    return _ask("POST", path, status, {"body": body, **more})


def patch(path: str, *operations: Json, status: int = 204, **more: Any) -> Ask:
    """PATCH with these operations."""
    body = {"schemas": [PATCH_OP], "Operations": list(operations)}
    return _ask("PATCH", path, status, {"body": body, **more})


def delete(path: str, status: int = 204, **more: Any) -> Ask:
    """DELETE, without Accept."""
    return _ask("DELETE", path, status, more)


def found(path: str, text: str, *ids: str, **more: Any) -> Ask:
    """A list with a filter that finds exactly these."""
    shows = {"resources": [{"id": each} for each in ids]}
    return _ask("GET", path, 200, {"query": {"filter": text}, "shows": shows, **more})


def unfound(path: str, text: str, **more: Any) -> Ask:
    """A filter that is refused."""
    return get(path, 400, query={"filter": text}, scim_type="invalidFilter", detail="", **more)


def usage(**counts: Any) -> Ask:
    """What the sandbox has counted for the tenant."""
    return get("control:/usage", query="tenant={tenant}", shows={"tenants": {"{tenant}": counts}})


def fault(**kind: Any) -> Ask:
    """The next request gets a fault."""
    return post("control:/tenants/{tenant}/faults", kind, 204)


# --- operations


def add(path: str, value: Any) -> Json:
    """Operation `add`."""
    return {"op": "add", "path": path, "value": value}


def replace(path: str, value: Any) -> Json:
    """Operation `replace`."""
    return {"op": "replace", "path": path, "value": value}


def remove(path: str) -> Json:
    """Operation `remove`."""
    return {"op": "remove", "path": path}


def join(*ids: str) -> Json:
    """The addition of members."""
    return add("members", [{"value": each} for each in ids])


def leave(member: str) -> Json:
    """The removal of a member."""
    return remove(f'members[value eq "{member}"]')


# --- who is there


def id_of(name: str) -> str:
    """The id of the person or group that is called so, the same in every row."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


ADA, BEA, EVE, BOSS = map(id_of, ("ada", "bea", "eve", "boss"))
READERS, WRITERS = map(id_of, ("Readers", "Writers"))
NOBODY = "99999999-9999-4999-8999-999999999999"


def person(name: str, **more: Any) -> Json:
    """A user that is there already: `{name}@fabled.example`."""
    entra = {"mailNickname": name, **more.pop("entra", {})}
    return {
        "schemas": [USER],
        "id": id_of(name),
        "userName": f"{name}@fabled.example",
        "displayName": name.title(),
        "name": {"familyName": "Byron", "givenName": name.title()},
        "active": True,
        ENTRA: entra,
        **more,
    }


def team(name: str, *members: str, **more: Any) -> Json:
    """A group that is there already."""
    entra = {"mailNickname": name.lower(), **more.pop("entra", {})}
    return {
        "schemas": [GROUP, ENTRA_GROUP],
        "id": id_of(name),
        "displayName": name,
        ENTRA_GROUP: entra,
        "members": list(members),
        **more,
    }


def crowd(number: int) -> list[Json]:
    """So many users."""
    return [person(f"p{n:04}") for n in range(number)]
