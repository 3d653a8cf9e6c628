"""Rows of section 5: filters of users."""

from tests.contract.rules.checks import ABSENT, Items
from tests.contract.rules.rows import (
    ADA,
    BEA,
    EVE,
    READERS,
    WRITERS,
    Json,
    Row,
    crowd,
    found,
    get,
    id_of,
    person,
    row,
    team,
    unfound,
    usage,
)
from tests.contract.sandbox.helpers import ENTERPRISE, ENTRA, USER

_NICK = f"{ENTRA}:mailNickname"
_OWNED = f"{ENTRA}:ownedGroups.value"
_HERE: Json = {
    "people": [
        person("ada", externalId="Ab1", title="x"),
        person("bea", externalId="ab1", active=False),
        person("eve", userName="eve@fed.example", entra={"mailNickname": "e.ve"}),
    ],
    "groups": [
        team("Readers", ADA, BEA, owners=[EVE]),
        team("Writers", ADA, READERS),
    ],
}

# rule, filter, who is found
_FOUND: list[tuple[str, str, tuple[str, ...]]] = [
    ("5.67", "active eq true", (ADA, EVE)),
    ("5.67", "active eq false", (BEA,)),
    ("5.67", "ACTIVE EQ FALSE", (BEA,)),
    ("5.67", 'userName eq "ada@fabled.example"', (ADA,)),
    ("5.67", 'userName eq "ADA@Fabled.Example"', (ADA,)),
    ("5.67", 'userName eq "nobody@fabled.example"', ()),
    ("5.67", f'{USER}:userName eq "ada@fabled.example"', (ADA,)),
    ("5.67", 'externalId eq "Ab1"', (ADA,)),
    ("5.67", f'id eq "{BEA}"', (BEA,)),
    ("5.67", f'groups.value eq "{READERS}"', (ADA, BEA)),
    ("5.67", f'{_NICK} eq "e.ve"', (EVE,)),
    ("5.67", f'{_OWNED} eq "{READERS}"', (EVE,)),
    ("5.67", f'{_OWNED} eq "{WRITERS}"', ()),
    ("5.68", 'userName ew "@fabled.example"', (ADA, BEA)),
    ("5.68", 'userName ew "@FED.example"', (EVE,)),
    ("5.68", f'{_NICK} ew "ve"', (EVE,)),
    ("5.69", 'not(userName ew "@fabled.example")', (EVE,)),
    ("5.69", f'not({_NICK} ew "ve")', (ADA, BEA)),
    ("5.69", 'not (userName ew "@fabled.example") and active eq true', (EVE,)),
    ("5.69", 'active eq true and not(userName ew "@fed.example")', (ADA,)),
    ("5.70", 'active eq true and userName ew "@fabled.example"', (ADA,)),
    ("5.70", f'active eq true and userName ew "example" and groups.value eq "{READERS}"', (ADA,)),
    ("5.70", f'id eq "{ADA}" and active eq false', ()),
    ("5.74", f'groups.value eq "{WRITERS}"', (ADA,)),
    ("5.75", f'groups.value eq "{READERS}" and id eq "{ADA}"', (ADA,)),
    ("5.75", f'groups.value eq "{READERS}" and id eq "{EVE}"', ()),
    ("5.75", f'id eq "{BEA}" and groups.value eq "{READERS}"', (BEA,)),
]
_REFUSED: list[tuple[str, str]] = [
    ("5.68", 'externalId ew "1"'),
    ("5.68", f'id ew "{ADA}"'),
    ("5.68", f'groups.value ew "{READERS}"'),
    ("5.69", 'not(userName eq "ada@fabled.example")'),
    ("5.69", "not(active eq true)"),
    ("5.69", 'not userName ew "x"'),
    ("5.70", 'userName eq "a" or userName eq "b"'),
    ("5.70", '(userName eq "a")'),
    ("5.70", "active eq true and"),
    ("5.70", 'userName eq "a"and active eq true x'),
    ("5.69", 'not(userName ew "a"'),
    ("5.69", 'userName ew "a")'),
    ("5.71", 'externalId eq "Ab1" and active eq true'),
    ("5.71", 'active eq true and externalId eq "Ab1"'),
    ("5.71", f'externalId eq "Ab1" and id eq "{ADA}"'),
    *(
        ("5.72", text)
        for text in (
            'userName ne "a"',
            'userName sw "a"',
            'userName co "a"',
            "userName pr",
            'displayName eq "Ada"',
            'title eq "x"',
            'name.familyName eq "Byron"',
            'emails[type eq "work"].value eq "a"',
            'emails.value eq "a"',
            'mailNickname eq "ada"',
            f'ownedGroups.value eq "{READERS}"',
            f'groups eq "{READERS}"',
            f'members.value eq "{READERS}"',
            f'{ENTERPRISE}:department eq "x"',
            f'{ENTERPRISE}:manager.value eq "{ADA}"',
            'active eq "true"',
            "userName eq true",
            "userName eq 5",
            "userName eq 'ada'",
            "userName eq null",
            'meta.created gt "2026-01-01"',
            "",
        )
    ),
]

ROWS: list[Row] = [
    *(row(rule, text, found("/users", text, *ids), **_HERE) for rule, text, ids in _FOUND),
    *(row(rule, text or "empty", unfound("/users", text), **_HERE) for rule, text in _REFUSED),
    row(
        "5.71",
        "alone, with a projection",
        get(
            "/users",
            query={"filter": 'externalId eq "Ab1"', "attributes": "id,userName", "count": 999},
            shows={"resources": [{"id": ADA, "title": ABSENT}]},
        ),
        **_HERE,
    ),
    row(
        "5.74",
        "1,200 members are two calls",
        get(
            "/users",
            query={"filter": f'groups.value eq "{READERS}"', "count": 999, "attributes": "id"},
            keep={"next": "nextCursor"},
        ),
        get(
            "/users",
            query={
                "filter": f'groups.value eq "{READERS}"',
                "count": 999,
                "attributes": "id",
                "cursor": "{next}",
            },
            shows={
                "resources": Items("id", frozenset(id_of(f"p{n:04}") for n in range(999, 1200))),
                "nextCursor": ABSENT,
            },
        ),
        usage(requests=2, billable=2),
        people=crowd(1200),
        groups=[team("Readers", *(id_of(f"p{n:04}") for n in range(1200)))],
    ),
]
