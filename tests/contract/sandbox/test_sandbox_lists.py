"""Lists: page sizes, cursors, filters, projections."""

import re
from typing import Any

import pytest

from tests.contract.sandbox.helpers import ENTERPRISE, ENTRA, ENTRA_GROUP, USER, Directory, replace

LEAN = "id,userName"


def _pages(directory: Directory, path: str = "/users", **query: Any) -> list[dict]:
    pages = [directory.scim.get(path, params=query).json()]
    while cursor := pages[-1].get("nextCursor"):
        pages.append(directory.scim.get(path, params={**query, "cursor": cursor}).json())
    return pages


# number of users, query, sizes of the pages
SIZES = [
    (0, {}, [0]),
    (1, {}, [1]),
    (100, {}, [100]),
    (101, {}, [100, 1]),
    (250, {"count": 999, "attributes": LEAN}, [250]),
    (250, {"count": 120, "attributes": LEAN}, [120, 120, 10]),
    (250, {"count": 7, "attributes": LEAN, "filter": 'userName ew "00@fabled.example"'}, [3]),
    (250, {"count": 999, "attributes": f"id,{ENTERPRISE}:manager"}, [100, 100, 50]),
    (250, {"count": 999, "attributes": ENTERPRISE}, [100, 100, 50]),
    (250, {"count": 999, "attributes": f"{ENTERPRISE}:department"}, [250]),
    (250, {"count": 999}, [100, 100, 50]),
    (250, {"count": 999, "excludedAttributes": f"{ENTERPRISE}:manager"}, [100, 100, 50]),
]


@pytest.mark.parametrize(("people", "query", "sizes"), SIZES)
def test_pages_have_the_documented_size_and_miss_nobody(
    directory: Directory, people: int, query: dict, sizes: list[int]
) -> None:
    ids = directory.people(people)
    pages = _pages(directory, **query)
    assert [len(page["resources"]) for page in pages] == sizes
    found = [row["id"] for page in pages for row in page["resources"]]
    assert len(set(found)) == len(found)
    assert set(found) <= set(ids)
    assert directory.usage()["requests"] == len(sizes)


def test_one_page_has_a_total_several_have_a_page_size(directory: Directory) -> None:
    directory.people(3)
    (single,) = _pages(directory)
    assert single["totalResults"] == 3
    assert not {"nextCursor", "itemsPerPage"} & set(single)
    first, last = _pages(directory, count=2)
    assert (first["itemsPerPage"], last["itemsPerPage"]) == (2, 1)
    assert "totalResults" not in {**first, **last}


def test_users_made_or_deleted_between_pages_shift_nobody(directory: Directory) -> None:
    ids = directory.people(5)
    first = directory.scim.get("/users", params={"count": 2}).json()
    directory.scim.delete(f"/users/{ids[0]}")
    directory.scim.delete(f"/users/{ids[2]}")
    query = {"count": 2, "cursor": first["nextCursor"]}
    second = directory.scim.get("/users", params=query).json()
    assert [row["id"] for row in second["resources"]] == [ids[3], ids[4]]


def test_a_cursor_is_opaque_and_needs_escaping(directory: Directory) -> None:
    directory.people(3)
    cursor = directory.scim.get("/users?count=2").json()["nextCursor"]
    assert all(sign in cursor for sign in "=+/")
    assert directory.scim.get(f"/users?count=2&cursor={cursor}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"count": 1},
        {"count": 2, "attributes": "id"},
        {"count": 2, "filter": "active eq true"},
        {},
    ],
)
def test_a_cursor_is_valid_for_its_query_only(directory: Directory, query: dict) -> None:
    directory.people(3)
    cursor = directory.scim.get("/users?count=2").json()["nextCursor"]
    answer = directory.scim.get("/users", params={**query, "cursor": cursor})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidCursor")
    assert directory.scim.get("/groups", params={"count": 2, "cursor": cursor}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "count=0",
        "count=1000",
        "count=-1",
        "count=ten",
        "count=",
        "cursor=AAAA",
        "startIndex=1",
        "sortBy=userName",
        "count=1&count=2",
        "attributes=",
        "attributes=shoeSize",
        "attributes=id&excludedAttributes=title",
        # white space around the = of a parameter, encoded or not
        "filter=%20active%20eq%20true",
        "filter=+active%20eq%20true",
        "filter%20=active%20eq%20true",
        "count=%209",
    ],
)
def test_a_query_that_breaks_a_rule_is_refused(directory: Directory, query: str) -> None:
    answer = directory.scim.get(f"/users?{query}")
    assert answer.status_code == 400, answer.text


def test_count_zero_may_be_switched_to_an_empty_page(directory: Directory) -> None:
    directory.people(3)
    directory.settings(count_zero_status=200)
    page = directory.scim.get("/users?count=0").json()
    assert (page["totalResults"], page["resources"]) == (3, [])


def _people_and_groups(directory: Directory) -> dict[str, str]:
    ids = {
        "ada": directory.person("ada", externalId="Ab1"),
        "bea": directory.person("bea", active=False, externalId="ab1"),
        "eve": directory.person(
            "eve", userName="eve@fed.example", **{ENTRA: {"mailNickname": "x.y"}}
        ),
        "readers": directory.group("Readers"),
        "writers": directory.group("Writers"),
    }
    for group, members in (("readers", ["ada", "bea"]), ("writers", ["ada"])):
        value = [{"value": ids[each]} for each in members]
        directory.patch(f"/groups/{ids[group]}", replace("members", value, "add"))
    return ids


USER_FILTERS = [
    ("active eq true", {"ada", "eve"}),
    ("ACTIVE EQ FALSE", {"bea"}),
    ('userName eq "ADA@fabled.example"', {"ada"}),
    (f'{USER}:userName eq "ada@fabled.example"', {"ada"}),
    ('userName eq "nobody@fabled.example"', set()),
    ('userName ew "@FABLED.example"', {"ada", "bea"}),
    ('not(userName ew "@fabled.example")', {"eve"}),
    ('not (userName ew "@fabled.example") and active eq true', {"eve"}),
    ('externalId eq "Ab1"', {"ada"}),  # case-exact
    ('id eq "{ada}"', {"ada"}),
    (f'{ENTRA}:mailNickname eq "X.Y"', {"eve"}),
    (f'{ENTRA}:mailNickname ew ".y"', {"eve"}),
    (f'not({ENTRA}:mailNickname ew ".y")', {"ada", "bea"}),
    ('groups.value eq "{readers}"', {"ada", "bea"}),
    ('groups.value eq "{readers}" and id eq "{ada}"', {"ada"}),
    ('groups.value eq "{writers}" and id eq "{bea}"', set()),
    ('groups.value eq "{readers}" and active eq false', {"bea"}),
    (f'{ENTRA}:ownedGroups.value eq "{{readers}}"', set()),
]
GROUP_FILTERS = [
    ('displayName eq "readers"', {"readers"}),
    ('displayName ew "ERS"', {"readers", "writers"}),
    ('id eq "{writers}"', {"writers"}),
    ('members.value eq "{ada}"', {"readers", "writers"}),
    ('members.value eq "{bea}" and displayName eq "Readers"', {"readers"}),
    (f"{ENTRA_GROUP}:securityEnabled eq true", {"readers", "writers"}),
    (f"{ENTRA_GROUP}:mailEnabled eq true", set()),
    (f'{ENTRA_GROUP}:owners.value eq "{{ada}}"', set()),
]


def _fill(text: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], text)


def test_filters_find_exactly_what_they_say(directory: Directory) -> None:
    ids = _people_and_groups(directory)
    for path, table in (("/users", USER_FILTERS), ("/groups", GROUP_FILTERS)):
        for text, names in table:
            answer = directory.scim.get(path, params={"filter": _fill(text, ids)})
            assert answer.status_code == 200, (text, answer.text)
            found = {row["id"] for row in answer.json()["resources"]}
            assert found == {ids[name] for name in names}, text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/users", 'displayName eq "Ada"'),
        ("/users", 'userName sw "a"'),
        ("/users", 'userName co "a"'),
        ("/users", 'userName ne "a"'),
        ("/users", "userName pr"),
        ("/users", 'externalId ew "1"'),
        ("/users", 'externalId eq "1" and active eq true'),
        ("/users", 'userName eq "a" or userName eq "b"'),
        ("/users", '(userName eq "a")'),
        ("/users", 'not(userName eq "a")'),
        ("/users", 'not(userName ew "a"'),
        ("/users", 'userName ew "a")'),
        ("/users", 'active eq "true"'),
        ("/users", "userName eq true"),
        ("/users", "userName eq 5"),
        ("/users", 'userName eq "a" and'),
        ("/users", 'userName eq "a" and  '),
        ("/users", 'userName eq "a"and active eq true x'),
        ("/users", 'emails[type eq "work"].value eq "a"'),
        ("/users", 'mailNickname eq "a"'),
        ("/users", ""),
        ("/groups", 'displayName sw "R"'),
        ("/groups", 'not(displayName ew "ders")'),
        ("/groups", 'externalId eq "1"'),
        ("/groups", 'members eq "a"'),
    ],
)
def test_any_other_filter_is_refused(directory: Directory, path: str, text: str) -> None:
    answer = directory.scim.get(path, params={"filter": text})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter"), answer.text


ALWAYS = {"id", "schemas", "meta"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"attributes": "id"}, ALWAYS),
        ({"attributes": "username,TITLE"}, ALWAYS | {"userName", "title"}),
        ({"attributes": f"{USER}:title, displayName"}, ALWAYS | {"title", "displayName"}),
        ({"attributes": "name.givenName"}, ALWAYS | {"name"}),
        ({"attributes": f"{ENTRA}:mailNickname"}, ALWAYS | {ENTRA}),
        ({"attributes": f"{ENTRA}:usageLocation"}, ALWAYS),
        ({"attributes": "groups,password"}, ALWAYS),  # never returned
        (
            {"excludedAttributes": f"id,meta,name,{ENTRA},{ENTERPRISE}:department"},
            ALWAYS | {"userName", "displayName", "active", "title"},
        ),
    ],
)
def test_a_projection_shows_what_it_names_and_always_id_schemas_meta(
    directory: Directory, query: dict, expected: set
) -> None:
    ada = directory.person(title="Lady", **{ENTERPRISE: {"department": "Mill"}})
    (row,) = directory.scim.get("/users", params=query).json()["resources"]
    assert set(row) == expected
    assert directory.scim.get(f"/users/{ada}", params=query).json() == row


def test_a_projection_of_a_part_leaves_the_other_parts_out(directory: Directory) -> None:
    ada = directory.person()
    user = directory.scim.get(f"/users/{ada}", params={"attributes": "name.givenName"}).json()
    assert user["name"] == {"givenName": "Ada"}


def test_groups_come_up_to_a_thousand_a_page(directory: Directory) -> None:
    rows = [{"displayName": f"G {n}"} for n in range(120)]
    directory.sandbox.seed(directory.tenant, groups=rows)
    assert [len(p["resources"]) for p in _pages(directory, "/groups")] == [100, 20]
    assert [len(p["resources"]) for p in _pages(directory, "/groups", count=1000)] == [120]
    assert directory.scim.get("/groups?count=1001").status_code == 400
