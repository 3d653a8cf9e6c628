"""Quotas of Microsoft Graph's identity limits as token buckets (fact sheet, 9).

A request takes from every bucket it falls under, or from none: the first that is empty refuses it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from msp_portal.sandbox.http import Headers
from msp_portal.sandbox.switches import Switches

WARN_ABOVE = 0.8
_UNITS, _WRITES = "ResourceUnitLimitExceeded", "WriteLimitExceeded"


@dataclass(frozen=True, slots=True)
class Quota:
    """So many tokens in so many seconds; `scope` and `kind` as x-ms-throttle-scope names them."""

    scope: str
    kind: str
    reason: str
    tokens: float
    seconds: float

    def sized(self, s: Switches) -> tuple[float, float]:
        """Size of the bucket, and how much comes free in a second."""
        size = max(1.0, self.tokens * s.throttle_quota)
        rate = size / self.seconds * s.throttle_scale
        if self.scope == "Tenant_Application":
            # Somebody else with the same application takes a part of what comes free.
            rate *= 1.0 - s.throttle_other_share
        return size, rate


APP_UNITS = Quota("Application", "ReadWrite", _UNITS, 150_000, 20)
APP_WRITES = Quota("Application", "Write", _WRITES, 35_000, 300)
APP_REQUESTS = Quota("Application", "ReadWrite", _UNITS, 130_000, 10)  # no reason of its own
TENANT_WRITES = Quota("Tenant", "Write", _WRITES, 18_000, 300)
WRITES = Quota("Tenant_Application", "Write", _WRITES, 3000, 150)


def units_per_window(users: int) -> int:
    """Resource units per 10 s for a directory of `users` (sizes S, M, L)."""
    if users < 50:
        return 3500
    return 5000 if users <= 500 else 8000


def cost(method: str, kind: str, *, single: bool, projected: bool) -> int:
    """Resource units of a request; a projection takes one off, never below one."""
    units = 2 if method == "GET" and kind == "users" and not single else 1
    return max(1, units - projected)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: who asks, in a directory of how many users, for how much."""

    app: str
    tenant: str
    users: int
    units: int
    write: bool

    def quotas(self) -> Iterator[tuple[Quota, int]]:
        """Quotas the request falls under, with what it takes, the narrowest first."""
        units = units_per_window(self.users)
        if self.write:
            yield WRITES, 1
        yield Quota("Tenant_Application", "ReadWrite", _UNITS, units, 10), self.units
        if self.write:
            yield TENANT_WRITES, 1
            yield APP_WRITES, 1
        yield APP_UNITS, self.units
        yield APP_REQUESTS, 1

    def key(self, quota: Quota) -> tuple[str, str, str]:
        """Whose bucket of this quota it is. Not by its size, which follows the directory's."""
        app = "" if quota.scope == "Tenant" else self.app
        tenant = "" if quota.scope == "Application" else self.tenant
        return f"{quota.scope}/{quota.reason}/{quota.seconds}", app, tenant


@dataclass(slots=True)
class Bucket:
    """A token bucket; times are seconds."""

    used: float
    at: float

    def drain(self, size: float, rate: float, now: float) -> None:
        """Give back what has come free since the last look."""
        self.used = min(size, max(0.0, self.used - (now - self.at) * rate))
        self.at = now

    def wait(self, amount: float, size: float, rate: float) -> float:
        """Seconds until `amount` fits; 0: it fits now."""
        # The clock's own digits are no reason to refuse.
        over = self.used + amount - size
        return max(0.0, over / rate) if over > 1e-6 else 0.0


class Throttle:
    """The buckets of all applications and directories of this process."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    def take(self, ask: Ask, now: float, s: Switches) -> tuple[bool, Headers]:
        """Whether a request may pass, and the headers its answer carries."""
        headers: Headers = [(b"x-ms-resource-unit", str(ask.units).encode())]
        taken: list[tuple[Bucket, int]] = []
        share = 0.0
        # All of them begin with an application's first request, whichever of them refuses it.
        buckets = [(q, amount, self._bucket(ask.key(q), q, now, s)) for q, amount in ask.quotas()]
        for quota, amount, bucket in buckets:
            size, rate = quota.sized(s)
            bucket.drain(size, rate, now)
            wait = bucket.wait(amount, size, rate)
            if wait:
                return False, headers + _refusal(quota, ask, wait, now, s)
            taken.append((bucket, amount))
            share = max(share, (bucket.used + amount) / size)
        for bucket, amount in taken:
            bucket.used += amount
        if share > WARN_ABOVE:
            headers.append((b"x-ms-throttle-limit-percentage", f"{min(share, 1.0):.2f}".encode()))
        return True, headers

    def _bucket(self, key: tuple[str, str, str], quota: Quota, now: float, s: Switches) -> Bucket:
        found = self._buckets.get(key)
        if found is None:
            narrow = quota.scope == "Tenant_Application"
            used = quota.sized(s)[0] if narrow and s.throttle_start == "empty" else 0.0
            found = self._buckets[key] = Bucket(used, now)
        return found


def _refusal(quota: Quota, ask: Ask, wait: float, now: float, s: Switches) -> Headers:
    scope = f"{quota.scope}/{quota.kind}/{ask.app}/{ask.tenant}"
    after = _retry_after(wait, now, s)
    return [
        *([(b"retry-after", after.encode())] if after else []),
        (b"x-ms-throttle-limit-percentage", b"1.0"),
        (b"x-ms-throttle-scope", scope.encode()),
        (b"x-ms-throttle-information", quota.reason.encode()),
    ]


def _retry_after(wait: float, now: float, s: Switches) -> str:
    match s.retry_after_form:
        case "none":
            return ""
        case "date":
            return format_datetime(datetime.fromtimestamp(math.ceil(now + wait), UTC), usegmt=True)
        case "seconds":
            return str(math.ceil(wait))
        case "fraction":
            return f"{math.ceil(wait * 1000) / 1000:.3f}"
    # The service's own clock answers whole seconds; a quicker one would wait far too long.
    return str(math.ceil(wait)) if s.throttle_scale == 1.0 else f"{math.ceil(wait * 1000) / 1000}"
