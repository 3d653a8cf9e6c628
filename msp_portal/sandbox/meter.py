"""The sandbox's own count of SCIM requests: per directory, hour (UTC) and status.

Status "0" is a connection that was cut before the service had worked on the request.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from msp_portal.sandbox.http import Json

Count = list[Any]  # [hour as seconds since 1970, status, requests, billable]
HOUR = 3600


def count_of(at: float, status: int, *, billable: bool) -> Count:
    """One request answered at `at` (seconds since 1970)."""
    return [int(at) // HOUR * HOUR, status, 1, int(billable)]


class Meter:
    """Counts by directory, hour and status."""

    def __init__(self) -> None:
        self._cells: dict[str, dict[tuple[int, int], list[int]]] = {}

    def add(self, tenant: str, count: Count) -> None:
        """Add a count."""
        hour, status, requests, billable = count
        cell = self._cells.setdefault(tenant, {}).setdefault((hour, status), [0, 0])
        cell[0] += requests
        cell[1] += billable

    def forget(self, tenant: str) -> None:
        """Drop a directory's counts."""
        self._cells.pop(tenant, None)

    def snapshot(self, tenant: str) -> Iterator[Count]:
        """Counts that make this state from nothing."""
        for (hour, status), (requests, billable) in self._cells.get(tenant, {}).items():
            yield [hour, status, requests, billable]

    def report(self, tenants: list[str]) -> Json:
        """Usage of the given directories, and its totals."""
        usage = {tenant: self._usage(tenant) for tenant in tenants}
        return {
            "total": sum(each["requests"] for each in usage.values()),
            "billable": sum(each["billable"] for each in usage.values()),
            "tenants": usage,
        }

    def _usage(self, tenant: str) -> Json:
        by_status: dict[str, int] = {}
        by_hour: dict[str, dict[str, int]] = {}
        for (hour, status), (requests, billable) in sorted(self._cells.get(tenant, {}).items()):
            by_status[str(status)] = by_status.get(str(status), 0) + requests
            stamp = datetime.fromtimestamp(hour, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            cell = by_hour.setdefault(stamp, {"requests": 0, "billable": 0})
            cell["requests"] += requests
            cell["billable"] += billable
        return {
            "requests": sum(cell["requests"] for cell in by_hour.values()),
            "billable": sum(cell["billable"] for cell in by_hour.values()),
            "by_status": by_status,
            "by_hour": by_hour,
        }
