"""Rows of section 8: errors."""

from typing import Any

from tests.contract.rules.checks import ABSENT, Exactly, Like
from tests.contract.rules.rows import (
    ADA,
    NOBODY,
    Ask,
    Json,
    Later,
    Row,
    delete,
    fault,
    get,
    patch,
    person,
    post,
    replace,
    row,
    usage,
)
from tests.contract.sandbox.helpers import ENTERPRISE, ENTRA, GONE, USER, user_body

_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_NEITHER = {"location": ABSENT, "etag": ABSENT}
_ADA: Json = {"people": [person("ada")]}
_WORK = {"type": "work", "primary": True}
_PROXIED = person(
    "ada",
    emails=[
        {**_WORK, "value": "ada@fabled.example"},
        {"type": "work", "primary": False, "value": "old@fabled.example"},
    ],
    entra={"proxyAddresses": ["SMTP:ada@fabled.example", "smtp:older@fabled.example"]},
)
_TAKEN = "Another object with the same value for property proxyAddresses already exists."


# changes to a good body, what the refusal begins with
_PAYLOADS: list[tuple[Json, str]] = [
    ({"schemas": GONE}, "'schemas' must be a list"),
    ({"schemas": [ENTRA]}, "'schemas' must contain"),
    ({"schemas": [USER, "urn:x"]}, "Unknown schema 'urn:x'"),
    ({"nickName": "A"}, "Attribute 'nickName' is not defined"),
    ({"name": {"formatted": "A"}}, "'name' has no sub-attribute"),
    ({"title": 5}, "Attribute 'title' must be a string"),
    ({"active": "True"}, "Attribute 'active' must be a boolean"),
    ({"id": NOBODY}, "Attribute 'id' is read-only"),
    ({"userName": "a b@fabled.example"}, "Property userPrincipalName is invalid"),
    ({"emails": _WORK}, "Attribute 'emails' must be a list"),
    ({"emails": [{**_WORK, "value": "ada"}]}, "Invalid value specified for property 'mail'"),
    ({"phoneNumbers": [{"type": "work"}]}, "A value of 'phoneNumbers' needs"),
    ({ENTERPRISE: {"manager": NOBODY}}, "A value of 'manager' must be an object"),
    ({ENTRA: {"mailNickname": "a b"}}, "Invalid value specified for property 'mailNickname'"),
    ({ENTRA: {"employeeHireDate": "01/02/2026"}}, "Attribute 'employeeHireDate' must be"),
    ({ENTRA: {"usageLocation": "Netherlands"}}, "Attribute 'usageLocation' must be"),
]


def _mail(address: str) -> Json:
    return {"emails": [{**_WORK, "value": address}]}


def _proxies(status: int, scim_type: Any) -> list[Ask]:
    refusal: Json = {"shows": {"detail": _TAKEN, "scimType": scim_type}}
    return [
        post("/users", user_body("bea", **_mail("OLD@fabled.example")), status, **refusal),
        post("/users", user_body("bea", **_mail("older@fabled.example")), status, **refusal),
        post("/users", user_body("old"), status, **refusal),
        post("/users", user_body("bea"), keep={"bea": "id"}),
        patch(
            "/users/{bea}",
            replace('emails[type eq "work"].value', "old@fabled.example"),
            status=status,
            **refusal,
        ),
        patch(f"/users/{ADA}", replace("emails", _mail("old@fabled.example")["emails"])),
        delete(f"/users/{ADA}"),
        post("/users", user_body("eve", **_mail("old@fabled.example"))),
    ]


def _failing(status: int) -> Row:
    return row(
        "8.11",
        str(status),
        fault(kind="status", status=status, method="POST"),
        post("/users", user_body(), status),
        get("/users", shows={"resources": []}),
    )


ROWS: list[Row] = [
    row(
        "8.1",
        "without scimType",
        get(
            f"/users/{NOBODY}",
            404,
            shows=Exactly({"schemas": [_ERROR], "detail": Like(".+"), "status": "404"}),
        ),
    ),
    row(
        "8.1",
        "with scimType",
        get(
            "/users",
            400,
            query={"filter": "x"},
            shows=Exactly(
                {
                    "schemas": [_ERROR],
                    "detail": Like(".+"),
                    "status": "400",
                    "scimType": "invalidFilter",
                }
            ),
        ),
    ),
    row(
        "8.2",
        "all kinds",
        post("/users", user_body(), answers=_NEITHER, keep={"new": "id"}),
        get("/users/{new}", answers=_NEITHER),
        get("/users", answers=_NEITHER),
        patch("/users/{new}", replace("title", "x"), answers=_NEITHER),
        delete("/users/{new}", answers=_NEITHER),
        delete("/users/{new}", 404, answers=_NEITHER),
    ),
    row(
        "8.3",
        "payload and query",
        post("/users", user_body(shoeSize="42"), 400),
        post("/users", b"{", 400, scim_type="invalidSyntax", detail="The request body"),
        post("/users", b"[]", 400, scim_type="invalidSyntax", detail="The request body"),
        post("/users", b"\xff", 400, scim_type="invalidSyntax", detail="The request body"),
        get("/users", 400, query="count=0"),
        usage(requests=5, billable=0),
    ),
    *(
        row("8.3", detail, post("/users", user_body(**changes), 400, detail=detail))
        for changes, detail in _PAYLOADS
    ),
    *(
        row(
            "8.4",
            repr(header),
            get("/users", 401, headers={"authorization": header}, detail="Access token is empty"),
            usage(requests=0),
        )
        for header in (None, "", "Bearer", "Basic YTpi")
    ),
    *(
        row(
            "8.5",
            header,
            get("/users", 401, headers={"authorization": header}, detail="Access token validation"),
        )
        for header in ("Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer static2")
    ),
    row(
        "8.6",
        "an hour later",
        get("/users"),
        Later(3600, renew=False),
        get("/users", 401, by="stale", detail="Access token has expired"),
        usage(requests=2, billable=1),
        Later(0),
        get("/users"),
    ),
    row(
        "8.7",
        "no permission",
        get("/users", 403, detail="InsufficientPrivileges"),
        usage(requests=1, billable=0),
        permissions=("Group.Read.All",),
    ),
    row(
        "8.8",
        "URN, resources, path",
        get("/schemas/urn:none", 404),
        get(f"/users/{NOBODY}", 404),
        get(f"/groups/{NOBODY}", 404),
        get("/nothing", 404),
        get("/users/a/b", 404),
        get("", 404),
        usage(requests=6, billable=6),
    ),
    row("8.9", "as 409", *_proxies(409, "uniqueness"), people=[_PROXIED]),
    row(
        "8.9",
        "as 400",
        *_proxies(400, ABSENT),
        people=[_PROXIED],
        switches={"duplicate_status": 400},
    ),
    row(
        "8.10",
        "on demand",
        fault(kind="status", status=429, retry_after=7),
        get("/users", 429, answers={"retry-after": "7"}),
        get("/users"),
    ),
    row(
        "8.10",
        "by quota",
        post("/users", user_body("ada"), keep={"new": "id"}),
        post("/users", user_body("bea"), 429),
        get("/users/{new}"),
        switches={"throttle": True, "throttle_quota": 0.0006, "throttle_scale": 1e-6},
    ),
    _failing(500),
    _failing(503),
    row(
        "8.12",
        "written",
        fault(kind="status", status=504, when="after"),
        post("/users", user_body(**{ENTRA: {"mailNickname": "a"}}), 504),
        get("/users", shows={"resources": [{"userName": "ada@fabled.example"}]}),
        post("/users", user_body(), 409),
    ),
    row(
        "8.12",
        "not written",
        fault(kind="status", status=504, when="before"),
        patch(f"/users/{ADA}", replace("title", "x"), status=504),
        get(f"/users/{ADA}", shows={"title": ABSENT}),
        **_ADA,
    ),
]
