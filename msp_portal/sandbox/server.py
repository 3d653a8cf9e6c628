"""Starts the sandbox: state, socket, event loop."""

import errno
import shlex
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from msp_portal.sandbox.app import TRANSPORT, Sandbox
from msp_portal.sandbox.control import PREFIX
from msp_portal.sandbox.errors import StartError
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.scim import BASE
from msp_portal.sandbox.store import Store
from msp_portal.sandbox.tokens import DEFAULT_TENANT

_BACKLOG = 1024
_DEFAULT: Json = {
    "name": "Sandbox",
    "domains": ["sandbox.example"],
    "federated_domains": [],
    "applications": [],
    "scim_enabled": True,
    "settings": {},
}


@dataclass(frozen=True, slots=True)
class Options:
    """How to start. Port 0 takes a free one."""

    port: int
    state: Path
    host: str = "127.0.0.1"
    static_token: str | None = None
    throttle: bool = False


class _Protocol(HttpToolsProtocol):
    """Puts the connection into the scope, for faults that cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: Any = self.scope
        scope[TRANSPORT] = self.transport


class _Server(uvicorn.Server):
    """Says when it is ready."""

    ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready()


def run(options: Options) -> None:
    """Serve until SIGTERM or SIGINT; StartError when it cannot start."""
    listener = _bind(options.host, options.port)
    store = Store(options.state)
    if options.static_token and DEFAULT_TENANT not in store.tenants:
        store.configure(DEFAULT_TENANT, _DEFAULT)
    config = uvicorn.Config(
        Sandbox(store, static_token=options.static_token, throttle=options.throttle),
        http=_Protocol,
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        server_header=False,
        log_config=None,
        log_level="critical",
        timeout_keep_alive=75,  # longer than clients keep theirs, so that they close first
        timeout_graceful_shutdown=0,
        backlog=_BACKLOG,
    )
    server = _Server(config)
    port = listener.getsockname()[1]
    server.ready = lambda: _greet(options, port)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again when it is done: that must not end in a traceback.
        signal.signal(number, lambda *_: None)
    try:
        server.run(sockets=[listener])
    finally:
        store.close()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(f"Port {port} on {host} is taken; choose another (--port).") from error
        raise StartError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
    return listener


def _greet(options: Options, port: int) -> None:
    """What the person who started it needs; the first line is for programs that wait for it."""
    scim = f"http://{_in_url(options.host)}:{port}{BASE}"
    lines = [
        f"Sandbox ready at {scim}",
        f"Control page: http://{_in_url(_near(options.host))}:{port}{PREFIX}/ (this machine only)",
    ]
    if options.static_token:
        bearer = shlex.quote(f"Authorization: Bearer {options.static_token}")
        lines += [
            "Try it with the static token:",
            f"  curl -H {bearer} -H 'Accept: application/scim+json' '{scim}/Users?count=5'",
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _near(host: str) -> str:
    """The address of a listener as this machine calls it; the control page wants loopback."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
