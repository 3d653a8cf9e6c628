"""Rows of section 6: members of groups."""

from typing import Any

from tests.contract.rules.checks import ABSENT
from tests.contract.rules.rows import (
    ADA,
    BEA,
    EVE,
    NOBODY,
    READERS,
    Ask,
    Json,
    Row,
    add,
    crowd,
    delete,
    found,
    get,
    id_of,
    join,
    leave,
    patch,
    person,
    remove,
    replace,
    row,
    team,
    usage,
)
from tests.contract.sandbox.helpers import GROUP

_GROUP = f"/groups/{READERS}"
_HERE: Json = {
    "people": [person("ada"), person("bea"), person("eve")],
    "groups": [team("Readers", EVE)],
}
_MANY = [id_of(f"p{n:04}") for n in range(21)]
_CROWD: Json = {"people": crowd(21), "groups": [team("Readers")]}
_TITLE = replace("displayName", "x")


def _members(*ids: str) -> Ask:
    return found("/users", f'groups.value eq "{READERS}"', *ids)


def _refused(rule: str, what: str, *operations: Json, status: int = 400) -> Row:
    """Refused, and everything as it was."""
    return row(
        rule,
        what,
        patch(_GROUP, *operations, status=status),
        _members(EVE),
        get(_GROUP, shows={"displayName": "Readers"}),
        **_HERE,
    )


def _invalid(status: int, **more: Any) -> list[Row]:
    rows = (("nobody", NOBODY), ("no GUID", "17"), ("the group itself", READERS))
    return [
        row(
            "6.23",
            f"{what} as {status}",
            patch(
                _GROUP,
                join(ADA, each),
                status=status,
                shows={
                    "detail": f"Resource '{each}' does not exist or one of its queried "
                    "reference-property objects are not present."
                },
            ),
            _members(EVE),
            **_HERE,
            **more,
        )
        for what, each in rows
    ]


def _unremovable(what: str, member: str, *before: Ask) -> Row:
    return row(
        "6.26",
        what,
        *before,
        patch(
            _GROUP,
            leave(member),
            status=404,
            shows={
                "detail": f"Resource '{READERS}' does not exist or one of its queried "
                "reference-property objects are not present."
            },
        ),
        **_HERE,
    )


def _dynamic(*types: str) -> list[Row]:
    flags = {"mailEnabled": True, "securityEnabled": False} if "Unified" in types else {}
    here: Json = {
        **_HERE,
        "groups": [team("Readers", EVE, entra={"groupTypes": list(types), **flags})],
    }
    name = " and ".join(types)
    return [
        row("6.31", f"{name}: {what}", patch(_GROUP, each, status=400), _members(EVE), **here)
        for what, each in (("add", join(ADA)), ("remove", leave(EVE)))
    ]


ROWS: list[Row] = [
    row("6.20", "one", patch(_GROUP, join(ADA)), _members(ADA, EVE), **_HERE),
    row("6.20", "twenty", patch(_GROUP, join(*_MANY[:20])), _members(*_MANY[:20]), **_CROWD),
    row("6.20", "twenty-one", patch(_GROUP, join(*_MANY), status=400), _members(), **_CROWD),
    row(
        "6.20",
        "a group",
        patch(_GROUP, join(id_of("Writers"))),
        found("/groups", f'members.value eq "{id_of("Writers")}"', READERS),
        groups=[team("Readers"), team("Writers")],
    ),
    _refused("6.20", "no list", add("members", {"value": ADA})),
    _refused("6.20", "empty list", add("members", [])),
    _refused("6.20", "ids as texts", add("members", [ADA])),
    _refused("6.20", "more than an id", add("members", [{"value": ADA, "display": "Ada"}])),
    _refused("6.20", "without a path", {"op": "add", "value": {"members": [{"value": ADA}]}}),
    _refused("6.20", "replace", replace("members", [{"value": ADA}])),
    _refused("6.20", "other path", add(f"{GROUP}:members", [{"value": ADA}])),
    _refused("6.21", "an attribute beside it", join(ADA), _TITLE),
    _refused("6.21", "an attribute before it", _TITLE, join(ADA)),
    _refused("6.21", "another addition", join(ADA), join(BEA)),
    _refused("6.21", "a removal", join(ADA), leave(EVE)),
    row(
        "6.22",
        "again, with a new one",
        patch(_GROUP, join(EVE)),
        patch(_GROUP, join(EVE, ADA, ADA)),
        _members(ADA, EVE),
        usage(requests=3, billable=3),
        **_HERE,
    ),
    *_invalid(400),
    *_invalid(404, switches={"member_add_unknown_status": 404}),
    row(
        "6.23",
        "a deleted user",
        delete(f"/users/{ADA}"),
        patch(_GROUP, join(ADA), status=400),
        **_HERE,
    ),
    row(
        "6.24",
        "one of two",
        patch(_GROUP, join(ADA)),
        patch(_GROUP, leave(ADA), shows=""),
        _members(EVE),
        **_HERE,
    ),
    row("6.24", "in capitals", patch(_GROUP, leave(EVE.upper())), _members(), **_HERE),
    _refused("6.24", "all", remove("members")),
    _refused("6.24", "by value", {"op": "remove", "path": "members", "value": [{"value": EVE}]}),
    _refused("6.24", "two in one path", remove(f'members[value eq "{EVE}" or value eq "{ADA}"]')),
    _refused("6.24", "by another attribute", remove('members[display eq "Eve"]')),
    _refused("6.24", "as a replacement", replace("members", [])),
    _refused("6.25", "two removals", leave(EVE), leave(ADA)),
    _refused("6.25", "an attribute beside it", leave(EVE), _TITLE),
    _refused("6.25", "an attribute before it", _TITLE, leave(EVE)),
    _unremovable("no member", ADA),
    _unremovable("unknown", NOBODY),
    _unremovable("no GUID", "17"),
    _unremovable("deleted", EVE, delete(f"/users/{EVE}")),
    _unremovable("removed before", EVE, patch(_GROUP, leave(EVE))),
    row(
        "6.26",
        "billed",
        patch(_GROUP, leave(ADA), status=404),
        usage(requests=1, billable=1),
        get(_GROUP, shows={"members": ABSENT}),
        **_HERE,
    ),
    *_dynamic("DynamicMembership"),
    *_dynamic("Unified", "DynamicMembership"),
    row(
        "6.31",
        "its attributes can",
        patch(_GROUP, _TITLE),
        **{**_HERE, "groups": [team("Readers", entra={"groupTypes": ["DynamicMembership"]})]},
    ),
    _refused("6.32", "beside members", _TITLE, replace("members", [{"value": ADA}])),
]
