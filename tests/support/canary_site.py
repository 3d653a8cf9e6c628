"""A running portal whose pages secrets are planted by, and everything it leaves behind."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.portal import Portal
from tests.support.sandbox import ROOT
from tests.support.services import free_port

PASSWORD = "a-password-for-tests"


@dataclass
class Site:
    """The portal's web server, and a browser that is signed in."""

    portal: Portal
    client: httpx.Client
    process: subprocess.Popen[bytes]

    def post(self, path: str, data: dict[str, Any], files: Any = None) -> httpx.Response:
        """Hand a form in, as its page would."""
        self.client.get("/accounts/password/change/")
        token = {"csrfmiddlewaretoken": self.client.cookies["csrftoken"]}
        answer = self.client.post(path, data={**token, **data}, files=files)
        assert answer.status_code < 500, answer.text
        return answer

    def get(self, path: str) -> bytes:
        """A page or a file."""
        answer = self.client.get(path)
        assert answer.status_code < 500, answer.text
        return answer.content

    def close(self) -> None:
        """End the web server."""
        self.client.close()
        self.process.terminate()
        self.process.wait(20)


def serve(portal: Portal, person: str) -> Site:
    """Start the web server and sign in."""
    port = free_port()
    with (portal.folder / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "--threads", "2"),
                *("--access-logfile", "-", "--log-level", "debug", "msp_portal.wsgi"),
            ],
            cwd=ROOT,
            env=portal.environment,
            stdout=log,
            stderr=log,
        )
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=60, verify=False
    )
    _until_it_answers(client, process)
    client.get("/accounts/login/")
    signed = client.post(
        "/accounts/login/",
        data={
            "login": person,
            "password": PASSWORD,
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
        },
    )
    assert "Sign out" in signed.text
    return Site(portal, client, process)


def _until_it_answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    for _ in range(900):
        assert process.poll() is None, "the web server ended"
        with suppress(httpx.TransportError):
            if client.get("/healthz").status_code == 200:
                return
        time.sleep(0.1)
    raise TimeoutError("the web server does not answer")


def database_of(portal: Portal) -> bytes:
    """The whole database as a backup holds it: SQLite's files, or what pg_dump writes."""
    if url := portal.environment.get("ADMIN_DATABASE_URL"):
        return _run("pg_dump", url)
    folder = Path(portal.environment["PORTAL_VAR"])
    return b"".join(path.read_bytes() for path in sorted(folder.glob("portal.sqlite3*")))


def _run(*command: str) -> bytes:
    return subprocess.run(command, env=os.environ, capture_output=True, check=True).stdout


def broker_of(portal: Portal) -> bytes:
    """Every message that waits, as the broker holds it."""
    if url := portal.environment.get("REDIS_URL"):
        return b"\n".join(_of_redis(url))
    folder = Path(portal.environment["PORTAL_VAR"]) / "broker"
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _of_redis(url: str) -> Iterator[bytes]:
    import redis

    read = {
        b"list": lambda c, key: c.lrange(key, 0, -1),
        b"hash": lambda c, key: [x for pair in c.hgetall(key).items() for x in pair],
        b"set": lambda c, key: c.smembers(key),
        b"zset": lambda c, key: c.zrange(key, 0, -1),
        b"string": lambda c, key: [c.get(key)],
    }
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter():
            yield key
            yield from read[client.type(key)](client, key)


def files_of(portal: Portal) -> dict[str, bytes]:
    """Everything else the portal has written; the sandbox's own state is Entra's."""
    ours = (path for path in sorted(portal.folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(portal.folder)): path.read_bytes()
        for path in ours
        if not path.name.startswith("sandbox.jsonl")
    }
