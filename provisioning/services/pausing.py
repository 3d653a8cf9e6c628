"""Pausing a job that is applied, between two of its batches, and letting it go on.

A request to pause is noted in the job's row; whoever holds the lane honours it where every answer
of the last batch is settled. Outcomes unknown by then are looked up after the job goes on.
"""

from django.db import transaction

from provisioning.models import Job, Operation
from provisioning.services import lanes
from provisioning.services.decisions import DecisionRefused, move, require
from provisioning.services.lanes import HeldLane
from tenants.domain.roles import Action
from tenants.models import User
from tenants.services import record

_APPLYING, _PAUSED = Job.State.APPLYING, Job.State.PAUSED


@transaction.atomic
def pause(*, job: Job, by: User) -> None:
    """Ask for a pause; it begins when the batch on its way is settled. Raises DecisionRefused."""
    require(job, by, Action.CANCEL)
    lanes.lock(job.tenant)
    if Job.objects.select_for_update().get(pk=job.pk).cancel_requested:
        raise DecisionRefused("The job is being cancelled.")
    move(job, {_APPLYING}, pause_requested=True)
    record("job.paused", by=by, customer=job.customer, subject=job)
    lanes.want(job.tenant, urgent=job.is_urgent)


@transaction.atomic
def resume(*, job: Job, by: User) -> None:
    """Let a paused job go on, or take back a pause that has not begun. Raises DecisionRefused."""
    require(job, by, Action.APPROVE)
    lanes.lock(job.tenant)
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.state == _APPLYING and not locked.pause_requested:
        raise DecisionRefused("The job is not paused.")
    move(job, {_APPLYING, _PAUSED}, state=_APPLYING, pause_requested=False)
    record("job.resumed", by=by, customer=job.customer, subject=job)
    lanes.want(job.tenant, urgent=job.is_urgent)


@transaction.atomic
def pauses(job: Job, held: HeldLane) -> bool:
    """In the lane: begin the pause that was asked for, unless nothing is left or it was taken back.

    Called where no request is on its way.
    """
    held.confirm()
    if not job.operations.filter(state__in=Operation.UNSETTLED).exists():
        return False
    asked = Job.objects.filter(
        pk=job.pk, state=_APPLYING, pause_requested=True, cancel_requested=False
    )
    return bool(asked.update(state=_PAUSED, pause_requested=False, problem=""))
