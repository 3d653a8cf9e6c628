"""Rows of section 5: creation of users."""

from typing import Any

from tests.contract.rules.checks import ABSENT, Like
from tests.contract.rules.rows import (
    ADA,
    BOSS,
    DAY,
    NOBODY,
    Ask,
    Json,
    Later,
    Row,
    add,
    delete,
    get,
    patch,
    person,
    post,
    remove,
    replace,
    row,
    usage,
)
from tests.contract.sandbox.helpers import ENTERPRISE, ENTRA, GONE, USER, user_body

_ADA: Json = {"people": [person("ada")]}
_NICK = f"{ENTRA}:mailNickname"
_TAKEN = "Another object with the same value for property userPrincipalName already exists."
_OPEN = {"switches": {"verified_domains_enforced": False}}


def _create(
    status: int = 201, *, shows: Any = None, detail: str | None = None, **changes: Any
) -> Ask:
    more: Json = {} if detail is None else {"detail": detail}
    if shows is not None:
        more["shows"] = shows
    return post("/users", user_body(**changes), status, **more)


def _missing(what: str, **changes: Any) -> Row:
    named = what.partition(",")[0]
    refusal = _create(400, detail=f"Required attribute '{named}' is missing", **changes)
    return row("5.1", what, refusal, get("/users", shows={"resources": []}), usage(billable=1))


def _nick(shown: str, name: str = "ada.b", **changes: Any) -> Ask:
    return post("/users", user_body(name, **changes), shows={ENTRA: {"mailNickname": shown}})


def _duplicates(status: int, scim_type: Any) -> list[Ask]:
    refusal: Json = {"shows": {"detail": _TAKEN, "scimType": scim_type}}
    return [
        post("/users", user_body("ADA"), status, **refusal),
        patch("/users/{bea}", replace("userName", "aDa@FABLED.example"), status=status, **refusal),
        get("/users", shows={"resources": [{"id": ADA}, {"userName": "bea@fabled.example"}]}),
    ]


_BEA = post("/users", user_body("bea"), keep={"bea": "id"})
_PASSWORDS = ("short1A", "alllowercase1", "12345678", "a" * 255 + "A1", "aaaaAAAA")

ROWS: list[Row] = [
    row("5.1", "all of them", _create()),
    _missing("userName", userName=GONE),
    _missing("userName, empty", userName=""),
    _missing("name.familyName", name={"givenName": "Ada"}),
    _missing("name.givenName", name={"familyName": "Byron"}),
    _missing("name.givenName, empty", name={"familyName": "Byron", "givenName": ""}),
    _missing("name.familyName, no name", name=GONE),
    _missing("active", active=GONE),
    _missing("active, null", active=None),
    _missing("displayName", displayName=GONE),
    _missing("displayName, null", displayName=None),
    *(
        row("5.2", f"managed, {what}", _create(400, detail="Required attribute 'password'", **it))
        for what, it in (
            ("absent", {"password": GONE}),
            ("null", {"password": None}),
            ("empty", {"password": ""}),
        )
    ),
    row("5.2", "federated, absent", _create(userName="a@fed.example", password=GONE)),
    row(
        "5.3",
        "created, read, projected",
        _create(shows={"password": ABSENT}),
        get("/users", shows={"resources": [{"password": ABSENT}]}),
        get(
            "/users", query={"attributes": "password"}, shows={"resources": [{"password": ABSENT}]}
        ),
        get("control:/tenants/{tenant}/users", shows=[{"password_set": True}]),
    ),
    *(
        row("5.4", operation["op"], patch(f"/users/{ADA}", operation, status=400), **_ADA)
        for operation in (
            replace("password", "Another-long-1"),
            add("password", "Another-long-1"),
            remove("password"),
        )
    ),
    row("5.5", "left out", _create()),
    row(
        "5.5",
        "required",
        _create(400, detail="Required attribute 'mailNickname' is missing"),
        _create(400, **{ENTRA: {"mailNickname": ""}}),
        _create(**{ENTRA: {"mailNickname": "ada"}}),
        switches={"mail_nickname_required": True},
    ),
    row("5.6", "absent", _nick("ada.b")),
    row("5.6", "null", _nick("ada.b", **{ENTRA: {"mailNickname": None}})),
    row("5.6", "empty", _nick("ada.b", **{ENTRA: {"mailNickname": ""}})),
    row("5.6", "given", _nick("countess", **{ENTRA: {"mailNickname": "countess"}})),
    row("5.6", "before the first @", _nick("a", userName="a@b@fabled.example"), **_OPEN),
    row("5.6", "all of it", _nick("ada", userName="ada"), **_OPEN),
    *(
        row(
            "5.7",
            f"{operation['op']} {operation.get('value', '')!r}",
            patch(f"/users/{ADA}", operation, status=400),
            get(f"/users/{ADA}", shows={ENTRA: {"mailNickname": "ada"}}),
            **_ADA,
        )
        for operation in (
            remove(_NICK),
            replace(_NICK, None),
            replace(_NICK, ""),
            replace(ENTRA, {"mailNickname": None}),
        )
    ),
    row("5.7", "the whole extension", patch(f"/users/{ADA}", remove(ENTRA), status=400), **_ADA),
    *(
        row("5.8", name, _create(shows={ENTRA: {name: True}}, **{ENTRA: {name: True}}))
        for name in ("passwordForceChangeOnNextSignIn", "passwordForceChangeOnNextSignInWithMFA")
    ),
    row("5.9", "as 409", _BEA, *_duplicates(409, "uniqueness"), **_ADA),
    row(
        "5.9",
        "as 400",
        _BEA,
        *_duplicates(400, ABSENT),
        **_ADA,
        switches={"duplicate_status": 400},
    ),
    row(
        "5.9",
        "a rename frees the old one",
        patch(f"/users/{ADA}", replace("userName", "eve@fabled.example")),
        post("/users", user_body("ada")),
        **_ADA,
    ),
    row(
        "5.9",
        "one's own",
        patch(f"/users/{ADA}", replace("userName", "ADA@fabled.example")),
        **_ADA,
    ),
    row(
        "5.10",
        "created and renamed",
        _create(400, userName="ada@other.example", detail="The domain portion of the user.+other"),
        patch(f"/users/{ADA}", replace("userName", "ada@other.example"), status=400),
        _create(400, userName="bea", detail="Property userPrincipalName is invalid"),
        patch(f"/users/{ADA}", replace("userName", "ada@fed.example")),
        **_ADA,
    ),
    row("5.10", "not enforced", _create(userName="ada@other.example"), **_OPEN),
    *(
        row(
            "5.11",
            f"{password[:14]}...",
            _create(400, password=password, detail="The specified password does not comply"),
        )
        for password in _PASSWORDS
    ),
    row("5.11", "good", _create(password="Long-enough-1")),
    row("5.11", "any", _create(password="a"), switches={"password_policy": False}),
    row(
        "5.12",
        "both at once",
        _create(
            userType="Contractor",
            shows={"userType": "Contractor", ENTRA: {"userType": "Guest"}},
            **{ENTRA: {"userType": "Guest"}},
        ),
    ),
    row(
        "5.13",
        "with the manager",
        _create(
            shows={ENTERPRISE: {"manager": {"value": BOSS}}},
            **{ENTERPRISE: {"manager": {"value": BOSS}}},
        ),
        people=[person("boss")],
    ),
    row(
        "5.13",
        "only later",
        _create(400, **{ENTERPRISE: {"manager": {"value": BOSS}}}),
        post("/users", user_body(), keep={"new": "id"}),
        patch("/users/{new}", replace(f"{ENTERPRISE}:manager", {"value": BOSS})),
        people=[person("boss")],
        switches={"manager_at_creation": False},
    ),
    row(
        "5.80",
        "read, changed, deleted",
        get(f"/users/{NOBODY}", 404, detail=f"Resource '{NOBODY}' does not exist"),
        patch(f"/users/{NOBODY}", replace("title", "x"), status=404),
        delete(f"/users/{NOBODY}", 404),
        usage(requests=3, billable=3),
    ),
    *(
        row(
            "5.81",
            f"as {status}",
            get("/users/17", status),
            patch("/users/17", replace("title", "x"), status=status),
            delete("/users/17", status),
            get("/groups/17", status),
            usage(billable=billable),
            switches={} if status == 400 else {"non_guid_status": status},
        )
        for status, billable in ((400, 0), (404, 4))
    ),
    row("5.82", "twice", delete(f"/users/{ADA}"), delete(f"/users/{ADA}", 404), **_ADA),
    row(
        "5.82",
        "no longer there",
        delete(f"/users/{ADA}"),
        get(f"/users/{ADA}", 404),
        get("/users", shows={"resources": []}),
        **_ADA,
    ),
    row(
        "5.83",
        "29 days, 31 days",
        delete(f"/users/{ADA}"),
        post("/users", user_body("ADA"), 409, shows={"detail": _TAKEN}),
        Later(29 * DAY),
        post("/users", user_body("ada"), 409),
        Later(2 * DAY),
        post("/users", user_body("ada"), shows={"id": Like(".{36}"), "schemas": [USER, ENTRA]}),
        **_ADA,
    ),
    row(
        "5.83",
        "free at once",
        delete(f"/users/{ADA}"),
        post("/users", user_body("ada")),
        **_ADA,
        switches={"soft_delete_days": 0},
    ),
]
