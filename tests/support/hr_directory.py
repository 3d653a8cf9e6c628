"""A directory of the sandbox in the words of the HR model, and all of it that is not the portal's.

The sandbox is read through its control API, so that nothing of this is counted.
"""

import copy
from collections.abc import Collection, Mapping
from typing import Any

from provisioning.domain.attributes import MAIL_NICKNAME, MANAGER
from tests.support.engine import Engine
from tests.support.hr_model import Account, Directory, Group

_ENTRA_USER = MAIL_NICKNAME.rpartition(":")[0]
_ENTERPRISE = MANAGER.rpartition(":")[0]
_PLAIN = ("userName", "displayName", "name", "title", "active", "externalId")


def directory_of(engine: Engine, strangers: Collection[str]) -> Directory:
    """The accounts and groups that the portal keeps: all but those of these object ids."""
    users = [user for user in engine.users() if user["id"] not in strangers]
    keys = {user["id"]: user["externalId"].lower() for user in users}
    accounts = {keys[user["id"]]: _account(user, keys) for user in users}
    assert len(accounts) == len(users), "two accounts of one person"
    groups: dict[str, Group] = {}
    for group in engine.sandbox.groups(engine.directory_id):
        if group["id"] in strangers:
            continue
        key = _key(group["displayName"])
        assert key not in groups, f"two groups {key}"
        inside = (keys[each] for each in group["members"] if each not in strangers)
        groups[key] = Group(group["displayName"], frozenset(inside))
    return Directory(accounts, groups)


def rest_of(engine: Engine, strangers: Collection[str]) -> dict[str, Any]:
    """What the portal does not keep, by object id: strangers whole, its own but what it writes.

    Of its groups that is also who else is a member.
    """
    users = {each["id"]: _user_rest(each, strangers) for each in engine.users()}
    groups = engine.sandbox.groups(engine.directory_id)
    return users | {each["id"]: _group_rest(each, strangers) for each in groups}


def _account(user: Mapping[str, Any], keys: Mapping[str, str]) -> Account:
    manager = user.get(_ENTERPRISE, {}).get("manager", {}).get("value")
    return Account(
        external_id=user["externalId"],
        user_name=user["userName"],
        nickname=user[_ENTRA_USER]["mailNickname"],
        display_name=user["displayName"],
        given=user["name"]["givenName"],
        family=user["name"]["familyName"],
        title=user.get("title", ""),
        active=user["active"],
        manager=keys[manager] if manager else "",
    )


def _key(name: str) -> str:
    if name == "All staff":
        return "staff"
    department = name.removeprefix("Dept ")
    return f"{'projects' if department == name else 'department'}/{department.lower()}"


def _user_rest(user: Mapping[str, Any], strangers: Collection[str]) -> dict[str, Any]:
    rest = copy.deepcopy(dict(user))
    if user["id"] in strangers:
        return rest
    for name in ("schemas", *_PLAIN):
        rest.pop(name, None)
    rest.get(_ENTERPRISE, {}).pop("manager", None)
    rest[_ENTRA_USER].pop("mailNickname")
    return {name: value for name, value in rest.items() if value != {}}


def _group_rest(group: Mapping[str, Any], strangers: Collection[str]) -> dict[str, Any]:
    rest = copy.deepcopy(dict(group))
    if group["id"] not in strangers:
        rest.pop("displayName")
        rest["members"] = [each for each in rest["members"] if each in strangers]
    rest["members"] = sorted(rest["members"])
    return rest
