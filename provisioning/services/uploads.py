"""A person hands in the HR export of a source: read, checked, compared, queued for planning."""

from dataclasses import dataclass
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning.domain.guard import Comparison, GuardLimits, SnapshotFacts, compare
from provisioning.domain.mapping import CompiledProfile, published_profile
from provisioning.domain.records import fold_key
from provisioning.models import HeldRecord, Job, ProfileVersion, Snapshot, Source
from provisioning.services import lanes, snapshots
from provisioning.sources.base import Reading, UnusableSource
from provisioning.sources.csv_file import read_csv
from tenants.models import Tenant, User
from tenants.services import record


class UploadRefused(Exception):
    """The whole file is refused and nothing of it was kept; str() says why."""


@dataclass(frozen=True, slots=True)
class _Input:
    """A file that can be read, with what it will be mapped by."""

    file_name: str
    reading: Reading
    version: ProfileVersion


def accept_upload(*, tenant: Tenant, file: BinaryIO, file_name: str, by: User | None) -> Job:
    """Read a CSV and queue a job for it; raises UploadRefused, and then keeps nothing.

    A plan of this tenant that nobody has approved is replaced by the new one.
    """
    version, compiled = profile_of(tenant)
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
        return _queue(tenant, _Input(file_name[-255:], reading, version), by)
    except IntegrityError as error:
        raise UploadRefused("Another job of this tenant was started at the same moment.") from error


def profile_of(tenant: Tenant) -> tuple[ProfileVersion, CompiledProfile]:
    """The profile version new jobs use, compiled; raises UploadRefused when there is none."""
    profile = getattr(tenant, "profile", None)
    version = profile.current if profile else None
    if version is None:
        raise UploadRefused("This tenant has no mapping profile yet. Publish one first.")
    return version, published_profile(version.definition)


@transaction.atomic
def _queue(tenant: Tenant, given: _Input, by: User | None) -> Job:
    source = _source(tenant)
    _replace_open_job(tenant, by)
    comparison = _compare(source, given.reading)
    snapshot = Snapshot.objects.create(
        customer_id=tenant.customer_id,
        tenant=tenant,
        source=source,
        file_name=given.file_name,
        people=given.reading.people,
        columns=list(given.reading.columns),
    )
    snapshots.store_records(snapshot, given.reading.records())
    job = _job(snapshot, given, comparison, by)
    _hold_refused(job, given.reading)
    record("upload.accepted", by=by, customer=tenant.customer, subject=job, file=given.file_name)
    if job.state == Job.State.PLANNING:
        lanes.want(tenant)
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
        state=Job.State.STOPPED if stops else Job.State.PLANNING,
        requested_by=by,
        comparison=comparison.to_json() if comparison else None,
        people=given.reading.people + len(refused),
        held=len(refused),
        unreadable_keys=sum(row.key is None for row in refused),
    )


def _source(tenant: Tenant) -> Source:
    source, _ = Source.objects.get_or_create(
        tenant=tenant, defaults={"customer_id": tenant.customer_id}
    )
    return source


def _replace_open_job(tenant: Tenant, by: User | None) -> None:
    """Cancel a plan that waits; a job that is being worked on is not disturbed."""
    for job in Job.objects.select_for_update().filter(tenant=tenant, state__in=Job.OPEN):
        if job.state in Job.IN_LANE:
            raise UploadRefused(
                f"Job {job.pk} of this tenant is {job.get_state_display().lower()}."
                " Wait for its end, or cancel it, and upload again."
            )
        job.state, job.ended_at = Job.State.CANCELLED, timezone.now()
        job.problem = "Replaced by a newer upload before it was approved."
        job.save(update_fields=["state", "ended_at", "problem"])
        snapshots.discard(job)
        record("job.replaced", by=by, customer=tenant.customer, subject=job)


def _compare(source: Source, reading: Reading) -> Comparison | None:
    """The guard's comparison with the last accepted read, if there is one."""
    previous = source.snapshot
    if previous is None:
        return None
    held = {fold_key(row.key) for row in reading.refused if row.key is not None}
    keys = snapshots.keys_of(previous)
    return compare(
        SnapshotFacts(previous.people, tuple(previous.columns), keys),
        SnapshotFacts(len(reading.keys | held), reading.columns, frozenset(reading.keys) | held),
        GuardLimits(source.loss_share, source.loss_minimum),
    )


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
