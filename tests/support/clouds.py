"""Entra's hosts on loopback: a proxy that notes who is asked for and answers for them over TLS.

`CONNECT graph.microsoft.us:443` is answered by this process with a certificate for that name from a
test authority; what comes through the tunnel is handed on to a sandbox.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx

from tests.support.certificates import make_pair

NAMES = (
    "graph.microsoft.com",
    "login.microsoftonline.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "login.microsoftonline.us",
    "microsoftgraph.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
)
_DROPPED = {"transfer-encoding", "content-length", "connection", "date", "server"}


class Clouds:
    """The proxy. `asked` are the hosts it was asked for, `ca` the file of the test authority."""

    def __init__(self, sandbox_url: str, folder: Path) -> None:
        self.asked: list[str] = []
        self.redirect: str | None = None
        self.ca = folder / "ca.pem"
        self._context = _server_context(folder, self.ca)
        self._upstream = httpx.Client(base_url=sandbox_url, trust_env=False, verify=False)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self._upstream.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(connection,), daemon=True).start()

    def _tunnel(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        host = head.split()[1].decode()
        self.asked.append(host.removesuffix(":443"))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            with self._context.wrap_socket(connection, server_side=True) as secure:
                _Front(secure, ("127.0.0.1", 0), self)  # type: ignore[arg-type]
        except (OSError, ssl.SSLError):
            connection.close()

    def forward(self, front: "_Front") -> httpx.Response:
        """Hand a request on, as a front server does."""
        body = front.rfile.read(int(front.headers.get("content-length", 0)))
        headers = {name: value for name, value in front.headers.items() if name.lower() != "host"}
        headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-Host": front.headers["host"]}
        return self._upstream.request(front.command, front.path, content=body, headers=headers)


class _Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        clouds: Clouds = self.server  # type: ignore[assignment]
        if clouds.redirect:
            self.send_response(307)
            self.send_header("Location", clouds.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        answer = clouds.forward(self)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in _DROPPED:
                self.send_header(name, value)
        if answer.status_code != 204:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _server_context(folder: Path, ca_file: Path) -> ssl.SSLContext:
    authority = make_pair("Test authority", authority=True)
    server = make_pair("clouds", names=NAMES, signer=authority)
    ca_file.write_text(authority.certificate_pem)
    chain = folder / "server.pem"
    chain.write_text(server.key_pem + server.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


@contextmanager
def open_clouds(sandbox_url: str, folder: Path) -> Iterator[Clouds]:
    """The proxy while it is needed."""
    clouds = Clouds(sandbox_url, folder)
    yield clouds
    clouds.close()
