"""Queueing reconciles, with the calls said before; advice on how often to do it."""

import math
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from billing.domain.pricing import Cost, NoPrice
from billing.selectors import quote_for
from provisioning.domain.attributes import MANAGER
from provisioning.domain.verification import (
    Advice,
    Observation,
    ReadForecast,
    advise,
    forecast,
)
from provisioning.models import (
    Directory,
    DirectoryObject,
    HeldRecord,
    Job,
    ProfileVersion,
    Reconciliation,
    Snapshot,
    Source,
)
from provisioning.scim import users
from provisioning.selectors import source_of
from provisioning.services import lanes
from provisioning.services.decisions import move, require
from provisioning.services.group_comparing import forecast_groups
from provisioning.services.queueing import (
    QueueRefused,
    newest_read,
    profile_of,
    require_no_open_job,
)
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.services import record

DEFAULT_SAMPLE = 20
MOST_SAMPLE = 10_000
_SEEN = 50
_NOTHING = (
    "This portal manages no account here yet, so there is nothing to compare. Upload a file and"
    " apply its plan first."
)


def queue_reconcile(
    *,
    tenant: Tenant,
    by: User | None,
    sample: int | None = None,
    managers: bool = False,
    source: Source | None = None,
) -> Job:
    """Queue a job that reads the directory back: all of it, or `sample` accounts of ours at random.

    It compares with the shadow, and plans what undoes the drift by the newest read that is kept.
    It is about one source's accounts and groups, the tenant's first one unless another is given.
    Another open job is not replaced. Raises QueueRefused.
    """
    source = source_for(tenant, source)
    promised = forecast_of(source, sample, managers=managers)
    version, _ = profile_of(tenant, source)
    try:
        with transaction.atomic():
            return _queue(source, version, promised, managers, by)
    except IntegrityError as error:
        raise QueueRefused("Another job of this tenant was started at the same moment.") from error


def forecast_of(source: Source, sample: int | None, *, managers: bool = False) -> ReadForecast:
    """The calls that reading back takes, as far as the directory is known. Raises QueueRefused."""
    if sample is not None and not 1 <= sample <= MOST_SAMPLE:
        raise QueueRefused(f"A sample takes 1 to {MOST_SAMPLE:,} accounts.")
    known = DirectoryObject.objects.filter(tenant=source.tenant_id)
    managed = known.filter(owner=source).exclude(key="").count()
    if not managed:
        raise QueueRefused(_NOTHING)
    page = users.PAGE_WITH_MANAGER if managers else users.PAGE
    found = forecast(known.count(), managed, sample, page)
    if sample is not None:
        return found  # a sample is one of people
    groups = forecast_groups(source, profile_of(source.tenant, source)[1])
    if groups is None:
        return found
    return replace(found, calls=found.calls + groups.calls, groups=groups.calls)


def maps_manager(source: Source) -> bool:
    """Whether the profile writes managers, so that reading them can be asked for."""
    try:
        _, compiled = profile_of(source.tenant, source)
    except QueueRefused:
        return False
    return MANAGER in compiled.targets


def price_of(tenant: Tenant, calls: int, now: datetime) -> Cost:
    """What so many calls would cost; without an amount where the price book has no price."""
    try:
        return quote_for(tenant, calls, now)
    except NoPrice:
        return Cost(calls, calls)


def source_for(tenant: Tenant, source: Source | None = None) -> Source:
    """The source that is meant, the tenant's first one without any. Raises QueueRefused."""
    chosen = source or source_of(tenant)
    if chosen is None:
        raise QueueRefused(_NOTHING)
    return chosen


def _queue(
    source: Source,
    version: ProfileVersion,
    promised: ReadForecast,
    managers: bool,
    by: User | None,
) -> Job:
    tenant = source.tenant
    lanes.lock(tenant)
    require_no_open_job(tenant)
    job = _job(source, version, promised, by)
    _hold_again(job)
    last = Directory.objects.filter(tenant=tenant).first()
    Reconciliation.objects.create(
        customer_id=tenant.customer_id,
        tenant=tenant,
        job=job,
        sample=promised.asked,
        whole=promised.whole,
        managers=managers,
        promised_calls=promised.calls,
        since=last.inventory_at if last else None,
    )
    record(
        "job.queued",
        by=by,
        customer=tenant.customer,
        subject=job,
        kind=job.kind,
        sample=promised.asked or 0,
        calls=promised.calls,
    )
    lanes.want(tenant)
    return job


def _job(source: Source, version: ProfileVersion, promised: ReadForecast, by: User | None) -> Job:
    snapshot = newest_read(source.tenant, Job.Kind.RECONCILE, source)
    first = _first_job(snapshot)
    name = "Reconcile"
    if promised.asked is not None:
        name = f"Verification of {promised.asked:,} account{'' if promised.asked == 1 else 's'}"
    return Job.objects.create(
        customer_id=source.customer_id,
        tenant_id=source.tenant_id,
        source=source,
        profile_version=version,
        snapshot=snapshot,
        file_name=name,
        kind=Job.Kind.RECONCILE,
        state=Job.State.PLANNING,
        requested_by=by,
        unreadable_keys=first.unreadable_keys if first else 0,
    )


def _first_job(snapshot: Snapshot | None) -> Job | None:
    """The job that knows what reading this snapshot gave."""
    if snapshot is None:
        return None
    return Job.objects.filter(snapshot=snapshot).order_by("pk").first()


def _hold_again(job: Job) -> None:
    """Rows refused when the snapshot was read are refused for this job, too."""
    first = _first_job(job.snapshot)
    if first is None or first.pk == job.pk:
        return
    rows = list(first.held_records.filter(stage=HeldRecord.Stage.READ))
    for row in rows:
        row.pk, row.job = None, job
    HeldRecord.objects.bulk_create(rows, batch_size=500)


@transaction.atomic
def plan_reconcile_again(*, job: Job, by: User) -> Job:
    """Plan the same drift by the newest read and the current profile; nothing is read again.

    What was decided as theirs stays so. Raises QueueRefused and DecisionRefused.
    """
    require(job, by, Action.UPLOAD)
    lanes.lock(job.tenant)
    version, _ = profile_of(job.tenant, job.source)
    snapshot = newest_read(job.tenant, Job.Kind.RECONCILE, job.source)
    planning = {"state": Job.State.PLANNING, "profile_version": version, "snapshot": snapshot}
    move(job, {Job.State.PLANNED}, **planning)
    job.held_records.all().delete()
    _hold_again(job)
    record("job.planned_again", by=by, customer=job.customer, subject=job)
    lanes.want(job.tenant)
    return job


def observations(source: Source) -> list[Observation]:
    """What earlier readings have shown, the newest first."""
    rows = Reconciliation.objects.filter(
        job__source=source, read_at__isnull=False, since__isnull=False
    )
    return [
        Observation(row.drifted, row.checked, _days(row.since, row.read_at))
        for row in rows.order_by("-read_at")[:_SEEN]
    ]


def _days(since: datetime | None, until: datetime | None) -> float:
    return (until - since).total_seconds() / 86_400 if since and until else 0.0


def advice_for(source: Source, tolerance: float, now: datetime) -> Advice | None:
    """How often to read back, so that at most this share (0 to 1) of the accounts has drifted."""
    seen = observations(source)
    known = DirectoryObject.objects.filter(tenant=source.tenant_id).count()
    calls = math.ceil(max(1, known) / users.PAGE)
    price = next(iter(price_of(source.tenant, 1, now).amounts.values()), Decimal(0))
    return advise(seen, calls, price, tolerance)
