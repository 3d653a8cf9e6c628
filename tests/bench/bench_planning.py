"""Planning a large source of which 1 % has changed against a full shadow: seconds, memory, calls.

Run: python -m tests.bench.bench_planning [people]. The database is an SQLite file of its own, and
planning is measured in a process that does nothing else (aims for 100,000 people: below 20 s on one
core, and below 500 MB at its peak). As a ratio: planning to only reading and opening the records.
"""

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
_CHANGED = 100  # one of so many


def main(count: int) -> None:
    """Build the database in one process, plan in another."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PORTAL_VAR": folder}
        environment.pop("DATABASE_URL", None)
        for part in ("build", "plan"):
            command = [sys.executable, "-m", "tests.bench.bench_planning", part, str(count)]
            subprocess.run(command, env=environment, check=True)


def _build(count: int) -> None:
    from django.core.management import call_command
    from django.utils import timezone

    from msp_portal.demo.generator import people_profile, people_table
    from msp_portal.demo.table import changed
    from provisioning.models import Directory
    from provisioning.services.profiles import publish
    from provisioning.services.uploads import accept_upload
    from tests.support.rows import add_tenant

    call_command("migrate", verbosity=0)
    tenant = add_tenant("bench")
    publish(tenant=tenant, definition=people_profile(), by=None)
    table = people_table(count)
    file = io.BytesIO(changed(table, count // _CHANGED).to_bytes())
    job = accept_upload(tenant=tenant, file=file, file_name="people.csv", by=None)
    _fill_shadow(job, table)
    Directory.objects.create(customer=tenant.customer, tenant=tenant, inventory_at=timezone.now())


def _fill_shadow(job: Any, table: Any) -> None:
    """Accounts as an earlier job would have left them."""
    from msp_portal.demo.generator import people_profile
    from provisioning.domain.definition import parse_definition
    from provisioning.domain.mapping import compile_profile
    from provisioning.models import DirectoryObject

    compiled = compile_profile(parse_definition(people_profile()))
    rows = []
    for number, row in enumerate(table.rows):
        record = dict(zip(table.columns, row.values, strict=True))
        values = compiled.apply(record).values
        key, name = record["employee_id"], str(values["userName"])
        rows.append(
            DirectoryObject(
                customer_id=job.customer_id,
                tenant_id=job.tenant_id,
                owner_id=job.source_id,
                entra_id=f"{number:036d}",
                key=key.lower(),
                external_id=key,
                user_name=name,
                folded_user_name=name.casefold(),
                state={**values, "externalId": key},
            )
        )
    DirectoryObject.objects.bulk_create(rows, batch_size=500)


def _plan() -> None:
    from provisioning.models import Job
    from provisioning.services import lanes, snapshots
    from provisioning.services.planning import plan_job

    job = Job.objects.select_related("tenant__customer", "profile_version", "snapshot").get()
    assert job.snapshot is not None
    opened, _ = _timed(lambda: sum(1 for _ in snapshots.records_of(job.snapshot)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    held = lanes.claim()
    assert held is not None
    seconds, busy = _timed(lambda: plan_job(job, None, held))  # type: ignore[arg-type]
    job.refresh_from_db()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{job.people:,} people, {job.total:,} operations, {job.planned_calls:,} calls:"
        f" planned in {seconds:.1f} s ({busy:.1f} s busy), {seconds / max(opened, 1e-9):.1f} times"
        f" reading the records ({opened:.2f} s); peak {peak} MB ({before} MB before)"
    )


def _timed(function: Any) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    began, busy = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - began, time.process_time() - busy


def _part(name: str, count: int) -> None:
    import django

    django.setup()
    if name == "build":
        _build(count)
    else:
        _plan()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _part(sys.argv[1], int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
