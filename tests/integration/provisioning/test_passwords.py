"""An initial password is in one request and nowhere else."""

import logging
from typing import Any

import pytest
from django.apps import apps

from provisioning.domain.passwords import initial_password
from provisioning.services import requests, slices
from tests.support.engine import Engine, people

TABLE = people(12)


def test_no_password_is_kept_or_logged_anywhere(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    given: list[str] = []

    def watched() -> str:
        given.append(initial_password())
        return given[-1]

    monkeypatch.setattr(requests, "initial_password", watched)
    with caplog.at_level(logging.DEBUG):
        job = engine.plan(TABLE)
        # Requests that fail in every way, so that errors are shown and logged, too.
        engine.fault(kind="status", status=400, method="POST")
        engine.fault(kind="reset", when="after", method="POST")
        engine.fault(kind="status", status=503, method="POST")
        engine.fault(kind="truncated", method="POST")
        engine.serve(engine.approve(job))
        fail_while_sending(engine, monkeypatch)
    assert len(given) > 12
    assert len(set(given)) == len(given), "a password is given once"
    places = {
        "the database": everything_stored(),
        "the log": caplog.text,
        "the output": "".join(capfd.readouterr()),
        "the sandbox": engine.sandbox.state.read_text(),
        "what the sandbox shows": str(engine.users()),
    }
    for place, text in places.items():
        assert not [password for password in given if password in text], place
    assert "001001" in places["the database"], "the search finds what is there"
    assert all(user["password_set"] for user in engine.users())


def everything_stored() -> str:
    rows = []
    for model in apps.get_models():
        rows += [str(row) for row in model._default_manager.values()]
    return "\n".join(rows)


def fail_while_sending(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of the portal itself, logged with its traceback."""
    from provisioning.scim.transport import HttpTransport

    def breaks(*_: Any) -> None:
        raise RuntimeError("broken")

    job = engine.approve(engine.plan(people(14)))
    with monkeypatch.context() as patch:
        patch.setattr(HttpTransport, "send", breaks)

        assert slices.serve_next()
    engine.hurry()
    engine.serve(job)


def test_a_retried_creation_gets_another_password(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def watched() -> str:
        given.append(initial_password())
        return given[-1]

    monkeypatch.setattr(requests, "initial_password", watched)
    engine.fault(kind="status", status=503, method="POST", times=2)
    engine.apply(people(1))
    assert len(set(given)) == 3


def test_a_change_carries_no_password(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.apply(TABLE)

    def never() -> str:
        raise AssertionError("a password for a change")

    monkeypatch.setattr(requests, "initial_password", never)
    engine.apply(people(11))
