"""Private PostgreSQL and Redis servers for tests, and what is missing on this machine."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_START_SECONDS = 30.0


def postgres_programs() -> Path | None:
    """Folder with initdb and postgres, the newest version, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path))
    return found[0].resolve().parent if found else None


def chromium_program() -> str | None:
    """Path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    mac = "/Applications/Chromium.app/Contents/MacOS/Chromium"
    return next(filter(None, map(shutil.which, names)), mac if Path(mac).exists() else None)


def absences() -> dict[str, str]:
    """Services this machine lacks, each with the sentence that says so."""
    present = {
        "PostgreSQL": postgres_programs(),
        "Redis": shutil.which("redis-server"),
        "Chromium": chromium_program(),
    }
    return {
        name: f"Not run: what needs {name}, which is not installed here."
        for name, program in present.items()
        if program is None
    }


def require(name: str) -> None:
    """Skip the test when a service is missing; fail it under REQUIRE_SERVICES=1."""
    sentence = absences().get(name)
    if sentence is None:
        return
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1: {sentence}")
    pytest.skip(sentence)


def free_port() -> int:
    """A port nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A private server on a loopback port; gives a DATABASE_URL."""
    programs, port = postgres_programs(), free_port()
    assert programs is not None
    with _owned_folder() as (folder, owner):
        data = folder / "data"
        _run_as(
            owner, [programs / "initdb", "-D", data, "-U", "portal", "-A", "trust", "--no-sync"]
        )
        options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
        quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=60"]
        command = [programs / "postgres", "-D", data, *options, *quick]
        with _server(owner, command, folder / "log"):
            _wait_for_port(port)
            _wait_until_ready(programs, port)
            yield f"postgres://portal@127.0.0.1:{port}/postgres"


@dataclass(frozen=True)
class Roles:
    """A database that is used as in production: URLs of its administrator and of both roles."""

    admin: str
    owner: str
    application: str

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a portal that runs as the application and migrates as the owner."""
        return {"DATABASE_URL": self.application, "MIGRATION_DATABASE_URL": self.owner}


def with_roles(url: str, name: str) -> Roles:
    """A new database on this server, with an owner and an application role of its own."""
    _execute(url, f'CREATE DATABASE "{name}"')
    server = url.partition("@")[2].rpartition("/")[0]
    people = ("portal", f"{name}_owner:o", f"{name}_app:a")
    roles = Roles(*(f"postgres://{who}@{server}/{name}" for who in people))
    secrets = {"SECRET_KEY": "for-tests-only-" * 4, "VAULT_KEYS": f"k1:{'A' * 43}="}
    done = subprocess.run(
        [sys.executable, "manage.py", "database_roles", "--execute"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, **roles.environment, **secrets, "ADMIN_DATABASE_URL": roles.admin},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return roles


def copied(roles: Roles, name: str) -> Roles:
    """A copy of a database, for the same roles; nobody may be connected to it."""
    old = roles.admin.rpartition("/")[2]
    _execute(
        roles.admin.replace(f"/{old}", "/postgres"), f'CREATE DATABASE "{name}" TEMPLATE "{old}"'
    )
    urls = (roles.admin, roles.owner, roles.application)
    return Roles(*(f"{url.rpartition('/')[0]}/{name}" for url in urls))


def _execute(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A private server on a loopback port; gives a REDIS_URL."""
    port = free_port()
    with _owned_folder() as (folder, owner):
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        command += ["--appendonly", "yes", "--maxmemory-policy", "noeviction"]
        with _server(owner, command, folder / "log"):
            _wait_for_port(port)
            yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def _owned_folder() -> Iterator[tuple[Path, str | None]]:
    """A short temporary folder (socket paths are limited), owned by who will run the server."""
    owner = _unprivileged() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="portal-"))
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        yield folder, owner
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str:
    """PostgreSQL refuses to run as root: its own account, or nobody."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run_as(owner: str | None, command: list[object]) -> None:
    subprocess.run(
        [str(part) for part in command],
        user=owner,
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
    )


@contextlib.contextmanager
def _server(owner: str | None, command: list[object], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command], user=owner, cwd="/", stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on {port}.")


def _wait_until_ready(programs: Path, port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    command = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(command, check=False).returncode:
        if time.monotonic() > until:
            raise TimeoutError("PostgreSQL is not ready.")
        time.sleep(0.05)
