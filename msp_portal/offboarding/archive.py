"""Everything that a tenant's owner may take along: reports, usage, profiles, the audit trail."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from billing.domain.pricing import FOUND, UNCERTAIN
from billing.exports import cell
from billing.models import Usage
from provisioning.exports import write_job
from provisioning.models import Job
from provisioning.selectors import sources_of
from provisioning.services import sharing
from tenants.models import AuditEvent, Offboarding, Tenant

_JOB = [
    "kind",
    "state",
    "file_name",
    "created_at",
    "approved_at",
    "ended_at",
    "people",
    "held",
    "unchanged",
    "planned_calls",
    "expected_calls",
    "least_calls",
    "most_calls",
    "calls_made",
    "created",
    "updated",
    "disabled",
    "enabled",
    "adopted",
    "transferred",
    "deleted",
    "members_added",
    "members_removed",
    "failed",
    "skipped",
]
_README = """\
What the portal kept of {tenant} ({customer}).

jobs.csv         every job with its counts
jobs/            each job's operations and held records
usage.csv        calls by UTC hour, purpose and answer: what the statements are made of
profiles/        each source's mapping profile as it was last published
audit.csv        who did what
offboarding.json when jobs ended, credentials were revoked and data erased
"""


def write_archive(tenant: Tenant, out: IO[bytes]) -> None:
    """Write a ZIP archive; a job at a time is in memory, never all of them."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        readme = _README.format(tenant=tenant, customer=tenant.customer)
        archive.writestr("README.txt", readme)
        jobs = Job.objects.filter(tenant=tenant).order_by("pk")
        _table(archive, "jobs.csv", ("job", *_JOB), _jobs(jobs))
        for job in jobs.select_related("tenant", "profile_version").iterator():
            with _text(archive, f"jobs/job-{job.pk}.csv") as file:
                write_job(job, file)
        columns = ("hour_utc", "purpose", "answer", "calls")
        _table(archive, "usage.csv", columns, _usage(tenant))
        for source in sources_of(tenant):
            try:
                text = sharing.export(tenant, source=source)
            except sharing.SharingRefused:
                continue
            archive.writestr(f"profiles/{source.slug}.yaml", text)
        named = ("at", "actor", "action", "subject", "detail")
        _table(archive, "audit.csv", named, _audit(tenant))
        archive.writestr("offboarding.json", json.dumps(proof_of(tenant), indent=2))


def proof_of(tenant: Tenant) -> dict[str, Any]:
    """The offboarding as plain data; empty for a tenant that stays."""
    leaving = Offboarding.objects.filter(tenant=tenant).first()
    if leaving is None:
        return {}
    times = ("begun_at", "revoked_at", "erase_after", "erased_at")
    moments = {name: getattr(leaving, name) for name in times}
    return {
        "tenant": tenant.slug,
        "directory": tenant.entra_id,
        "reason": leaving.reason,
        **{name: at.isoformat() if at else None for name, at in moments.items()},
        "rows_erased": leaving.proof,
    }


def _jobs(jobs: Iterable[Job]) -> Iterator[list[Any]]:
    for job in jobs:
        yield [job.pk, *(getattr(job, name) for name in _JOB)]


def _usage(tenant: Tenant) -> Iterator[list[Any]]:
    for row in Usage.objects.filter(tenant=tenant, calls__gt=0).order_by(
        "hour", "purpose", "status"
    ):
        answer = {UNCERTAIN: "uncertain", FOUND: "found"}.get(row.status, str(row.status))
        yield [row.hour.isoformat(), row.purpose, answer, row.calls]


def _audit(tenant: Tenant) -> Iterator[list[Any]]:
    events = AuditEvent.objects.filter(customer=tenant.customer_id).order_by("pk")
    for event in events.select_related("payload").iterator(2000):
        detail = json.dumps(event.detail, sort_keys=True)
        yield [event.at.isoformat(), event.actor_email, event.action, event.subject, detail]


def _table(
    archive: zipfile.ZipFile, name: str, columns: Iterable[str], rows: Iterable[list[Any]]
) -> None:
    with _text(archive, name) as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows([cell(str("" if value is None else value)) for value in row] for row in rows)


@contextmanager
def _text(archive: zipfile.ZipFile, name: str) -> Iterator[io.TextIOWrapper]:
    with archive.open(name, "w") as raw, io.TextIOWrapper(raw, "utf-8", newline="") as file:
        yield file
