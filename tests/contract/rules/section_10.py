"""Rows of section 10: resource types, owners, and what is out of reach."""

from typing import Any

from tests.contract.rules.checks import ABSENT, Holding
from tests.contract.rules.rows import (
    ADA,
    READERS,
    Json,
    Row,
    add,
    found,
    get,
    patch,
    person,
    post,
    replace,
    row,
    team,
    unfound,
)
from tests.contract.sandbox.helpers import (
    ENTERPRISE,
    ENTRA,
    ENTRA_GROUP,
    GROUP,
    USER,
    group_body,
    user_body,
)

_HERE: Json = {"people": [person("ada")], "groups": [team("Readers", owners=[ADA])]}
_USER_TYPE = {
    "id": "User",
    "name": "User",
    "endpoint": "/Users",
    "description": "User Account",
    "schema": USER,
    "schemaExtensions": [
        {"schema": ENTERPRISE, "required": False},
        {"schema": ENTRA, "required": False},
    ],
}
_GROUP_TYPE = {
    "id": "Group",
    "name": "Group",
    "endpoint": "/Groups",
    "schema": GROUP,
    "schemaExtensions": [{"schema": ENTRA_GROUP, "required": True}],
}
_DIRECTORY = "extension_0123456789abcdef0123456789abcdef_shoeSize"


def _reference(rule: str, urn: str, name: str, path: str, owned: str) -> list[Row]:
    """A reference that can be filtered on and nothing else."""
    shape: dict[str, Any] = {
        "type": "complex",
        "multiValued": True,
        "mutability": "readOnly",
        "returned": "never",
    }
    other = READERS if path == "/users" else ADA
    return [
        row(
            rule,
            "as declared",
            get(
                f"/schemas/{urn}",
                shows={"attributes": Holding("name", {"name": name, **shape})},
            ),
        ),
        row(
            rule,
            "never returned",
            get(f"{path}/{owned}", shows={urn: {name: ABSENT}}),
            get(f"{path}/{owned}", query={"attributes": f"{urn}:{name}"}, shows={urn: ABSENT}),
            **_HERE,
        ),
        row(
            rule,
            "never written",
            patch(f"{path}/{owned}", add(f"{urn}:{name}", [{"value": other}]), status=400),
            **_HERE,
        ),
        row(rule, "filtered on", found(path, f'{urn}:{name}.value eq "{other}"', owned), **_HERE),
    ]


def _unreachable(rule: str, name: str, path: str, body: Json, one: str) -> Row:
    return row(
        rule,
        f"{path}: {name[:14]}",
        post(path, {**body, name: "x"}, 400),
        patch(f"{path}/{one}", replace(name, "x"), status=400),
        get(path, 400, query={"attributes": name}),
        unfound(path, f'{name} eq "x"'),
        **_HERE,
    )


ROWS: list[Row] = [
    row("10.1", "alone", get("/resourcetypes/User", shows=_USER_TYPE)),
    row("10.2", "alone", get("/resourcetypes/Group", shows=_GROUP_TYPE)),
    row("10.1", "listed", get("/resourcetypes", shows={"resources": [_USER_TYPE, {}]})),
    row("10.2", "listed", get("/resourcetypes", shows={"resources": [{}, _GROUP_TYPE]})),
    *(
        row(
            "10.3",
            name,
            get(
                f"/resourcetypes/{name}",
                shows={
                    "meta": {"resourceType": "resourceType", "location": f"/resourcetypes/{name}"}
                },
            ),
        )
        for name in ("user", "group")
    ),
    *_reference("10.4", ENTRA, "ownedGroups", "/users", ADA),
    *_reference("10.5", ENTRA_GROUP, "owners", "/groups", READERS),
    *(
        _unreachable(rule, name, path, body, one)
        for rule, name in (("10.6", _DIRECTORY), ("10.7", "assignedLabels"))
        for path, body, one in (
            ("/users", user_body(), ADA),
            ("/groups", group_body(), READERS),
        )
    ),
]
