"""Planning a job inside its lane: inventory if the directory was never read, map, plan, price."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from django.db import transaction
from django.utils import timezone

from billing.selectors import quote_for
from provisioning.domain.attributes import MANAGER
from provisioning.domain.groups import GroupOperation
from provisioning.domain.mapping import CompiledProfile
from provisioning.domain.planner import Change, Kind, plan
from provisioning.models import DirectoryObject, HeldRecord, Job, Operation
from provisioning.scim.client import ScimClient
from provisioning.selectors import profile_of
from provisioning.services import repairs, snapshots
from provisioning.services.accepted import Acceptances
from provisioning.services.approval import approve_by_policy
from provisioning.services.comparing import read_back
from provisioning.services.estimates import ESTIMATED, note_estimate, note_reading
from provisioning.services.group_planning import group_rows, read_groups, write_groups
from provisioning.services.group_repairs import compares_groups
from provisioning.services.inventory import read_inventory
from provisioning.services.lanes import HeldLane
from provisioning.services.leavers import note_leavers
from provisioning.services.manager_waves import (
    may_carry_manager,
    report_missing,
    settle_managers,
)
from provisioning.services.people import MappedPeople, PatternTooSlow, absences_of
from provisioning.services.plan_counts import PlanCounts
from provisioning.services.plan_rows import person_row
from provisioning.services.protection import protection_of, refresh_protected
from provisioning.services.shadow import shadow_of, unique_paths

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
    *ESTIMATED,
    "reading_calls",
    "withheld",
    "total",
    "unchanged",
    "inactive",
    "out_of_scope",
    "held",
    "flapping",
)
_HELD = (HeldRecord.Stage.READ, HeldRecord.Stage.MAPPING)


def plan_job(job: Job, client: ScimClient, held: HeldLane) -> None:
    """Plan a job from its snapshot; it then waits for approval, or is finished if nothing differs.

    Safe to begin anew after a crash: what an earlier try wrote is replaced.
    """
    profile = profile_of(job)
    if job.kind == Job.Kind.RECONCILE:
        if not read_back(job, profile, client, held):
            return
    else:
        # The manager would make pages of 100 out of pages of 999.
        paths = {*profile.targets, *profile.definition.matching} - {MANAGER}
        read_inventory(job.tenant, client, held, paths)
        read_groups(job, profile.definition.groups, client, held)
    refresh_protected(job.tenant, client, held)
    _forget_earlier_try(job, held)
    people = repairs.people_of(job, profile)
    counts = _write_operations(job, people, profile, held)
    if compares_groups(job):
        write_groups(job, people, counts, held)
    with transaction.atomic():
        held.confirm()
        _finish_planning(job, counts)
    logger.info("%s: planned, %s calls", job.label, job.planned_calls)


@transaction.atomic
def _forget_earlier_try(job: Job, held: HeldLane) -> None:
    held.confirm()
    job.operations.all().delete()
    job.held_records.exclude(stage=HeldRecord.Stage.READ).delete()


def _write_operations(
    job: Job, people: MappedPeople, profile: CompiledProfile, held: HeldLane
) -> PlanCounts:
    """Plan and write in batches, each a transaction of its own that makes sure of the lane."""
    carries = may_carry_manager(job.tenant)
    accepted = Acceptances(job.source, kind=Job.Kind(job.kind))
    people.held |= accepted.spared
    shadow = shadow_of(
        job.source, profile.definition.matching, unique_paths(profile), now=job.created_at
    )
    changes = plan(
        accepted.people(people, shadow.managed),
        accepted.directory(shadow),
        mapped=profile.managed,
        protection=protection_of(job.tenant),
        absences=absences_of(job, people),
        matching=profile.definition.matching,
        guests=profile.definition.guests,
        creation_carries=carries,
    )
    if job.kind == Job.Kind.RECONCILE:
        changes = repairs.repairs_of(job, changes, held)
    counts = PlanCounts()
    rows = (person_row(job, change) for change in _counted(changes, counts))
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
            accepted.forget_void(people)
            with transaction.atomic():
                held.confirm()
                counts.calls += settle_managers(job, counts.joining, creation_carries=carries)
                report_missing(job, counts.missing_managers)
            if job.kind != Job.Kind.RECONCILE:
                note_leavers(job, people, held)
            return counts


@transaction.atomic
def _give_up(job: Job, people: MappedPeople, held: HeldLane) -> None:
    """Half a plan is none: only what was held back stays to be seen."""
    held.confirm()
    job.operations.all().delete()
    HeldRecord.objects.bulk_create(people.take_failures())
    Job.objects.filter(pk=job.pk).update(held=job.held_records.filter(stage__in=_HELD).count())


@transaction.atomic
def _note_outside(job: Job, people: MappedPeople, held: HeldLane) -> None:
    """Since when whose account is outside the scope; whoever came back is not any more."""
    if job.kind in (Job.Kind.PILOT, Job.Kind.RECONCILE):
        return
    held.confirm()
    ours = DirectoryObject.objects.filter(owner=job.source_id)
    inside, fresh = [], []
    for pk, key, since in ours.values_list("pk", "key", "outside_since").iterator(2000):
        if key in people.outside:
            fresh += [pk] if since is None else []
        elif since is not None and key in people.inside:
            inside.append(pk)
    for pks, noted in ((inside, None), (fresh, timezone.now())):
        for at in range(0, len(pks), _BATCH):
            ours.filter(pk__in=pks[at : at + _BATCH]).update(outside_since=noted)


def _counted(changes: Iterator[Change], counts: PlanCounts) -> Iterator[Change]:
    """Changes worth a row; the others only count. Who joins later counts, and is named."""
    for change in changes:
        counts.add(change)
        if change.kind not in (Kind.UNCHANGED, Kind.INACTIVE):
            yield change
        elif change.kind is Kind.INACTIVE and change.reason:
            yield replace(change, kind=Kind.LEAVE)


def _finish_planning(job: Job, counts: PlanCounts) -> None:
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
    job.held = job.held_records.filter(stage__in=_HELD).count()
    note_estimate(job)
    note_reading(job)
    job.planned_at, job.problem = now, ""
    job.state = Job.State.PLANNED
    if counts.operations == 0:
        job.state, job.ended_at = Job.State.FINISHED, now
        snapshots.accept_read_of(job, now)
    job.save(update_fields=_DECIDED)
    if job.state == Job.State.PLANNED:
        approve_by_policy(job, now)


def write_plan(
    job: Job, changes: Iterator[Change], groups: Iterable[GroupOperation], held: HeldLane
) -> None:
    """Write a plan for which no source is read, in batches, and finish planning."""
    _forget_earlier_try(job, held)
    counts = PlanCounts()
    people = (person_row(job, change) for change in _counted(changes, counts))
    rows = chain(people, group_rows(job, groups, counts))
    while batch := list(islice(rows, _BATCH)):
        with transaction.atomic():
            held.confirm()
            Operation.objects.bulk_create(batch)
        held.renew()
    with transaction.atomic():
        held.confirm()
        _finish_planning(job, counts)
    logger.info("%s: planned, %s calls", job.label, job.planned_calls)
