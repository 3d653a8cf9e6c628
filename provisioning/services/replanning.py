"""Jobs made because of another one: an expired plan made again, and whom a job failed on."""

from django.db import transaction

from provisioning.models import Job, Operation
from provisioning.services import lanes
from provisioning.services.decisions import require
from provisioning.services.queueing import QueueRefused, queue_from_snapshot
from provisioning.services.reconciling import plan_reconcile_again
from tenants.domain.roles import Action
from tenants.models import User


@transaction.atomic
def plan_again(*, job: Job, by: User) -> Job:
    """Replace a plan that waits by one from the newest read, with the current profile.

    Raises QueueRefused, and DecisionRefused when this person may not.
    """
    if job.kind == Job.Kind.RECONCILE:
        return plan_reconcile_again(job=job, by=by)
    require(job, by, Action.UPLOAD)
    lanes.lock(job.tenant)
    state = Job.State(Job.objects.select_for_update().get(pk=job.pk).state)
    if state != Job.State.PLANNED:
        raise QueueRefused(f"The job is {state.label.lower()} by now; only a waiting plan expires.")
    return queue_from_snapshot(
        tenant=job.tenant,
        kind=Job.Kind(job.kind),
        size=job.pilot_size,
        retry_of=job.retry_of,
        by=by,
        source=job.source,
    )


@transaction.atomic
def retry_failed(*, job: Job, by: User) -> Job:
    """Queue a job for those only whom an ended job failed on, from the newest read.

    It is planned by what source, profile and shadow say now, priced and approved like any other;
    whoever is right by now costs nothing. Another open job is not replaced. Raises QueueRefused,
    and DecisionRefused when this person may not.
    """
    require(job, by, Action.UPLOAD)
    lanes.lock(job.tenant)
    if job.is_open:
        raise QueueRefused("The job has not ended yet. Wait for its end.")
    if not job.operations.filter(state=Operation.State.FAILED).exists():
        raise QueueRefused("Nothing of this job has failed.")
    other = Job.objects.filter(tenant=job.tenant, state__in=Job.OPEN).first()
    if other is not None:
        state = other.get_state_display().lower()
        raise QueueRefused(f"Job {other.pk} of this tenant is open ({state}). Decide on it first.")
    return queue_from_snapshot(
        tenant=job.tenant, kind=Job.Kind.RETRY, retry_of=job, by=by, source=job.source
    )
