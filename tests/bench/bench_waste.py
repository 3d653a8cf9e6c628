"""The waste report of a tenant's month of 1,000,000 single calls: seconds, memory, queries.

Run: python -m tests.bench.bench_waste [calls]. On SQLite, and on PostgreSQL where it is installed.
The report is measured in a process that does nothing else, beside the month's cost, which is made
of counts by day. Of the calls a fifth flap, 2 % were answered 503 and sent again, 1 % were 404s,
and 1 % each were creations that were refused and lookups because of them.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from tests.support import services

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
MAY = datetime(2026, 5, 1, tzinfo=UTC)
_JOBS = 240  # one each three hours
_BATCH = 5_000


def main(count: int) -> None:
    """On each database there is: build it in one process, report in another."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PORTAL_VAR": folder}
        environment.pop("DATABASE_URL", None)
        _run("SQLite", environment, count)
        if services.postgres_programs() is None:
            print("PostgreSQL is not installed: not measured")
            return
        with services.postgres() as url:
            secrets = {"SECRET_KEY": "for-benches-only-" * 4, "VAULT_KEYS": f"k1:{'A' * 43}="}
            _run("PostgreSQL", {**environment, **secrets, "DATABASE_URL": url}, count)


def _run(name: str, environment: dict[str, str], count: int) -> None:
    for part in ("build", "report"):
        command = [sys.executable, "-m", "tests.bench.bench_waste", part, str(count), name]
        subprocess.run(command, env=environment, check=True)


def _build(count: int) -> None:
    from django.core.management import call_command

    from billing.models import Call
    from provisioning.models import Job, Operation
    from tests.support.rows import add_job, add_tenant
    from tests.support.wasted_calls import count_usage

    call_command("migrate", verbosity=0)
    tenant = add_tenant("bench")
    jobs = []
    for number in range(_JOBS):
        at = MAY + timedelta(hours=3 * number)
        jobs.append(add_job(tenant, Job.State.FINISHED, total=1, ended_at=at))
    rows = _calls(jobs, count)
    while batch := list(islice(rows, _BATCH)):
        Call.objects.bulk_create(batch)
        Operation.objects.bulk_create(
            _operation(jobs, call) for call in batch if call.purpose == "update" and _flaps(call)
        )
    count_usage(tenant)


def _calls(jobs: list[Any], count: int) -> Iterator[Any]:
    """Calls of one job after the other; each hundredth person has some trouble."""
    from billing.models import Call

    each, step = count // _JOBS, timedelta(milliseconds=900 * 10_000 // max(count // 100, 1))
    for number, job in enumerate(jobs):
        at = MAY + timedelta(hours=3 * number)
        for person in range(each):
            purpose, status, place = _shape(person)
            yield Call(
                customer_id=job.customer_id,
                tenant_id=job.tenant_id,
                job=job.label,
                purpose=purpose,
                method={"lookup": "GET", "create": "POST"}.get(purpose, "PATCH"),
                resource="/users" if purpose != "update" else f"/users/{place:036}",
                subject=f"{place:032}",
                state=Call.State.ANSWERED,
                status=status,
                duration_ms=30,
                started_at=at + person * step,
            )


def _shape(person: int) -> tuple[str, int, int]:
    """Purpose, answer and whom it is about."""
    match person % 100:
        case 0 | 2:
            return "update", 503, person + 1
        case 4:
            return "update", 404, person
        case 5:
            return "create", 409, person
        case 6:
            return "lookup", 200, person - 1
        case _:
            return "update", 204, person


def _flaps(call: Any) -> bool:
    return call.status == 204 and int(call.subject) % 5 == 4


def _operation(jobs: list[Any], call: Any) -> Any:
    from provisioning.models import Operation

    return Operation(
        customer_id=call.customer_id,
        tenant_id=call.tenant_id,
        job_id=int(call.job.removeprefix("job:")),
        kind=Operation.Kind.UPDATE,
        state=Operation.State.DONE,
        key=call.subject,
        person="Ann",
        user_name="ann@bench.example",
        flapping="title",
        subject=call.subject,
    )


def _report(name: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from billing.domain.periods import Month
    from billing.selectors import costs_of
    from provisioning.waste_selectors import waste_of
    from tenants.models import Tenant

    tenants, month = list(Tenant.objects.select_related("customer")), Month(2026, 5)
    began = time.perf_counter()
    (whole,) = costs_of(tenants, month)
    plain, memory = time.perf_counter() - began, _peak()
    with CaptureQueriesContext(connection) as queries:
        began = time.perf_counter()
        (found,) = waste_of(tenants, month)
        seconds = time.perf_counter() - began
    assert found.total == whole.cost
    told = ", ".join(f"{each.kind} ({each.what}) {each.cost.calls:,}" for each in found.findings)
    print(
        f"{name}: waste of {whole.cost.calls:,} calls in {seconds:.2f} s ({len(queries)} queries,"
        f" {_peak() - memory:.0f} MB more than {memory:.0f} MB); the month's cost {plain:.3f} s"
    )
    print(f"  {told}")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:2] in (["build"], ["report"]):
        import django

        django.setup()
        _build(int(sys.argv[2])) if sys.argv[1] == "build" else _report(sys.argv[3])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
