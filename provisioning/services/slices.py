"""One slice of a lane: recover what a dead holder left, work on the tenant's job, give it back."""

import logging
import time
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.domain.pricing import NoPrice
from provisioning.adapters.directory import open_client
from provisioning.domain.definition import ProfileError
from provisioning.models import Job
from provisioning.scim.client import ScimClient
from provisioning.scim.errors import ScimError
from provisioning.scim.transport import WrongHost
from provisioning.services import lanes, quarantines, resting, snapshots
from provisioning.services.applying import apply_job, end_cancelled, recover
from provisioning.services.lanes import HeldLane, LaneLost
from provisioning.services.pausing import pauses
from provisioning.services.people import PatternTooSlow, ReadErased
from provisioning.services.planning import plan_job
from provisioning.services.resting import AtRest, Rest
from tenants.tokens import NoToken

logger = logging.getLogger(__name__)
_TRY_AGAIN = timedelta(seconds=60)


def serve_next() -> bool:
    """Serve one slice of the next lane; False when no lane had work."""
    held = lanes.claim()
    if held is None:
        return False
    try:
        wake_at = _serve(held)
    except LaneLost:
        logger.warning("tenant %s: the lease ran out, another worker goes on", held.tenant.slug)
        return True
    lanes.release(held, wake_at=wake_at)
    return True


def _serve(held: HeldLane) -> datetime | None:
    recover(held)
    job = (
        Job.objects.filter(tenant=held.tenant, state__in=Job.IN_LANE)
        .select_related("tenant__customer", "profile_version", "snapshot", "source__tenant")
        .order_by("pk")
        .first()
    )
    if job is None or _stops(job, held):
        return None
    try:
        return _serve_job(job, held, Rest(held.tenant))
    except AtRest as why:
        return _wait(job, str(why), why.until)
    except (NoToken, ScimError, WrongHost) as error:
        return _wait(job, str(error), _next_try(job, error))
    except ProfileError as error:
        _end(job, held, Job.State.FAILED, f"The mapping profile cannot be used any more: {error}.")
        return None
    except (NoPrice, PatternTooSlow, ReadErased) as error:
        _end(job, held, Job.State.FAILED, str(error))
        return None
    except LaneLost:
        raise
    except Exception:
        logger.exception("%s: unexpected failure", job.label)
        failure = quarantines.UNEXPECTED
        return _wait(job, failure.message, quarantines.note(job.tenant, failure, timezone.now()))


def _serve_job(job: Job, held: HeldLane, rest: Rest) -> datetime | None:
    """Plan or apply; raises AtRest as soon as a call would be made that may not leave now."""
    if job.state == Job.State.APPLYING:
        rest.check()
    resting.note_end(job)
    lease = partial(rest.lease, held)
    with open_client(held.tenant, job.label, lease, held.hushed, quiet=rest.is_on) as client:
        try:
            return _work(job, client, held, rest)
        finally:
            held.hushed = client.held()


def _stops(job: Job, held: HeldLane) -> bool:
    """Whether the job ends or pauses here, as somebody asked; no credential is needed for that."""
    if job.cancel_requested:
        return _ends(job, held)
    return job.pause_requested and pauses(job, held)


def _ends(job: Job, held: HeldLane) -> bool:
    """End a cancelled job if no outcome is unknown."""
    if job.state == Job.State.APPLYING:
        return end_cancelled(job, held)
    _end(job, held, Job.State.CANCELLED, "")
    return True


def _work(job: Job, client: ScimClient, held: HeldLane, rest: Rest) -> datetime | None:
    wake_at = None
    if job.state == Job.State.PLANNING:
        plan_job(job, client, held)
        rest.planned()
    else:
        ends = time.monotonic() + settings.LANE_SLICE_SECONDS
        wake_at = apply_job(job, client, held, ends, rest)
    job.refresh_from_db(fields=["state", "failed", "total"])
    quarantines.job_ended(job, timezone.now())
    return wake_at


def _next_try(job: Job, error: NoToken | ScimError | WrongHost) -> datetime:
    """As the service asked, or as long as the tenant's failures so far make it rest."""
    now, asked = timezone.now(), getattr(error, "retry_after", None)
    if asked is not None:
        return now + timedelta(seconds=asked)
    failure = quarantines.call_failure(error)
    return quarantines.note(job.tenant, failure, now) if failure else now + _TRY_AGAIN


def _wait(job: Job, problem: str, wake_at: datetime) -> datetime:
    """Keep the job as it is, with the reason shown, and try again then."""
    logger.warning("%s: %s", job.label, problem)
    Job.objects.filter(pk=job.pk).update(problem=problem)
    return wake_at


@transaction.atomic
def _end(job: Job, held: HeldLane, state: Job.State, problem: str) -> None:
    held.confirm()
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(state=state, problem=problem, ended_at=now)
    snapshots.discard(job)
    if state == Job.State.FAILED:
        quarantines.plan_failed(job, problem, now)
