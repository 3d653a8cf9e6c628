"""What a person decides about a job: go on despite the guard, approve, cancel."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from provisioning.models import Job, Operation
from provisioning.services import lanes, snapshots
from tenants.domain.roles import Action
from tenants.models import User
from tenants.selectors import tenants_for
from tenants.services import record

_STOPPED, _PLANNING, _PLANNED = Job.State.STOPPED, Job.State.PLANNING, Job.State.PLANNED


class DecisionRefused(Exception):
    """This decision is not possible (any more); str() says why."""


@transaction.atomic
def accept_loss(*, job: Job, by: User) -> None:
    """Plan a job although the guard stopped it."""
    _require(job, by, Action.APPROVE)
    _move(job, {_STOPPED}, state=_PLANNING)
    record("job.loss_accepted", by=by, customer=job.customer, subject=job)
    lanes.want(job.tenant)


@transaction.atomic
def approve(
    *,
    job: Job,
    by: User,
    include_withheld: bool = False,
    include_adoptions: bool = False,
    include_deletes: bool = False,
) -> None:
    """Let a plan be applied; disables in doubt, adoptions and deletes only with a yes of each.

    Raises DecisionRefused when the plan is not waiting any more or the profile has changed since.
    """
    _require(job, by, Action.APPROVE)
    _require_fresh(job)
    now = timezone.now()
    _move(job, {_PLANNED}, state=Job.State.APPLYING, approved_by=by, approved_at=now)
    included = [Operation.Kind.DISABLE] if include_withheld else []
    included += [Operation.Kind.ADOPT] if include_adoptions else []
    included += [Operation.Kind.DELETE] if include_deletes else []
    _release_operations(job, now, included)
    snapshots.accept_read_of(job, now)
    record(
        "job.approved",
        by=by,
        customer=job.customer,
        subject=job,
        calls=job.planned_calls,
        include_withheld=include_withheld,
        include_adoptions=include_adoptions,
        include_deletes=include_deletes,
    )
    lanes.want(job.tenant)


@transaction.atomic
def cancel(*, job: Job, by: User) -> None:
    """End a job: at once while it waits, at the next pause of the lane while it is worked on."""
    _require(job, by, Action.CANCEL)
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.state in (_STOPPED, _PLANNED):
        _move(job, {_STOPPED, _PLANNED}, state=Job.State.CANCELLED, ended_at=timezone.now())
        snapshots.discard(job)
    elif locked.state in Job.IN_LANE:
        _move(job, set(Job.IN_LANE), cancel_requested=True)
        lanes.want(job.tenant)
    else:
        raise DecisionRefused(f"The job has ended already ({locked.get_state_display().lower()}).")
    record("job.cancelled", by=by, customer=job.customer, subject=job)


def _require(job: Job, by: User, action: Action) -> None:
    """The same policy behind the button and the command line."""
    if not tenants_for(by, action).filter(pk=job.tenant_id).exists():
        raise DecisionRefused(f"{by.email} may not {action.value} jobs of {job.tenant}.")


def _require_fresh(job: Job) -> None:
    current = job.profile_version.profile.current
    if current is None or current.pk != job.profile_version_id:
        raise DecisionRefused(
            "The mapping profile has changed since this plan was made. Upload the file again."
        )


def _move(job: Job, allowed: set[Job.State], **values: object) -> None:
    """Compare-and-set of a job's fields, so that two people cannot both decide."""
    if not Job.objects.filter(pk=job.pk, state__in=allowed).update(**values):
        job.refresh_from_db(fields=["state"])
        raise DecisionRefused(f"The job is {job.get_state_display().lower()} by now.")
    job.refresh_from_db()


def _release_operations(job: Job, now: datetime, included: Sequence[str]) -> None:
    withheld = job.operations.filter(state=Operation.State.WITHHELD)
    job.total += withheld.filter(kind__in=included).update(state=Operation.State.PENDING)
    job.save(update_fields=["total"])
    withheld.update(
        state=Operation.State.SKIPPED, message="Not approved with the plan.", settled_at=now
    )
    job.operations.filter(state=Operation.State.PROPOSED).update(state=Operation.State.PENDING)
