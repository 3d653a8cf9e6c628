"""Rows of section 6: groups and their lists."""

from typing import Any

from tests.contract.rules.checks import ABSENT, Exactly, Items, Like
from tests.contract.rules.rows import (
    ADA,
    BEA,
    DAY,
    EVE,
    NOBODY,
    READERS,
    WRITERS,
    Json,
    Later,
    Row,
    add,
    delete,
    found,
    get,
    id_of,
    join,
    patch,
    person,
    post,
    replace,
    row,
    team,
    unfound,
)
from tests.contract.sandbox.helpers import ENTRA_GROUP, GONE, GROUP, group_body

_UNIFIED = {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}
_DYNAMIC = id_of("Everybody")
_HERE: Json = {
    "people": [person("ada"), person("bea"), person("eve")],
    "groups": [
        team("Readers", ADA, BEA, owners=[EVE]),
        team("Writers", ADA, READERS),
        team("Everybody", EVE, entra={"groupTypes": ["DynamicMembership"]}),
        team("Post", entra=_UNIFIED),
    ],
}
_POST = id_of("Post")
_ATTRIBUTES = [
    "description",
    "expirationDateTime",
    "groupTypes",
    "mailEnabled",
    "mailNickname",
    "onPremisesSAMAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "proxyAddresses",
    "securityEnabled",
    "securityIdentifier",
    "owners",
]
_READ_ONLY = [
    "expirationDateTime",
    "onPremisesSAMAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "proxyAddresses",
    "securityIdentifier",
    "owners",
]
_EVERY_GROUP = [team(f"g{n:04}") for n in range(1101)]


def _kept(rule: str, what: str, **extension: Any) -> Row:
    made = post(
        "/groups",
        group_body(extension=extension),
        shows={ENTRA_GROUP: extension},
        keep={"new": "id"},
    )
    return row(rule, what, made, get("/groups/{new}", shows={ENTRA_GROUP: extension}))


def _refused(rule: str, what: str, **changes: Any) -> Row:
    refusal = post("/groups", group_body(**changes), 400)
    return row(rule, what, refusal, get("/groups", shows={"resources": []}))


def _page(size: int, **query: Any) -> Any:
    return get("/groups", query=query, shows={"resources": [{}] * size})


# rule, filter, what is found
_FOUND: list[tuple[str, str, tuple[str, ...]]] = [
    ("6.8", 'displayName eq "readers"', (READERS,)),
    ("6.8", f'{GROUP}:displayName eq "Readers"', (READERS,)),
    ("6.8", f'id eq "{WRITERS}"', (WRITERS,)),
    ("6.8", f'members.value eq "{BEA}"', (READERS,)),
    ("6.8", f"{ENTRA_GROUP}:securityEnabled eq false", (_POST,)),
    ("6.8", f"{ENTRA_GROUP}:mailEnabled eq true", (_POST,)),
    ("6.8", f'{ENTRA_GROUP}:owners.value eq "{EVE}"', (READERS,)),
    ("6.8", f'{ENTRA_GROUP}:owners.value eq "{ADA}"', ()),
    ("6.8", f'members.value eq "{ADA}" and displayName eq "Readers"', (READERS,)),
    ("6.9", 'displayName ew "ERS"', (READERS, WRITERS)),
    ("6.11", f'members.value eq "{ADA}"', (READERS, WRITERS)),
    ("6.11", f'members.value eq "{READERS}"', (WRITERS,)),
    ("6.11", f'members.value eq "{EVE}"', (_DYNAMIC,)),
]
_UNFOUND = (
    'displayName ne "x"',
    'displayName sw "R"',
    'displayName co "R"',
    'not(displayName ew "ers")',
    'displayName eq "a" or displayName eq "b"',
    'externalId eq "1"',
    'members eq "x"',
    f'members.value ew "{ADA}"',
    f'owners.value eq "{EVE}"',
    "securityEnabled eq true",
    f'{ENTRA_GROUP}:mailNickname eq "readers"',
    f'{ENTRA_GROUP}:description eq "x"',
    f'{ENTRA_GROUP}:securityEnabled eq "true"',
    f'groups.value eq "{READERS}"',
)

ROWS: list[Row] = [
    row("6.1", "the least", post("/groups", {"schemas": [GROUP], "displayName": "A"})),
    _refused("6.1", "absent", displayName=GONE),
    _refused("6.1", "empty", displayName=""),
    _kept("6.2", "both flags", mailEnabled=False, securityEnabled=True, mailNickname="a"),
    _refused("6.2", "mail enabled", extension={"mailEnabled": True}),
    _refused("6.2", "not security enabled", extension={"securityEnabled": False}),
    _kept("6.3", "all three", **_UNIFIED),
    _refused("6.3", "not mail enabled", extension={**_UNIFIED, "mailEnabled": False}),
    row(
        "6.4",
        "twice",
        post("/groups", group_body("Readers"), keep={"one": "id"}),
        post("/groups", group_body("Readers"), keep={"two": "id"}),
        found("/groups", 'displayName eq "Readers"', "{one}", "{two}"),
    ),
    row(
        "6.5",
        "the schema",
        get(
            f"/schemas/{ENTRA_GROUP}",
            shows={"attributes": Items("name", frozenset(_ATTRIBUTES))},
        ),
    ),
    _kept("6.5", "description", description="Who reads"),
    *(_refused("6.5", f"read-only {name}", extension={name: "x"}) for name in _READ_ONLY),
    _refused("6.5", "another", extension={"colour": "red"}),
    _refused("6.5", "a nickname with a space", extension={"mailNickname": "a b"}),
    _refused("6.5", "a flag as text", extension={"mailEnabled": "no"}),
    _refused("6.5", "no schemas", schemas=GONE),
    row(
        "6.6",
        "read, projected, listed",
        get(f"/groups/{READERS}", shows={"members": ABSENT}),
        get(f"/groups/{READERS}", query={"attributes": "members"}, shows={"members": ABSENT}),
        get(
            "/groups",
            query={"attributes": "members"},
            shows={"resources": [{"members": ABSENT}] * 4},
        ),
        **_HERE,
    ),
    row(
        "6.6",
        "not at creation",
        post("/groups", group_body(members=[{"value": ADA}]), 400),
        **_HERE,
    ),
    row("6.7", "no count", _page(100), groups=_EVERY_GROUP),
    row("6.7", "1000 without a projection", _page(1000, count=1000), groups=_EVERY_GROUP),
    row("6.7", "1001", get("/groups", 400, query={"count": 1001})),
    row(
        "6.7",
        "next page",
        get("/groups", query={"count": 1000}, keep={"next": "nextCursor"}),
        get(
            "/groups",
            query={"count": 1000, "cursor": "{next}"},
            shows={"resources": [{}] * 101, "nextCursor": ABSENT},
        ),
        groups=_EVERY_GROUP,
    ),
    *(row(rule, text, found("/groups", text, *ids), **_HERE) for rule, text, ids in _FOUND),
    *(row("6.10", text, unfound("/groups", text), **_HERE) for text in _UNFOUND),
    row(
        "6.27",
        "gone",
        delete(f"/groups/{READERS}"),
        get(f"/groups/{READERS}", 404),
        delete(f"/groups/{READERS}", 404),
        post(f"/groups/{READERS}/restore", {}, 404),
        get("control:/tenants/{tenant}/deleted", shows={"groups": []}),
        **_HERE,
    ),
    row(
        "6.28",
        "29 days, 31 days",
        delete(f"/groups/{_POST}"),
        get(f"/groups/{_POST}", 404),
        get("control:/tenants/{tenant}/deleted", shows={"groups": [{"id": _POST}]}),
        Later(29 * DAY),
        get("control:/tenants/{tenant}/deleted", shows={"groups": [{"id": _POST}]}),
        Later(2 * DAY),
        get("control:/tenants/{tenant}/deleted", shows={"groups": []}),
        **_HERE,
    ),
    _refused("6.29", "at creation", externalId="1"),
    row(
        "6.29",
        "changed, projected, filtered on",
        patch(f"/groups/{READERS}", replace("externalId", "1"), status=400),
        get("/groups", 400, query={"attributes": "externalId"}),
        unfound("/groups", 'externalId eq "1"'),
        **_HERE,
    ),
    row(
        "6.30",
        "answer to a creation",
        post(
            "/groups",
            group_body(),
            shows=Exactly(
                {
                    "schemas": [GROUP, ENTRA_GROUP],
                    "id": Like(".{36}"),
                    "displayName": "Readers",
                    ENTRA_GROUP: Exactly(
                        {
                            "mailEnabled": False,
                            "mailNickname": "readers",
                            "securityEnabled": True,
                            "securityIdentifier": Like(r"S-1-12-1(-\d+){4}"),
                        }
                    ),
                    "meta": Exactly(
                        {
                            "resourceType": "group",
                            "location": Like("/groups/.{36}"),
                            "created": Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"),
                        }
                    ),
                }
            ),
        ),
    ),
    row(
        "6.32",
        "two attributes",
        patch(
            f"/groups/{READERS}",
            replace("displayName", "A"),
            add(f"{ENTRA_GROUP}:description", "B"),
        ),
        get(f"/groups/{READERS}", shows={"displayName": "A", ENTRA_GROUP: {"description": "B"}}),
        **_HERE,
    ),
    row(
        "6.32",
        "an unknown group",
        patch(f"/groups/{NOBODY}", replace("displayName", "A"), status=404, detail=f".*{NOBODY}"),
        patch(f"/groups/{NOBODY}", join(ADA), status=404, detail=f".*{NOBODY}"),
        **_HERE,
    ),
    row(
        "6.32",
        "read-only, required",
        patch(f"/groups/{READERS}", replace(f"{ENTRA_GROUP}:securityIdentifier", "S"), status=400),
        patch(f"/groups/{READERS}", replace("displayName", ""), status=400),
        **_HERE,
    ),
]
