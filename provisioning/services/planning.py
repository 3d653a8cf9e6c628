"""Planning a job inside its lane: inventory if the directory was never read, map, plan, price."""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice

from django.db import transaction
from django.utils import timezone

from billing.selectors import quote_for
from provisioning.domain.expressions import Context
from provisioning.domain.mapping import CompiledProfile, MappingError, published_profile
from provisioning.domain.planner import (
    CALLS,
    EXTERNAL_ID,
    USER_NAME,
    Absences,
    Account,
    Change,
    Directory,
    Kind,
    Person,
    plan,
)
from provisioning.domain.protection import Protection
from provisioning.domain.records import Record, fold_key
from provisioning.models import DirectoryObject, HeldRecord, Job, Operation
from provisioning.scim.client import ScimClient
from provisioning.services import snapshots
from provisioning.services.inventory import read_inventory
from provisioning.services.lanes import HeldLane
from tenants.models import Tenant

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


def profile_of(job: Job) -> CompiledProfile:
    """The profile a job was made with, ready to be applied."""
    return published_profile(job.profile_version.definition)


class _Counts(dict[Kind, int]):
    """How many changes of each kind a plan holds, and how many of them are withheld."""

    withheld = 0
    outside = 0

    def add(self, change: Change) -> None:
        self[change.kind] = self.get(change.kind, 0) + 1
        self.withheld += change.withheld

    @property
    def calls(self) -> int:
        """Calls the plan takes when everything in it is approved."""
        return sum(self.get(kind, 0) for kind in CALLS)


@transaction.atomic
def _forget_earlier_try(job: Job, held: HeldLane) -> None:
    held.confirm()
    job.operations.all().delete()
    job.held_records.filter(stage=HeldRecord.Stage.MAPPING).delete()


def _write_operations(job: Job, profile: CompiledProfile, held: HeldLane) -> _Counts:
    """Plan and write in batches, each a transaction of its own that makes sure of the lane."""
    people = _MappedPeople(job, profile)
    changes = plan(
        people,
        shadow_of(job.tenant, profile.definition.matching),
        mapped=profile.targets,
        protection=Protection(job.tenant.protected_accounts),
        absences=Absences(people.held, job.unreadable_keys, people.outside),
        matching=profile.definition.matching,
    )
    counts = _Counts()
    rows = (_operation(job, change) for change in _counted(changes, counts))
    while True:
        batch = list(islice(rows, _BATCH))
        with transaction.atomic():
            held.confirm()
            Operation.objects.bulk_create(batch)
            HeldRecord.objects.bulk_create(people.take_failures())
        held.renew()
        if len(batch) < _BATCH:
            counts.outside = people.passed_over
            return counts


class _MappedPeople:
    """People of a job's snapshot with their desired state; a failed mapping holds its record.

    `held` and `outside` (folded keys) grow while this is read: the planner asks them after the
    last person. Whom the profile is not for is passed over, and held if the profile says so.
    """

    def __init__(self, job: Job, profile: CompiledProfile) -> None:
        self._job = job
        self._profile = profile
        self._today = timezone.localdate(job.created_at)
        # A job that is planned anew after a crash sees the same clock.
        self._context = Context(now=job.created_at)
        self.outside: set[str] = set()
        self.passed_over = 0
        refused = job.held_records.exclude(key="").values_list("key", flat=True)
        self.held = {fold_key(key) for key in refused}
        self._failures: list[HeldRecord] = []

    def __iter__(self) -> Iterator[Person]:
        if self._job.snapshot is None:
            raise RuntimeError(f"{self._job} has lost its snapshot.")
        for row in snapshots.records_of(self._job.snapshot):
            try:
                if not self._profile.covers(row.values, self._today):
                    self._pass_over(row)
                    continue
                mapped = self._profile.apply(row.values, self._context)
            except MappingError as error:
                self._hold(row, error)
            else:
                yield Person(row.key, mapped.values, mapped.ignored, mapped.initial)

    def take_failures(self) -> list[HeldRecord]:
        """Records held since the last call."""
        taken, self._failures = self._failures, []
        return taken

    def _pass_over(self, row: Record) -> None:
        self.passed_over += 1
        keeps = self._profile.definition.out_of_scope == "skip"
        (self.held if keeps else self.outside).add(fold_key(row.key))

    def _hold(self, row: Record, error: MappingError) -> None:
        self.held.add(fold_key(row.key))
        self._failures.append(
            HeldRecord(
                customer_id=self._job.customer_id,
                job=self._job,
                stage=HeldRecord.Stage.MAPPING,
                line=row.line,
                key=row.key[:255],
                code="mapping",
                message=str(error),
            )
        )


def shadow_of(tenant: Tenant, matching: Sequence[str] = ()) -> Directory:
    """The tenant's shadow as the planner reads it, findable by the matching paths."""
    managed, by_user_name, strangers = {}, {}, {}
    findable: dict[str, dict[str, list[Account]]] = {path: {} for path in matching}
    for row in DirectoryObject.objects.filter(tenant=tenant).iterator(2000):
        account = Account(
            row.pk,
            row.entra_id,
            row.key,
            row.user_name,
            row.active,
            row.state,
            row.revision,
            row.on_premises,
            row.guest,
        )
        by_user_name[row.folded_user_name] = account
        if row.key:
            managed[row.key] = account
            continue
        if row.external_id:
            strangers[fold_key(row.external_id)] = account
        for path, accounts in findable.items():
            value = _identity(row, path)
            if value:
                accounts.setdefault(fold_key(value), []).append(account)
    return Directory(managed, by_user_name, strangers, findable)


def _identity(row: DirectoryObject, path: str) -> str:
    if path == EXTERNAL_ID:
        return row.external_id
    return row.user_name if path == USER_NAME else str(row.state.get(path) or "")


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
    job.total = counts.calls - counts.withheld
    job.unchanged = counts.get(Kind.UNCHANGED, 0)
    job.inactive = counts.get(Kind.INACTIVE, 0)
    job.out_of_scope = counts.outside
    job.held = job.held_records.count()
    job.planned_at, job.problem = now, ""
    job.state = Job.State.PLANNED
    if counts.calls == 0:
        job.state, job.ended_at = Job.State.FINISHED, now
        if job.snapshot is not None:
            snapshots.accept(job.snapshot, now)
    job.save(update_fields=_DECIDED)
