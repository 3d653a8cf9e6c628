"""PATCH and DELETE of users."""

from typing import Any

import pytest

from tests.contract.sandbox.helpers import (
    ENTERPRISE,
    ENTRA,
    NOBODY,
    USER,
    Directory,
    patch_body,
    remove,
    replace,
    user_body,
)

WORK = {"type": "work", "primary": True, "value": "ada@fabled.example"}
OTHER = {"type": "other", "value": "a@home.example"}
EXTRA = 'emails[type eq "other"].value'
MAIN = 'emails[type eq "work" and primary eq true].value'

# operations, where to look afterwards, what must be there (None: nothing)
ACCEPTED: list[tuple[list[dict], str, Any]] = [
    ([replace("title", "Queen")], "title", "Queen"),
    ([replace("TITLE", "Queen", "Replace")], "title", "Queen"),  # names and ops without case
    ([replace("title", "Queen", "ADD")], "title", "Queen"),
    ([remove("title")], "title", None),
    ([replace("title", None)], "title", None),  # null removes
    ([replace("active", False)], "active", False),
    ([replace("name.givenName", "Eve")], "name", {"familyName": "Byron", "givenName": "Eve"}),
    ([replace("name", {"givenName": "Eve"})], "name", {"familyName": "Byron", "givenName": "Eve"}),
    ([replace(f"{USER}:title", "Queen")], "title", "Queen"),  # fully qualified
    ([replace(f"{ENTERPRISE}:department", "Looms")], ENTERPRISE, {"department": "Looms"}),
    ([remove(f"{ENTERPRISE}:department")], ENTERPRISE, None),
    ([replace(ENTERPRISE, {"division": "X"})], ENTERPRISE, {"department": "Mill", "division": "X"}),
    ([replace(f"{ENTRA}:mailNickname", "nick")], ENTRA, {"mailNickname": "nick"}),
    (
        [replace(f"{ENTRA}:onPremisesExtensionAttributes.extensionAttribute3", "c")],
        ENTRA,
        {"mailNickname": "ada", "onPremisesExtensionAttributes": {"extensionAttribute3": "c"}},
    ),
    (
        [replace(MAIN, "new@fabled.example")],
        "emails",
        [OTHER, {**WORK, "value": "new@fabled.example"}],
    ),
    ([remove(MAIN)], "emails", [OTHER]),
    ([remove("emails")], "emails", None),
    ([replace("emails", [WORK])], "emails", [WORK]),
    ([replace(EXTRA, ["b@home.example"])], "emails", [WORK, {**OTHER, "value": "b@home.example"}]),
    (
        [replace(EXTRA, "b@home.example", "add")],
        "emails",
        [WORK, OTHER, {**OTHER, "value": "b@home.example"}],
    ),
    (
        [replace('phoneNumbers[type eq "mobile"].value', "+31 6 9")],
        "phoneNumbers",
        [{"type": "mobile", "value": "+31 6 9"}],
    ),
    (
        [replace('addresses[type eq "work"].locality', "Delft")],
        "addresses",
        [{"type": "work", "locality": "Delft"}],
    ),
    # no path: the value names attributes, also qualified ones
    ([replace(None, {"title": "Queen", f"{ENTERPRISE}:division": "X"})], "title", "Queen"),
    (
        [replace(None, {"name.givenName": "Eve"})],
        "name",
        {"familyName": "Byron", "givenName": "Eve"},
    ),
    ([replace(None, {ENTERPRISE: {"department": "Looms"}})], ENTERPRISE, {"department": "Looms"}),
    # several in one PATCH
    (
        [replace("title", "A"), replace("displayName", "B"), replace("active", False)],
        "displayName",
        "B",
    ),
]


def _ada(directory: Directory) -> str:
    return directory.person(
        title="Lady", emails=[WORK, OTHER], **{ENTERPRISE: {"department": "Mill"}}
    )


@pytest.mark.parametrize(("operations", "key", "expected"), ACCEPTED)
def test_accepted_with_204_and_no_body(
    directory: Directory, operations: list, key: str, expected: Any
) -> None:
    ada = _ada(directory)
    answer = directory.patch(f"/users/{ada}", *operations)
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    assert directory.user(ada).get(key) == expected


REFUSED = [
    ("password", [replace("password", "Other-long-1")], "'password' can be set only"),
    ("read-only", [replace("id", NOBODY)], "Attribute 'id' is read-only"),
    ("groups", [replace("groups", [{"value": NOBODY}])], "Attribute 'groups' is read-only"),
    ("nickname removed", [remove(f"{ENTRA}:mailNickname")], "Attribute 'urn:"),
    ("nickname emptied", [replace(f"{ENTRA}:mailNickname", "")], "Attribute 'urn:"),
    ("displayName removed", [remove("displayName")], "Attribute 'displayName' cannot"),
    ("givenName removed", [remove("name.givenName")], "Attribute 'name.givenName' cannot"),
    ("unknown path", [replace("shoeSize", "9")], "Attribute 'shoeSize' is not defined"),
    ("unknown op", [replace("title", "x", "move")], "Operation 'move' is not one of"),
    ("remove without path", [{"op": "remove"}], "Operation 'remove' needs a path"),
    ("no value", [{"op": "replace", "path": "title"}], "Operation 'replace' needs a value"),
    ("no path, no object", [replace(None, "x")], "Without a path the value must be an object"),
    ("empty path", [replace(" ", "x")], "'path' must be a non-empty string"),
    ("address filter", [replace('addresses[type eq "home"].country', "NL")], "The filter in path"),
    (
        "address by country",
        [replace('addresses[country eq "NL"].country', "BE")],
        "The filter in path",
    ),
    (
        "address and primary",
        [replace('addresses[type eq "work" and primary eq true].country', "NL")],
        "The filter in path",
    ),
    (
        "emails.value",
        [replace("emails.value", "a@b.example")],
        "Path 'emails.value' needs a filter",
    ),
    ("broken path", [replace("emails[type eq", "x")], "Invalid path"),
    ("no manager", [replace(f"{ENTERPRISE}:manager", {"value": NOBODY})], f"Resource '{NOBODY}'"),
    ("manager as text", [replace(f"{ENTERPRISE}:manager", NOBODY)], "A value of 'manager' must"),
    ("manager.value", [replace(f"{ENTERPRISE}:manager.value", NOBODY)], "The manager is written"),
    ("wrong type", [replace("active", "false")], "Attribute 'active' must be a boolean"),
    ("unverified domain", [replace("userName", "a@other.example")], "The domain portion"),
    ("no operations", [], "'Operations' must be a list"),
]


@pytest.mark.parametrize(
    ("operations", "detail"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refused_with_400_and_nothing_of_it_is_applied(
    directory: Directory, operations: list, detail: str
) -> None:
    ada = _ada(directory)
    before = directory.user(ada)
    # A good operation travels along: all of a PATCH or nothing.
    good = [replace("title", "Applied")] if operations else []
    answer = directory.patch(f"/users/{ada}", *good, *operations)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith(detail), answer.text
    assert directory.user(ada) == before


def test_operations_may_be_spelt_in_lower_case_but_the_urn_is_needed(directory: Directory) -> None:
    ada = _ada(directory)
    body = patch_body(replace("title", "Queen"))
    body["operations"] = body.pop("Operations")
    assert directory.scim.patch(f"/users/{ada}", json=body).status_code == 204
    assert directory.user(ada)["title"] == "Queen"
    del body["schemas"]
    assert directory.scim.patch(f"/users/{ada}", json=body).status_code == 400


def test_a_rename_is_checked_against_others_but_not_against_oneself(directory: Directory) -> None:
    ada, _ = directory.person("ada"), directory.person("bea")
    path = f"/users/{ada}"
    assert directory.patch(path, replace("userName", "BEA@fabled.example")).status_code == 409
    assert directory.patch(path, replace("userName", "ADA@fabled.example")).status_code == 204
    assert directory.patch(path, replace("userName", "eve@fabled.example")).status_code == 204
    assert directory.scim.post("/users", json=user_body("ada")).status_code == 201


def test_proxy_addresses_survive_a_change_of_the_mail(directory: Directory) -> None:
    proxy = {"type": "work", "primary": False, "value": "old@fabled.example"}
    row = {"emails": [WORK, proxy], "name": {"familyName": "B", "givenName": "A"}}
    body = user_body(**row)
    (ada,) = directory.sandbox.seed(directory.tenant, users=[body])["users"]
    assert directory.patch(f"/users/{ada}", replace("emails", [OTHER])).status_code == 204
    assert directory.user(ada)["emails"] == [OTHER, proxy]


def test_a_manager_can_be_set_replaced_and_removed(directory: Directory) -> None:
    ada, boss = directory.person("ada"), directory.person("boss")
    path = f"{ENTERPRISE}:manager"
    assert (
        directory.patch(f"/users/{ada}", replace(path, {"value": boss}, "add")).status_code == 204
    )
    assert directory.user(ada)[ENTERPRISE] == {"manager": {"value": boss}}
    assert directory.patch(f"/users/{ada}", remove(path)).status_code == 204
    assert ENTERPRISE not in directory.user(ada)


def test_a_deleted_manager_is_let_go(directory: Directory) -> None:
    boss = directory.person("boss")
    ada = directory.person("ada", **{ENTERPRISE: {"manager": {"value": boss}}})
    assert directory.scim.delete(f"/users/{boss}").status_code == 204
    assert ENTERPRISE not in directory.user(ada)


def test_delete_answers_204_then_404_and_memberships_are_gone(directory: Directory) -> None:
    ada, group = directory.person("ada"), directory.group()
    add = replace("members", [{"value": ada}], "add")
    assert directory.patch(f"/groups/{group}", add).status_code == 204
    assert directory.scim.delete(f"/users/{ada}").content == b""
    assert directory.scim.delete(f"/users/{ada}").status_code == 404
    assert directory.scim.get(f"/users/{ada}").status_code == 404
    assert directory.patch(f"/users/{ada}", replace("title", "x")).status_code == 404
    assert directory.sandbox.groups(directory.tenant)[0]["members"] == []


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [400, 404])
def test_an_id_that_is_no_guid_is_refused(directory: Directory, method: str, status: int) -> None:
    directory.settings(non_guid_status=status)
    body = patch_body(replace("title", "x")) if method == "PATCH" else None
    assert directory.scim.request(method, "/users/17", json=body).status_code == status
