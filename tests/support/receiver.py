"""A real HTTP server for webhooks and a real SMTP server for mails, on loopback ports."""

import email.message
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Post:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A webhook's receiver: what it got, and what it answers with (the last one stays)."""

    answers: list[int] = field(default_factory=lambda: [204])
    posts: list[Post] = field(default_factory=list)
    location: str = ""
    url: str = ""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen until the block is left."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.posts.append(Post(self.path, headers, body))
            status = state.answers.pop(0) if len(state.answers) > 1 else state.answers[0]
            self.send_response(status)
            if state.location:
                self.send_header("Location", state.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on the console."""

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        state.url = f"http://127.0.0.1:{port}/in"
        yield state


@dataclass
class Mailbox:
    """Mails that the server took; while `refuses`, it takes none."""

    mails: list[email.message.EmailMessage] = field(default_factory=list)
    refuses: bool = False
    port: int = 0


class _Catcher(socketserver.StreamRequestHandler):
    """The part of RFC 5321 that a mail needs."""

    def handle(self) -> None:
        self.say("220 catcher.example")
        for line in iter(self.rfile.readline, b""):
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self.take()
            elif verb == b"RCPT" and self.box.refuses:
                self.say("451 not now")
            else:
                self.say("221 bye" if verb == b"QUIT" else "250 ok")

    @property
    def box(self) -> Mailbox:
        return self.server.box  # type: ignore[attr-defined]

    def take(self) -> None:
        self.say("354 go on")
        lines = [
            line.removeprefix(b".") if line.startswith(b"..") else line
            for line in iter(self.rfile.readline, b".\r\n")
        ]
        parsed: Any = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.box.mails.append(parsed)
        self.say("250 taken")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Listen until the block is left."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Catcher)
    state = server.box = Mailbox()  # type: ignore[attr-defined]
    with _served(server) as state.port:
        yield state


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[int]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[index]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
