"""How the API answers: refusals, tags, limits, and no sessions."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from tenants.api import LIMITS
from tenants.domain.roles import Role
from tenants.models import ApiToken, Tenant, User
from tests.support.api import ROOT, Asker, make_token
from tests.support.rows import add_person, add_tenant, add_usage


@pytest.fixture(autouse=True)
def _no_limit_reached() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def tenant(db: None) -> Tenant:
    found = add_tenant("acme")
    add_usage(found, datetime(2026, 5, 1, 9, tzinfo=UTC), 201, 111)
    return found


@pytest.fixture
def finance(tenant: Tenant) -> User:
    return add_person(Role.FINANCE, None)


@pytest.fixture
def api(finance: User) -> Asker:
    return Asker(make_token(finance)[1])


@pytest.fixture
def browser(client: Client, finance: User) -> Client:
    client.force_login(finance)
    return client


@pytest.mark.parametrize(
    "path",
    [
        "usage", "usage?month=", "usage?month=2026-13", "usage?month=0000-01",
        "usage?month=9999-12", "costs", "costs?month=05-2026",
        "usage?month=2026-05%0A", "usage?month=2026-05&limit=0", "usage?month=2026-05&limit=1001",
        "usage?month=2026-05&after=x", "usage?month=2026-05&after=-1", "usage?month=2026-05&mnth=1",
        "customers?month=2026-05", "statements?state=paid", "prices?day=2026-02-30", "prices?day=9",
        f"customers?after={'9' * 19}", "customers?access_token=mspapi_x", "statements/1?x=1",
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_is_400(api: Asker, path: str) -> None:
    answer = api.ask(path)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert (said["status"], said["title"]) == (400, "Bad Request")
    assert len(said["detail"]) > 10


@pytest.mark.parametrize(
    "path",
    ["usage?month=2026-05&customer=nobody", "statements?customer=nobody",
     "costs?month=2026-05&customer=x", "statements/999999", f"statements/{'9' * 30}",
     "nothing", "usage/", "statements/x"],
)  # fmt: skip
def test_what_is_not_there_is_404(api: Asker, path: str) -> None:
    answer = api.ask(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_what_has_not_changed_is_not_sent(api: Asker, tenant: Tenant) -> None:
    first = api.ask("usage?month=2026-05")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in first.headers["Vary"]
    again = api.ask("usage?month=2026-05", **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    add_usage(tenant, datetime(2026, 5, 3, 9, tzinfo=UTC), 200, 1)
    changed = api.ask("usage?month=2026-05", **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_no_session_is_begun_and_none_is_moved(finance: User, browser: Client) -> None:
    _, token = make_token(finance)
    before = browser.session.items()
    answer = browser.get(f"{ROOT}customers", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert not answer.cookies
    assert browser.session.items() == before


def test_every_answer_has_a_request_id(api: Asker) -> None:
    ids = {api.ask(path).headers["X-Request-ID"] for path in ("customers", "usage", "nothing")}
    assert len(ids) == 3


def test_a_failure_of_ours_is_a_problem_too(finance: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret value")

    monkeypatch.setattr("billing.views.api.charges_of", fail)
    _, token = make_token(finance)
    given = {"Authorization": f"Bearer {token}"}
    answer = Client(raise_request_exception=False).get(f"{ROOT}costs?month=2026-05", headers=given)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content) == {"title": "Internal Server Error", "status": 500}


def test_a_token_is_limited(api: Asker, finance: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "api", "3/m/key")
    other = Asker(make_token(finance)[1])
    assert [api.ask("customers").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = api.ask("customers")
    assert refused.headers["Retry-After"] == "60"
    assert refused.json()["status"] == 429
    assert other.ask("customers").status_code == 200


def test_guessing_is_limited_by_address(api: Asker) -> None:
    guess = Asker("mspapi_guess")
    answers = [guess.ask("customers").status_code for _ in range(22)]
    assert answers == [401] * 20 + [429] * 2
    assert guess.ask("customers").headers["Retry-After"] == "60"
    # Not even a right one is looked at, so that nothing is learned.
    assert api.ask("customers").status_code == 429
    elsewhere = Client(REMOTE_ADDR="127.0.0.9")
    given = {"Authorization": f"Bearer {api.token}"}
    assert elsewhere.get(f"{ROOT}customers", headers=given).status_code == 200


def test_use_is_noted(api: Asker) -> None:
    with time_machine.travel(datetime(2026, 12, 24, 9, tzinfo=UTC)):
        api.get("customers")
        api.ask("statements/999")
    assert ApiToken.objects.get().last_used_on == date(2026, 12, 24)
