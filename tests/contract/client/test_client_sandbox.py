"""The client against the sandbox: paging, headers, tokens, batches, metering."""

import time

import pytest

from provisioning.domain.attributes import MAIL_NICKNAME
from provisioning.domain.retry import Again, Intent
from provisioning.scim import users
from provisioning.scim.client import ScimClient
from provisioning.scim.errors import (
    Conflict,
    CredentialRefused,
    FeatureNotEnabled,
    NotFound,
    PermissionMissing,
    Rejected,
    ScimError,
    Throttled,
    UnknownOutcome,
    error_of,
)
from provisioning.scim.filters import ExternalIdFilter, UserFilter
from provisioning.scim.messages import Attempt, Exchange, Fate, Purpose, Request
from provisioning.scim.resources import created_id, resources_of
from provisioning.scim.users import INVENTORY, change_user, create_user, find_users
from tests.contract.client.conftest import Directory

STATE: dict[str, str | bool | None] = {
    "userName": "ada@fabled.example",
    "displayName": "Ada Byron",
    "name.givenName": "Ada",
    "name.familyName": "Byron",
    "active": True,
    "externalId": "0042",
    MAIL_NICKNAME: "ada",
}
NOBODY = "99999999-9999-4999-8999-999999999999"
PASSWORD = "Long-enough-1"


def send(directory: Directory, *requests: Request) -> list[Exchange]:
    attempts = [Attempt(request) for request in requests]
    return directory.client.send_all(attempts, time.monotonic() + 60)


def people(number: int) -> list[Request]:
    names = [{"userName": f"p{n}@fabled.example", "externalId": str(n)} for n in range(number)]
    return [create_user(STATE | name, PASSWORD, "") for name in names]


def nobody() -> Request:
    return find_users(UserFilter.user_name("nobody@fabled.example"), "someone")


# Lists.


@pytest.mark.parametrize("accounts", [0, 1, 999, 1000, 2500])
def test_all_users_are_read_in_the_fewest_calls(directory: Directory, accounts: int) -> None:
    ids = directory.people(accounts)
    pages = list(directory.client.users(Purpose.INVENTORY, INVENTORY))
    assert [user["id"] for page in pages for user in page] == ids
    assert directory.usage()["requests"] == max(1, -(-accounts // 999))


def test_a_cursor_with_special_characters_goes_back_as_it_came(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PAGE", 7)
    ids = directory.people(50)
    asked = {"count": "7", "attributes": "userName"}
    first = directory.client.read(Request("GET", "/users", Purpose.INVENTORY, params=asked))
    assert {"+", "/", "="} <= set(first["nextCursor"])
    pages = list(directory.client.users(Purpose.INVENTORY, INVENTORY))
    assert [len(page) for page in pages] == [7] * 7 + [1]
    assert [user["id"] for page in pages for user in page] == ids


@pytest.mark.parametrize("key", ['0"42', "a\\b", "x y+z&q=1", "Ünïcode", "100%", "a'b"])
def test_a_lookup_finds_exactly_the_key(directory: Directory, key: str) -> None:
    (made,) = send(directory, create_user(STATE | {"externalId": key}, PASSWORD, ""))
    found = resources_of(directory.client.read(find_users(ExternalIdFilter.equals(key))))
    assert [user["id"] for user in found] == [created_id(made.answer.body)]
    assert resources_of(directory.client.read(find_users(ExternalIdFilter.equals(key + "x")))) == []


def test_a_lookup_by_user_name_ignores_case(directory: Directory) -> None:
    send(directory, create_user(STATE, PASSWORD, ""))
    found = resources_of(
        directory.client.read(find_users(UserFilter.user_name("ADA@fabled.example")))
    )
    assert [user["externalId"] for user in found] == ["0042"]


# Writes.


def test_a_user_is_created_and_changed(directory: Directory) -> None:
    (made,) = send(directory, create_user(STATE | {"title": "Analyst"}, PASSWORD, ""))
    assert (made.answer.fate, made.answer.status) == (Fate.ANSWERED, 201)
    entra_id = created_id(made.answer.body)
    assert entra_id is not None
    changes = {"title": None, "displayName": "Ada Lovelace", "active": False}
    (changed,) = send(directory, change_user(entra_id, changes, Purpose.UPDATE, ""))
    assert (changed.answer.status, changed.answer.body) == (204, None)
    (user,) = directory.sandbox.users(directory.tenant)
    assert (user["displayName"], user["active"]) == ("Ada Lovelace", False)
    assert "title" not in user
    assert user["password_set"]


def test_answers_of_a_batch_come_in_its_order(directory: Directory) -> None:
    exchanges = send(directory, *people(40))
    made = [exchange.answer.body["externalId"] for exchange in exchanges]
    assert made == [str(n) for n in range(40)]


def test_a_throttled_answer_keeps_the_rest_of_the_batch_back(directory: Directory) -> None:
    directory.sandbox.fault(directory.tenant, kind="status", status=429, times=1000)
    fates = [exchange.answer.fate for exchange in send(directory, *people(40))]
    assert fates.count(Fate.ANSWERED) == directory.usage()["requests"] <= 8
    assert fates.count(Fate.KEPT_BACK) == 40 - fates.count(Fate.ANSWERED)


def test_nothing_leaves_after_the_deadline(directory: Directory) -> None:
    attempts = [Attempt(request) for request in people(3)]
    exchanges = directory.client.send_all(attempts, time.monotonic())
    assert {exchange.answer.fate for exchange in exchanges} == {Fate.UNSENT}
    assert directory.usage()["requests"] == 0


def test_a_delete_does_not_ask_for_json(directory: Directory) -> None:
    (made,) = send(directory, create_user(STATE, PASSWORD, ""))
    path = f"/users/{created_id(made.answer.body)}"
    (gone,) = send(directory, Request("DELETE", path, Purpose.DISABLE, Intent.CHANGE))
    assert gone.answer.status == 204


# Errors.

ERRORS: list[tuple[type[ScimError], Request]] = [
    (NotFound, change_user(NOBODY, {"title": "x"}, Purpose.UPDATE, "")),
    (Rejected, create_user(STATE | {"userName": "ada@elsewhere.example"}, PASSWORD, "")),
    (Rejected, Request("PUT", f"/users/{NOBODY}", Purpose.UPDATE, body={})),
]


@pytest.mark.parametrize(("kind", "asked"), ERRORS)
def test_an_error_is_known_by_its_answer(
    directory: Directory, kind: type[ScimError], asked: Request
) -> None:
    (exchange,) = send(directory, asked)
    error = error_of(exchange)
    assert type(error) is kind
    assert error.detail
    assert error.request_id


@pytest.mark.parametrize("status", [400, 409])
def test_a_duplicate_is_known_under_both_statuses(directory: Directory, status: int) -> None:
    directory.sandbox.put_tenant(directory.tenant, settings={"duplicate_status": status})
    _, second = (send(directory, create_user(STATE, PASSWORD, ""))[0] for _ in range(2))
    assert type(error_of(second)) is Conflict
    assert second.answer.status == status


@pytest.mark.parametrize("status", [400, 401])
def test_a_feature_that_is_off_is_known_under_both_statuses(
    directory: Directory, status: int
) -> None:
    settings = {"feature_off_status": status}
    directory.sandbox.put_tenant(directory.tenant, scim_enabled=False, settings=settings)
    with pytest.raises(FeatureNotEnabled):
        directory.client.read(nobody())
    assert directory.usage()["requests"] == 1


def test_a_missing_permission_is_known(directory: Directory) -> None:
    app = {"client_id": "app", "client_secret": "secret", "permissions": ["User.Read.All"]}
    directory.sandbox.put_tenant(directory.tenant, applications=[app])
    directory.client.bearer.replace()
    (exchange,) = send(directory, create_user(STATE, PASSWORD, ""))
    assert type(error_of(exchange)) is PermissionMissing


# Tokens.


def test_a_refused_token_is_replaced_by_one_fresh_one(directory: Directory) -> None:
    directory.sandbox.fault(directory.tenant, kind="status", status=401)
    directory.client.read(nobody())
    assert directory.asked == [False, False, True]
    assert directory.meter.answers() == [401, 200]


def test_a_fresh_token_that_is_refused_too_is_given_up(directory: Directory) -> None:
    directory.sandbox.fault(directory.tenant, kind="status", status=401, times=1000)
    with pytest.raises(CredentialRefused):
        directory.client.read(nobody())
    assert directory.asked.count(True) == 1
    assert directory.meter.answers() == [401, 401]


def test_a_whole_batch_refused_asks_for_one_fresh_token(directory: Directory) -> None:
    directory.sandbox.fault(directory.tenant, kind="status", status=401, times=10)
    for exchange in send(directory, *people(10)):
        error = error_of(exchange)
        assert error is not None
        assert directory.client.after(error, Intent.CREATE, 1, 0.0) == Again(0.0)
    assert directory.asked == [False]
    directory.client.ready()
    assert directory.asked == [False, True]
    assert {exchange.answer.status for exchange in send(directory, *people(10))} == {201}


# Reads that are repeated.


@pytest.mark.parametrize(
    ("fault", "slept"),
    [
        ({"kind": "status", "status": 503, "times": 3}, [1.0, 2.0, 4.0]),
        ({"kind": "status", "status": 500}, [1.0]),
        ({"kind": "status", "status": 429, "retry_after": 7}, [7.0]),
        ({"kind": "status", "status": 429, "retry_after": 0.5}, [0.5]),
        ({"kind": "status", "status": 429}, [1.0]),
        ({"kind": "status", "status": 504}, [1.0]),
        ({"kind": "reset"}, [1.0]),
        ({"kind": "truncated"}, [1.0]),
        ({"kind": "html"}, [1.0]),
        ({"kind": "html", "status": 200}, [1.0]),
    ],
)
def test_a_read_is_repeated_after_a_pause(
    directory: Directory, fault: dict[str, object], slept: list[float]
) -> None:
    directory.people(3)
    directory.sandbox.fault(directory.tenant, **fault)
    (page,) = directory.client.users(Purpose.INVENTORY, INVENTORY)
    assert len(page) == 3
    assert directory.slept == slept
    assert directory.usage()["requests"] == len(slept) + 1


@pytest.mark.parametrize(
    ("fault", "kind", "requests"),
    [
        ({"kind": "status", "status": 429, "retry_after": 16}, Throttled, 1),
        ({"kind": "status", "status": 503}, ScimError, 5),
        ({"kind": "reset"}, UnknownOutcome, 5),
        ({"kind": "status", "status": 404}, NotFound, 1),
    ],
)
def test_a_read_gives_up_when_patience_ends(
    directory: Directory, fault: dict[str, object], kind: type[ScimError], requests: int
) -> None:
    directory.sandbox.fault(directory.tenant, **fault, times=1000)
    with pytest.raises(kind):
        directory.client.read(nobody())
    assert directory.usage()["requests"] == requests


# Metering.


def test_every_attempt_is_metered_before_it_leaves_and_after_its_answer(
    directory: Directory,
) -> None:
    directory.sandbox.fault(directory.tenant, kind="status", status=503)
    directory.sandbox.fault(directory.tenant, kind="reset")
    directory.client.read(nobody())
    assert [what for what, _ in directory.meter.told] == ["opened", "settled"] * 3
    opened = [entry for what, entry in directory.meter.told if what == "opened"]
    settled = [entry for what, entry in directory.meter.told if what == "settled"]
    assert [attempt.id for attempt in opened] == [exchange.attempt.id for exchange in settled]
    assert len({attempt.id for attempt in opened}) == 3
    fates = [exchange.answer.fate for exchange in settled]
    assert fates == [Fate.ANSWERED, Fate.UNCERTAIN, Fate.ANSWERED]


def test_a_lost_lease_ends_a_read(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(Exception):
        pass

    def lost() -> float:
        raise Lost

    monkeypatch.setattr(directory.client, "_lease", lost)
    with pytest.raises(Lost):
        directory.client.read(nobody())
    assert directory.usage()["requests"] == 0
    assert directory.meter.told == []


def test_a_request_does_not_show_its_body(directory: Directory) -> None:
    (exchange,) = send(directory, create_user(STATE, PASSWORD, ""))
    assert PASSWORD not in repr(exchange)
    assert "Byron" not in repr(exchange)
    assert isinstance(directory.client, ScimClient)
