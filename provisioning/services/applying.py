"""Applying an approved plan inside its lane: journal, send, settle, a batch at a time."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from billing.services import abandon_open_calls
from provisioning.adapters.journal import Journal, subject_of
from provisioning.domain.passwords import initial_password
from provisioning.domain.retry import Intent
from provisioning.models import DirectoryObject, Job, Operation
from provisioning.scim.client import PATIENCE, ScimClient
from provisioning.scim.errors import NotSent, error_of
from provisioning.scim.filters import ExternalIdFilter, UserFilter
from provisioning.scim.messages import Attempt, Exchange, Fate, Purpose, Request
from provisioning.scim.refusals import Refused
from provisioning.scim.users import change_user, create_user, delete_user, find_users
from provisioning.services import moved, outcomes
from provisioning.services.lanes import HeldLane
from provisioning.services.names import is_free
from provisioning.services.outcomes import Outcome, changes_of, creates, looks_up
from provisioning.services.pausing import pauses
from provisioning.services.urgency import Lookout
from tenants.models import Tenant

logger = logging.getLogger(__name__)
_PENDING, _SENT, _UNKNOWN = Operation.State.PENDING, Operation.State.SENT, Operation.State.UNKNOWN
# Leavers go first: an account that should be closed is the one thing that must not wait.
_ORDER = (
    Operation.Kind.DISABLE,
    Operation.Kind.DELETE,
    Operation.Kind.ENABLE,
    Operation.Kind.ADOPT,
    Operation.Kind.RELEASE,
    Operation.Kind.UPDATE,
    Operation.Kind.CREATE,
)
_PURPOSES = {
    Operation.Kind.UPDATE: Purpose.UPDATE,
    Operation.Kind.ENABLE: Purpose.UPDATE,
    Operation.Kind.ADOPT: Purpose.UPDATE,
    Operation.Kind.RELEASE: Purpose.UPDATE,
    Operation.Kind.CREATE: Purpose.UPDATE,  # what a creation cannot carry
    Operation.Kind.DISABLE: Purpose.DISABLE,
}
_PROBE_AFTER = 60.0
_RETRY_AFTER = 15.0
_FIELDS = (
    "state",
    "attempts",
    "lookups",
    "not_before",
    "uncertain_since",
    "status",
    "message",
    "detail",
    "settled_at",
    "target",
)

_SHADOW = (
    "key",
    "external_id",
    "user_name",
    "folded_user_name",
    "active",
    "state",
    "record_digest",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a batch means for the lane: wait so many seconds, for this reason if it is a problem."""

    pause: float = 0.0
    problem: str = ""


@transaction.atomic
def recover(held: HeldLane) -> None:
    """Take over from a holder that died: what it had sent is unknown now.

    A creation is looked up before anything else; a change may simply be sent again.
    """
    held.confirm()
    abandon_open_calls(held.tenant)
    now = timezone.now()
    sent = Operation.objects.filter(tenant=held.tenant, state=_SENT)
    creation = Q(kind=Operation.Kind.CREATE, target=None)
    sent.exclude(creation).update(state=_PENDING, uncertain_since=now)
    sent.filter(creation).update(
        state=_UNKNOWN,
        status=None,
        uncertain_since=now,
        not_before=now + timedelta(seconds=settings.LOOKUP_DELAY_SECONDS),
    )


def apply_job(job: Job, client: ScimClient, held: HeldLane, ends: float) -> datetime | None:
    """Apply until the monotonic moment `ends`; gives when to go on, None when there is no hurry.

    The job is finished here when its last operation has settled.
    """
    lookout = Lookout(job, held)
    while True:
        job.refresh_from_db(fields=["cancel_requested", "pause_requested", "problem"])
        if job.cancel_requested:
            _skip_pending(job, held)
        elif job.pause_requested and pauses(job, held):
            return None
        # After a problem a single request finds out whether it is gone.
        batch = _due(job, timezone.now(), 1 if job.problem else client.fits(settings.SCIM_BATCH))
        if not batch:
            return _finish_or_wait(job, held)
        verdict = _round(job, batch, client, held)
        _note_problem(job, verdict.problem)
        if verdict.problem or verdict.pause > PATIENCE:
            return timezone.now() + timedelta(seconds=verdict.pause)
        # Shorter waits are the client's: it keeps every request back until it may leave.
        if time.monotonic() >= ends or lookout.gives_way():
            return None


def end_cancelled(job: Job, held: HeldLane) -> bool:
    """Skip what was not sent; False when an outcome is unknown and has to be found out first."""
    _skip_pending(job, held)
    _finish_or_wait(job, held)
    return not Job.objects.filter(pk=job.pk, state=Job.State.APPLYING).exists()


def _due(job: Job, now: datetime, size: int) -> list[Operation]:
    """The next operations to work on: unknown outcomes, then by kind; one index range each."""
    ready = Q(not_before=None) | Q(not_before__lte=now)
    operations = job.operations.filter(ready).select_related("target").order_by("pk")
    batch = list(operations.filter(state=_UNKNOWN)[:size])
    for kind in _ORDER:
        if len(batch) < size:
            batch += operations.filter(state=_PENDING, kind=kind)[: size - len(batch)]
    return batch


def _round(job: Job, batch: Sequence[Operation], client: ScimClient, held: HeldLane) -> Verdict:
    """One batch: rows before it leaves, answers and their operations in one transaction after."""
    journal = Journal(job.tenant, job.label)
    current, attempts, dropped = _attempts(job.tenant, batch, timezone.now())
    client.ready()
    deadline = held.renew()
    with transaction.atomic():
        held.confirm()
        journal.opened(attempts)
        _mark_sent(current)
    exchanges = client.send_all(attempts, deadline)
    now = timezone.now()
    with transaction.atomic():
        held.confirm()
        journal.settled(exchanges)
        settled = [
            _settle(operation, exchange, client, now, current)
            for operation, exchange in zip(current, exchanges, strict=True)
        ]
        _save(job, settled + dropped)
    return _verdict(settled) if _reached(exchanges) else Verdict(_RETRY_AFTER, NotSent.sentence)


def _attempts(
    tenant: Tenant, batch: Sequence[Operation], now: datetime
) -> tuple[list[Operation], list[Attempt], list[Outcome]]:
    """Operations with a request each, and the outcomes of those that need none."""
    current: list[Operation] = []
    attempts: list[Attempt] = []
    dropped: list[Outcome] = []
    created = moved.created_meanwhile(tenant, batch)
    for operation in batch:
        if (outcome := moved.settle(operation, created, now)) is not None:
            dropped.append(outcome)
            continue
        try:
            attempts.append(Attempt(_request(tenant, operation)))
            current.append(operation)
        except Refused as error:
            dropped.append(outcomes.refused(operation, str(error), now))
    return current, attempts, dropped


def _reached(exchanges: Sequence[Exchange]) -> bool:
    """Whether anything of a batch left; if not, one request at a time finds out when it may."""
    fates = {exchange.answer.fate for exchange in exchanges}
    return fates != {Fate.UNSENT}


def _request(tenant: Tenant, operation: Operation) -> Request:
    subject = subject_of(tenant, operation.key)
    if looks_up(operation):
        if outcomes.answered_duplicate(operation):
            return find_users(UserFilter.user_name(operation.user_name), subject)
        return find_users(ExternalIdFilter.equals(operation.key), subject)
    if creates(operation):
        return create_user(changes_of(operation), initial_password(), subject)
    if operation.target is None:
        raise RuntimeError(f"{operation} has no account to change.")  # is_stale has seen to it
    if operation.kind == Operation.Kind.DELETE:
        return delete_user(operation.target.entra_id, subject)
    purpose = _PURPOSES[Operation.Kind(operation.kind)]
    return change_user(operation.target.entra_id, changes_of(operation), purpose, subject)


def _mark_sent(operations: Sequence[Operation]) -> None:
    moved.save_narrowed(operations)
    writes = [operation for operation in operations if not looks_up(operation)]
    now = timezone.now()
    Operation.objects.filter(pk__in=[operation.pk for operation in writes]).update(
        state=_SENT, attempts=F("attempts") + 1, first_sent_at=Coalesce("first_sent_at", now)
    )
    for operation in writes:
        operation.attempts += 1
        operation.first_sent_at = operation.first_sent_at or now


def _settle(
    operation: Operation,
    exchange: Exchange,
    client: ScimClient,
    now: datetime,
    batch: Sequence[Operation],
) -> Outcome:
    error, looking = error_of(exchange), looks_up(operation)
    if error is None:
        client.bearer.worked()
        body = exchange.answer.body
        if looking:
            return outcomes.looked_up(operation, body, now, partial(is_free, operation, batch))
        return outcomes.written(operation, body, now)
    intent = Intent.READ if looking else exchange.attempt.request.intent
    began = operation.first_sent_at or now
    decision = client.after(
        error,
        intent,
        operation.attempts,
        settings.LOOKUP_DELAY_SECONDS,
        (now - began).total_seconds(),
    )
    fail = outcomes.failed_lookup if looking else outcomes.failed_write
    return fail(operation, error, decision, now)


def _save(job: Job, settled: Sequence[Outcome]) -> None:
    shadows = [outcome.shadow for outcome in settled if outcome.shadow is not None]
    changed = [shadow for shadow in shadows if shadow.pk is not None]
    DirectoryObject.objects.bulk_create(
        [shadow for shadow in shadows if shadow.pk is None],
        update_conflicts=True,
        unique_fields=["tenant", "entra_id"],
        update_fields=_SHADOW,
    )
    DirectoryObject.objects.bulk_update(
        changed,
        [*_SHADOW, "revision"],
    )
    for outcome in settled:
        if outcome.goes_on or (outcome.shadow is not None and creates(outcome.operation)):
            outcome.operation.target = outcome.shadow  # saved by now
    Operation.objects.bulk_update([outcome.operation for outcome in settled], _FIELDS)
    renamed = [outcome.operation for outcome in settled if outcome.renamed]
    Operation.objects.bulk_update(renamed, ("after", "choices", "user_name"))
    gone = [outcome.gone.pk for outcome in settled if outcome.gone is not None]
    if gone:
        DirectoryObject.objects.filter(pk__in=gone).delete()
    _count(job, Counter(outcome.tally for outcome in settled if outcome.tally))


def _count(job: Job, tally: Counter[str]) -> None:
    if tally:
        Job.objects.filter(pk=job.pk).update(
            **{name: F(name) + number for name, number in tally.items()}
        )


def _verdict(settled: Sequence[Outcome]) -> Verdict:
    problem = next((outcome.halt for outcome in settled if outcome.halt), "")
    if problem:
        return Verdict(_PROBE_AFTER, problem)
    return Verdict(max((outcome.pause for outcome in settled), default=0.0))


def _note_problem(job: Job, problem: str) -> None:
    if job.problem != problem:
        Job.objects.filter(pk=job.pk).update(problem=problem)


def _skip_pending(job: Job, held: HeldLane) -> None:
    """Skip what was surely not carried out. A change that may have been is sent once more, because
    what is believed of the account would be wrong otherwise; a creation that may have been is
    looked for, and skipped when it is not there. An account that exists by now still gets what its
    creation could not carry."""
    creation = Q(kind=Operation.Kind.CREATE)
    sure = (creation & Q(target=None)) | (~creation & Q(uncertain_since=None))
    unheard = creation & Q(target=None, uncertain_since__isnull=False)
    unheard &= Q(lookups=0) | Q(status__gte=500)
    with transaction.atomic():
        held.confirm()
        job.operations.filter(unheard, state=_PENDING).update(
            state=_UNKNOWN,
            status=None,
            not_before=timezone.now() + timedelta(seconds=settings.LOOKUP_DELAY_SECONDS),
        )
        skipped = job.operations.filter(sure, state=_PENDING).update(
            state=Operation.State.SKIPPED,
            message="The job was cancelled before this was sent.",
            settled_at=timezone.now(),
        )
        _count(job, Counter(skipped=skipped) if skipped else Counter())


def _finish_or_wait(job: Job, held: HeldLane) -> datetime | None:
    """Finish the job, or say when its next operation is due."""
    with transaction.atomic():
        held.confirm()
        left = job.operations.filter(state__in=Operation.UNSETTLED)
        if left.exists():
            due: datetime | None = left.aggregate(next=Min("not_before"))["next"]
            return due
        ended = Job.State.CANCELLED if job.cancel_requested else Job.State.FINISHED
        Job.objects.filter(pk=job.pk).update(state=ended, ended_at=timezone.now(), problem="")
    logger.info("%s: %s", job.label, ended.value)
    return None
