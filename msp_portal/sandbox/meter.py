"""The sandbox's own count of SCIM requests: per directory, hour (UTC) and status.

Status "0" is a connection that was cut before the service had worked on the request.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from msp_portal.sandbox.http import Json

Count = list[Any]  # [hour as seconds since 1970, status, requests, billable]
HOUR = 3600


def count_of(at: float, status: int, *, billable: bool) -> Count:
    """One request answered at `at` (seconds since 1970)."""
    return [int(at) // HOUR * HOUR, status, 1, int(billable)]


@dataclass(slots=True)
class Hour:
    """What one hour saw; `start` is UTC."""

    start: datetime
    requests: int = 0
    billable: int = 0
    by_status: dict[int, int] = field(default_factory=dict)


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

    def hours(self, tenant: str) -> list[Hour]:
        """The hours in which a directory was called, earliest first."""
        hours: dict[int, Hour] = {}
        for (hour, status), (requests, billable) in sorted(self._cells.get(tenant, {}).items()):
            found = hours.setdefault(hour, Hour(datetime.fromtimestamp(hour, UTC)))
            found.requests += requests
            found.billable += billable
            found.by_status[status] = requests
        return list(hours.values())

    def billable_days(self, tenant: str, since: date, until: date) -> list[tuple[date, int]]:
        """Billable requests by UTC day, `since` to `until` inclusive; no day without any."""
        days: dict[date, int] = {}
        for hour in self.hours(tenant):
            day = hour.start.date()
            if since <= day <= until and hour.billable:
                days[day] = days.get(day, 0) + hour.billable
        return list(days.items())

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
