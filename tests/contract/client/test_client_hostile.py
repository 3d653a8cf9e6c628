"""The client against what no service should answer: every attempt ends, and says what is known."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.scim import transport
from provisioning.scim.bearer import Bearer
from provisioning.scim.client import ScimClient
from provisioning.scim.errors import Misconfigured, NotSent, UnknownOutcome, error_of
from provisioning.scim.filters import UserFilter
from provisioning.scim.messages import Answer, Attempt, Exchange, Fate, Purpose
from provisioning.scim.users import find_users
from tests.contract.client.conftest import Meter, scim_client
from tests.support.services import free_port

Server = Callable[..., str]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def clients() -> Iterator[Callable[..., ScimClient]]:
    made: list[ScimClient] = []

    def client(base: str, timeout: float = 10.0) -> ScimClient:
        made.append(scim_client(base, lambda _: "token", Meter(), timeout=timeout))
        return made[-1]

    yield client
    for each in made:
        each.close()


def asked(client: ScimClient) -> Exchange:
    request = find_users(UserFilter.user_name("x@fabled.example"))
    (exchange,) = client.send_all([Attempt(request)], time.monotonic() + 60)
    return exchange


def sized(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


UNCERTAIN: list[tuple[str, tuple[bytes, ...]]] = [
    ("a page as success", (sized(b"<html></html>"),)),
    ("an empty success", (sized(b""),)),
    ("half a JSON", (sized(b'{"resources": ['),)),
    ("no UTF-8", (sized(b'{"a": "\xff\xfe"}'),)),
    ("nested without end", (sized(b"[" * 100_000),)),
    ("a body cut short", (HEAD + b"Content-Length: 500\r\n\r\n{}",)),
    ("a connection closed without an answer", ()),
    ("no HTTP at all", (b"SSH-2.0-OpenSSH_9.2\r\n",)),
    ("broken chunks", (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",)),
    ("no gzip", (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",)),
]


@pytest.mark.parametrize(
    "pieces", [pieces for _, pieces in UNCERTAIN], ids=[name for name, _ in UNCERTAIN]
)
def test_an_answer_that_says_nothing_is_uncertain(
    server: Server, clients: Any, pieces: tuple[bytes, ...]
) -> None:
    exchange = asked(clients(server(*pieces)))
    assert (exchange.answer.fate, exchange.answer.status) == (Fate.UNCERTAIN, None)
    assert exchange.answer.failure
    assert type(error_of(exchange)) is UnknownOutcome


@pytest.mark.parametrize(("size", "fate"), [(1000, Fate.ANSWERED), (1001, Fate.UNCERTAIN)])
def test_a_body_beyond_the_limit_is_not_read(
    server: Server, clients: Any, monkeypatch: pytest.MonkeyPatch, size: int, fate: Fate
) -> None:
    monkeypatch.setattr(transport, "_MAX_BYTES", 1000)
    body = b'"' + b"x" * (size - 2) + b'"'
    assert asked(clients(server(sized(body)))).answer.fate is fate


def test_an_answer_that_never_ends_is_given_up_in_time(server: Server, clients: Any) -> None:
    drops = [HEAD + b"Content-Length: 5000\r\n\r\n"] + [b" "] * 12
    exchange = asked(clients(server(*drops, pause=0.1), timeout=0.4))
    assert exchange.answer.fate is Fate.UNCERTAIN
    assert "too long" in exchange.answer.failure
    assert 350 < exchange.answer.duration_ms < 1000


def test_a_server_that_says_nothing_is_given_up_in_time(clients: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exchange = asked(clients(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2))
    assert exchange.answer.fate is Fate.UNCERTAIN
    assert 150 < exchange.answer.duration_ms < 1000


def test_a_server_that_is_not_there_was_never_sent_anything(clients: Any) -> None:
    exchange = asked(clients(f"http://127.0.0.1:{free_port()}"))
    assert exchange.answer.fate is Fate.UNSENT
    assert type(error_of(exchange)) is NotSent


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Moved", b"308 Moved"])
def test_a_redirect_is_not_followed(server: Server, clients: Any, status: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.05)
        target = b"http://127.0.0.1:%d/users" % elsewhere.getsockname()[1]
        head = b"HTTP/1.1 %s\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, target)
        exchange = asked(clients(server(head)))
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    assert exchange.answer.status == int(status[:3])
    assert type(error_of(exchange)) is Misconfigured


@pytest.mark.parametrize(
    "status", [b"400 Bad Request", b"429 Too Many", b"503 Unavailable", b"504 Timeout"]
)
def test_an_error_without_a_body_keeps_its_status(
    server: Server, clients: Any, status: bytes
) -> None:
    exchange = asked(clients(server(sized(b"<html>", status))))
    assert exchange.answer.status == int(status[:3])
    error = error_of(exchange)
    assert error is not None
    assert error.detail == status[4:].decode()


@pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b"null", b"{}"])
def test_a_list_of_another_shape_is_not_taken_for_an_empty_directory(
    server: Server, clients: Any, body: bytes
) -> None:
    client = clients(server(sized(body)))
    with pytest.raises(Misconfigured, match="not the SCIM API"):
        list(client.users(Purpose.INVENTORY, ("userName",)))


class _Circle:
    """A transport whose every page points at itself."""

    def send(self, attempt: Attempt, deadline: float) -> Answer:
        page = {"resources": [], "nextCursor": "c=="}
        return Answer(Fate.ANSWERED, datetime.now(UTC), 1, 200, body=page)

    def close(self) -> None:
        """Nothing is open."""


def test_a_cursor_that_comes_again_is_not_paid_for_without_end() -> None:
    meter = Meter()
    bearer = Bearer(lambda fresh: "token")
    client = ScimClient(_Circle(), meter, bearer, threads=1, lease=lambda: time.monotonic() + 60)
    with pytest.raises(Misconfigured):
        list(client.users(Purpose.INVENTORY, ("userName",)))
    assert meter.answers() == [200, 200]
    client.close()
