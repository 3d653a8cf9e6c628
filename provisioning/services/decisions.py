"""What every decision about a job shares: the right to it, a plan that still holds, one winner."""

from provisioning.models import Job, Snapshot
from tenants.domain.roles import Action
from tenants.models import User
from tenants.selectors import tenants_for


class DecisionRefused(Exception):
    """This decision is not possible (any more); str() says why."""


def require(job: Job, by: User, action: Action) -> None:
    """The same policy behind the button and the command line; raises DecisionRefused."""
    if not tenants_for(by, action).filter(pk=job.tenant_id).exists():
        raise DecisionRefused(f"{by.email} may not {action.value} jobs of {job.tenant}.")


def move(job: Job, allowed: set[Job.State], **values: object) -> None:
    """Compare-and-set of a job's fields, so that two people cannot both decide."""
    if not Job.objects.filter(pk=job.pk, state__in=allowed).update(**values):
        job.refresh_from_db(fields=["state"])
        raise DecisionRefused(f"The job is {job.get_state_display().lower()} by now.")
    job.refresh_from_db()


def why_stale(job: Job) -> str:
    """Why a plan no longer says what its source and profile would lead to; "" while it does."""
    current = job.profile_version.profile.current
    if current is None or current.pk != job.profile_version_id:
        return "The mapping profile has changed since this plan was made."
    newer = Snapshot.objects.filter(source_id=job.source_id, complete=True)
    if job.snapshot_id is not None and newer.filter(pk__gt=job.snapshot_id).exists():
        return "The source was read again since this plan was made."
    return ""


def require_fresh(job: Job) -> None:
    """Raises DecisionRefused for a plan that has expired."""
    if why := why_stale(job):
        raise DecisionRefused(f"{why} Plan again, and approve the new plan.")
