"""One slice of a lane: recover what a dead holder left, work on the tenant's jobs, give it back."""

import logging
import time
from datetime import datetime, timedelta

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
from provisioning.services import lanes, snapshots, urgency
from provisioning.services.applying import apply_job, end_cancelled, recover
from provisioning.services.lanes import HeldLane, LaneLost
from provisioning.services.pausing import pauses
from provisioning.services.people import PatternTooSlow, ReadErased
from provisioning.services.planning import plan_job
from provisioning.services.undoing import plan_undo
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
    """Work on the lane's jobs, the most urgent first, until the slice is over.

    Gives when there will be something to do again; None when there is no need to wait.
    """
    recover(held)
    ends = time.monotonic() + settings.LANE_SLICE_SECONDS
    last: tuple[int, str] | None = None
    while (job := urgency.next_job(held)) is not None and last != (job.pk, job.state):
        last = job.pk, job.state
        wake_at = _turn(job, held, ends)
        if wake_at is not None:
            held.resting[job.pk] = wake_at
        # While Entra wants to hear nothing, nobody's turn helps.
        if held.hushed > 0 or time.monotonic() >= ends:
            break
    return _first_to_wake(held)


def _first_to_wake(held: HeldLane) -> datetime | None:
    left = Job.objects.filter(tenant=held.tenant, state__in=Job.IN_LANE)
    pks = set(left.values_list("pk", flat=True))
    if pks - held.resting.keys():
        return None
    return min((held.resting[pk] for pk in pks), default=None)


def _turn(job: Job, held: HeldLane, ends: float) -> datetime | None:
    """One job's turn; gives when it has something to do again, None: it goes on or has ended."""
    if _stops(job, held):
        return None
    try:
        hints = (held.hushed, held.threads)
        with open_client(held.tenant, job.label, held.renew, *hints) as client:
            try:
                return _work(job, client, held, ends)
            finally:
                held.hushed, held.threads = client.held(), client.threads.number
    except (NoToken, ScimError, WrongHost) as error:
        return _wait(job, str(error), _delay(error))
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
        return _wait(job, "The portal failed unexpectedly; it tries again every minute.", None)


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


def _work(job: Job, client: ScimClient, held: HeldLane, ends: float) -> datetime | None:
    if job.state == Job.State.PLANNING:
        if job.kind == Job.Kind.UNDO:
            plan_undo(job, held)
        else:
            plan_job(job, client, held)
        return None
    return apply_job(job, client, held, ends)


def _delay(error: Exception) -> timedelta | None:
    asked = getattr(error, "retry_after", None)
    return None if asked is None else timedelta(seconds=asked)


def _wait(job: Job, problem: str, delay: timedelta | None) -> datetime:
    """Keep the job as it is, with the reason shown, and try again later; the others go on."""
    logger.warning("%s: %s", job.label, problem)
    Job.objects.filter(pk=job.pk).update(problem=problem)
    return timezone.now() + (delay or _TRY_AGAIN)


@transaction.atomic
def _end(job: Job, held: HeldLane, state: Job.State, problem: str) -> None:
    held.confirm()
    Job.objects.filter(pk=job.pk).update(state=state, problem=problem, ended_at=timezone.now())
    snapshots.discard(job)
