"""Planning a job inside its lane: inventory if the directory was never read, map, plan, price."""

import logging
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from django.db import transaction
from django.utils import timezone

from billing.selectors import quote_for
from provisioning.domain.mapping import CompiledProfile
from provisioning.domain.planner import CALLS, Absences, Change, Kind, plan
from provisioning.domain.protection import Protection
from provisioning.models import DirectoryObject, HeldRecord, Job, Operation
from provisioning.scim.client import ScimClient
from provisioning.selectors import profile_of
from provisioning.services import snapshots
from provisioning.services.approval import approve_by_policy
from provisioning.services.inventory import read_inventory
from provisioning.services.lanes import HeldLane
from provisioning.services.people import MappedPeople, PatternTooSlow
from provisioning.services.shadow import shadow_of

logger = logging.getLogger(__name__)
_BATCH = 500
# What planning decides; the rest of the row is other people's, a request to cancel above all.
_DECIDED = (
    "state",
    "problem",
    "planned_at",
    "ended_at",
    "currency",
    "unit_price",
    "planned_calls",
    "withheld",
    "total",
    "unchanged",
    "inactive",
    "out_of_scope",
    "held",
    "flapping",
)


def plan_job(job: Job, client: ScimClient, held: HeldLane) -> None:
    """Plan a job from its snapshot; it then waits for approval, or is finished if nothing differs.

    Safe to begin anew after a crash: what an earlier try wrote is replaced.
    """
    profile = profile_of(job)
    read_inventory(job.tenant, client, held, {*profile.targets, *profile.definition.matching})
    _forget_earlier_try(job, held)
    counts = _write_operations(job, profile, held)
    with transaction.atomic():
        held.confirm()
        _finish_planning(job, counts)
    logger.info("%s: planned, %s calls", job.label, job.planned_calls)


class _Counts(dict[Kind, int]):
    """How many changes of each kind a plan holds, and how many of them are withheld."""

    withheld = 0
    outside = 0
    calls = 0
    """Calls the plan takes when everything in it is approved."""

    def __init__(self) -> None:
        super().__init__()
        self.flapping: Counter[str] = Counter()

    def add(self, change: Change) -> None:
        self.flapping.update(change.flapping)
        self[change.kind] = self.get(change.kind, 0) + 1
        self.withheld += change.withheld
        self.calls += change.calls

    @property
    def operations(self) -> int:
        """Operations that are sent when everything is approved."""
        return sum(self.get(kind, 0) for kind in CALLS)


@transaction.atomic
def _forget_earlier_try(job: Job, held: HeldLane) -> None:
    held.confirm()
    job.operations.all().delete()
    job.held_records.filter(stage=HeldRecord.Stage.MAPPING).delete()


def _write_operations(job: Job, profile: CompiledProfile, held: HeldLane) -> _Counts:
    """Plan and write in batches, each a transaction of its own that makes sure of the lane."""
    people = MappedPeople(job, profile)
    changes = plan(
        people,
        shadow_of(job.tenant, profile.definition.matching, profile.unique),
        mapped=profile.targets,
        protection=Protection(job.tenant.protected_accounts),
        absences=_absences(job, people),
        matching=profile.definition.matching,
    )
    counts = _Counts()
    rows = (_operation(job, change) for change in _counted(changes, counts))
    while True:
        try:
            batch = list(islice(rows, _BATCH))
        except PatternTooSlow:
            _give_up(job, people, held)
            raise
        with transaction.atomic():
            held.confirm()
            Operation.objects.bulk_create(batch)
            HeldRecord.objects.bulk_create(people.take_failures())
        held.renew()
        if len(batch) < _BATCH:
            counts.outside = people.passed_over
            _note_outside(job, people, held)
            return counts


@transaction.atomic
def _give_up(job: Job, people: MappedPeople, held: HeldLane) -> None:
    """Half a plan is none: only what was held back stays to be seen."""
    held.confirm()
    job.operations.all().delete()
    HeldRecord.objects.bulk_create(people.take_failures())
    Job.objects.filter(pk=job.pk).update(held=job.held_records.count())


@transaction.atomic
def _note_outside(job: Job, people: MappedPeople, held: HeldLane) -> None:
    """Since when whose account is outside the scope; whoever came back is not any more."""
    if job.kind == Job.Kind.PILOT:
        return
    held.confirm()
    ours = DirectoryObject.objects.filter(tenant=job.tenant).exclude(key="")
    inside, fresh = [], []
    for row in ours.only("pk", "key", "outside_since").iterator(2000):
        if row.key in people.outside:
            fresh += [row.pk] if row.outside_since is None else []
        elif row.outside_since is not None and row.key in people.inside:
            inside.append(row.pk)
    for pks, since in ((inside, None), (fresh, timezone.now())):
        for at in range(0, len(pks), _BATCH):
            ours.filter(pk__in=pks[at : at + _BATCH]).update(outside_since=since)


def _absences(job: Job, people: MappedPeople) -> Absences | None:
    """A pilot reads a part of the source: who is not in it says nothing."""
    if job.kind == Job.Kind.PILOT:
        return None
    return people.absences(timezone.now())


def _counted(changes: Iterator[Change], counts: _Counts) -> Iterator[Change]:
    """Changes worth a row; the others only count."""
    for change in changes:
        counts.add(change)
        if change.kind not in (Kind.UNCHANGED, Kind.INACTIVE):
            yield change


def _operation(job: Job, change: Change) -> Operation:
    state = Operation.State.WITHHELD if change.withheld else Operation.State.PROPOSED
    if change.kind is Kind.LEAVE:
        state = Operation.State.SKIPPED
    return Operation(
        customer_id=job.customer_id,
        tenant_id=job.tenant_id,
        job=job,
        kind=change.kind.value,
        state=state,
        key=change.key[:255],
        person=change.person[:255],
        user_name=change.user_name[:255],
        target_id=change.account.pk if change.account else None,
        target_revision=change.account.revision if change.account else None,
        before=dict(change.before),
        after=dict(change.after),
        record_digest=change.digest,
        choices={path: list(rest) for path, rest in change.choices.items() if rest},
        reason=change.reason[:300],
    )


def _finish_planning(job: Job, counts: _Counts) -> None:
    now = timezone.now()
    if Job.objects.select_for_update().get(pk=job.pk).cancel_requested:
        Job.objects.filter(pk=job.pk).update(state=Job.State.CANCELLED, problem="", ended_at=now)
        snapshots.discard(job)
        return
    price = quote_for(job.tenant, 1, now)
    (job.currency, job.unit_price), *_ = price.amounts.items()
    job.planned_calls = counts.calls
    job.withheld = counts.withheld
    job.total = counts.operations - counts.withheld
    job.unchanged = counts.get(Kind.UNCHANGED, 0)
    job.inactive = counts.get(Kind.INACTIVE, 0)
    job.out_of_scope = counts.outside
    job.flapping = dict(counts.flapping)
    job.held = job.held_records.count()
    job.planned_at, job.problem = now, ""
    job.state = Job.State.PLANNED
    if counts.calls == 0:
        job.state, job.ended_at = Job.State.FINISHED, now
        snapshots.accept_read_of(job, now)
    job.save(update_fields=_DECIDED)
    if job.state == Job.State.PLANNED:
        approve_by_policy(job, now)


def write_plan(job: Job, changes: Iterator[Change], held: HeldLane) -> None:
    """Write a plan for which no source is read, in batches, and finish planning."""
    _forget_earlier_try(job, held)
    counts = _Counts()
    rows = (_operation(job, change) for change in _counted(changes, counts))
    while batch := list(islice(rows, _BATCH)):
        with transaction.atomic():
            held.confirm()
            Operation.objects.bulk_create(batch)
        held.renew()
    with transaction.atomic():
        held.confirm()
        _finish_planning(job, counts)
    logger.info("%s: planned, %s calls", job.label, job.planned_calls)
