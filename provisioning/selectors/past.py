"""What a tenant did, as the simulator takes it: its size, its writes, and how often it synced.

A write counts from the moment its job began, because that is when a sync took the change: however
long a large job was applied, it was one sync. Counted are operations that were sent and done; what
was refused, sent again or looked up is no change of the tenant's. A circle of user names counts as
one call an account.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import Count, Q, QuerySet

from billing.domain.simulator import History, Kind, Write
from billing.selectors import calls_by_purpose
from provisioning.domain.attributes import MANAGER, is_custom
from provisioning.domain.what_if import DAY, minutes_between, usual_minutes
from provisioning.models import DirectoryGroup, DirectoryObject, Job, Operation, Schedule
from provisioning.scim.messages import Purpose
from tenants.models import Tenant

MOST_DAYS = 90
_CHUNK = 2000
_KIND, _DONE = Operation.Kind, Operation.State.DONE
_CHANGES = (
    _KIND.UPDATE,
    _KIND.ENABLE,
    _KIND.DISABLE,
    _KIND.ADOPT,
    _KIND.TRANSFER,
    _KIND.RELEASE,
)
_GROUPS = (_KIND.GROUP_CREATE, _KIND.GROUP_CHANGE, _KIND.GROUP_DELETE)
_KINDS = {
    **dict.fromkeys(_CHANGES, Kind.CHANGE),
    **dict.fromkeys(_GROUPS, Kind.GROUP),
    _KIND.DELETE: Kind.DELETE,
}
_WRITES = (
    Purpose.CREATE,
    Purpose.UPDATE,
    Purpose.DISABLE,
    Purpose.DELETE,
    Purpose.GROUP_CREATE,
    Purpose.GROUP_UPDATE,
    Purpose.GROUP_DELETE,
    Purpose.MEMBER_ADD,
    Purpose.MEMBER_REMOVE,
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Minutes between syncs and between reconciles (None: never) at present, and who says so."""

    sync_minutes: int
    reconcile_minutes: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Days:
    """UTC days a history may begin on: the first and the last of them, and the one it does.

    `first_load` is the day of the tenant's first finished sync, if that is one of them: without a
    wish it is left out, because it comes once.
    """

    earliest: date
    latest: date
    usual: date
    first_load: date | None


def days_of(tenant: Tenant, now: datetime) -> Days | None:
    """Days on which a tenant's history may begin; None before a whole day after the first load."""
    jobs = Job.objects.filter(tenant=tenant).order_by("created_at", "pk")
    finished = jobs.filter(kind=Job.Kind.SYNC, state=Job.State.FINISHED)
    began, loaded = (_first_day(each) for each in (jobs, finished))
    if began is None or loaded is None:
        return None
    today = now.astimezone(UTC).date()
    latest = today - timedelta(days=1)
    earliest = max(began, today - timedelta(days=MOST_DAYS))
    usual = max(earliest, loaded + timedelta(days=1))
    first_load = loaded if loaded >= earliest else None
    return Days(earliest, latest, usual, first_load) if usual <= latest else None


def pace_of(tenant: Tenant, start: datetime) -> Pace:
    """How often a tenant syncs and reconciles: by its schedules, else by its syncs since a day."""
    rules: dict[str, list[Any]] = {}
    for schedule in tenant.schedules.filter(enabled=True).select_related("tenant"):
        rules.setdefault(schedule.what, []).append(schedule.rule)
    reconciles = minutes_between(rules.get(Schedule.What.RECONCILE, []))
    if minutes := minutes_between(rules.get(Schedule.What.EVALUATE, [])):
        return Pace(minutes, reconciles, "as its schedules say")
    syncs = Job.objects.filter(
        tenant=tenant, kind=Job.Kind.SYNC, state=Job.State.FINISHED, created_at__gte=start
    )
    if minutes := usual_minutes(list(syncs.values_list("created_at", flat=True))):
        return Pace(minutes, reconciles, "the usual distance between its syncs, as none is planned")
    return Pace(DAY, reconciles, "assumed, as too few syncs were made and none is planned")


def history_of(tenant: Tenant, start: datetime, now: datetime, pace: Pace) -> History:
    """A tenant's size now and its writes since a moment.

    People are accounts that the portal manages and that are not disabled: whoever has left is read
    by nobody.
    """
    objects = DirectoryObject.objects.filter(tenant=tenant)
    counted = objects.aggregate(
        users=Count("pk"), people=Count("pk", filter=Q(active=True) & ~Q(key=""))
    )
    groups = DirectoryGroup.objects.filter(tenant=tenant).exclude(key="").order_by("pk")
    sizes = groups.annotate(size=Count("members")).values_list("size", flat=True)
    writes = tuple(_writes(tenant, start, now))
    return History(
        counted["people"], counted["users"], tuple(sizes), start, now, writes, pace.sync_minutes
    )


def metered_writes(tenant: Tenant, first: date) -> int:
    """Write calls that the meter counted since a UTC day, whatever was answered."""
    counted = calls_by_purpose(tenant, first)
    return sum(counted.get(purpose, 0) for purpose in _WRITES)


def newest_people(tenant: Tenant) -> int:
    """People in the newest whole reads of the tenant's sources together, accepted or not yet."""
    whole = Q(complete=True) | Q(accepted_at__isnull=False)
    reads = [
        source.snapshots.filter(whole).order_by("-created_at", "-pk").first()
        for source in tenant.sources.filter(removed_at=None)
    ]
    return sum(read.people for read in reads if read)


def managed_groups(tenant: Tenant) -> int:
    """Groups that the portal manages."""
    return DirectoryGroup.objects.filter(tenant=tenant).exclude(key="").count()


def _writes(tenant: Tenant, start: datetime, now: datetime) -> Iterator[Write]:
    jobs = Job.objects.filter(tenant=tenant, created_at__gte=start, created_at__lt=now)
    begun = {pk: (at, source) for pk, at, source in jobs.values_list("pk", "created_at", "source")}
    sent = Operation.objects.filter(
        job__tenant=tenant, job__created_at__gte=start, state=_DONE, first_sent_at__isnull=False
    )
    names: dict[str, str] = {}
    rows = chain(_simple(sent), _creations(sent), _additions(sent), _removals(sent))
    for job, kind, key, members in rows:
        if job in begun:
            at, source = begun[job]
            subject = f"{source}/{key}"
            yield Write(at, kind, names.setdefault(subject, subject), members)


_Row = tuple[int, Kind, str, int]
"""Job, kind, folded key of the person or group, members."""


def _simple(sent: QuerySet[Operation]) -> Iterator[_Row]:
    rows = sent.filter(kind__in=_KINDS).order_by().values_list("job_id", "kind", "folded_key")
    for job, kind, key in rows.iterator(_CHUNK):
        yield job, _KINDS[_KIND(kind)], key, 1


def _creations(sent: QuerySet[Operation]) -> Iterator[_Row]:
    rows = sent.filter(kind=_KIND.CREATE).order_by()
    told = rows.values_list("job_id", "folded_key", "after", "manager", "carries_manager")
    for job, key, after, manager, carries in told.iterator(_CHUNK):
        yield job, Kind.CREATE, key, 1
        named = manager or MANAGER in after
        if (named and not carries) or any(map(is_custom, after)):
            yield job, Kind.SECOND, key, 1


def _additions(sent: QuerySet[Operation]) -> Iterator[_Row]:
    """Members that a job added to a group, packs put together."""
    rows = sent.filter(kind=_KIND.MEMBER_ADD).order_by().values_list("job", "folded_key", "members")
    added: Counter[tuple[int, str]] = Counter()
    for job, key, members in rows.iterator(_CHUNK):
        added[job, key] += len(members)
    return ((job, Kind.ADD, key, number) for (job, key), number in added.items())


def _removals(sent: QuerySet[Operation]) -> Iterator[_Row]:
    """Members that a job removed from a group, a call each."""
    rows = sent.filter(kind=_KIND.MEMBER_REMOVE).order_by().values("job", "folded_key")
    counted = rows.annotate(number=Count("pk")).values_list("job", "folded_key", "number")
    for job, key, number in counted.iterator(_CHUNK):
        yield job, Kind.REMOVE, key, number


def _first_day(jobs: QuerySet[Job]) -> date | None:
    at = jobs.values_list("created_at", flat=True).first()
    return at.astimezone(UTC).date() if at else None
