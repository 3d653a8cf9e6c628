"""One slice of a lane: recover what a dead holder left, work on the tenant's jobs, give it back."""

import logging
import time
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.utils import timezone

from billing.domain.pricing import NoPrice
from billing.services import BudgetExhausted, give_back, is_passing
from provisioning.adapters.directory import open_client
from provisioning.domain.definition import ProfileError
from provisioning.models import Job
from provisioning.scim.client import ScimClient
from provisioning.scim.errors import ScimError
from provisioning.scim.transport import WrongHost
from provisioning.services import lanes, quarantines, resting, snapshots, urgency
from provisioning.services.applying import apply_job, end_cancelled, recover
from provisioning.services.lanes import HeldLane, LaneLost
from provisioning.services.notices import tell_of_job
from provisioning.services.pausing import pauses
from provisioning.services.people import PatternTooSlow, ReadErased
from provisioning.services.planning import plan_job
from provisioning.services.resting import AtRest, Rest
from provisioning.services.undoing import plan_undo
from tenants.row_security import scope
from tenants.tokens import NoToken

logger = logging.getLogger(__name__)


def serve_next() -> bool:
    """Serve one slice of the next lane; False when no lane had work."""
    held = lanes.claim()
    if held is None:
        return False
    with scope([held.tenant.customer_id]):
        try:
            wake_at = _serve(held)
        except LaneLost:
            logger.warning("tenant %s: the lease ran out, another worker goes on", held.tenant.slug)
            return True
        give_back(held.tenant)
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
        return _open_and_work(job, held, ends)
    except AtRest as why:
        return _wait(job, str(why), why.until)
    except (OperationalError, InterfaceError):
        # Nobody can do anything: the next slice takes over what was sent, as from a dead holder.
        logger.exception("%s: the database failed", job.label)
        close_old_connections()
        return timezone.now() + timedelta(seconds=settings.LANE_RETRY_SECONDS)
    except LaneLost:
        raise
    except Exception:
        logger.exception("%s: unexpected failure", job.label)
        failure = quarantines.UNEXPECTED
        return _wait(job, failure.message, quarantines.note(job.tenant, failure, timezone.now()))


def _open_and_work(job: Job, held: HeldLane, ends: float) -> datetime | None:
    """Work on a job with the tenant's client; gives when to go on."""
    try:
        return _serve_job(job, held, Rest(held.tenant), ends)
    except (NoToken, ScimError, WrongHost) as error:
        return _wait(job, str(error), _next_try(job, error))
    except BudgetExhausted as error:
        return _wait_for_money(job, str(error))
    except ProfileError as error:
        _end(job, held, Job.State.FAILED, f"The mapping profile cannot be used any more: {error}.")
        return None
    except (NoPrice, PatternTooSlow, ReadErased) as error:
        _end(job, held, Job.State.FAILED, str(error))
        return None


def _serve_job(job: Job, held: HeldLane, rest: Rest, ends: float) -> datetime | None:
    """Plan or apply; raises AtRest as soon as a call would be made that may not leave now."""
    if job.state == Job.State.APPLYING:
        rest.check()
    resting.note_end(job)
    lease = partial(rest.lease, held)
    client_of = partial(open_client, used=held.threads, quiet=rest.is_on)
    with client_of(held.tenant, job.label, lease, held.hushed) as client:
        try:
            return _work(job, client, held, rest, ends)
        finally:
            held.hushed, held.threads = client.held(), client.threads.number


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


def _work(job: Job, client: ScimClient, held: HeldLane, rest: Rest, ends: float) -> datetime | None:
    wake_at = None
    if job.state == Job.State.PLANNING:
        if job.kind == Job.Kind.UNDO:
            plan_undo(job, held)
        else:
            plan_job(job, client, held)
        rest.planned()
    else:
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
    return quarantines.note(job.tenant, failure, now) if failure else now + _probe()


def _probe() -> timedelta:
    return timedelta(seconds=settings.LANE_PROBE_SECONDS)


def _wait(job: Job, problem: str, wake_at: datetime) -> datetime:
    """Keep the job as it is, with the reason shown, and try again then."""
    logger.warning("%s: %s", job.label, problem)
    Job.objects.filter(pk=job.pk).update(problem=problem)
    return wake_at


@transaction.atomic
def _wait_for_money(job: Job, problem: str) -> datetime:
    """Told when the job comes to a stop, not at each try, and again in the budget's next period."""
    if problem != job.problem and not is_passing(problem):
        tell_of_job("budget.stops", job, text=f"{problem} Who sets budgets can raise it.")
    return _wait(job, problem, timezone.now() + _probe())


@transaction.atomic
def _end(job: Job, held: HeldLane, state: Job.State, problem: str) -> None:
    held.confirm()
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(state=state, problem=problem, ended_at=now)
    snapshots.discard(job)
    if state == Job.State.FAILED:
        quarantines.plan_failed(job, problem, now)
        tell_of_job("job.failed", job, problem=problem)
