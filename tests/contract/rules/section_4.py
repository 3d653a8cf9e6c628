"""Rows of section 4: endpoints, headers, shapes of answers."""

from typing import Any

from tests.contract.rules.checks import ABSENT, Exactly, Items, Like
from tests.contract.rules.rows import (
    ADA,
    JSON,
    READERS,
    SCIM_JSON,
    Ask,
    Row,
    crowd,
    delete,
    get,
    join,
    patch,
    person,
    post,
    replace,
    row,
    team,
    usage,
)
from tests.contract.sandbox.helpers import (
    ENTERPRISE,
    ENTRA,
    ENTRA_GROUP,
    GROUP,
    PATCH_OP,
    USER,
    group_body,
    user_body,
)

_SCHEMAS = (USER, ENTERPRISE, ENTRA, GROUP, ENTRA_GROUP)
_HERE: dict[str, Any] = {"people": [person("ada")], "groups": [team("Readers")]}
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_CONFIGURATION = {
    "pagination": {
        "cursor": True,
        "index": False,
        "defaultPaginationMethod": "cursor",
        "defaultPageSize": 100,
        "maxPageSize": 1000,
    },
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": 200},
}


def _put(path: str, status: int) -> Ask:
    return Ask(method="PUT", path=path, status=status, body=user_body())


def _puts(status: int) -> list[Ask]:
    return [_put(f"/users/{ADA}", status), _put(f"/groups/{READERS}", status)]


def _listing(key: str) -> list[Ask]:
    other = "resources" if key == "Resources" else "Resources"
    return [
        get("/resourcetypes", shows={key: [{"id": "User"}, {"id": "Group"}], other: ABSENT}),
        get("/schemas", shows={key: Items("id", frozenset(_SCHEMAS)), other: ABSENT}),
    ]


def _pages(second: dict[str, Any]) -> list[Ask]:
    """Two pages of three people; `second` is what the last one shows."""
    query = {"count": 2}
    return [
        get("/users", query=query, keep={"next": "nextCursor"}),
        get(
            "/users",
            query={**query, "cursor": "{next}"},
            shows={"resources": [{}], "nextCursor": ABSENT, **second},
        ),
    ]


def _json_delete(accept: str, status: int, **more: Any) -> Ask:
    return delete(f"/users/{ADA}", status, headers={"accept": accept}, **more)


_NO_ACCEPT = {"accept": None}
ROWS: list[Row] = [
    row("4.1", "is there", get("/serviceproviderconfig", shows={"patch": {"supported": True}})),
    row(
        "4.2",
        "list and one",
        get("/resourcetypes", shows={"schemas": [_LIST]}),
        get("/resourcetypes/Group", shows={"id": "Group"}),
        get("/resourcetypes/Role", 404),
    ),
    row(
        "4.3",
        "list and each",
        get("/schemas", shows={"schemas": [_LIST]}),
        *(get(f"/schemas/{urn}", shows={"id": urn}) for urn in _SCHEMAS),
    ),
    row("4.4", "both", post("/users", user_body()), get("/users", shows={"resources": [{}]})),
    row(
        "4.5",
        "all three",
        get(f"/users/{ADA}", shows={"id": ADA}),
        patch(f"/users/{ADA}", replace("title", "x")),
        delete(f"/users/{ADA}"),
        **_HERE,
    ),
    row("4.6", "both", post("/groups", group_body()), get("/groups", shows={"resources": [{}]})),
    row(
        "4.7",
        "all three",
        get(f"/groups/{READERS}", shows={"id": READERS}),
        patch(f"/groups/{READERS}", replace("displayName", "x")),
        delete(f"/groups/{READERS}"),
        **_HERE,
    ),
    row("4.8", "by default", *_puts(405), **_HERE),
    *(
        row("4.8", f"as {status}", *_puts(status), switches={"put_status": status}, **_HERE)
        for status in (404, 400, 501)
    ),
    row(
        "4.9",
        "neither",
        post("/Bulk", {"Operations": []}, 404),
        get("/Me", 404),
        usage(requests=2, billable=2),
    ),
    *(
        row("4.10", name, get(path, 400, query={name: value}))
        for path in ("/users", "/groups")
        for name, value in (("sortBy", "displayName"), ("sortOrder", "ascending"))
    ),
    row("4.10", "as declared", get("/serviceproviderconfig", shows={"sort": {"supported": False}})),
    *(
        row("4.11", path, get(path, shows={"endpoint": endpoint}))
        for kind, endpoint in (("User", "/Users"), ("Group", "/Groups"))
        for path in (f"/resourcetypes/{kind}", f"/resourcetype/{kind}")
    ),
    *(
        row("4.12", path, get(path), **_HERE)
        for path in (
            "/USERS",
            "/Users",
            f"/Users/{ADA.upper()}",
            "/Groups",
            "/users/",
            f"/gROUPS/{READERS}",
            "/ServiceProviderConfig",
            "/ResourceTypes",
            "/ResourceType/user",
            f"/Schemas/{USER.upper()}",
        )
    ),
    row("4.12", "the base too", get("login:/RP/Scim/Users", 401, shows={"status": "401"})),
    row("4.13", "every value", get("/serviceproviderconfig", shows=_CONFIGURATION)),
    *(
        row("4.14", f"missing: {each.method} {each.path}", each, **_HERE)
        for each in (
            get("/users", 400, headers=_NO_ACCEPT, detail="Accept header"),
            get("/serviceproviderconfig", 400, headers=_NO_ACCEPT, detail="Accept header"),
            post("/users", user_body("bea"), 400, headers=_NO_ACCEPT, detail="Accept header"),
            patch(
                f"/users/{ADA}",
                replace("title", "x"),
                status=400,
                headers=_NO_ACCEPT,
                detail="Accept header",
            ),
        )
    ),
    row(
        "4.14",
        "allowed to be missing",
        get("/users", headers=_NO_ACCEPT),
        post("/users", user_body("bea"), headers=_NO_ACCEPT),
        switches={"accept_required": False},
    ),
    *(
        row("4.15", accept, get("/users", headers={"accept": accept}))
        for accept in (JSON, SCIM_JSON, "*/*", "text/html, */*;q=0.1")
    ),
    row("4.15", "HTML", get("/users", 400, headers={"accept": "text/html"})),
    row(
        "4.16",
        "refused, then done",
        _json_delete(JSON, 400, detail="Accept header application/json is invalid"),
        _json_delete(SCIM_JSON, 400, detail=r"Accept header application/scim\+json is invalid"),
        _json_delete("text/html, application/json;q=0.9", 400),
        _json_delete("*/*", 204),
        **_HERE,
    ),
    row(
        "4.16",
        "a group",
        delete(f"/groups/{READERS}", 400, headers={"accept": JSON}),
        delete(f"/groups/{READERS}"),
        **_HERE,
    ),
    row(
        "4.16",
        "not looked at",
        _json_delete(JSON, 204),
        switches={"delete_refuses_json_accept": False},
        **_HERE,
    ),
    row("4.17", "taken", post("/users", user_body(), headers={"content-type": SCIM_JSON})),
    row(
        "4.17",
        "with a charset",
        post("/users", user_body(), headers={"content-type": f"{SCIM_JSON}; charset=utf-8"}),
    ),
    row("4.17", "text", post("/users", user_body(), 400, headers={"content-type": "text/plain"})),
    row("4.17", "none", post("/users", user_body(), 400, headers={"content-type": None})),
    *(
        row("4.18", path, get(path, shows={"resources": [{}], "Resources": ABSENT}), **_HERE)
        for path in ("/users", "/groups")
    ),
    row("4.19", "lower case", *_listing("resources")),
    row("4.19", "as printed", *_listing("Resources"), switches={"discovery_list_key": "Resources"}),
    row(
        "4.20",
        "user and group",
        get(
            f"/users/{ADA}",
            shows={"meta": Exactly({"resourceType": "user", "location": f"/users/{ADA}"})},
        ),
        get(
            f"/groups/{READERS}",
            shows={"meta": {"resourceType": "group", "location": f"/groups/{READERS}"}},
        ),
        **_HERE,
    ),
    *(
        row(
            "4.21",
            key,
            Ask(
                method="PATCH",
                path=f"/users/{ADA}",
                status=204,
                body={"schemas": [PATCH_OP], key: [replace("title", key)]},
            ),
            get(f"/users/{ADA}", shows={"title": key}),
            **_HERE,
        )
        for key in ("Operations", "operations")
    ),
    *(
        row(
            "4.22",
            path,
            get(
                path,
                shows=Exactly({"schemas": [_LIST], "totalResults": 1, "resources": [{}]}),
            ),
            **_HERE,
        )
        for path in ("/users", "/groups")
    ),
    row(
        "4.23",
        "first of two pages",
        get(
            "/users",
            query={"count": 2},
            shows=Exactly(
                {
                    "schemas": [_LIST],
                    "itemsPerPage": 2,
                    "nextCursor": Like(".+"),
                    "resources": [{}, {}],
                }
            ),
        ),
        people=crowd(3),
    ),
    row(
        "4.24",
        "size of the page",
        *_pages({"itemsPerPage": 1, "totalResults": ABSENT}),
        people=crowd(3),
    ),
    row(
        "4.24",
        "total",
        *_pages({"totalResults": 1, "itemsPerPage": ABSENT}),
        people=crowd(3),
        switches={"last_page_total": True},
    ),
    row(
        "4.25",
        "both kinds",
        post("/users", user_body(), shows={"id": Like(".{36}"), "displayName": "Ada Byron"}),
        post("/groups", group_body(), shows={"id": Like(".{36}"), "displayName": "Readers"}),
    ),
    row(
        "4.26",
        "both kinds",
        patch(f"/users/{ADA}", replace("title", "x"), shows=""),
        patch(f"/groups/{READERS}", join(ADA), shows=""),
        delete(f"/users/{ADA}", shows=""),
        delete(f"/groups/{READERS}", shows=""),
        **_HERE,
    ),
    row(
        "4.27",
        "both kinds",
        get(f"/users/{ADA}", shows={"meta": {"created": ABSENT, "lastModified": ABSENT}}),
        post("/groups", group_body(), shows={"meta": {"created": Like(".+")}}),
        get(
            f"/groups/{READERS}",
            shows={"meta": {"created": Like(".+"), "lastModified": ABSENT}},
        ),
        **_HERE,
    ),
    row("4.28", "one of the two", get("/schemas", 403), permissions=("User.Read.All",)),
    row("4.28", "both", get("/schemas"), permissions=("User.Read.All", "Group.Read.All")),
    row(
        "4.29",
        "the same key twice",
        post("/groups", group_body(), headers={"idempotency-key": "1"}, keep={"one": "id"}),
        post("/groups", group_body(), headers={"idempotency-key": "1"}),
        get("/groups", shows={"resources": [{"id": "{one}"}, {}]}),
    ),
    row(
        "4.29",
        "asked for as a parameter",
        post("/users", user_body(), 400, query={"dryRun": "true"}),
        get("/users", shows={"resources": []}),
    ),
]
