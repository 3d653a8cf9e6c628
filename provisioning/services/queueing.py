"""Queueing jobs: from a snapshot that is kept already, and what every new job has to respect."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from provisioning.domain.definition import ProfileError
from provisioning.domain.guard import Comparison, GuardLimits, SnapshotFacts, compare
from provisioning.domain.keys import refused_keys
from provisioning.domain.mapping import CompiledProfile, published_profile
from provisioning.domain.records import fold_key
from provisioning.models import HeldRecord, Job, ProfileVersion, Snapshot, Source
from provisioning.selectors import profile_in, source_of, targets_of
from provisioning.services import lanes, snapshots
from provisioning.services.decisions import why_stale
from provisioning.services.notices import tell_of_job
from tenants.models import Offboarding, Tenant, User
from tenants.services import record

_READ = HeldRecord.Stage.READ
_WHOLE = (Job.Kind.SYNC, Job.Kind.RECONCILE)


class QueueRefused(Exception):
    """No job was made, and nothing was changed; str() says why and what to do."""


def queue_from_snapshot(
    *,
    tenant: Tenant,
    kind: Job.Kind,
    size: int | None = None,
    retry_of: Job | None = None,
    subject: str = "",
    by: User | None,
    source: Source | None = None,
    gently: bool = False,
) -> Job:
    """Queue a job for a source's newest read whose records are still kept.

    A pilot takes the first `size` people, a retry those whom `retry_of` failed on, one on demand
    the person whose folded key is `subject`; a sync takes everybody. What is neither a pilot nor
    on demand is compared by the guard if that read was never accepted. Of open jobs a plan that
    waits is replaced; `gently` only one that has expired. Without a source it is the tenant's first
    one. Raises QueueRefused.
    """
    version, compiled = profile_of(tenant, source)
    check_kind(version, kind, size)
    snapshot = newest_read(tenant, kind, source)
    if snapshot is None:
        raise QueueRefused("No read of this tenant's source is kept any more. Upload its file.")
    if missing := sorted(compiled.missing_columns(snapshot.columns)):
        raise QueueRefused(
            f"The profile uses columns that {snapshot.file_name} lacks: {', '.join(missing)}."
            " Upload a file that has them, or correct the profile."
        )
    trial = kind in (Job.Kind.PILOT, Job.Kind.ON_DEMAND)
    again = None if trial else _read_again(snapshot, version)
    try:
        wanted = _Wanted(version, kind, size, by, again, retry_of, gently, subject)
        return _queue(snapshot, wanted)
    except IntegrityError as error:
        raise QueueRefused("Another job of this tenant was started at the same moment.") from error


def profile_of(
    tenant: Tenant, source: Source | None = None
) -> tuple[ProfileVersion, CompiledProfile]:
    """The profile version new jobs use, compiled; raises QueueRefused when there is none."""
    profile = profile_in(tenant, source)
    version = profile.current if profile else None
    if version is None:
        whose = f"The source {source}" if source else "This tenant"
        raise QueueRefused(f"{whose} has no mapping profile yet. Publish one first.")
    try:
        return version, published_profile(version.definition, targets_of(tenant))
    except ProfileError as error:
        raise QueueRefused(f"The mapping profile cannot be used any more: {error}.") from error


def check_kind(version: ProfileVersion, kind: Job.Kind, size: int | None) -> None:
    """Raises QueueRefused for a pilot of nobody, and for a sync before the pilot that is due."""
    if kind == Job.Kind.PILOT:
        if size is None or size < 1:
            raise QueueRefused("A pilot takes at least one person: say how many.")
    elif pilot_due(version):
        raise QueueRefused(
            f"Version {version.number} of the mapping profile has to be tried on a few people"
            " first. Plan a pilot and approve it (manage.py sync TENANT --pilot 5); once it has"
            " finished without failures, everybody can be planned."
        )


def pilot_due(version: ProfileVersion) -> bool:
    """Whether only pilots may be planned: none of this version has come through on anybody yet."""
    if not version.needs_pilot:
        return False
    tried = Q(total__gt=0) | Q(unchanged__gt=0) | Q(inactive__gt=0)
    done = Job.objects.filter(
        tried, profile_version=version, kind=Job.Kind.PILOT, state=Job.State.FINISHED, failed=0
    )
    # Rows without a key of their own are the file's trouble, in a pilot of a sample as in a read.
    unmapped = HeldRecord.objects.filter(
        job=OuterRef("pk"), stage=HeldRecord.Stage.MAPPING, code="mapping"
    )
    return not done.filter(~Exists(unmapped)).exists()


def newest_read(tenant: Tenant, kind: Job.Kind, source: Source | None = None) -> Snapshot | None:
    """The newest read of a source (the tenant's first one) whose records are kept.

    A pilot may also take a sample: nobody knows what was left out of it, so that it says nothing
    about who is missing. One person on demand is not sent from a read that the guard has stopped.
    """
    kept: QuerySet[Snapshot] = Snapshot.objects.filter(
        source=source or source_of(tenant), erased_at=None
    )
    if kind == Job.Kind.ON_DEMAND:
        kept = kept.exclude(job__state=Job.State.STOPPED)
    if kind != Job.Kind.PILOT:
        kept = kept.filter(complete=True)
    return kept.order_by("-created_at", "-pk").first()


def replace_open_job(
    tenant: Tenant, by: User | None, keep: Snapshot | None = None, subject: str = ""
) -> None:
    """Cancel a plan that waits, and forget its read unless that is to be kept.

    People on demand stand beside everything else: only another plan for the same `subject` is
    replaced. A job that is being worked on is not disturbed: QueueRefused.
    """
    lanes.lock(tenant)
    require_staying(tenant)
    for job in _in_the_way(tenant, subject).select_for_update():
        if job.state in (*Job.IN_LANE, Job.State.PAUSED):
            end = "Let it go on" if job.state == Job.State.PAUSED else "Wait for its end"
            raise QueueRefused(
                f"Job {job.pk} of this tenant is {job.get_state_display().lower()}."
                f" {end}, or cancel it, and try again."
            )
        job.state, job.ended_at = Job.State.CANCELLED, timezone.now()
        job.problem = "Replaced by a newer job before it was approved."
        job.save(update_fields=["state", "ended_at", "problem"])
        if keep is None or job.snapshot_id != keep.pk:
            snapshots.discard(job)
        record("job.replaced", by=by, customer=tenant.customer, subject=job)


def require_staying(tenant: Tenant) -> None:
    """Raises QueueRefused for a tenant that is being offboarded; ask with the lane locked."""
    if Offboarding.objects.filter(tenant=tenant).exists():
        raise QueueRefused("This tenant is being offboarded: no job begins any more.")


def require_replaceable(tenant: Tenant) -> None:
    """Raises QueueRefused for an open job that nobody but a person should replace.

    That is any but a plan for everybody that waits for approval and has expired.
    """
    job = Job.objects.filter(tenant=tenant, state__in=Job.OPEN).first()
    if job is None:
        return
    expired = job.kind in _WHOLE and job.state == Job.State.PLANNED and why_stale(job)
    if not expired:
        state = job.get_state_display().lower()
        raise QueueRefused(f"Job {job.pk} of this tenant is open ({state}); it was left alone.")


def require_no_open_job(tenant: Tenant) -> None:
    """Raises QueueRefused while a job that is not on demand is open; nothing is replaced."""
    require_staying(tenant)
    other = _in_the_way(tenant, "").first()
    if other is not None:
        state = other.get_state_display().lower()
        raise QueueRefused(f"Job {other.pk} of this tenant is open ({state}). Decide on it first.")


def _in_the_way(tenant: Tenant, subject: str) -> QuerySet[Job]:
    """Open jobs beside which the new one cannot stand."""
    opened: QuerySet[Job] = Job.objects.filter(tenant=tenant, state__in=Job.OPEN)
    if subject:
        return opened.filter(kind=Job.Kind.ON_DEMAND, subject_key=subject)
    return opened.exclude(kind=Job.Kind.ON_DEMAND)


def compare_reads(
    source: Source, columns: Iterable[str], keys: Iterable[str], refused: Iterable[str]
) -> Comparison | None:
    """The guard's comparison with the last accepted read, if there is one.

    `keys` are folded, `refused` the keys of refused rows: those are not missing.
    """
    previous = source.snapshot
    if previous is None:
        return None
    found = frozenset(keys) | {fold_key(key) for key in refused}
    return compare(
        SnapshotFacts(previous.people, tuple(previous.columns), snapshots.keys_of(previous)),
        SnapshotFacts(len(found), tuple(columns), found),
        GuardLimits(source.loss_share, source.loss_minimum),
    )


@dataclass(frozen=True, slots=True)
class _Again:
    """What the profile's key column makes of a kept read; `own`: it was read by that column."""

    own: bool
    keys: frozenset[str]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A job to be made from a kept read; the guard has nothing to say without `again`."""

    version: ProfileVersion
    kind: Job.Kind
    size: int | None
    by: User | None
    again: _Again | None
    retry_of: Job | None = None
    gently: bool = False
    subject: str = ""


def _read_again(snapshot: Snapshot, version: ProfileVersion) -> _Again:
    found = snapshots.people_of(snapshot, version.definition["key_column"])
    refused = tuple(row.key for row in found.refused if row.key is not None)
    return _Again(found.own, frozenset(fold_key(each.key) for each in found.records), refused)


def _compare_again(
    snapshot: Snapshot, again: _Again | None, refused: Iterable[HeldRecord]
) -> Comparison | None:
    """What the guard says; a read that was accepted is not asked twice, unless by other keys."""
    if again is None or (again.own and snapshot.accepted_at is not None):
        return None
    known, _ = refused_keys((row.key for row in refused if row.key), own=again.own)
    return compare_reads(snapshot.source, snapshot.columns, again.keys, {*known, *again.refused})


@transaction.atomic
def _queue(read: Snapshot, wanted: _Wanted) -> Job:
    tenant = read.tenant
    if wanted.gently:
        lanes.lock(tenant)
        require_replaceable(tenant)
    replace_open_job(tenant, wanted.by, keep=read, subject=wanted.subject)
    snapshot = Snapshot.objects.select_for_update().filter(pk=read.pk, erased_at=None).first()
    if snapshot is None:
        raise QueueRefused(f"{read.file_name} was erased at this moment. Upload its file again.")
    first = Job.objects.filter(snapshot=snapshot).order_by("pk").first()
    refused = list(first.held_records.filter(stage=_READ)) if first else []
    if wanted.subject:
        refused = [row for row in refused if fold_key(row.key) == wanted.subject]
    job = _job(snapshot, wanted, first, _compare_again(snapshot, wanted.again, refused))
    job.held = len(refused)
    job.save()
    _hold_again(job, refused)
    record(
        "job.queued",
        by=wanted.by,
        customer=tenant.customer,
        subject=job,
        kind=wanted.kind.value,
        size=wanted.size or 0,
        retry_of=job.retry_of_id or 0,
    )
    if job.state == Job.State.PLANNING:
        lanes.want(tenant, urgent=job.is_urgent)
    else:
        tell_of_job("job.stopped", job)
    return job


def _job(
    snapshot: Snapshot, wanted: _Wanted, first: Job | None, comparison: Comparison | None
) -> Job:
    """The job, not saved yet; the `first` one from this read knows what reading it gave."""
    stops = comparison is not None and comparison.stops
    return Job(
        customer_id=snapshot.customer_id,
        tenant_id=snapshot.tenant_id,
        source_id=snapshot.source_id,
        profile_version=wanted.version,
        snapshot=snapshot,
        file_name=snapshot.file_name,
        kind=wanted.kind,
        pilot_size=wanted.size if wanted.kind == Job.Kind.PILOT else None,
        retry_of=wanted.retry_of if wanted.kind == Job.Kind.RETRY else None,
        subject_key=wanted.subject,
        state=Job.State.STOPPED if stops else Job.State.PLANNING,
        requested_by=wanted.by,
        comparison=comparison.to_json() if comparison else None,
        people=first.people if first else snapshot.people,
        unreadable_keys=first.unreadable_keys if first else 0,
    )


def _hold_again(job: Job, refused: list[HeldRecord]) -> None:
    """Rows refused when the snapshot was read are refused for every job made from it."""
    for row in refused:
        row.pk, row.job = None, job
    HeldRecord.objects.bulk_create(refused, batch_size=500)
