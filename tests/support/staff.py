"""A small HR export with departments, projects and managers, and a profile that maps it."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.domain.attributes import MAIL_NICKNAME, MANAGER
from tests.support.engine import DOMAIN, Engine

COLUMNS = ("id", "login", "given", "family", "status", "department", "projects", "manager")

DEPARTMENTS: dict[str, Any] = {
    "rule": "department",
    "column": "department",
    "name": 'Append("Dept ", [value])',
}
PROJECTS: dict[str, Any] = {"rule": "projects", "expression": 'Split([projects], ";")'}


def record(key: str, **cells: str) -> dict[str, str]:
    """One row; what is not said is made from the key."""
    usual = {
        "id": key,
        "login": f"user{key}",
        "given": "Given",
        "family": f"Family{key}",
        "status": "active",
        "department": "",
        "projects": "",
        "manager": "",
    }
    return usual | cells


def export(rows: Iterable[Mapping[str, str]]) -> bytes:
    """The rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def profile(*groups: Mapping[str, Any], manager: bool = True, **more: Any) -> dict[str, Any]:
    """A profile for such files, with these group rules."""
    attributes: list[dict[str, Any]] = [
        {"target": "userName", "expression": f'Append([login], "@{DOMAIN}")'},
        {"target": MAIL_NICKNAME, "column": "login"},
        {"target": "displayName", "expression": 'Join(" ", [given], [family])'},
        {"target": "name.givenName", "column": "given"},
        {"target": "name.familyName", "column": "family"},
        {"target": "active", "column": "status"},
        {"target": "title", "column": "department"},
    ]
    if manager:
        attributes.append({"target": MANAGER, "column": "manager"})
    definition = {"key_column": "id", "attributes": attributes, **more}
    return definition | ({"groups": list(groups)} if groups else {})


def members(engine: Engine) -> dict[str, set[str]]:
    """External ids of the members of each group of the directory, by the group's name."""
    names = {user["id"]: user.get("externalId", user["userName"]) for user in engine.users()}
    groups = engine.sandbox.groups(engine.directory_id)
    found = {each["displayName"]: {names[one] for one in each["members"]} for each in groups}
    assert len(found) == len(groups), "two groups of one name"
    return found


def managers(engine: Engine) -> dict[str, str]:
    """External id of each person's manager, by external id."""
    urn, _, _ = MANAGER.rpartition(":")
    users = engine.users()
    names = {user["id"]: user.get("externalId", "") for user in users}
    return {
        user["externalId"]: names[user[urn]["manager"]["value"]]
        for user in users
        if user.get(urn, {}).get("manager")
    }
