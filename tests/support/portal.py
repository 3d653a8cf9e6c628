"""A portal as it really runs: sandbox, worker and beat are processes; tests speak to the command
line, the sandbox's control API and, to count rows, the database."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msp_portal.demo.generator import people_profile, people_table
from msp_portal.demo.table import Table
from tests.support.sandbox import ROOT, RunningSandbox, start_sandbox

ENGINEER = "engineer@lanternfield.example"
ADMIN = "admin@lanternfield.example"
# Short lanes, so that a killed worker's lane is free within seconds.
QUICK = {
    "LANE_LEASE_SECONDS": "2",
    "SCIM_REQUEST_SECONDS": "1",
    "LOOKUP_DELAY_SECONDS": "0.2",
    "LANE_SLICE_SECONDS": "3",
    "TICK_SECONDS": "0.5",
}


@dataclass
class Portal:
    """A portal in a folder of its own; `environment` is that of every process of it."""

    folder: Path
    sandbox: RunningSandbox
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run manage.py to its end."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def seed(self, *tenants: tuple[str, str, dict[str, Any]]) -> None:
        """Migrate, and add tenants given as slug, domain and profile, with people to sign in."""
        self.manage("migrate", "-v0")
        # A command line holds so many and no more.
        for at in range(0, len(tenants), 20):
            specification = json.dumps([self.sandbox.url, *tenants[at : at + 20]])
            self.python("tests.support.seed_portal", specification)

    def python(self, module: str, *arguments: str, timeout: float = 300) -> str:
        """Run one of our modules in this portal's environment; gives what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sync(self, tenant: str, table: Table | Path, *options: str) -> dict[str, Any]:
        """`manage.py sync` as the engineer; gives the JSON it printed, whatever its exit code."""
        path = table if isinstance(table, Path) else self.write(tenant, table)
        done = self.manage(
            *("sync", tenant, "--file", str(path), "--as", ENGINEER, "--json", *options),
            check=False,
        )
        assert done.stdout, done.stderr
        return {"exit": done.returncode, **json.loads(done.stdout)}

    def write(self, name: str, table: Table) -> Path:
        """A table as a file."""
        path = self.folder / f"{name}.csv"
        path.write_bytes(table.to_bytes())
        return path

    def start(self, *names: str) -> None:
        """Start `worker` or `beat`."""
        for name in names:
            arguments = {
                "worker": ["worker", "--concurrency", "2", "--without-gossip", "--without-mingle"],
                "beat": ["beat", "--pidfile="],
            }[name]
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "celery", "--quiet", "-A", "msp_portal", *arguments],
                    cwd=ROOT,
                    # PostgreSQL shows whose connection is whose by PGAPPNAME.
                    env={**self.environment, "PGAPPNAME": name},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        """SIGKILL a process and all its children at once, as a dying machine would."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """End everything."""
        for name in list(self.processes):
            self.kill(name)
        if self.sandbox.process.poll() is None:
            self.sandbox.stop()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database, read by another connection; `?` marks values."""
        # Where the portal is bound by row-level security, whoever counts is not.
        usual = self.environment.get("DATABASE_URL", "")
        if url := self.environment.get("ADMIN_DATABASE_URL", usual):
            import psycopg

            with psycopg.connect(url) as connection:
                return connection.execute(query.replace("?", "%s"), values).fetchall()  # type: ignore[arg-type]
        path = Path(self.environment["PORTAL_VAR"]) / "portal.sqlite3"
        connection = sqlite3.connect(path, timeout=20)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def log(self, name: str) -> str:
        """What a process has printed so far."""
        return (self.folder / f"{name}.log").read_text()

    def wait(self, query: str, *values: object, timeout: float = 120.0) -> None:
        """Until a query that gives one boolean-like value gives a true one."""
        until = time.monotonic() + timeout
        while not self.rows(query, *values)[0][0]:
            assert time.monotonic() < until, f"waited {timeout} s in vain for {query}"
            time.sleep(0.05)


def open_portal(folder: Path, *, static_token: str = "", **environment: str) -> Portal:
    """A portal with its own folder and sandbox; nothing else runs yet."""
    options = {"static_token": static_token} if static_token else {}
    sandbox = start_sandbox(folder / "sandbox.jsonl", **options)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "PORTAL_PERSON")
    }
    own = {"PORTAL_VAR": str(folder / "var"), "PYTHONWARNINGS": "ignore", **environment}
    return Portal(folder, sandbox, {**inherited, **own})


def people(count: int, seed: int = 1) -> Table:
    """Clean people as `people_profile` maps them."""
    return people_table(count, seed)


PROFILE = people_profile()
