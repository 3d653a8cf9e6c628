"""Two customers with a row in every table, a person of each and one of both, and a web server."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.test import Client

from tenants import services
from tenants.domain.reach import EVERYWHERE, Reach, Scope
from tenants.domain.roles import Role
from tenants.models import Customer, User
from tenants.row_security import everything
from tests.support.api import make_token
from tests.support.row_security.filling import Rows, fill
from tests.support.sandbox import ROOT
from tests.support.services import free_port

OWN, FOREIGN = "Larkspurrow", "Quillfennick"


@dataclass(frozen=True)
class World:
    """What there is; `own` and `other` are by model."""

    own: Rows
    other: Rows
    people: dict[str, User]
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def customer(self) -> int:
        """The customer of the person "own"."""
        return int(self.own[Customer].pk)

    @property
    def foreign(self) -> int:
        """The customer whose rows that person must never see."""
        return int(self.other[Customer].pk)


def build() -> World:
    """Fill every table, and sign everybody in."""
    with everything():
        own, other = fill(OWN), fill(FOREIGN)
        grants = {
            "own": (Role.VIEWER, Reach(Scope.LISTED, frozenset({own[Customer].pk}))),
            "other": (Role.ENGINEER, Reach(Scope.ALL_EXCEPT, frozenset({own[Customer].pk}))),
            "all": (Role.ADMIN, EVERYWHERE),
        }
        people = {
            name: services.add_person(
                email=f"{name}@msp.example",
                name=name,
                password=None,
                role=role,
                reach=reach,
                by=None,
            )
            for name, (role, reach) in grants.items()
        }
    world = World(own, other, people)
    for name, person in people.items():
        client = Client()
        client.force_login(person)
        world.cookies[name] = client.cookies[settings.SESSION_COOKIE_NAME].value
    with everything():
        for name, reach in (("own", grants["own"][1]), ("all", EVERYWHERE)):
            world.tokens[name] = make_token(people["all"], reach)[1]
    return world


@dataclass(frozen=True)
class Site:
    """A web server of one process with one thread: whoever asks gets the same connection."""

    url: str
    bell: Path
    cookies: Mapping[str, str]

    def get(self, path: str, who: str | None = None) -> httpx.Response:
        """Ask as a person, or as a visitor."""
        cookies = {settings.SESSION_COOKIE_NAME: self.cookies[who]} if who else {}
        with httpx.Client(base_url=self.url, cookies=cookies, timeout=60) as client:
            return client.get(path)

    def ask(self, path: str, token: str) -> httpx.Response:
        """Ask the API, beside somebody's session who may see everything."""
        cookies = {settings.SESSION_COOKIE_NAME: self.cookies["all"]}
        with httpx.Client(base_url=self.url, cookies=cookies, timeout=60) as client:
            return client.get(path, headers={"Authorization": f"Bearer {token}"})

    def told(self) -> int:
        """How often something was told on commit."""
        return self.bell.read_text().count("committed") if self.bell.exists() else 0


@contextlib.contextmanager
def serving(world: World, **environment: str) -> Iterator[Site]:
    """The portal without its own filters, as a process of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        bell = Path(folder) / "bell"
        log = (Path(folder) / "log").open("wb")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}"),
                *("-k", "gthread", "--workers", "1", "--threads", "1"),
                "tests.support.row_security.unfiltered:application",
            ],
            cwd=ROOT,
            env={**os.environ, "BELL": str(bell), "PYTHONWARNINGS": "ignore", **environment},
            stdout=log,
            stderr=log,
        )
        try:
            site = Site(f"http://127.0.0.1:{port}", bell, world.cookies)
            _until_it_answers(site, process)
            yield site
        finally:
            process.terminate()
            process.wait(20)
            log.close()


def _until_it_answers(site: Site, process: subprocess.Popen[Any]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the web server ended"
        with contextlib.suppress(httpx.TransportError):
            assert site.get("/healthz").status_code == 200
            return
        time.sleep(0.05)
    raise TimeoutError("the web server does not answer")
