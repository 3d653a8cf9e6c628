"""Who may ask what of the API: every route, each kind of token, own and another customer's objects.

The tables below are the requirement in their own words. What is expected: without a right token,
401; a token that reaches nobody, 403; another customer's object is not there; nothing but reading.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from tenants import services
from tenants.api import LIMITS
from tenants.domain.api_tokens import new_token
from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Role
from tenants.models import ApiToken, Customer, User
from tenants.services.api_tokens import revoke_token
from tests.integration.portal.test_access import ROUTES
from tests.support.access import Targets, objects, routes_of
from tests.support.api import make_token
from tests.support.rows import reach_of

# The query, and how it names a customer's object.
PATHS = {
    "api_customers": ("", ""),
    "api_usage": ("month=2026-05", ""),
    "api_costs": ("month=2026-05", ""),
    "api_statements": ("", ""),
    "api_prices": ("", ""),
    "api_statement": ("", "address"),
    "api_usage of a customer": ("month=2026-05", "query"),
    "api_costs of a customer": ("month=2026-05", "query"),
    "api_statements of a customer": ("", "query"),
}
PUBLIC = {"api_description"}
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def person(name: str, role: Role = Role.FINANCE, customer: Customer | None = None) -> User:
    return services.add_person(
        email=f"{name}@msp.example",
        name=name,
        password="a-password-for-tests",
        role=role,
        reach=reach_of(customer),
        by=None,
    )


def lost_right(mine: Customer, theirs: Customer) -> str:
    by = person("lost")
    _, token = make_token(by)
    services.take_role(user=by, role=Role.FINANCE, by=None)
    services.give_role(user=by, role=Role.ENGINEER, reach=EVERYWHERE, by=None)
    return token


def moved_away(mine: Customer, theirs: Customer) -> str:
    by = person("moved")
    _, token = make_token(by, reach_of(mine))
    services.give_role(user=by, role=Role.FINANCE, reach=reach_of(theirs), by=None)
    return token


def narrowed(mine: Customer, theirs: Customer) -> str:
    by = person("narrowed")
    _, token = make_token(by)
    services.give_role(user=by, role=Role.FINANCE, reach=reach_of(mine), by=None)
    return token


def deactivated(mine: Customer, theirs: Customer) -> str:
    by = person("deactivated")
    _, token = make_token(by)
    services.deactivate(user=by, by=None)
    return token


def back_again(mine: Customer, theirs: Customer) -> str:
    by = person("back")
    _, token = make_token(by)
    services.deactivate(user=by, by=None)
    services.reactivate(user=by, by=None)
    return token


def expired(mine: Customer, theirs: Customer) -> str:
    row, token = make_token(person("expired"))
    past = timezone.now() - timedelta(seconds=1)
    ApiToken.objects.filter(pk=row.pk).update(created_at=past - timedelta(days=9), expires_at=past)
    return token


def revoked(mine: Customer, theirs: Customer) -> str:
    row, token = make_token(person("revoked"))
    revoke_token(token=row, by=None)
    return token


def superuser(mine: Customer, theirs: Customer) -> str:
    return make_token(User.objects.create_superuser("root@msp.example"))[1]


MAKERS: dict[str, tuple[Callable[[Customer, Customer], str], int, int, int]] = {
    "all": (lambda mine, theirs: make_token(person("all"))[1], 200, 200, 200),
    "of a superuser": (superuser, 200, 200, 200),
    "own, by who bills all": (
        lambda mine, theirs: make_token(person("one"), reach_of(mine))[1], 200, 404, 200,
    ),
    "own, by who bills it": (
        lambda mine, theirs: make_token(person("few", customer=mine), reach_of(mine))[1],
        200, 404, 200,
    ),
    "own, by its administrator": (
        lambda mine, theirs: make_token(person("adm", Role.ADMIN, mine), reach_of(mine))[1],
        200, 404, 200,
    ),
    "other": (lambda mine, theirs: make_token(person("o"), reach_of(theirs))[1], 404, 200, 200),
    "maker bills the own one only by now": (narrowed, 200, 404, 200),
    "maker bills the other one only by now": (moved_away, 403, 403, 403),
    "maker is an engineer by now": (lost_right, 403, 403, 403),
    "maker is deactivated": (deactivated, 401, 401, 401),
    "maker was deactivated once": (back_again, 401, 401, 401),
    "expired": (expired, 401, 401, 401),
    "revoked": (revoked, 401, 401, 401),
    "unknown": (lambda mine, theirs: new_token(), 401, 401, 401),
    "garbage": (lambda mine, theirs: "mspapi_garbage", 401, 401, 401),
    "empty": (lambda mine, theirs: "", 401, 401, 401),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_limit_reached(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(LIMITS, "api_failed", "9999/m/ip")
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def world(db: None) -> dict[str, Targets]:
    return {"own": objects("own"), "other": objects("other")}


def address(name: str, target: Targets) -> str:
    route = name.partition(" ")[0]
    query, about = PATHS[name]
    if about == "query":
        query += f"&customer={target['customer']['slug']}"
    kwargs = target["statement"] if about == "address" else {}
    return f"{reverse(route, kwargs=kwargs)}?{query}"


def test_every_route_is_in_the_table() -> None:
    named = {r.name for r in routes_of(get_resolver()) if "api_token" not in str(r.name)}
    asked = {name.partition(" ")[0] for name in PATHS}
    assert {name for name in named if str(name).startswith("api_")} == asked | PUBLIC
    assert asked | PUBLIC <= set(ROUTES)


@pytest.mark.parametrize("kind", MAKERS)
def test_every_route_for_each_kind_of_token(world: dict[str, Targets], kind: str) -> None:
    """The matrix: each route x own and other customer x every method."""
    customers = [Customer.objects.get(slug=world[whose]["customer"]["slug"]) for whose in world]
    make, *answers = MAKERS[kind]
    token = make(*customers)
    wanted = dict(zip(("own", "other", ""), answers, strict=True))
    wrong, asked = [], 0
    for name, (_, about) in PATHS.items():
        for whose in ("own", "other") if about else ("",):
            for method in METHODS:
                where = address(name, world[whose or "own"])
                answer = send(Client(enforce_csrf_checks=True), method, where, token)
                right = wanted[whose] if method in ("get", "head") else 405
                asked += 1
                if (problem := unlike(answer, right, method)) is not None:
                    wrong.append((name, whose, method, problem))
    assert not wrong
    assert asked == (5 + 4 * 2) * len(METHODS)


def send(client: Client, method: str, where: str, token: str) -> Any:
    return getattr(client, method)(where, headers={"Authorization": f"Bearer {token}"})


def unlike(answer: Any, right: int, method: str) -> str | None:
    """What is wrong with an answer."""
    if answer.status_code != right:
        return f"wanted {right}, got {answer.status_code}"
    headers = answer.headers
    if right == 405 and headers["Allow"] != "GET, HEAD":
        return "Allow"
    if right == 401 and not headers["WWW-Authenticate"].startswith("Bearer realm="):
        return "WWW-Authenticate"
    if right == 403 and 'error="insufficient_scope"' not in headers["WWW-Authenticate"]:
        return "insufficient_scope"
    kind = "application/json" if right == 200 else "application/problem+json"
    if headers["Content-Type"] != kind:
        return headers["Content-Type"]
    if "private" not in headers["Cache-Control"] and "no-store" not in headers["Cache-Control"]:
        return "Cache-Control"
    return "cookie" if answer.cookies else None


@pytest.mark.parametrize("where", ["own", "other"])
def test_an_answer_tells_of_no_other_customer(world: dict[str, Targets], where: str) -> None:
    other = {"own": "other", "other": "own"}[where]
    customer = Customer.objects.get(slug=world[where]["customer"]["slug"])
    _, token = make_token(person("one"), reach_of(customer))
    told = 0
    for name in PATHS:
        answer = send(Client(), "get", address(name, world[where]), token)
        text = answer.content.decode()
        assert f"Customer {other}" not in text, name
        assert f"customer-{other}" not in text, name
        told += f"customer-{where}" in text
    assert told == 6, "the control: these do tell of their own"


@pytest.mark.parametrize("role", ["root", *Role])
def test_a_session_gives_nothing(world: dict[str, Targets], role: str) -> None:
    if role == "root":
        who = User.objects.create_superuser("root@msp.example")
    else:
        customer = Customer.objects.get(slug=world["own"]["customer"]["slug"])
        who = person("someone", Role(role), customer)
    client = Client()
    client.force_login(who)
    for name in PATHS:
        answer = client.get(address(name, world["own"]))
        assert answer.status_code == 401, name
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="MSP portal"'


def test_a_token_beside_a_session_is_what_counts(world: dict[str, Targets]) -> None:
    customer = Customer.objects.get(slug=world["own"]["customer"]["slug"])
    _, token = make_token(person("one"), reach_of(customer))
    client = Client()
    client.force_login(User.objects.create_superuser("root@msp.example"))
    for name, (_, about) in PATHS.items():
        if about:
            answer = send(client, "get", address(name, world["other"]), token)
            assert answer.status_code == 404, name
    refused = send(client, "get", reverse("api_customers"), "mspapi_x")
    assert refused.status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic {}",
        "{}",
        "Token {}",
        "Bearer {} x",
        "Bearer x{}",
        "Bearer {}.",
    ],
)
def test_another_header_is_no_token(world: dict[str, Targets], header: str) -> None:
    _, token = make_token(person("all"))
    given = {"Authorization": header.format(token)} if header else {}
    assert Client().get(reverse("api_customers"), headers=given).status_code == 401


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER   {} "])
def test_the_scheme_has_no_case(world: dict[str, Targets], header: str) -> None:
    _, token = make_token(person("all"))
    given = {"Authorization": header.format(token)}
    assert Client().get(reverse("api_customers"), headers=given).status_code == 200


def test_a_token_opens_no_page(world: dict[str, Targets]) -> None:
    _, token = make_token(User.objects.create_superuser("root@msp.example"))
    for name, where in (("cost_overview", {}), ("statement_detail", world["own"]["statement"])):
        answer = send(Client(), "get", reverse(name, kwargs=where), token)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("account_login"))


def test_the_description_is_for_everybody(world: dict[str, Targets]) -> None:
    assert Client().get(reverse("api_description")).status_code == 200
    answer = Client().post(reverse("api_description"))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
