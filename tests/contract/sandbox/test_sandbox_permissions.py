"""Application permissions: each call with what it needs, and without."""

from collections.abc import Callable

import httpx
import pytest

from tests.contract.sandbox.helpers import (
    ENTRA,
    Directory,
    group_body,
    patch_body,
    remove,
    replace,
    user_body,
)

Call = Callable[[httpx.Client, str, str], httpx.Response]


def _patch(kind: str, *operations: dict) -> Call:
    def send(scim: httpx.Client, user: str, group: str) -> httpx.Response:
        target = user if kind == "users" else group
        return scim.patch(f"/{kind}/{target}", json=patch_body(*operations))

    return send


def _read_other(scim: httpx.Client, user: str, _: str) -> httpx.Response:
    return scim.get("/users", params={"filter": "active eq true"})


def _create(scim: httpx.Client, *_: str) -> httpx.Response:
    return scim.post("/users", json=user_body("new"))


def _create_group(scim: httpx.Client, *_: str) -> httpx.Response:
    return scim.post("/groups", json=group_body("New"))


CALLS: dict[str, Call] = {
    "discovery": lambda scim, *_: scim.get("/schemas"),
    "read user": lambda scim, user, _: scim.get(f"/users/{user}"),
    "list users": lambda scim, *_: scim.get("/users"),
    "filter on active": _read_other,
    "create user": _create,
    "update title": _patch("users", replace("title", "x")),
    "disable": _patch("users", replace("active", False)),
    "other mail": _patch("users", replace('emails[type eq "other"].value', "a@b.example")),
    "work mail": _patch("users", replace('emails[type eq "work"].value', "a@b.example")),
    "mobile": _patch("users", replace('phoneNumbers[type eq "mobile"].value', "1")),
    "fax": _patch("users", replace('phoneNumbers[type eq "fax"].value', "1")),
    "leave date": _patch("users", replace(f"{ENTRA}:employeeLeaveDateTime", "2026-01-01")),
    "title and disable": _patch("users", replace("title", "x"), replace("active", False)),
    "delete user": lambda scim, user, _: scim.delete(f"/users/{user}"),
    "read groups": lambda scim, *_: scim.get("/groups"),
    "create group": _create_group,
    "rename group": _patch("groups", replace("displayName", "x")),
    "change members": lambda scim, user, group: scim.patch(
        f"/groups/{group}", json=patch_body(replace("members", [{"value": user}], "add"))
    ),
    "remove member": lambda scim, user, group: scim.patch(
        f"/groups/{group}", json=patch_body(remove(f'members[value eq "{user}"]'))
    ),
    "delete group": lambda scim, _, group: scim.delete(f"/groups/{group}"),
}
READS = {"read user", "list users", "filter on active"}
UPDATES = {
    "update title",
    "disable",
    "other mail",
    "work mail",
    "mobile",
    "fax",
    "leave date",
    "title and disable",
}

# permissions, the calls they allow; every other call is a 403
GRANTS: list[tuple[list[str], set[str]]] = [
    ([], set()),
    (["User.ReadBasic.All"], {"read user", "list users"}),
    (["User.Read.All"], READS),
    (["Group.Read.All"], {"read groups"}),
    (["User.Read.All", "Group.Read.All"], READS | {"read groups", "discovery"}),
    (["User.Create"], {"create user"}),
    (["User.ReadUpdate.All"], UPDATES),
    (["User.EnableDisableAccount.All"], {"disable"}),
    (["User-Mail.ReadWrite.All"], {"other mail"}),
    (["User-Phone.ReadWrite.All"], {"mobile"}),
    (["User-LifeCycleInfo.ReadWrite.All"], {"leave date"}),
    (["User.ReadWrite.All"], READS | UPDATES | {"create user", "delete user"}),
    (["Group.Create"], {"create group"}),
    (["GroupMember.ReadWrite.All"], {"change members", "remove member"}),
    (
        ["Group.ReadWrite.All"],
        {
            "read groups",
            "create group",
            "rename group",
            "change members",
            "remove member",
            "delete group",
        },
    ),
]


@pytest.mark.parametrize(("permissions", "allowed"), GRANTS, ids=[str(g[0]) for g in GRANTS])
def test_a_call_needs_its_permission(
    directory: Directory, permissions: list[str], allowed: set[str]
) -> None:
    user, group = directory.person(), directory.group()
    app = {"client_id": "app", "client_secret": "secret", "permissions": permissions}
    directory.sandbox.put_tenant(directory.tenant, applications=[app])
    token = directory.sandbox.token(directory.tenant, "app", "secret")
    with directory.sandbox.client(token) as scim:
        answers = {name: call(scim, user, group) for name, call in CALLS.items()}
    refused = {name for name, answer in answers.items() if answer.status_code == 403}
    assert refused == set(CALLS) - allowed
    for name in refused:
        assert answers[name].json()["detail"].startswith("InsufficientPrivileges")


def test_basic_reading_shows_basic_properties_only(directory: Directory) -> None:
    user = directory.person(title="Lady")
    app = {"client_id": "app", "client_secret": "secret", "permissions": ["User.ReadBasic.All"]}
    directory.sandbox.put_tenant(directory.tenant, applications=[app])
    token = directory.sandbox.token(directory.tenant, "app", "secret")
    with directory.sandbox.client(token) as scim:
        shown = scim.get(f"/users/{user}").json()
    assert shown["displayName"] == "Ada Byron"
    assert not {"title", "active"} & set(shown)


def test_a_new_consent_needs_a_new_token(directory: Directory) -> None:
    app = {"client_id": "app", "client_secret": "secret", "permissions": []}
    directory.sandbox.put_tenant(directory.tenant, applications=[app])
    assert directory.scim.get("/users").status_code == 200  # the old token keeps its roles
