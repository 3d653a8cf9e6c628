"""Requests and answers as values: nothing personal in their text, and what counts as success."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest

from provisioning.domain.retry import Intent
from provisioning.scim.messages import Answer, Attempt, Exchange, Fate, Purpose, Request

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fate", "status", "ok"),
    [
        (Fate.ANSWERED, 200, True),
        (Fate.ANSWERED, 201, True),
        (Fate.ANSWERED, 204, True),
        (Fate.ANSWERED, 299, True),
        (Fate.ANSWERED, 199, False),
        (Fate.ANSWERED, 300, False),
        (Fate.ANSWERED, 404, False),
        (Fate.ANSWERED, 504, False),
        (Fate.UNSENT, None, False),
        (Fate.UNCERTAIN, None, False),
    ],
)
def test_only_2xx_is_success(fate, status, ok):
    assert Answer(fate, NOW, 1, status).ok is ok


def test_bodies_stay_out_of_what_logs_would_show():
    body = {"password": "s3cret", "displayName": "Ann Ek"}
    request = Request("POST", "/users", Purpose.CREATE, Intent.CREATE, body=body)
    exchange = Exchange(Attempt(request), Answer(Fate.ANSWERED, NOW, 1, 201, body=body))
    assert "s3cret" not in repr(exchange)
    assert "Ann" not in repr(exchange)


def test_every_attempt_has_an_id_of_its_own():
    request = Request("GET", "/users", Purpose.INVENTORY)
    assert len({Attempt(request).id for _ in range(100)}) == 100


def test_a_request_is_a_read_unless_it_says_otherwise_and_never_changes():
    request = Request("GET", "/users", Purpose.INVENTORY)
    assert request.intent is Intent.READ
    with pytest.raises(FrozenInstanceError):
        request.path = "/groups"


def test_purposes_are_those_the_meter_knows():
    assert [purpose.value for purpose in Purpose] == [
        *("discovery", "inventory", "lookup", "create", "update", "disable", "delete"),
        *("group_create", "group_update", "group_delete", "member_add", "member_remove"),
        *("verify", "connection_test", "editor"),
    ]
