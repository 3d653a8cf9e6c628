"""State and count survive kill -9 at any moment."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.sandbox.helpers import user_body
from tests.support.sandbox import RunningSandbox, start_sandbox

TENANT = "33333333-3333-4333-8333-333333333333"
THREADS = 6


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningSandbox]:
    started = start_sandbox(tmp_path / "state.jsonl")
    app = {"client_id": "app", "client_secret": "secret"}
    started.put_tenant(TENANT, domains=["fabled.example"], applications=[app])
    yield started
    if started.process.poll() is None:
        started.stop()


class _Writers:
    """Threads that create users, and read now and then, until the connection breaks."""

    def __init__(self, sandbox: RunningSandbox, round_: int) -> None:
        self.created: dict[str, str] = {}  # id -> userName, as answered
        self.answered = 0
        self.sent = 0
        self._lock = threading.Lock()
        self._sandbox = sandbox
        self._token = sandbox.token(TENANT, "app", "secret")
        self._threads = [
            threading.Thread(target=self._write, args=(f"r{round_}t{n}",)) for n in range(THREADS)
        ]
        for each in self._threads:
            each.start()

    def join(self) -> None:
        for each in self._threads:
            each.join(timeout=20)
            assert not each.is_alive()

    def _write(self, name: str) -> None:
        with self._sandbox.client(self._token) as scim:
            for number in range(100_000):
                try:
                    self._step(scim, f"{name}n{number}")
                except httpx.TransportError:
                    return

    def _step(self, scim: httpx.Client, name: str) -> None:
        with self._lock:
            self.sent += 1
        if name.endswith("7"):
            answer = scim.get("/users?count=1")
            assert answer.status_code == 200
        else:
            answer = scim.post("/users", json=user_body(name))
            assert answer.status_code == 201, answer.text
        with self._lock:
            self.answered += 1
            if answer.status_code == 201:
                body = answer.json()
                self.created[body["id"]] = body["userName"]


def test_whatever_was_answered_survives_kill_9(running: RunningSandbox) -> None:
    """Three kills in a row over the same state file, with writes in flight each time."""
    created: dict[str, str] = {}
    answered = sent = 0
    sandbox = running
    for round_, seconds in enumerate((0.35, 0.2, 0.5)):
        writers = _Writers(sandbox, round_)
        time.sleep(seconds)
        sandbox.kill()
        writers.join()
        created |= writers.created
        answered += writers.answered
        sent += writers.sent
        sandbox = start_sandbox(sandbox.state, port=sandbox.port)
        stored = {user["id"]: user["userName"] for user in sandbox.users(TENANT)}
        usage = sandbox.usage(TENANT)
        assert created.items() <= stored.items()
        assert len(set(stored.values())) == len(stored)
        assert usage["by_status"]["201"] == len(stored)
        assert answered <= usage["requests"] <= sent
    assert len(created) > 50
    sandbox.stop()


def test_everything_is_there_after_an_orderly_stop(running: RunningSandbox) -> None:
    with running.client(running.token(TENANT, "app", "secret")) as scim:
        ada = scim.post("/users", json=user_body("ada", externalId="7")).json()["id"]
        gone = scim.post("/users", json=user_body("gone")).json()["id"]
        scim.delete(f"/users/{gone}")
    group = {"displayName": "Readers", "members": [ada], "owners": [ada]}
    running.seed(TENANT, groups=[group])
    running.advance_clock(7200)
    before = (running.users(TENANT), running.groups(TENANT), running.usage())
    token = running.token(TENANT, "app", "secret")
    assert running.stop() == 0
    again = start_sandbox(running.state)
    assert (again.users(TENANT), again.groups(TENANT), again.usage()) == before
    with again.client(token) as scim:  # the signing key and the clock are kept as well
        found = scim.get("/users", params={"filter": 'externalId eq "7"'}).json()["resources"]
        assert [row["id"] for row in found] == [ada]
        assert scim.post("/users", json=user_body("gone")).status_code == 409
    again.stop()


@pytest.mark.parametrize(
    "torn", [b"[", b'["33333333-3333-4333-8333-333333333333",[["user",9,{"id', b"{}"]
)
def test_a_torn_last_line_is_dropped(running: RunningSandbox, torn: bytes) -> None:
    with running.client(running.token(TENANT, "app", "secret")) as scim:
        scim.post("/users", json=user_body("ada"))
    before = (running.users(TENANT), running.usage())
    running.kill()
    with running.state.open("ab") as file:
        file.write(torn)
    for _ in range(2):  # the first start drops it for good
        again = start_sandbox(running.state)
        assert (again.users(TENANT), again.usage()) == before
        again.stop()


def test_a_damaged_line_in_the_middle_is_named_and_nothing_is_lost(running: RunningSandbox) -> None:
    running.kill()
    text = running.state.read_bytes()
    running.state.write_bytes(text + b'["key", \n' + b'["clock", 1]\n')
    kept = running.state.read_bytes()
    with pytest.raises(RuntimeError, match=r"line \d+ is damaged"):
        start_sandbox(running.state)
    assert running.state.read_bytes() == kept
