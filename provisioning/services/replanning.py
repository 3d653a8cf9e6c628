"""Jobs made because of another one: a plan that has expired, made again."""

from django.db import transaction

from provisioning.models import Job
from provisioning.services import lanes
from provisioning.services.decisions import require
from provisioning.services.queueing import QueueRefused, queue_from_snapshot
from tenants.domain.roles import Action
from tenants.models import User


@transaction.atomic
def plan_again(*, job: Job, by: User) -> Job:
    """Replace a plan that waits by one from the newest read, with the current profile.

    Raises QueueRefused, and DecisionRefused when this person may not.
    """
    require(job, by, Action.UPLOAD)
    lanes.lock(job.tenant)
    state = Job.State(Job.objects.select_for_update().get(pk=job.pk).state)
    if state != Job.State.PLANNED:
        raise QueueRefused(f"The job is {state.label.lower()} by now; only a waiting plan expires.")
    return queue_from_snapshot(
        tenant=job.tenant, kind=Job.Kind(job.kind), size=job.pilot_size, by=by
    )
