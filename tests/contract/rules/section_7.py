"""Rows of section 7: each call with each permission alone, refused or done."""

from collections.abc import Iterator
from dataclasses import replace as changed

from tests.contract.rules.checks import ABSENT
from tests.contract.rules.rows import (
    ADA,
    BEA,
    CUSTOM,
    READERS,
    Ask,
    Json,
    Row,
    delete,
    get,
    join,
    leave,
    patch,
    person,
    post,
    replace,
    row,
    team,
)
from tests.contract.sandbox.helpers import ENTERPRISE, ENTRA, group_body, user_body

PERMISSIONS = (
    "User.ReadBasic.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "User.Create",
    "User.ReadUpdate.All",
    "User-Mail.ReadWrite.All",
    "User-Phone.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User-LifeCycleInfo.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Group.Create",
    "GroupMember.ReadWrite.All",
    "CustomSecAttributeDefinition.Read.All",
    "CustomSecAttributeAssignment.Read.All",
    "CustomSecAttributeAssignment.ReadWrite.All",
)
_SETS = {"Engineering": [{"name": "Level", "type": "Integer"}]}
_HERE: Json = {
    "people": [person("ada", title="Lady"), person("bea")],
    "groups": [team("Readers", BEA)],
    "config": {"custom_attributes": _SETS},
}
_ME, _US = f"/users/{ADA}", f"/groups/{READERS}"
_UPDATES = "User.ReadUpdate.All User.ReadWrite.All"
_READS = "User.Read.All User.ReadWrite.All"
_GROUPS = "Group.Read.All Group.ReadWrite.All"
_BY_SET = {"attributes": f"{CUSTOM}:Engineering"}


def _phone(kind: str) -> Ask:
    return patch(_ME, replace(f'phoneNumbers[type eq "{kind}"].value', "+31 1"))


_OTHER_MAIL = replace('emails[type eq "other"].value', "a@home.example")
_DISABLE = replace("active", False)
_LEAVE = replace(f"{ENTRA}:employeeLeaveDateTime", "2027-01-01T00:00:00Z")
_LEVEL = replace(f"{CUSTOM}:Engineering.Level", 1)

# rule, what, call, the permissions each of which is enough
CALLS: list[tuple[str, str, Ask, str]] = [
    *(
        ("7.1", f"GET {path}", get(path), "")
        for path in (
            "/serviceproviderconfig",
            "/resourcetypes",
            "/resourcetypes/User",
            "/schemas",
            f"/schemas/{ENTERPRISE}",
        )
    ),
    ("7.2", "GET", get(f"/schemas/{CUSTOM}"), "CustomSecAttributeDefinition.Read.All"),
    ("7.3", "GET one", get(_ME), f"User.ReadBasic.All {_READS}"),
    ("7.3", "GET list", get("/users"), f"User.ReadBasic.All {_READS}"),
    ("7.5", "filter on active", get("/users", query={"filter": "active eq true"}), _READS),
    (
        "7.5",
        "filter on groups.value",
        get("/users", query={"filter": f'groups.value eq "{READERS}"'}),
        _READS,
    ),
    (
        "7.5",
        "filter on userName",
        get("/users", query={"filter": 'userName ew "example"'}),
        f"User.ReadBasic.All {_READS}",
    ),
    (
        "7.5",
        "filter on id",
        get("/users", query={"filter": f'id eq "{ADA}"'}),
        f"User.ReadBasic.All {_READS}",
    ),
    ("7.6", "POST", post("/users", user_body("new")), "User.Create User.ReadWrite.All"),
    ("7.7", "title", patch(_ME, replace("title", "x")), _UPDATES),
    (
        "7.7",
        "work mail",
        patch(_ME, replace('emails[type eq "work"].value', "a@b.example")),
        _UPDATES,
    ),
    ("7.7", "fax", _phone("fax"), _UPDATES),
    ("7.7", "title and active", patch(_ME, replace("title", "x"), _DISABLE), _UPDATES),
    ("7.7", "all addresses", patch(_ME, replace("emails", [])), _UPDATES),
    ("7.8", "PATCH", patch(_ME, _OTHER_MAIL), f"{_UPDATES} User-Mail.ReadWrite.All"),
    ("7.9", "mobile", _phone("mobile"), f"{_UPDATES} User-Phone.ReadWrite.All"),
    ("7.9", "work", _phone("work"), f"{_UPDATES} User-Phone.ReadWrite.All"),
    ("7.10", "PATCH", patch(_ME, _DISABLE), f"{_UPDATES} User.EnableDisableAccount.All"),
    ("7.11", "PATCH", patch(_ME, _LEAVE), f"{_UPDATES} User-LifeCycleInfo.ReadWrite.All"),
    ("7.12", "DELETE", delete(_ME), "User.ReadWrite.All"),
    ("7.13", "GET one", get(_US), _GROUPS),
    ("7.13", "GET list", get("/groups"), _GROUPS),
    (
        "7.13",
        "filter on members.value",
        get("/groups", query={"filter": f'members.value eq "{BEA}"'}),
        _GROUPS,
    ),
    ("7.14", "POST", post("/groups", group_body("New")), "Group.Create Group.ReadWrite.All"),
    ("7.15", "add", patch(_US, join(ADA)), "GroupMember.ReadWrite.All Group.ReadWrite.All"),
    ("7.15", "remove", patch(_US, leave(BEA)), "GroupMember.ReadWrite.All Group.ReadWrite.All"),
    ("7.16", "PATCH", patch(_US, replace("displayName", "x")), "Group.ReadWrite.All"),
    ("7.17", "DELETE", delete(_US), "Group.ReadWrite.All"),
    ("7.18", "GET", get(_ME, query=_BY_SET), ""),
    ("7.19", "PATCH", patch(_ME, _LEVEL), "CustomSecAttributeAssignment.ReadWrite.All"),
]
# rule, call, permissions that are enough together
PAIRS: list[tuple[str, Ask, str]] = [
    ("7.1", get("/schemas"), "User.Read.All Group.Read.All"),
    ("7.1", get("/schemas"), "User.ReadWrite.All Group.ReadWrite.All"),
    (
        "7.8",
        patch(_ME, _DISABLE, _OTHER_MAIL),
        "User.EnableDisableAccount.All User-Mail.ReadWrite.All",
    ),
    *(
        ("7.18", get(path, query=_BY_SET), f"{reading} CustomSecAttributeAssignment.{what}.All")
        for path in (_ME, "/users")
        for reading in ("User.Read.All", "User.ReadWrite.All")
        for what in ("Read", "ReadWrite")
    ),
    (
        "7.19",
        patch(_ME, _LEVEL, _DISABLE),
        "CustomSecAttributeAssignment.ReadWrite.All User.EnableDisableAccount.All",
    ),
]


def _matrix() -> Iterator[Row]:
    for rule, what, call, enough in CALLS:
        yield _row(rule, f"{what} with nothing", _forbidden(call))
        for permission in PERMISSIONS:
            expected = call if permission in enough.split() else _forbidden(call)
            yield _row(rule, f"{what} with {permission}", expected, permission)


def _forbidden(call: Ask) -> Ask:
    return changed(
        call,
        status=403,
        shows={
            "detail": "InsufficientPrivileges: insufficient privileges to complete the operation."
        },
    )


def _row(rule: str, what: str, call: Ask, *permissions: str) -> Row:
    return row(rule, what, call, permissions=permissions, **_HERE)


ROWS: list[Row] = [
    *_matrix(),
    *(_row(rule, together, call, *together.split()) for rule, call, together in PAIRS),
    _row(
        "7.4",
        "basic",
        get(_ME, shows={"displayName": "Ada", "title": ABSENT, "active": ABSENT}),
        "User.ReadBasic.All",
    ),
    _row("7.4", "all", get(_ME, shows={"title": "Lady", "active": True}), "User.Read.All"),
    _row(
        "7.4",
        "projected",
        get("/users", query={"attributes": "title"}, shows={"resources": [{"title": ABSENT}] * 2}),
        "User.ReadBasic.All",
    ),
]
