"""Everything the sandbox remembers: directories, counts, signing key, clock; on disk and in memory.

A change reaches the journal before memory and before the caller. Lines:
`[tenant, events, count or null, at]`, and for the process `["config", tenant, config]`,
`["tenant-", tenant]`, `["clock", seconds ahead]`, `["key", hex]`.
"""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msp_portal.sandbox.directory import Event
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.journal import Journal
from msp_portal.sandbox.meter import Count, Meter, count_of
from msp_portal.sandbox.tenants import Tenant


class Store:
    """The sandbox's state behind its journal."""

    def __init__(self, path: Path) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.meter = Meter()
        self.key = secrets.token_bytes(32)
        self.clock_ahead = 0.0
        self._journal = Journal(path)
        for line in self._journal.replay():
            self._load(line)
        self._journal.compact(self._snapshot())

    def now(self) -> float:
        """The sandbox's time in seconds since 1970."""
        return time.time() + self.clock_ahead

    def commit(self, tenant: Tenant, events: list[Event], status: int | None) -> None:
        """Write and apply a request's changes together with its count; None: not counted."""
        at = self.now()
        billable = status is not None and tenant.switches.billable(status)
        count = None if status is None else count_of(at, status, billable=billable)
        self._journal.append([tenant.id, events, count, at])
        for event in events:
            tenant.apply(event, at)
        if count:
            self.meter.add(tenant.id, count)

    def configure(self, tenant_id: str, config: Json) -> Tenant:
        """Create a directory or change its configuration."""
        self._record(["config", tenant_id, config])
        return self.tenants[tenant_id]

    def delete(self, tenant_id: str) -> None:
        """Forget a directory, its people and its counts."""
        self._record(["tenant-", tenant_id])

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock."""
        self._record(["clock", self.clock_ahead + seconds])

    def find(self, name: str) -> Tenant | None:
        """A directory by its id or one of its verified domains."""
        folded = name.lower()
        if tenant := self.tenants.get(folded):
            return tenant
        return next((t for t in self.tenants.values() if t.domain_kind(folded)), None)

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def _record(self, line: list[Any]) -> None:
        self._journal.append(line)
        self._load(line)

    def _load(self, line: list[Any]) -> None:
        match line:
            case ["config", str(tenant_id), dict(config)]:
                if tenant_id in self.tenants:
                    self.tenants[tenant_id].configure(config)
                else:
                    self.tenants[tenant_id] = Tenant(tenant_id, config)
            case ["tenant-", str(tenant_id)]:
                self.tenants.pop(tenant_id, None)
                self.meter.forget(tenant_id)
            case ["clock", ahead]:
                self.clock_ahead = float(ahead)
            case ["key", key]:
                self.key = bytes.fromhex(key)
            case [str(tenant_id), list(events), count, _]:
                self._load_changes(tenant_id, events, count)

    def _load_changes(self, tenant_id: str, events: list[Event], count: Count | None) -> None:
        # Replayed changes are old enough for every reader: no lag, so not through Tenant.apply.
        directory = self.tenants[tenant_id].directory
        for event in events:
            directory.apply(event)
        if count:
            self.meter.add(tenant_id, count)

    def _snapshot(self) -> Iterator[list[Any]]:
        yield ["key", self.key.hex()]
        yield ["clock", self.clock_ahead]
        now = self.now()
        for tenant in self.tenants.values():
            yield ["config", tenant.id, tenant.stored]
            for event in tenant.directory.snapshot():
                yield [tenant.id, [event], None, now]
            for count in self.meter.snapshot(tenant.id):
                yield [tenant.id, [], count, now]
