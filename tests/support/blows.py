"""What befalls a running portal: its processes die, its database or its broker fails."""

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.portal import Portal
from tests.support.sandbox import start_sandbox

# How long a writer waits for SQLite's lock in these portals; a blow holds it for longer.
LOCK_SECONDS = 1.0


class Ledger:
    """A connection of our own to the portal's database, to look on at little cost."""

    def __init__(self, portal: Portal) -> None:
        self.url = portal.environment.get("DATABASE_URL", "")
        self._connection: Any
        if self.url:
            import psycopg

            self._connection = psycopg.connect(self.url, autocommit=True)
        else:
            self._connection = open_sqlite(portal)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a query; `?` marks values."""
        text = query.replace("?", "%s") if self.url else query
        return list(self._connection.execute(text, values).fetchall())

    def close(self) -> None:
        """Close it."""
        self._connection.close()


def open_sqlite(portal: Portal) -> sqlite3.Connection:
    """A connection to the portal's SQLite file that begins no transactions by itself."""
    path = Path(portal.environment["PORTAL_VAR"]) / "portal.sqlite3"
    return sqlite3.connect(path, timeout=20, isolation_level=None)


def kill_worker(portal: Portal, ledger: Ledger, pause: float) -> None:
    """SIGKILL of the worker with its children."""
    _kill(portal, "worker", pause)


def kill_beat(portal: Portal, ledger: Ledger, pause: float) -> None:
    """SIGKILL of beat."""
    _kill(portal, "beat", pause)


def kill_sandbox(portal: Portal, ledger: Ledger, pause: float) -> None:
    """SIGKILL of the service, which comes back on the same port with its journal."""
    old = portal.sandbox
    old.kill()
    time.sleep(pause)
    portal.sandbox = start_sandbox(old.state, port=old.port)


def cut_database(portal: Portal, ledger: Ledger, pause: float) -> None:
    """PostgreSQL: the server ends the worker's connections.

    SQLite has no connection to cut. The nearest: somebody else holds the lock until no writer
    waits any longer, so that each transaction that begins meanwhile fails, as after a cut.
    """
    if ledger.url:
        # With none of them busy there is nothing to cut: what matters is that it is tried.
        ledger.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ?",
            "worker",
        )
        return
    with contextlib.closing(open_sqlite(portal)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(LOCK_SECONDS + 0.2 + pause)
        connection.execute("ROLLBACK")


def wipe_broker(portal: Portal, ledger: Ledger, pause: float) -> None:
    """Every message and every table of queues is gone."""
    if url := portal.environment.get("REDIS_URL", ""):
        from redis import Redis

        with Redis.from_url(url) as server:
            server.flushall()
        return
    for path in (Path(portal.environment["PORTAL_VAR"]) / "broker").rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                path.unlink()


def _kill(portal: Portal, name: str, pause: float) -> None:
    portal.kill(name)
    time.sleep(pause)
    portal.start(name)


Blow = Callable[[Portal, Ledger, float], None]
BLOWS: dict[str, Blow] = {
    "worker killed": kill_worker,
    "beat killed": kill_beat,
    "sandbox killed": kill_sandbox,
    "database cut": cut_database,
    "broker wiped": wipe_broker,
}


def drawn(points: int, chance: random.Random) -> list[str]:
    """So many blows, of each kind as many, in a seeded order."""
    names = [name for _ in range(points // len(BLOWS) + 1) for name in BLOWS][:points]
    chance.shuffle(names)
    return names
