"""Taking back what an ended job did: previewed, planned, priced and approved like any plan.

Only operations that were sent are taken back; what another job had done already is not this one's.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.domain.pricing import Cost
from billing.selectors import quote_for
from provisioning.domain.groups import GroupAct, GroupOperation, GroupShadow, Member
from provisioning.domain.groups.undoing import GroupDone, undo_groups
from provisioning.domain.plan_values import Account, Change, Kind
from provisioning.domain.undo import Done, Undoing, undo
from provisioning.models import DirectoryObject, Job, Operation
from provisioning.services import lanes
from provisioning.services.decisions import require
from provisioning.services.lanes import HeldLane
from provisioning.services.plan_rows import ACTS
from provisioning.services.planning import write_plan
from provisioning.services.protection import protection_of
from provisioning.services.queueing import QueueRefused, require_no_open_job
from provisioning.services.shadow import groups_of, shadow_of
from tenants.domain.roles import Action
from tenants.models import User
from tenants.services import record

_PIECE = 500
# What the inverse leaves as it is, of people and of groups.
_STAYS = {Kind.UNCHANGED.value, Kind.LEAVE.value, GroupAct.LEAVE.value}


@dataclass(slots=True)
class Preview:
    """What undoing a job would do now: the first changes, numbers by kind, calls and price."""

    shown: list[Change] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    groups: Counter[str] = field(default_factory=Counter)
    """Operations on groups by what they do."""
    calls: int = 0
    cost: Cost = field(default_factory=Cost)

    @property
    def acts(self) -> bool:
        """Whether the plan would change anything: not all is as before, or has to stay."""
        return bool((self.kinds.keys() | self.groups.keys()) - _STAYS)


def preview_of(job: Job, *, deletes: bool, most: int) -> Preview:
    """The plan as it would be made now; nothing is written. Raises NoPrice."""
    preview, changes = Preview(), _changes(job, deletes=deletes)
    for change in changes:
        preview.kinds[change.kind.value] += 1
        preview.calls += change.calls
        if len(preview.shown) < most and change.kind is not Kind.UNCHANGED:
            preview.shown.append(change)
    groups = _group_changes(job, deletes=deletes)
    preview.calls += sum(each.calls for each in groups)
    preview.groups = Counter(each.act.value for each in groups)
    preview.cost = quote_for(job.tenant, preview.calls, timezone.now())
    return preview


def undo_job(*, job: Job, by: User, deletes: bool = False) -> Job:
    """Queue the undo of an ended job; another open job is not replaced.

    With `deletes`, accounts that it created are deleted instead of disabled: each such deletion
    needs an explicit yes. Raises QueueRefused, and DecisionRefused when this person may not.
    """
    require(job, by, Action.UPLOAD)
    if (why := why_not(job)) != "":
        raise QueueRefused(why)
    try:
        return _queue(job, by, deletes)
    except IntegrityError as error:
        raise QueueRefused("Another job of this tenant was started at the same moment.") from error


def why_not(job: Job) -> str:
    """Why a job cannot be undone; "" when it can."""
    if job.is_open:
        return "The job has not ended yet. Wait for its end, or cancel it."
    if not _done(job).exists():
        return "This job has changed nothing."
    return ""


def plan_undo(job: Job, held: HeldLane) -> None:
    """Plan an undo inside its lane; no source is read, and no call is made."""
    if job.undo_of is None:
        write_plan(job, iter(()), (), held)
        return
    deletes = job.undo_deletes
    groups = _group_changes(job.undo_of, deletes=deletes)
    write_plan(job, _changes(job.undo_of, deletes=deletes), groups, held)


@transaction.atomic
def _queue(job: Job, by: User, deletes: bool) -> Job:
    lanes.lock(job.tenant)
    require_no_open_job(job.tenant)
    made = Job.objects.create(
        customer_id=job.customer_id,
        tenant_id=job.tenant_id,
        source_id=job.source_id,
        profile_version_id=job.profile_version_id,
        file_name=job.file_name,
        kind=Job.Kind.UNDO,
        undo_of=job,
        undo_deletes=deletes,
        state=Job.State.PLANNING,
        requested_by=by,
    )
    record(
        "job.queued",
        by=by,
        customer=job.customer,
        subject=made,
        kind=Job.Kind.UNDO.value,
        undo_of=job.pk,
        deletes=deletes,
    )
    lanes.want(job.tenant)
    return made


def _done(job: Job, *, ever: bool = False) -> QuerySet[Operation]:
    """What the job carried out; `ever`: what took no request, too."""
    sent = job.operations.filter(state=Operation.State.DONE)
    if not ever:
        sent = sent.filter(attempts__gt=0)
    return sent.select_related("target").order_by("-pk")


def _changes(job: Job, *, deletes: bool) -> Iterator[Change]:
    """The inverse of everything the job did, the last first."""
    directory = shadow_of(job.source, now=timezone.now())
    undoing = Undoing(directory, protection_of(job.tenant), deletes)
    rows = _done(job).exclude(kind__in=Operation.ON_GROUPS)
    # In pieces by key: writing the plan in between must not disturb a cursor that is open.
    last: int | None = None
    while True:
        piece = list((rows if last is None else rows.filter(pk__lt=last))[:_PIECE])
        for operation in piece:
            last = operation.pk
            yield undo(_value(operation), undoing)
        if not piece:
            return


def _group_changes(job: Job, *, deletes: bool) -> list[GroupOperation]:
    """The inverse of what the job did to groups."""
    sent = _done(job, ever=True).filter(kind__in=Operation.ON_GROUPS)
    rows = list(sent.order_by("pk"))
    if not rows:
        return []
    known = groups_of(job.source).managed
    gone: set[str] = set()
    if deletes:  # with the accounts that the job created go their memberships
        created = _done(job).filter(kind=Operation.Kind.CREATE, target__isnull=False)
        gone = {each.lower() for each in created.values_list("target__entra_id", flat=True)}
    return undo_groups((_group_value(each, known, gone) for each in rows), deletes=deletes)


def _group_value(
    operation: Operation, known: Mapping[str, GroupShadow], gone: set[str]
) -> GroupDone:
    return GroupDone(
        ACTS[Operation.Kind(operation.kind)],
        operation.key,
        operation.person,
        operation.user_name,
        known.get(operation.key),
        [
            Member(key, entra_id.lower())
            for key, entra_id in operation.members
            if entra_id.lower() not in gone
        ],
        operation.before,
        operation.after,
    )


def _value(operation: Operation) -> Done:
    return Done(
        Kind(operation.kind),
        operation.key,
        operation.person,
        operation.user_name,
        operation.before,
        operation.after,
        _account(operation.target),
    )


def _account(row: DirectoryObject | None) -> Account | None:
    if row is None:
        return None
    return Account(
        row.pk,
        row.entra_id,
        row.key,
        row.user_name,
        row.active,
        row.state,
        row.revision,
        row.on_premises,
        row.guest,
        row.outside_since,
        row.record_digest,
    )
