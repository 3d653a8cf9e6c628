"""Slowing a tenant down after repeated failures, saying so, and ending that.

What is a failure of the whole tenant is decided here; how long it rests is the domain's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from provisioning.adapters.directory import NoCredential
from provisioning.domain.local_time import told
from provisioning.domain.quarantine import Stage, Streak, common_reason, failed, kind_of_message
from provisioning.domain.retry import Trouble
from provisioning.models import Job, Operation, Quarantine
from provisioning.scim.errors import ScimError
from provisioning.scim.transport import WrongHost
from provisioning.services import lanes
from provisioning.services.decisions import DecisionRefused
from provisioning.services.notices import tell
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record
from tenants.tokens import LoginUnreachable, NoToken

# A refused credential is mended by storing another one.
_CREDENTIAL = Trouble.CREDENTIAL_REFUSED.value
# What passes by itself, and costs nothing while it lasts.
_PASSING = (Trouble.NOT_SENT, Trouble.THROTTLED)
_WHOLE = (Job.Kind.SYNC, Job.Kind.RECONCILE)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong for the whole tenant, and where."""

    stage: Stage
    kind: str
    message: str


UNEXPECTED = Failure(Stage.CALL, "portal", "The portal failed unexpectedly; it tries again.")


def call_failure(error: NoToken | ScimError | WrongHost) -> Failure | None:
    """What a failed call says of its tenant; None for what passes by itself."""
    if isinstance(error, NoCredential | LoginUnreachable):
        return None
    kind: str | None = _CREDENTIAL
    if isinstance(error, ScimError):
        kind = None if error.trouble in _PASSING else error.trouble.value
    elif isinstance(error, WrongHost):
        kind = Trouble.MISCONFIGURED.value
    return Failure(Stage.CALL, kind, str(error)) if kind else None


@transaction.atomic
def note(tenant: Tenant, failure: Failure, now: datetime) -> datetime:
    """Note one more failure of a tenant; gives when to try again, and tells of a rest."""
    before = Quarantine.objects.select_for_update().filter(tenant=tenant).first()
    streak = failed(before.streak if before else None, failure.stage, failure.kind, now)
    until = now + streak.rest if streak.rest else None
    Quarantine.objects.update_or_create(
        tenant=tenant,
        defaults={
            "customer_id": tenant.customer_id,
            "stage": streak.stage.value,
            "kind": streak.kind,
            "since": streak.since,
            "failures": streak.failures,
            "step": streak.step,
            "failed_at": now,
            "until": until,
            "message": failure.message,
        },
    )
    if until is not None:
        _tell_of_rest(tenant, streak, until, failure.message)
    return until or now + timedelta(seconds=settings.LANE_PROBE_SECONDS)


def of(tenant: Tenant) -> Quarantine | None:
    """The failures a tenant's latest calls and jobs ended with, if they did."""
    return Quarantine.objects.filter(tenant=tenant).first()


def resting(now: datetime) -> QuerySet[Quarantine]:
    """Tenants that rest."""
    return Quarantine.objects.filter(until__gt=now)


@transaction.atomic
def succeeded(tenant: Tenant, *stages: Stage) -> None:
    """Forget the failures that a success at one of these stages ends, and tell of a rest's end."""
    row = Quarantine.objects.select_for_update().filter(tenant=tenant, stage__in=stages).first()
    if row is None:
        return
    row.delete()
    if row.step:
        text = f"It works again after {row.failures} failures: {row.message}"
        tell(tenant, "quarantine.ended", text, kind=row.kind, failures=row.failures)


def job_ended(job: Job, now: datetime) -> None:
    """Judge a finished job for everybody: whether many people failed in it for one reason."""
    if job.state != Job.State.FINISHED or job.kind not in _WHOLE:
        return
    failures = job.operations.filter(state=Operation.State.FAILED).order_by()
    messages = failures.values_list("message").annotate(number=Count("pk"))
    reason = common_reason(((text, number) for text, number in messages), job.total)
    if reason is None:
        succeeded(job.tenant, Stage.JOB)
        return
    text = (
        f"{job.failed} of {job.total} changes of job {job.pk} failed, most of them alike: {reason}"
    )
    note(job.tenant, Failure(Stage.JOB, kind_of_message(reason), text), now)


def plan_failed(job: Job, problem: str, now: datetime) -> None:
    """Note a job that ended before it had a plan."""
    note(job.tenant, Failure(Stage.PLAN, kind_of_message(problem), problem), now)


@transaction.atomic
def try_now(*, tenant: Tenant, by: User) -> None:
    """End a tenant's rest at once; its next failure begins the next one. Raises DecisionRefused."""
    if not tenants_for(by, Action.UPLOAD).filter(pk=tenant.pk).exists():
        raise DecisionRefused(f"{by.email} may not let {tenant} go on.")
    lanes.lock(tenant)
    rest = Quarantine.objects.filter(tenant=tenant, until__gt=timezone.now())
    if not rest.update(until=None):
        raise DecisionRefused(f"{tenant} does not rest any more.")
    lanes.want(tenant)
    record("quarantine.tried", by=by, customer=tenant.customer, subject=tenant)


def mended(now: datetime) -> int:
    """Begin anew where a credential was refused and another one has been stored since."""
    stored = resting(now).filter(
        kind=_CREDENTIAL,
        tenant__credentials__active=True,
        tenant__credentials__created_at__gt=F("failed_at"),
    )
    rows = list(stored.select_related("tenant__customer"))
    for row in rows:
        with transaction.atomic():
            lanes.want(row.tenant)
            Quarantine.objects.filter(pk=row.pk, failed_at=row.failed_at).delete()
    return len(rows)


def _tell_of_rest(tenant: Tenant, streak: Streak, until: datetime, message: str) -> None:
    text = (
        f"{tenant} rests after {streak.failures} failures of the same kind: {message}"
        f" The next try is on {told(until, tenant.zone)}."
    )
    tell(
        tenant,
        "quarantine.rests",
        text,
        kind=streak.kind,
        failures=streak.failures,
        step=streak.step,
        until=until.isoformat(),
    )
