"""Groups and their members."""

from typing import Any

import pytest

from tests.contract.sandbox.helpers import (
    ENTRA_GROUP,
    GONE,
    GROUP,
    NOBODY,
    Directory,
    group_body,
    remove,
    replace,
)


def _add(*ids: str) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": each} for each in ids]}


def _members(directory: Directory) -> list[str]:
    (group,) = directory.sandbox.groups(directory.tenant)
    return group["members"]


def test_a_group_comes_back_with_what_the_service_adds(directory: Directory) -> None:
    answer = directory.scim.post("/groups", json=group_body())
    body = answer.json()
    assert answer.status_code == 201
    assert body["schemas"] == [GROUP, ENTRA_GROUP]
    assert body["meta"]["resourceType"] == "group"
    assert body["meta"]["location"] == f"/groups/{body['id']}"
    assert body["meta"]["created"].endswith("+00:00")
    assert body[ENTRA_GROUP]["securityIdentifier"].startswith("S-1-12-1-")
    assert body[ENTRA_GROUP]["mailNickname"] == "readers"
    assert directory.scim.get(f"/groups/{body['id']}").json() == body


def test_display_names_may_repeat(directory: Directory) -> None:
    assert directory.group("Readers") != directory.group("Readers")


@pytest.mark.parametrize(
    "changes",
    [
        {"displayName": GONE},
        {"displayName": ""},
        {"schemas": GONE},
        {"members": [{"value": NOBODY}]},
        {"externalId": "1"},
        {"extension": {"mailEnabled": True}},
        {"extension": {"securityEnabled": False}},
        {"extension": {"groupTypes": ["Unified"]}},  # needs mailEnabled
        {"extension": {"securityIdentifier": "S-1"}},
        {"extension": {"mailNickname": "a b"}},
        {"extension": {"mailEnabled": "no"}},
    ],
)
def test_a_group_that_breaks_a_rule_is_refused(directory: Directory, changes: dict) -> None:
    answer = directory.scim.post("/groups", json=group_body(**changes))
    assert answer.status_code == 400, answer.text
    assert directory.sandbox.groups(directory.tenant) == []


def test_a_microsoft_365_group_is_unified_and_mail_enabled(directory: Directory) -> None:
    extension = {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}
    assert directory.scim.post("/groups", json=group_body(extension=extension)).status_code == 201


def test_twenty_members_fit_one_patch_and_twenty_one_do_not(directory: Directory) -> None:
    group, ids = directory.group(), directory.people(21)
    assert directory.patch(f"/groups/{group}", _add(*ids)).status_code == 400
    assert _members(directory) == []
    assert directory.patch(f"/groups/{group}", _add(*ids[:20])).status_code == 204
    assert _members(directory) == ids[:20]


def test_adding_a_member_again_is_a_success(directory: Directory) -> None:
    group, ids = directory.group(), directory.people(2)
    for _ in range(2):
        assert directory.patch(f"/groups/{group}", _add(*ids)).status_code == 204
    assert _members(directory) == ids


@pytest.mark.parametrize("status", [400, 404])
def test_one_unknown_id_fails_the_whole_addition(directory: Directory, status: int) -> None:
    directory.settings(member_add_unknown_status=status)
    group, ids = directory.group(), directory.people(1)
    answer = directory.patch(f"/groups/{group}", _add(*ids, NOBODY))
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(f"Resource '{NOBODY}' does not exist or one of its")
    assert _members(directory) == []


@pytest.mark.parametrize("who", ["never a member", "unknown", "deleted"])
def test_removing_who_is_no_member_is_a_404_that_names_the_group(
    directory: Directory, who: str
) -> None:
    group, (ada,) = directory.group(), directory.people(1)
    if who == "deleted":
        directory.patch(f"/groups/{group}", _add(ada))
        directory.scim.delete(f"/users/{ada}")
    member = NOBODY if who == "unknown" else ada
    answer = directory.patch(f"/groups/{group}", remove(f'members[value eq "{member}"]'))
    assert answer.status_code == 404
    assert group in answer.json()["detail"]


def test_a_member_is_removed_and_members_are_never_shown(directory: Directory) -> None:
    group, ids = directory.group(), directory.people(2)
    directory.patch(f"/groups/{group}", _add(*ids))
    answer = directory.patch(f"/groups/{group}", remove(f'members[value eq "{ids[0]}"]'))
    assert (answer.status_code, answer.content) == (204, b"")
    assert _members(directory) == [ids[1]]
    shown = directory.scim.get(f"/groups/{group}", params={"attributes": "members,displayName"})
    assert "members" not in shown.json()


@pytest.mark.parametrize(
    "operations",
    [
        lambda ada: [_add(ada), replace("displayName", "X")],  # not alone
        lambda ada: [_add(ada), _add(ada)],
        lambda ada: [remove(f'members[value eq "{ada}"]')] * 2,
        lambda _: [remove("members")],
        lambda ada: [{"op": "remove", "path": "members", "value": [{"value": ada}]}],
        lambda ada: [replace("members", [{"value": ada}])],
        lambda ada: [replace(None, {"members": [{"value": ada}]}, "add")],
        lambda ada: [{"op": "add", "path": "members", "value": {"value": ada}}],
        lambda ada: [{"op": "add", "path": "members", "value": [ada]}],
        lambda _: [{"op": "add", "path": "members", "value": []}],
        lambda ada: [remove(f'members[display eq "{ada}"]')],
    ],
)
def test_any_other_shape_of_membership_change_is_refused(
    directory: Directory, operations: Any
) -> None:
    group, (ada, eve) = directory.group(), directory.people(2)
    directory.patch(f"/groups/{group}", _add(eve))
    answer = directory.patch(f"/groups/{group}", *operations(ada))
    assert answer.status_code == 400, answer.text
    assert _members(directory) == [eve]
    assert directory.scim.get(f"/groups/{group}").json()["displayName"] == "Readers"


def test_attributes_of_a_group_change_in_a_patch_of_their_own(directory: Directory) -> None:
    group = directory.group()
    path = f"/groups/{group}"
    changes = [replace("displayName", "X"), replace(f"{ENTRA_GROUP}:description", "Y")]
    assert directory.patch(path, *changes).status_code == 204
    shown = directory.scim.get(path).json()
    assert (shown["displayName"], shown[ENTRA_GROUP]["description"]) == ("X", "Y")
    read_only = replace(f"{ENTRA_GROUP}:securityIdentifier", "S")
    assert directory.patch(path, read_only).status_code == 400


def test_an_unknown_or_deleted_group_is_a_404_that_names_it(directory: Directory) -> None:
    group, (ada,) = directory.group(), directory.people(1)
    assert directory.scim.delete(f"/groups/{group}").status_code == 204
    for answer in (
        directory.patch(f"/groups/{group}", _add(ada)),
        directory.patch(f"/groups/{group}", remove(f'members[value eq "{ada}"]')),
        directory.scim.get(f"/groups/{group}"),
        directory.scim.delete(f"/groups/{group}"),
    ):
        assert (answer.status_code, group in answer.text) == (404, True)


def test_members_of_a_dynamic_group_cannot_be_changed(directory: Directory) -> None:
    (ada,) = directory.people(1)
    row = {
        "displayName": "All",
        ENTRA_GROUP: {"groupTypes": ["DynamicMembership"]},
        "members": [ada],
    }
    (group,) = directory.sandbox.seed(directory.tenant, groups=[row])["groups"]
    assert directory.patch(f"/groups/{group}", _add(ada)).status_code == 400
    found = directory.scim.get("/groups", params={"filter": f'members.value eq "{ada}"'}).json()
    assert [row["id"] for row in found["resources"]] == [group]


def test_members_of_a_group_of_2500_take_three_calls(directory: Directory) -> None:
    ids = directory.people(2500)
    row = {"displayName": "Big", "members": ids}
    (group,) = directory.sandbox.seed(directory.tenant, groups=[row])["groups"]
    query = {"filter": f'groups.value eq "{group}"', "count": 999, "attributes": "id"}
    found, cursor = [], {}
    for size in (999, 999, 502):
        page = directory.scim.get("/users", params={**query, **cursor}).json()
        assert len(page["resources"]) == size
        found += [row["id"] for row in page["resources"]]
        cursor = {"cursor": page.get("nextCursor")}
    assert (found, cursor) == (ids, {"cursor": None})
