"""The SCIM client against the sandbox, and against servers that answer what no service should."""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioning.scim.bearer import Bearer
from provisioning.scim.client import ScimClient
from provisioning.scim.messages import Attempt, Exchange
from provisioning.scim.pacing import Pacer
from provisioning.scim.transport import HttpTransport
from tests.support.sandbox import RunningSandbox, sandbox

__all__ = ["sandbox"]


@dataclass
class Meter:
    """Remembers what it was told, in order."""

    told: list[tuple[str, Any]] = field(default_factory=list)

    def opened(self, attempts: Sequence[Attempt]) -> None:
        self.told += [("opened", attempt) for attempt in attempts]

    def settled(self, exchanges: Sequence[Exchange]) -> None:
        self.told += [("settled", exchange) for exchange in exchanges]

    def answers(self) -> list[int | None]:
        """Statuses of what was settled."""
        return [entry.answer.status for what, entry in self.told if what == "settled"]


@dataclass
class Directory:
    """A directory of the sandbox with a client of ours for it."""

    sandbox: RunningSandbox
    tenant: str
    client: ScimClient
    meter: Meter
    asked: list[bool]
    slept: list[float]

    def usage(self) -> dict[str, Any]:
        return self.sandbox.usage(self.tenant)

    def people(self, number: int) -> list[str]:
        rows = [{"userName": f"p{n:05}@fabled.example", "active": True} for n in range(number)]
        return self.sandbox.seed(self.tenant, users=rows)["users"]


def scim_client(
    base: str,
    get: Callable[[bool], str],
    meter: Meter,
    *,
    timeout: float = 2.0,
    slept: list[float] | None = None,
) -> ScimClient:
    """A client with real transport, an ample lease, and sleeps that are noted, not slept."""
    bearer = Bearer(get)
    bearer.ensure()
    origin = base.removesuffix("/rp/scim")
    transport = HttpTransport(base, bearer, origins={origin}, timeout=timeout, threads=4)
    noted = [] if slept is None else slept
    return ScimClient(
        transport,
        meter,
        bearer,
        threads=4,
        lease=lambda: time.monotonic() + 60,
        pacer=Pacer(clock=lambda: time.monotonic() + sum(noted)),
        sleep=noted.append,
        chance=lambda: 0.0,
    )


@pytest.fixture
def directory(sandbox: RunningSandbox) -> Iterator[Directory]:
    tenant = str(uuid.uuid4())
    app = {"client_id": "app", "client_secret": "secret"}
    sandbox.put_tenant(tenant, domains=["fabled.example"], applications=[app])
    meter, asked, slept = Meter(), [], []
    cache: list[str] = []

    def get(fresh: bool) -> str:
        asked.append(fresh)
        if fresh or not cache:
            cache[:] = [sandbox.token(tenant, "app", "secret")]
        return cache[0]

    client = scim_client(f"{sandbox.url}/rp/scim", get, meter, slept=slept)
    yield Directory(sandbox, tenant, client, meter, asked, slept)
    client.close()


@pytest.fixture
def server() -> Iterator[Callable[..., str]]:
    """Starts servers that answer one connection with the given pieces; gives the address."""
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []

    def start(*pieces: bytes, pause: float = 0.0) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=_answer, args=(listener, pieces, pause)))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for thread in threads:
        thread.join(10)
    for listener in listeners:
        listener.close()


def _answer(listener: socket.socket, pieces: tuple[bytes, ...], pause: float) -> None:
    connection, _ = listener.accept()
    with closing(connection):
        connection.recv(65536)
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                return
            time.sleep(pause)
