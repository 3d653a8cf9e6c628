"""Measured parts of `bench_month`: pages as people ask for them, files, tasks, and old calls."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

_SECONDS, _LEAST = 2.0, 4
_KEEP_DAYS = 60  # of 90, so that the pruning deletes a month


@dataclass(frozen=True, slots=True)
class Part:
    """Something measured: `run` gives how much of the unit it made.

    `most`: how often it can be run; once only means that its queries are not counted.
    """

    name: str
    run: Callable[[], int]
    unit: str = ""
    most: int = 25
    note: str = ""


def measure(only: str = "") -> dict[str, dict[str, Any]]:
    """Median milliseconds of each part, or of one, its queries, and the memory at its peak."""
    parts = (part for part in _parts() if only in ("", part.name))
    return {part.name: _measured(part) for part in islice(parts, 1 if only else None)}


def _measured(part: Part) -> dict[str, Any]:
    """The first run warms and tells memory, the last one counts queries; neither is timed.

    Beside the clock's time that of the processor, which others on the machine change little.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    before, times, busy = _reset_peak(), list[float](), list[float]()
    until, made, peak = time.perf_counter() + _SECONDS, 0, 0.0
    for _ in range(max(1, part.most - 1)):
        began, used = time.perf_counter(), _processor()
        made = part.run()
        times.append((time.perf_counter() - began) * 1000)
        busy.append((_processor() - used) * 1000)
        peak = peak or _memory("VmHWM") - before
        if len(times) >= _LEAST and time.perf_counter() > until:
            break
    queries = CaptureQueriesContext(connection)
    if part.most > 1:
        with queries:
            part.run()
    spent, own = statistics.median(times[1:] or times), statistics.median(busy[1:] or busy)
    rate = f"{made / spent * 1000:,.0f} {part.unit}/s of {made:,}" if part.unit else part.note
    counted = len(queries) if part.most > 1 else None
    return {"ms": spent, "busy": own, "queries": counted, "mb": peak, "note": rate}


def _processor() -> float:
    """Seconds that this process and the database's for it have worked, whoever else is busy."""
    from django.db import connection

    if connection.vendor != "postgresql" or connection.connection is None:
        return time.process_time()
    pid = connection.connection.info.backend_pid
    return time.process_time() + int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _memory(name: str) -> float:
    """MB of this process, as Linux tells it; 0 elsewhere."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _reset_peak() -> float:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _parts() -> Iterator[Part]:
    from django.utils import timezone

    from billing.domain.periods import month_of
    from tenants.models import Customer, User
    from tenants.row_security import everything

    now = timezone.now()
    before = month_of(now).previous()
    admin = _Visitor(User.objects.get(email="all@msp.example"))
    yield Part("overview", admin.page("cost_overview"))
    yield Part("overview, a month without usage", admin.page("cost_overview", month="2024-01"))
    with everything():
        if not Customer.objects.exists():
            return
    finance = _Visitor(User.objects.get(email="finance@msp.example"))
    yield Part("overview, the month before", admin.page("cost_overview", month=before))
    yield Part("overview, by change", admin.page("cost_overview", sort="change"))
    yield Part("overview, filtered", admin.page("cost_overview", q="north"))
    yield Part("overview, its last page", admin.page("cost_overview", page="99"))
    yield Part("overview, listed customers", finance.page("cost_overview"))
    yield Part("overview, listed, before", finance.page("cost_overview", month=before))
    yield from _details(admin, finance, before)
    yield from _files(admin, finance, before)
    yield from _tasks(now)


def _details(admin: "_Visitor", finance: "_Visitor", before: Any) -> Iterator[Part]:
    """The way down, and lists."""
    from django.db.models import Count

    from billing.models import Call, Statement
    from billing.services.statements import close_statement
    from tenants.models import Customer, Tenant, User
    from tenants.row_security import everything

    with everything():
        customer = Customer.objects.annotate(n=Count("tenants")).order_by("-n", "pk")[0]
        tenant = Tenant.objects.filter(customer=customer).order_by("pk")[0]
        call = Call.objects.filter(tenant=tenant).order_by("started_at")[100]
        opened = list(Statement.objects.filter(closed_at=None).order_by("pk")[:20])
        closed = Statement.objects.exclude(closed_at=None).order_by("pk")[0]
        still = opened[0]
        by = User.objects.get(email="all@msp.example")
    day = f"{call.started_at:%Y-%m-%d}"
    note = f"{customer.n} tenants"
    yield Part("customer", admin.page("cost_customer", customer.slug), note=note)
    yield Part("customer, listed", finance.page("cost_customer", customer.slug))
    yield Part("tenant", admin.page("cost_tenant", tenant.slug))
    yield Part("day of a tenant", admin.page("cost_day", tenant.slug, day))
    yield Part("calls of a job", admin.page("cost_day", tenant.slug, day, job=call.job))
    yield Part("budgets", admin.page("budget_list"))
    yield Part("budgets, listed customers", finance.page("budget_list"))
    yield Part("a budget's form", admin.page("budget_add"))
    yield Part("statements", admin.page("statement_list", month=before))
    yield Part("statements, listed customers", finance.page("statement_list", month=before))
    yield Part("statement, open", admin.page("statement_detail", str(still.pk)))
    yield Part("statement, closed", admin.page("statement_detail", str(closed.pk)))

    def close() -> int:
        with everything():
            close_statement(statement=opened.pop(), by=by)
        return 1

    yield Part("closing a statement", close, most=len(opened))


def _files(admin: "_Visitor", finance: "_Visitor", before: Any) -> Iterator[Part]:
    for ending in ("csv", "jsonl", "xlsx"):
        run = admin.page("cost_file", ending, month=before)
        yield Part(f"usage as {ending}", run, "bytes")
    yield Part("usage as csv, listed", finance.page("cost_file", "csv", month=before), "bytes")
    yield Part("FOCUS", admin.page("cost_focus", month=before), "bytes")
    yield Part(
        "customers as csv", admin.page("cost_overview", month=before, file="customers.csv"), "bytes"
    )


def _tasks(now: Any) -> Iterator[Part]:
    from billing.services import prune_calls
    from billing.services.watching import watch_budgets, watch_hours
    from tenants.row_security import over_everything

    yield Part("watching hours", over_everything(lambda: watch_hours(now)))
    yield Part("watching budgets", over_everything(lambda: watch_budgets(now)))
    old = now - timedelta(days=_KEEP_DAYS)
    yield Part("pruning a month of calls", over_everything(lambda: prune_calls(old)), "rows", 1)


class _Visitor:
    """A signed-in person in a browser of their own."""

    def __init__(self, person: Any) -> None:
        from django.test import Client

        self._client = Client()
        self._client.force_login(person)

    def page(self, name: str, *place: str, **query: Any) -> Callable[[], int]:
        """Asks for a page; gives its bytes, and raises AssertionError for any other answer."""
        from django.urls import reverse

        url = reverse(name, args=place)

        def ask() -> int:
            response = self._client.get(url, {key: str(value) for key, value in query.items()})
            assert response.status_code == 200, (url, response.status_code)
            if response.streaming:
                return sum(map(len, response.streaming_content))
            return len(response.content)

        return ask
