"""Lets requests leave as fast as the tenant's quotas allow, and not faster.

Every thread that sends asks here first. A token is promised at once and the thread sleeps until it
is due, so that waiting threads leave one after the other. A 429 holds back the whole tenant.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from provisioning.domain.pacing import TENANT_WRITES, Bucket, Quota, tenant_units
from provisioning.domain.retry import backoff
from provisioning.scim.errors import retry_after
from provisioning.scim.messages import Answer, Request

_TOO_MANY = 429
_LIST_UNITS, _UNITS = 2, 1


class SharedBucket(Protocol):
    """Writes that an application may make over all tenants, shared between processes."""

    def reserve(self, writes: int, patience: float) -> float:
        """Seconds to wait before that many writes; taken unless they exceed `patience`."""


@dataclass(slots=True)
class Ticket:
    """Leave to send one request, `wait` seconds from now."""

    wait: float
    units: float
    writes: float
    # What was surely counted by the service before this request left.
    settled: tuple[float, float] = (0.0, 0.0)


class Pacer:
    """The quotas of one application in one tenant, shared by the threads that call it."""

    def __init__(
        self,
        writes: Quota = TENANT_WRITES,
        units: Quota | None = None,
        *,
        writes_left: float = float("inf"),
        units_left: float = float("inf"),
        hushed: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = lambda: 0.0,
    ) -> None:
        now = clock()
        self._writes = Bucket(writes, now, writes_left)
        self._units = Bucket(units or tenant_units(0), now, units_left)
        self._clock = clock
        self._chance = chance
        self._lock = Lock()
        self._promised = (0.0, 0.0)  # units, writes: all that was ever promised
        self._settled = (0.0, 0.0)  # of it, what was answered or given back
        self._costs: dict[str, float] = {}
        self._held_until = now + hushed
        self._refusals = 0

    def enter(self, request: Request) -> Ticket:
        """Promise the request its tokens; it may leave `wait` seconds from now."""
        with self._lock:
            now = self._clock()
            units, writes = self._cost(request), float(request.method != "GET")
            wait = max(self._units.wait(units, now), self._held_until - now, 0.0)
            if writes:
                wait = max(wait, self._writes.wait(writes, now))
            self._units.take(units)
            self._writes.take(writes)
            self._promised = _sum(self._promised, (units, writes))
            return Ticket(wait, units, writes, self._settled)

    def start(self, ticket: Ticket) -> float:
        """The request would leave now; seconds it has to wait on, because others were refused."""
        with self._lock:
            ticket.settled = self._settled
            return max(0.0, self._held_until - self._clock())

    def held(self) -> float:
        """Seconds for which nothing may leave, because Entra asked to slow down."""
        return max(0.0, self._held_until - self._clock())

    def give_back(self, ticket: Ticket) -> None:
        """The request did not leave: its tokens are free again."""
        with self._lock:
            self._units.take(-ticket.units)
            self._writes.take(-ticket.writes)
            self._settled = _sum(self._settled, (ticket.units, ticket.writes))

    def leave(self, request: Request, ticket: Ticket, answer: Answer) -> None:
        """Learn from the answer's headers, and from being refused."""
        with self._lock:
            now = self._clock()
            self._settled = _sum(self._settled, (ticket.units, ticket.writes))
            self._learn_cost(request, answer)
            if answer.status == _TOO_MANY:
                self._hold(answer, now)
            elif answer.ok:
                self._refusals = 0
            used = _number(answer.headers.get("x-ms-throttle-limit-percentage", ""))
            if used is not None:
                self._learn_level(ticket, min(used, 1.0), now)

    def _learn_level(self, ticket: Ticket, used: float, now: float) -> None:
        units, writes = self._promised
        self._units.learn(used, units - ticket.settled[0] - ticket.units, now)
        self._writes.learn(used, writes - ticket.settled[1] - ticket.writes, now)

    def _hold(self, answer: Answer, now: float) -> None:
        self._refusals += 1
        asked = retry_after(answer)
        wait = backoff(self._refusals, self._chance()) if asked is None else asked
        self._held_until = max(self._held_until, now + wait)

    def _cost(self, request: Request) -> float:
        listed = request.path in ("/users", "/groups")
        usual = _LIST_UNITS if request.method == "GET" and listed else _UNITS
        return self._costs.get(_kind(request), usual)

    def _learn_cost(self, request: Request, answer: Answer) -> None:
        units = _number(answer.headers.get("x-ms-resource-unit", ""))
        if units is not None and 0 < units <= 100:
            self._costs[_kind(request)] = units


def _sum(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return one[0] + other[0], one[1] + other[1]


def _kind(request: Request) -> str:
    """Requests that cost alike: the same method on the same sort of path."""
    _, kind, *single = request.path.split("/")
    return f"{request.method} {kind} {bool(single)} {'attributes' in request.params}"


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if found >= 0 else None
