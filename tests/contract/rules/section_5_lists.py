"""Rows of section 5: pages of users."""

from typing import Any

from tests.contract.rules.checks import ABSENT, ANYTHING, Exactly, Like
from tests.contract.rules.rows import (
    Ask,
    Json,
    Row,
    crowd,
    delete,
    get,
    id_of,
    person,
    row,
    usage,
)
from tests.contract.sandbox.helpers import ENTERPRISE, ENTRA, USER

_LEAN = "id,userName"
_MANAGER = f"{ENTERPRISE}:manager"
_CROWD: Json = {"people": crowd(250)}
_FEW: Json = {"people": crowd(3)}
_ONE: Json = {"people": [person("ada", title="Lady")]}
_ALWAYS: Json = {"id": ANYTHING, "schemas": ANYTHING, "meta": ANYTHING}
_TWO = {"count": 2}


def _page(size: int, query: Json, **shows: Any) -> Ask:
    rows: list[Json] = [{}] * size
    return get("/users", query=query, shows={"resources": rows, **shows})


def _sized(rule: str, what: str, size: int, **query: Any) -> Row:
    return row(rule, what, _page(size, query), **_CROWD)


def _stolen(what: str, path: str, **query: Any) -> Row:
    """The cursor of another query."""
    return row(
        "5.66",
        what,
        get("/users", query=_TWO, keep={"next": "nextCursor"}),
        get(path, 400, query={"cursor": "{next}", **query}),
        **_FEW,
    )


def _spaced(query: str, *, raw: bool = False) -> Row:
    what = f"{query!r}{' as it is' if raw else ''}"
    return row("5.73", what, get("/users", 400, query=query, raw=raw), **_FEW)


ROWS: list[Row] = [
    *(
        row("5.60", str(query), get("/users", query=query, shows=shows), **_FEW)
        for query, shows in (
            (
                {"filter": 'userName eq "p0001@fabled.example"'},
                {"resources": [{"id": id_of("p0001")}]},
            ),
            ({"attributes": "userName"}, {"resources": [{"displayName": ABSENT}] * 3}),
            ({"attributes": f"{USER}:title"}, {"resources": [{"userName": ABSENT}] * 3}),
            ({"excludedAttributes": "displayName"}, {"resources": [{"displayName": ABSENT}] * 3}),
            ({"count": 1}, {"resources": [{}]}),
        )
    ),
    *(
        row(
            "5.60",
            str(query),
            get("/users", query=query, shows={"resources": [Exactly(shows)]}),
            **_ONE,
        )
        for query, shows in (
            ({"attributes": "id"}, _ALWAYS),
            ({"attributes": "USERNAME,title"}, {**_ALWAYS, "userName": ANYTHING, "title": "Lady"}),
            ({"attributes": f"{USER}:title, active"}, {**_ALWAYS, "title": "Lady", "active": True}),
            ({"attributes": "name.givenName"}, {**_ALWAYS, "name": Exactly({"givenName": "Ada"})}),
            ({"attributes": f"{ENTRA}:mailNickname"}, {**_ALWAYS, ENTRA: {"mailNickname": "ada"}}),
            ({"attributes": f"{ENTRA}:usageLocation"}, _ALWAYS),
            (
                {"excludedAttributes": f"id,meta,name,userName,displayName,{ENTRA}"},
                {**_ALWAYS, "active": True, "title": "Lady"},
            ),
        )
    ),
    row(
        "5.60",
        "both projections",
        get("/users", 400, query={"attributes": "id", "excludedAttributes": "title"}),
    ),
    row("5.60", "empty projection", get("/users", 400, query={"attributes": ""})),
    *(
        row("5.60", f"no {name}", get("/users", 400, query={name: value}))
        for name, value in (("startIndex", "1"), ("$top", "5"), ("search", "a"), ("cursor", "AAAA"))
    ),
    row("5.60", "unknown attribute", get("/users", 400, query={"attributes": "shoeSize"})),
    row("5.60", "twice the same", get("/users", 400, query="count=1&count=2")),
    row("5.60", "count as text", get("/users", 400, query={"count": "ten"})),
    row("5.60", "count below 0", get("/users", 400, query={"count": "-1"})),
    _sized("5.61", "no count", 100),
    _sized("5.61", "count 7", 7, count=7),
    _sized("5.61", "count 100", 100, count=100),
    _sized("5.61", "no count, projection", 100, attributes=_LEAN),
    _sized("5.62", "101", 101, count=101, attributes=_LEAN),
    _sized("5.62", "120", 120, count=120, attributes=_LEAN),
    _sized("5.62", "999", 250, count=999, attributes=_LEAN),
    _sized(
        "5.62", "another enterprise attribute", 250, count=999, attributes=f"{ENTERPRISE}:division"
    ),
    row("5.62", "1000", get("/users", 400, query={"count": 1000, "attributes": _LEAN})),
    _sized("5.63", "projected", 100, count=999, attributes=f"id,{_MANAGER}"),
    _sized("5.63", "its value", 100, count=999, attributes=f"id,{_MANAGER}.value"),
    _sized("5.63", "the whole extension", 100, count=999, attributes=ENTERPRISE),
    _sized("5.63", "no projection", 100, count=999),
    _sized("5.63", "excluded only", 100, count=999, excludedAttributes=_MANAGER),
    row(
        "5.63",
        "page after page",
        get("/users", query={"count": 999, "attributes": _MANAGER}, keep={"next": "nextCursor"}),
        _page(100, {"count": 999, "attributes": _MANAGER, "cursor": "{next}"}, itemsPerPage=100),
        **_CROWD,
    ),
    row(
        "5.64",
        "users and groups",
        get("/users", 400, query="count=0"),
        get("/groups", 400, query="count=0"),
    ),
    row(
        "5.64",
        "an empty page",
        _page(0, {"count": 0}, totalResults=3, nextCursor=ABSENT),
        **_FEW,
        switches={"count_zero_status": 200},
    ),
    row(
        "5.65",
        "three pages, everybody once",
        get("/users", query={"count": 120, "attributes": "id"}, keep={"next": "nextCursor"}),
        get(
            "/users",
            query={"count": 120, "attributes": "id", "cursor": "{next}"},
            keep={"next": "nextCursor"},
            shows={"resources": [{"id": id_of(f"p{n:04}")} for n in range(120, 240)]},
        ),
        get(
            "/users",
            query={"count": 120, "attributes": "id", "cursor": "{next}"},
            shows={
                "resources": [{"id": id_of(f"p{n:04}")} for n in range(240, 250)],
                "nextCursor": ABSENT,
            },
        ),
        usage(requests=3),
        **_CROWD,
    ),
    row(
        "5.65",
        "people deleted in between shift nobody",
        get("/users", query=_TWO, keep={"next": "nextCursor"}),
        delete(f"/users/{id_of('p0000')}"),
        delete(f"/users/{id_of('p0002')}"),
        get(
            "/users",
            query={**_TWO, "cursor": "{next}"},
            shows={"resources": [{"id": id_of("p0003")}, {"id": id_of("p0004")}]},
        ),
        people=crowd(5),
    ),
    row("5.65", "exactly one page", _page(100, {}, nextCursor=ABSENT), people=crowd(100)),
    row("5.65", "one more than a page", _page(100, {}, nextCursor=Like(".+")), people=crowd(101)),
    row(
        "5.65",
        "with a filter",
        get("/users", query={**_TWO, "filter": "active eq true"}, keep={"next": "nextCursor"}),
        _page(
            1,
            {**_TWO, "filter": "active eq true", "cursor": "{next}"},
            resources=[{"id": id_of("p0002")}],
        ),
        people=[*crowd(3), person("bea", active=False)],
    ),
    _stolen("other count", "/users", count=1),
    _stolen("no count", "/users"),
    _stolen("other projection", "/users", count=2, attributes="id"),
    _stolen("other filter", "/users", count=2, filter="active eq true"),
    _stolen("groups", "/groups", count=2),
    row("5.66", "made up", get("/users", 400, query={"cursor": "++//AAAA=="})),
    row(
        "5.66",
        "not escaped",
        get("/users", query=_TWO, keep={"next": "nextCursor"}),
        get("/users", 400, query="count=2&cursor={next}"),
        **_FEW,
    ),
    *map(
        _spaced,
        (
            "filter=%20active%20eq%20true",
            "filter=+active%20eq%20true",
            "filter%20=active%20eq%20true",
            "filter+=active%20eq%20true",
            "count=%202",
            "count%20=%202",
            "attributes=%20id",
        ),
    ),
    _spaced("filter= active%20eq%20true", raw=True),
    _spaced("filter =active%20eq%20true", raw=True),
    row("5.73", "none", get("/users", query="filter=active%20eq%20true"), **_FEW),
    row("5.73", "none, as it is", get("/users", query="count=2", raw=True), **_FEW),
]
