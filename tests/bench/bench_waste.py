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
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support import services

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
MAY = datetime(2026, 5, 1, tzinfo=UTC)
_JOBS = 240  # one each three hours


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
    """Rows are copies that the database makes of one of each kind."""
    from django.core.management import call_command
    from django.db import connection

    from provisioning.models import Job, Operation
    from tests.support.rows import add_job, add_tenant
    from tests.support.wasted_calls import add_call, count_usage, flapped

    call_command("migrate", verbosity=0)
    tenant = add_tenant("bench")
    jobs = []
    for number in range(_JOBS):
        at = MAY + timedelta(hours=3 * number)
        jobs.append(add_job(tenant, Job.State.FINISHED, total=1, ended_at=at))
    call, operation = add_call(jobs[0], MAY, "update", 204), flapped(jobs[0], "one", "title")
    each = -(-count // _JOBS)
    count = each * _JOBS
    told = _expressions(each, jobs[0].pk, connection.vendor)
    job, subject = told["job_id"], told["subject"]
    _copy(call, count, {name: told[name] for name in told if name != "job_id"}, "1 = 1")
    flaps = f"{told['status']} = 204 AND {told['place']} % 5 = 4"
    _copy(operation, count, {"job_id": job, "subject": subject, "key": subject}, flaps)
    call.delete()
    Operation.objects.filter(pk=operation.pk).delete()
    count_usage(tenant)


def _expressions(each: int, first: int, vendor: str) -> dict[str, str]:
    """Columns of the n-th call as SQL; `place` is the number of whom it is about."""
    job, person = f"({first} + n / {each})", f"(n % {each})"
    seconds = f"(10800 * (n / {each}) + 2 * {person})"
    place = (
        f"({person} + CASE {person} % 100 WHEN 0 THEN 1 WHEN 2 THEN 1 WHEN 6 THEN -1 ELSE 0 END)"
    )
    status = f"""(CASE {person} % 100 WHEN 0 THEN 503 WHEN 2 THEN 503 WHEN 4 THEN 404
        WHEN 5 THEN 409 WHEN 6 THEN 200 ELSE 204 END)"""
    if vendor == "sqlite":
        subject, key = f"printf('%032d', {place})", "lower(hex(randomblob(16)))"
        at = f"datetime('2026-05-01', '+' || {seconds} || ' seconds')"
    else:
        subject, key = f"lpad({place}::text, 32, '0')", "gen_random_uuid()"
        at = f"timestamptz '2026-05-01 00:00+00' + {seconds} * interval '1 second'"
    by_status = "(CASE {} WHEN 409 THEN '{}' WHEN 200 THEN '{}' ELSE '{}' END)"
    return {
        "id": key,
        "job": f"'job:' || {job}",
        "job_id": job,
        "purpose": by_status.format(status, "create", "lookup", "update"),
        "method": by_status.format(status, "POST", "GET", "PATCH"),
        "resource": f"(CASE {status} WHEN 409 THEN '/users' WHEN 200 THEN '/users'"
        f" ELSE '/users/' || {subject} END)",
        "subject": subject,
        "status": status,
        "started_at": at,
        "place": place,
    }


def _copy(row: Any, count: int, told: dict[str, str], where: str) -> None:
    from django.db import connection

    series = f"generate_series(0, {count - 1}) AS series(n)"
    if connection.vendor == "sqlite":
        steps = f"SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n < {count - 1}"
        series = f"(WITH RECURSIVE series(n) AS ({steps}) SELECT n FROM series) AS series"
    names = [field.column for field in row._meta.concrete_fields]
    if names[0] not in told:
        del names[0]  # numbered by the database
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(told.get(name, f'one."{name}"') for name in names)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        # Numbers and names of this module only; the table holds the one row that is copied.
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {values}"
            f" FROM {table} AS one, {series} WHERE {where}"
        )


def _report(name: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from billing.domain.periods import Month
    from billing.selectors import costs_of
    from provisioning.selectors.waste import waste_of
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
