"""Rows of sections 2 and 3: what must be true before the first call, what is billed."""

from tests.contract.rules.checks import ABSENT, Exactly, Token
from tests.contract.rules.rows import (
    ADA,
    NOBODY,
    Ask,
    Change,
    Json,
    Row,
    crowd,
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
from tests.contract.sandbox.helpers import group_body, user_body

_OFF: Json = {"config": {"scim_enabled": False}}
_OLD = {"switches": {"feature_off_status": 401}}
_NO_RESOURCE = (
    "No 'scimapiconsumptions' resource found for TenantId: {tenant}. Please ensure 'SCIM "
    "Provisioning API' feature is enabled and only one 'scimapiconsumptions' resource exists."
)
_NOT_ENABLED = (
    r"The 'SCIM Provisioning API' feature is not enabled for any subscription\..+ re-register the "
    r"subscription with 'Microsoft.EntraIDGovernance' Resource Provider and retry\."
)


def _every_call(status: int, detail: str) -> list[Ask]:
    """One call to each kind of endpoint."""
    refusal: Json = {"status": status, "detail": detail}
    return [
        get("/serviceproviderconfig", **refusal),
        get("/users", **refusal),
        post("/users", user_body(), **refusal),
        get(f"/users/{ADA}", **refusal),
        patch(f"/users/{ADA}", replace("title", "x"), **refusal),
        delete(f"/users/{ADA}", **refusal),
        get("/groups", **refusal),
        post("/groups", group_body(), **refusal),
        usage(requests=8, billable=0),
    ]


_MIXED = (
    post("/users", user_body("bea"), keep={"bea": "id"}),
    get("/users"),
    patch("/users/{bea}", replace("title", "x")),
    delete("/users/{bea}"),
    delete("/users/{bea}", 404),
    get("/schemas/urn:none", 404),
    post("/users", user_body("ada"), 409),
    post("/users", {}, 400),
    get("/users", 401, headers={"authorization": "Bearer"}),
    fault(kind="status", status=504, when="after"),
    patch(f"/users/{ADA}", replace("title", "x"), status=504),
)
_STATUSES = {"200": 1, "201": 1, "204": 2, "400": 1, "404": 2, "409": 1, "504": 1}
_FAILURES = [
    each
    for status in (429, 500, 503, 504)
    for each in (fault(kind="status", status=status), get("/users", status))
]

ROWS: list[Row] = [
    row(
        "2.1",
        "without a licence",
        get("/users", 403, detail="The tenant has no Microsoft Entra ID P1 license"),
        switches={"licensed": False},
    ),
    row("2.1", "with a licence", get("/users")),
    row("2.2", "off: every call", *_every_call(400, _NO_RESOURCE), **_OFF),
    row("2.2", "off, older form: every call", *_every_call(401, _NOT_ENABLED), **_OFF, **_OLD),
    row(
        "2.2",
        "turned on",
        get("/users", 400),
        Change({"scim_enabled": True}),
        get("/users"),
        **_OFF,
    ),
    row(
        "2.3",
        "no consent, no permission",
        Ask(
            method="POST",
            path="login:/{tenant}/oauth2/v2.0/token",
            form={
                "grant_type": "client_credentials",
                "client_id": "{app}",
                "client_secret": "secret of the application",
                "scope": "https://graph.microsoft.com/.default",
            },
            shows={"access_token": Token({"roles": ABSENT})},
        ),
        get("/users", 403, detail="InsufficientPrivileges"),
        application={"consented": False},
    ),
    row("2.3", "with consent", get("/users")),
    row(
        "3.1",
        "2xx and 404",
        *_MIXED,
        usage(requests=9, billable=6, by_status=Exactly(_STATUSES)),
        people=[person("ada")],
    ),
    row(
        "3.1",
        "all",
        *_MIXED,
        usage(requests=9, billable=9, by_status=Exactly(_STATUSES)),
        people=[person("ada")],
        switches={"billing_rule": "all"},
    ),
    row(
        "3.2",
        "five calls",
        get("/serviceproviderconfig"),
        get("/resourcetypes"),
        get("/resourcetypes/User"),
        get("/schemas"),
        get("/schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
        usage(requests=5, billable=5),
    ),
    row(
        "3.3",
        "three pages",
        get("/users", query={"count": 2}, keep={"next": "nextCursor"}),
        get("/users", query={"count": 2, "cursor": "{next}"}, keep={"next": "nextCursor"}),
        get("/users", query={"count": 2, "cursor": "{next}"}, shows={"nextCursor": ABSENT}),
        usage(requests=3, billable=3),
        people=crowd(5),
    ),
    row(
        "3.4",
        "a token, and a refused one",
        Ask(
            method="POST",
            path="login:/{tenant}/oauth2/v2.0/token",
            form={"grant_type": "client_credentials"},
            status=400,
        ),
        get(f"/users/{NOBODY}", 404),
        usage(requests=1, billable=1),
    ),
    row("3.5", "failures", *_FAILURES, usage(requests=4, billable=0)),
]
