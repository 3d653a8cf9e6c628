"""What must hold of a firm's directory after a job, whatever befell the portal meanwhile."""

from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.domain.attributes import MAIL_NICKNAME, MANAGER
from provisioning.scim.urns import ENTRA_GROUP
from tests.support.firm import Firm
from tests.support.sandbox import RunningSandbox

_ENTERPRISE = MANAGER.rpartition(":")[0]
_ENTRA = MAIL_NICKNAME.rpartition(":")[0]


def check_directory(
    sandbox: RunningSandbox, entra_id: str, firm: Firm, books: Mapping[str, Any]
) -> None:
    """The directory is the firm, the shadow is the directory, and every call is accounted for."""
    users, groups = sandbox.users(entra_id), sandbox.groups(entra_id)
    keys = {user["id"]: user["externalId"] for user in users}
    assert sorted(keys.values()) == sorted(firm.accounts), "someone twice or missing"
    for user in users:
        _check_user(user, keys, firm)
    _once(group["displayName"] for group in groups)
    _once(_nickname(group) for group in groups)
    members = {each["displayName"]: {keys[one] for one in each["members"]} for each in groups}
    _same(members, firm.groups(), "members of groups")
    _check_shadow(users, books["people"])
    _check_groups(groups, books["groups"])
    _check_calls(sandbox.usage(entra_id), books)


def _check_user(user: dict[str, Any], keys: Mapping[str, str], firm: Firm) -> None:
    account = firm.accounts[user["externalId"]]
    wanted = account.attributes()
    found = {name: user.get(name) for name in wanted} | {
        "name": {part: user["name"].get(part) for part in wanted["name"]}
    }
    _same(found, wanted, f"attributes of {user['externalId']}")
    assert user[_ENTRA]["mailNickname"] == account.row["login"]
    manager = user.get(_ENTERPRISE, {}).get("manager") or {}
    assert keys.get(manager.get("value", ""), "") == account.manager, user["externalId"]


def _check_shadow(users: list[dict[str, Any]], people: list[dict[str, Any]]) -> None:
    """Every account with what we believe of it, each attribute that the directory shows."""
    there = {user["id"].lower(): user for user in users}
    assert sorted(there) == sorted(row["entra_id"].lower() for row in people)
    for row in people:
        user = there[row["entra_id"].lower()]
        assert row["key"] == user["externalId"].casefold()
        assert (row["user_name"], row["active"]) == (user["userName"], user["active"])
        state = dict(row["state"])
        manager = user.get(_ENTERPRISE, {}).get("manager") or {}
        assert state.pop(MANAGER, None) == manager.get("value"), row
        assert state.pop(MAIL_NICKNAME) == user[_ENTRA]["mailNickname"]
        for path, value in state.items():
            assert _at(user, path) == value, (path, row)


def _check_groups(groups: list[dict[str, Any]], shadows: list[dict[str, Any]]) -> None:
    there = {
        group["id"].lower(): (
            group["displayName"],
            _nickname(group),
            sorted(each.lower() for each in group["members"]),
        )
        for group in groups
    }
    assert all(row["members_known"] for row in shadows)
    believed = {row["id"]: (row["name"], row["nickname"], row["members"]) for row in shadows}
    _same(believed, there, "shadow of groups")


def _check_calls(usage: Mapping[str, Any], books: Mapping[str, Any]) -> None:
    calls, counted = books["calls"], usage["requests"]
    certain, uncertain = calls.get("answered", 0) + calls.get("found", 0), calls.get("uncertain", 0)
    assert calls.get("open", 0) == 0
    assert certain <= counted <= certain + uncertain, (calls, counted)
    assert books["usage"] == certain + uncertain
    surely, most = books["bill"]
    assert surely <= usage["billable"] <= most, (books["bill"], usage)


def _same(found: Mapping[str, Any], wanted: Mapping[str, Any], what: str) -> None:
    names = sorted(found.keys() | wanted.keys())
    differing = {
        name: (found.get(name), wanted.get(name))
        for name in names
        if found.get(name) != wanted.get(name)
    }
    assert not differing, f"{what}, as found and as wanted: {differing}"


def _nickname(group: Mapping[str, Any]) -> str:
    return str(group[ENTRA_GROUP]["mailNickname"])


def _at(user: Any, path: str) -> Any:
    for part in path.split("."):
        user = user.get(part) if isinstance(user, dict) else None
    return user


def _once(names: Iterable[str]) -> None:
    listed = [name.casefold() for name in names]
    assert sorted(set(listed)) == sorted(listed), "a group twice"
