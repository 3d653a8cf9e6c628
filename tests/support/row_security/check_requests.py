"""A scope ends with its request, whatever became of it, and with a connection that is kept."""

import pytest
from django.utils import timezone

from tenants.models import Customer
from tests.support.row_security.world import Site, World


@pytest.fixture(params=["kept", "pooled"])
def server(request: pytest.FixtureRequest) -> Site:
    """A site that keeps its connection, and one that takes it from a pool of one."""
    return request.getfixturevalue({"kept": "site", "pooled": "pooled"}[request.param])


def nothing_is_left(server: Site, pid: int) -> None:
    """The same connection sees nothing for a visitor, so no scope has stayed."""
    found = server.get("/probe/nobody").json()
    assert (found["customers"], found["tenants"], found["pid"]) == ("", 0, pid)


def test_people_take_turns_on_one_connection(server: Site, world: World) -> None:
    pid = server.get("/probe/nobody").json()["pid"]
    for who, scope in (("all", "all"), ("own", str(world.customer)), ("other", str(world.foreign))):
        found = server.get("/probe/tables", who).json()
        assert (found["pid"], found["customers"], found["atomic"]) == (pid, scope, True)
        nothing_is_left(server, pid)


@pytest.mark.parametrize(
    "path", ["customers", f"usage?month={timezone.localdate():%Y-%m}", "statements"]
)
def test_a_token_reaches_what_it_was_made_for(server: Site, world: World, path: str) -> None:
    pid = server.get("/probe/nobody").json()["pid"]
    own, other = (rows[Customer].slug for rows in (world.own, world.other))
    narrow = server.ask(f"/api/v1/{path}", world.tokens["own"]).text
    nothing_is_left(server, pid)
    wide = server.ask(f"/api/v1/{path}", world.tokens["all"]).text
    nothing_is_left(server, pid)
    assert (own in narrow, other in narrow) == (True, False)
    assert (own in wide, other in wide) == (True, True), "the control"


@pytest.mark.parametrize("then", ["fail", "break"])
def test_what_a_failed_view_wrote_is_taken_back(server: Site, world: World, then: str) -> None:
    pid, told = server.get("/probe/nobody").json()["pid"], server.told()
    events = len(audited(server))
    path = f"/probe/write?customer={world.customer}"
    assert server.get(f"{path}&then={then}", "own").status_code == 500
    nothing_is_left(server, pid)
    assert (server.told(), len(audited(server))) == (told, events)
    assert server.get(path, "own").status_code == 200
    assert (server.told(), len(audited(server))) == (told + 1, events + 1), "the control"


def audited(server: Site) -> list[int]:
    """Events of the probe, as an administrator sees them."""
    return server.get("/probe/events", "all").json()["events"]


def test_nobody_writes_for_another_customer(server: Site, world: World) -> None:
    told = server.told()
    assert server.get(f"/probe/write?customer={world.foreign}", "own").status_code == 500
    assert server.told() == told
    assert server.get(f"/probe/write?customer={world.foreign}", "other").status_code == 200


def test_a_page_that_is_not_found_is_shown_within_the_scope(server: Site, world: World) -> None:
    pid = server.get("/probe/nobody").json()["pid"]
    assert server.get("/reports/nowhere/", "own").status_code == 404
    nothing_is_left(server, pid)


def test_a_stream_keeps_its_scope_to_its_end_and_no_longer(server: Site, world: World) -> None:
    pid = server.get("/probe/nobody").json()["pid"]
    assert server.get("/probe/stream", "own").text == f"begin\n{world.customer}\n"
    nothing_is_left(server, pid)
    assert set(server.get("/probe/stream", "all").text.split()) >= {str(world.foreign)}


@pytest.mark.parametrize("then", ["", "fail"])
def test_a_view_that_makes_calls_has_a_scope_but_no_transaction(
    server: Site, world: World, then: str
) -> None:
    pid = server.get("/probe/nobody").json()["pid"]
    answer = server.get(f"/probe/outside?then={then}", "own")
    if not then:
        found = answer.json()
        assert (found["customers"], found["atomic"]) == (str(world.customer), False)
    nothing_is_left(server, pid)


def test_a_pool_takes_from_a_connection_what_was_left_on_it(pooled: Site, world: World) -> None:
    found = pooled.get("/probe/careless").json()
    assert (found["customers"], found["tenants"] >= 2) == ("all", True), "the control"
    nothing_is_left(pooled, found["pid"])
