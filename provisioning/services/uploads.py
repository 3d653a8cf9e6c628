"""A person hands in the HR export of a source: read, checked, compared, queued for planning."""

from dataclasses import dataclass
from typing import BinaryIO

from django.db import IntegrityError, transaction

from provisioning.domain.guard import Comparison
from provisioning.models import HeldRecord, Job, ProfileVersion, Snapshot, Source
from provisioning.services import lanes, snapshots
from provisioning.services.notices import tell_of_job
from provisioning.services.queueing import (
    QueueRefused,
    check_kind,
    compare_reads,
    profile_of,
    replace_open_job,
)
from provisioning.services.sources import own_source
from provisioning.sources.base import Reading, UnusableSource
from provisioning.sources.csv_file import read_csv
from tenants.models import Tenant, User
from tenants.services import record


class UploadRefused(QueueRefused):
    """The whole file is refused and nothing of it was kept; str() says why."""


@dataclass(frozen=True, slots=True)
class _Input:
    """A file that can be read, with what it will be mapped by."""

    file_name: str
    reading: Reading
    version: ProfileVersion
    pilot_size: int | None

    @property
    def kind(self) -> Job.Kind:
        """What the job is to be."""
        return Job.Kind.SYNC if self.pilot_size is None else Job.Kind.PILOT


def accept_upload(
    *,
    tenant: Tenant,
    file: BinaryIO,
    file_name: str,
    by: User | None,
    pilot_size: int | None = None,
    source: Source | None = None,
) -> Job:
    """Read a CSV of a source and queue a job for it; raises UploadRefused, and keeps nothing then.

    Without a source it is one of the tenant's first. With `pilot_size` the job is a pilot of so
    many people. A plan of this tenant that nobody has approved is replaced by the new one.
    """
    try:
        return _accept(tenant, source, file, file_name[-255:], by, pilot_size)
    except UploadRefused:
        raise
    except QueueRefused as error:
        raise UploadRefused(str(error)) from error


def _accept(
    tenant: Tenant,
    source: Source | None,
    file: BinaryIO,
    file_name: str,
    by: User | None,
    pilot_size: int | None,
) -> Job:
    version, compiled = profile_of(tenant, source)
    check_kind(version, Job.Kind.SYNC if pilot_size is None else Job.Kind.PILOT, pilot_size)
    try:
        reading = read_csv(file, version.definition["key_column"])
    except UnusableSource as error:
        raise UploadRefused(str(error)) from error
    if reading.people == 0:
        raise UploadRefused("The file has a header but no row that can be used.")
    if missing := sorted(compiled.missing_columns(reading.columns)):
        raise UploadRefused(
            f"The profile uses columns that this file lacks: {', '.join(missing)}."
            f" The file has: {', '.join(reading.columns)}."
        )
    try:
        return _queue(
            own_source(tenant, source), _Input(file_name, reading, version, pilot_size), by
        )
    except IntegrityError as error:
        raise UploadRefused("Another job of this tenant was started at the same moment.") from error


@transaction.atomic
def _queue(source: Source, given: _Input, by: User | None) -> Job:
    tenant = source.tenant
    replace_open_job(tenant, by)
    if not Source.objects.filter(pk=source.pk, removed_at=None).exists():
        raise UploadRefused(f"The source {source} was removed at this moment.")
    comparison = _compare(source, given)
    snapshot = Snapshot.objects.create(
        customer_id=tenant.customer_id,
        tenant=tenant,
        source=source,
        file_name=given.file_name,
        people=given.reading.people,
        columns=list(given.reading.columns),
        complete=True,
    )
    snapshots.store_records(snapshot, given.reading.records())
    job = _job(snapshot, given, comparison, by)
    _hold_refused(job, given.reading)
    record("upload.accepted", by=by, customer=tenant.customer, subject=job, file=given.file_name)
    if job.state == Job.State.PLANNING:
        lanes.want(tenant)
    else:
        tell_of_job("job.stopped", job)
    return job


def _job(snapshot: Snapshot, given: _Input, comparison: Comparison | None, by: User | None) -> Job:
    stops = comparison is not None and comparison.stops
    refused = given.reading.refused
    return Job.objects.create(
        customer_id=snapshot.customer_id,
        tenant_id=snapshot.tenant_id,
        source_id=snapshot.source_id,
        profile_version=given.version,
        snapshot=snapshot,
        file_name=given.file_name,
        kind=given.kind,
        pilot_size=given.pilot_size,
        state=Job.State.STOPPED if stops else Job.State.PLANNING,
        requested_by=by,
        comparison=comparison.to_json() if comparison else None,
        people=given.reading.people + len(refused),
        held=len(refused),
        unreadable_keys=sum(row.key is None for row in refused),
    )


def _compare(source: Source, given: _Input) -> Comparison | None:
    """A pilot disables nobody for being absent, so nothing has to be guarded."""
    if given.kind == Job.Kind.PILOT:
        return None
    reading = given.reading
    refused = [row.key for row in reading.refused if row.key is not None]
    return compare_reads(source, reading.columns, reading.keys, refused)


def _hold_refused(job: Job, reading: Reading) -> None:
    HeldRecord.objects.bulk_create(
        (
            HeldRecord(
                customer_id=job.customer_id,
                job=job,
                stage=HeldRecord.Stage.READ,
                line=row.line,
                key=(row.key or "")[:255],
                code=row.code,
                message=row.message,
            )
            for row in reading.refused
        ),
        batch_size=500,
    )
