"""Quotas of one application in one directory as token buckets (fact sheet, 9).

The directory's other scopes (one application over all directories, all applications in one) would
be further buckets of `Throttle.take`.
"""

import math
from dataclasses import dataclass

from msp_portal.sandbox.http import Headers
from msp_portal.sandbox.switches import Switches

WRITES, WRITE_SECONDS = 3000, 150
UNIT_SECONDS = 10
WARN_ABOVE = 0.8


def units_per_window(users: int) -> int:
    """Resource units per 10 s for a directory of `users` (sizes S, M, L)."""
    if users < 50:
        return 3500
    return 5000 if users <= 500 else 8000


def cost(method: str, kind: str, *, single: bool, projected: bool) -> int:
    """Resource units of a request; a projection takes one off, never below one."""
    units = 2 if method == "GET" and kind == "users" and not single else 1
    return max(1, units - projected)


@dataclass(slots=True)
class Bucket:
    """A token bucket that starts full; times are seconds."""

    used: float = 0.0
    at: float = 0.0

    def drain(self, size: float, rate: float, now: float) -> None:
        """Give back what has come free since the last look."""
        self.used = min(size, max(0.0, self.used - (now - self.at) * rate))
        self.at = now

    def wait(self, amount: float, size: float, rate: float) -> float:
        """Seconds until `amount` fits; 0: it fits now."""
        return max(0.0, (self.used + amount - size) / rate)


class Throttle:
    """The buckets of one directory, by application."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(
        self, app: str, tenant: str, users: int, units: int, write: bool, now: float, s: Switches
    ) -> tuple[bool, Headers]:
        """Whether a request may pass, and the headers its answer carries."""
        wanted = [("Unit", units, units_per_window(users), UNIT_SECONDS)]
        if write:
            wanted.append(("Write", 1, WRITES, WRITE_SECONDS))
        headers: Headers = [(b"x-ms-resource-unit", str(units).encode())]
        taken: list[tuple[Bucket, int]] = []
        share = 0.0
        for name, amount, quota, window in wanted:
            size = max(1.0, quota * s.throttle_quota)
            rate = size / window * s.throttle_scale
            bucket = self._buckets.setdefault((app, name), Bucket(at=now))
            bucket.drain(size, rate, now)
            wait = bucket.wait(amount, size, rate)
            if wait:
                return False, headers + _refusal(name, app, tenant, wait, s.throttle_scale)
            taken.append((bucket, amount))
            share = max(share, (bucket.used + amount) / size)
        for bucket, amount in taken:
            bucket.used += amount
        if share > WARN_ABOVE:
            headers.append((b"x-ms-throttle-limit-percentage", f"{share:.2f}".encode()))
        return True, headers


def _refusal(name: str, app: str, tenant: str, wait: float, scale: float) -> Headers:
    whole = scale == 1.0  # the service's own clock answers whole seconds
    after = str(math.ceil(wait)) if whole else f"{math.ceil(wait * 1000) / 1000:.3f}"
    kind, reason = (
        ("Write", "WriteLimitExceeded")
        if name == "Write"
        else ("ReadWrite", "ResourceUnitLimitExceeded")
    )
    scope = f"Tenant_Application/{kind}/{app}/{tenant}"
    return [
        (b"retry-after", after.encode()),
        (b"x-ms-throttle-limit-percentage", b"1.0"),
        (b"x-ms-throttle-scope", scope.encode()),
        (b"x-ms-throttle-information", reason.encode()),
    ]
