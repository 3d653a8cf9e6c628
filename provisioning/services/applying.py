"""Applying an approved plan inside its lane: journal, send, settle, a batch at a time."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from billing.services import abandon_open_calls, give_back
from provisioning.adapters.journal import Journal
from provisioning.domain.phases import ADDING
from provisioning.domain.quarantine import Stage
from provisioning.domain.retry import Decision, Intent
from provisioning.models import DirectoryGroup, Job, Operation
from provisioning.scim.client import PATIENCE, ScimClient
from provisioning.scim.errors import NotSent, ScimError, error_of
from provisioning.scim.messages import Attempt, Exchange, Fate
from provisioning.scim.refusals import Refused
from provisioning.services import group_outcomes, moved, outcomes, quarantines
from provisioning.services.doubts import made_by
from provisioning.services.lanes import HeldLane
from provisioning.services.names import is_free
from provisioning.services.notices import tell_of_job
from provisioning.services.outcomes import Outcome, looks_up
from provisioning.services.pausing import pauses
from provisioning.services.preparing import FILLED, prepare
from provisioning.services.protection import Safeguard, mark_privileged
from provisioning.services.quarantines import Failure
from provisioning.services.renaming import begun_circles
from provisioning.services.requests import request_of
from provisioning.services.resting import Rest
from provisioning.services.settling import count, save
from provisioning.services.spending import affordable, exhausted
from provisioning.services.urgency import Lookout

logger = logging.getLogger(__name__)
_PENDING, _SENT, _UNKNOWN = Operation.State.PENDING, Operation.State.SENT, Operation.State.UNKNOWN
_MEMBERS = (Operation.Kind.MEMBER_ADD, Operation.Kind.MEMBER_REMOVE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a batch means for the lane: wait so many seconds, for this reason if it is a problem.

    After a `failure` of the whole tenant it says how long.
    """

    pause: float = 0.0
    problem: str = ""
    failure: Failure | None = None


@transaction.atomic
def recover(held: HeldLane) -> None:
    """Take over from a holder that died: what it had sent is unknown now.

    A creation is looked up before anything else; a change may simply be sent again.
    """
    held.confirm()
    abandon_open_calls(held.tenant)
    give_back(held.tenant)
    now = timezone.now()
    sent = Operation.objects.filter(tenant=held.tenant, state=_SENT)
    creation = Q(kind=Operation.Kind.CREATE, target=None) | Q(kind=Operation.Kind.GROUP_CREATE)
    sent.exclude(creation).update(state=_PENDING, uncertain_since=now)
    sent.filter(creation).update(
        state=_UNKNOWN,
        status=None,
        uncertain_since=now,
        not_before=now + timedelta(seconds=settings.LOOKUP_DELAY_SECONDS),
    )


def apply_job(
    job: Job, client: ScimClient, held: HeldLane, ends: float, rest: Rest
) -> datetime | None:
    """Apply until the monotonic moment `ends`; gives when to go on, None when there is no hurry.

    The job is finished here when its last operation has settled. Raises AtRest when something is
    left and nothing may be sent.
    """
    lookout = Lookout(job, held, ends)
    while True:
        job.refresh_from_db(fields=["cancel_requested", "pause_requested", "problem"])
        if job.cancel_requested:
            _skip_pending(job, held)
        elif job.pause_requested and pauses(job, held):
            return None
        # After a problem a single request finds out whether it is gone.
        batch = _payable(job, 1 if job.problem else client.fits(settings.SCIM_BATCH))
        if not batch:
            return _finish_or_wait(job, held)
        rest.check()
        verdict = _round(job, batch, client, held)
        if wake_at := _waits(job, verdict, rest):
            return wake_at
        # Shorter waits are the client's: it keeps every request back until it may leave.
        if time.monotonic() >= ends or lookout.gives_way():
            return None


def end_cancelled(job: Job, held: HeldLane) -> bool:
    """Skip what was not sent; False when an outcome is unknown and has to be found out first."""
    _skip_pending(job, held)
    _finish_or_wait(job, held)
    return not Job.objects.filter(pk=job.pk, state=Job.State.APPLYING).exists()


def _payable(job: Job, size: int) -> list[Operation]:
    """What is due and may be sent; disables also when money is lacking for what stands before them.

    Raises BudgetExhausted when something is due and nothing of it may be sent.
    """
    now = timezone.now()
    if not (due := _due(job, now, size)):
        return []
    if batch := affordable(job.tenant, due):
        return batch
    if batch := _due(job, now, size, Q(kind=Operation.Kind.DISABLE)):
        return batch
    raise exhausted(job.tenant)


def _due(job: Job, now: datetime, size: int, only: Q | None = None) -> list[Operation]:
    """The next operations to work on: unknown outcomes, then phase by phase.

    What takes something away from a group's members waits until every addition has ended.
    """
    ready = Q(not_before=None) | Q(not_before__lte=now)
    operations = job.operations.filter(ready, only or Q()).select_related("target", "group")
    batch = list(operations.filter(state=_UNKNOWN).order_by("pk")[:size])
    if len(batch) < size:
        pending = operations.filter(state=_PENDING).order_by("phase", "pk")
        batch += pending[: size - len(batch)]
    if batch and batch[-1].phase > ADDING and _adds(job):
        batch = [each for each in batch if each.phase <= ADDING]
    groups: dict[int, DirectoryGroup] = {}
    for operation in batch:
        operation.job = job
        if operation.group is not None:
            # One copy of a group's row for all its operations: each answer changes it.
            operation.group = groups.setdefault(operation.group.pk, operation.group)
    return batch


def _adds(job: Job) -> bool:
    left = job.operations.filter(state__in=Operation.UNSETTLED, phase=ADDING)
    return left.exists()


def _round(job: Job, batch: Sequence[Operation], client: ScimClient, held: HeldLane) -> Verdict:
    """One batch: rows before it leaves, answers and their operations in one transaction after."""
    journal = Journal(job.tenant, job.label)
    prepared = prepare(job, batch, timezone.now())
    guard = Safeguard(job, prepared.ready)
    prepared.filled += guard.spared(prepared.ready)
    current, attempts, dropped = _attempts(job, prepared.ready, guard, timezone.now())
    dropped += prepared.dropped
    client.ready()
    deadline = held.renew()
    with transaction.atomic():
        held.confirm()
        Operation.objects.bulk_update(prepared.filled, FILLED)
        Operation.objects.bulk_update(prepared.waiting, ("not_before",))
        journal.opened(attempts)
        _mark_sent(current)
    exchanges = client.send_all(attempts, deadline)
    now = timezone.now()
    with transaction.atomic():
        held.confirm()
        settled = [
            _settle(operation, exchange, client, now, current)
            for operation, exchange in zip(current, exchanges, strict=True)
        ]
        journal.settled(exchanges, made_by(settled, now))
        save(job, settled + dropped, sum(map(_left, exchanges)))
    if not _reached(exchanges):
        return Verdict(settings.LANE_RETRY_SECONDS, NotSent.sentence)
    return _verdict(settled)


def _attempts(
    job: Job, batch: Sequence[Operation], guard: Safeguard, now: datetime
) -> tuple[list[Operation], list[Attempt], list[Outcome]]:
    """Operations with a request each, and the outcomes of those that need none."""
    current: list[Operation] = []
    attempts: list[Attempt] = []
    dropped: list[Outcome] = []
    created = moved.created_meanwhile(job.source_id, batch)
    for operation in batch:
        settled = _without_request(operation, guard, now)
        if settled is None and not operation.on_group:
            settled = moved.settle(operation, created, now)
        if settled is not None:
            dropped.append(settled)
            continue
        try:
            attempts.append(Attempt(request_of(job.tenant, operation)))
            current.append(operation)
        except Refused as error:
            dropped.append(outcomes.refused(operation, str(error), now))
    return current, attempts, dropped


def _without_request(operation: Operation, guard: Safeguard, now: datetime) -> Outcome | None:
    """How an operation ends that needs no request, or whose object is not what was planned for."""
    if operation.on_group:
        if operation.kind in _MEMBERS and not operation.members:
            return outcomes.untouched(operation, operation.warning, now)
        if group_outcomes.needs_no_call(operation):
            return group_outcomes.adopted(operation, now)
        return group_outcomes.stale(operation, now) if group_outcomes.is_stale(operation) else None
    why = "" if looks_up(operation) else guard.why_not(operation)
    return outcomes.untouched(operation, why, now) if why else None


def _left(exchange: Exchange) -> bool:
    return exchange.answer.fate in (Fate.ANSWERED, Fate.UNCERTAIN)


def _reached(exchanges: Sequence[Exchange]) -> bool:
    """Whether anything of a batch left; if not, one request at a time finds out when it may."""
    fates = {exchange.answer.fate for exchange in exchanges}
    return fates != {Fate.UNSENT}


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
    if looking:
        operation.subject = exchange.attempt.request.subject
    if error is None:
        client.bearer.worked()
        body = exchange.answer.body
        if operation.on_group:
            if looking:
                return group_outcomes.looked_up(operation, body, now)
            return group_outcomes.written(operation, body, now)
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
    return _failure(operation, looking)(operation, error, decision, now)


def _failure(
    operation: Operation, looking: bool
) -> Callable[[Operation, ScimError, Decision, datetime], Outcome]:
    if operation.on_group:
        return group_outcomes.failed_lookup if looking else group_outcomes.failed_write
    return outcomes.failed_lookup if looking else outcomes.failed_write


def _verdict(settled: Sequence[Outcome]) -> Verdict:
    halted = next((outcome for outcome in settled if outcome.halt), None)
    if halted:
        failure = Failure(Stage.CALL, halted.kind, halted.halt)
        return Verdict(problem=halted.halt, failure=failure)
    return Verdict(max((outcome.pause for outcome in settled), default=0.0))


def _waits(job: Job, verdict: Verdict, rest: Rest) -> datetime | None:
    """Note what a batch says of the whole tenant; gives when to go on, None: now."""
    now = timezone.now()
    _note_problem(job, verdict.problem)
    if verdict.failure:
        return quarantines.note(job.tenant, verdict.failure, now)
    if not verdict.problem:
        rest.succeeded()
    waits = verdict.problem or verdict.pause > PATIENCE
    return now + timedelta(seconds=verdict.pause) if waits else None


def _note_problem(job: Job, problem: str) -> None:
    if job.problem != problem:
        Job.objects.filter(pk=job.pk).update(problem=problem)


def _skip_pending(job: Job, held: HeldLane) -> None:
    """Skip what was surely not carried out. A change that may have been is sent once more, because
    what is believed of the account would be wrong otherwise; a creation that may have been is
    looked for, and skipped when it is not there. An account that exists by now still gets what its
    creation could not carry, and a circle of names that was begun is carried through."""
    creation = Q(kind=Operation.Kind.CREATE)
    sure = (creation & Q(target=None)) | (~creation & Q(uncertain_since=None))
    begun = begun_circles(job).values_list("pk", flat=True)
    unheard = creation & Q(target=None, uncertain_since__isnull=False)
    unheard &= Q(lookups=0) | Q(status__gte=500)
    with transaction.atomic():
        held.confirm()
        job.operations.filter(unheard, state=_PENDING).update(
            state=_UNKNOWN,
            status=None,
            not_before=timezone.now() + timedelta(seconds=settings.LOOKUP_DELAY_SECONDS),
        )
        skipped = (
            job.operations.filter(sure, state=_PENDING)
            .exclude(pk__in=list(begun))
            .update(
                state=Operation.State.SKIPPED,
                message="The job was cancelled before this was sent.",
                settled_at=timezone.now(),
            )
        )
        count(job, Counter(skipped=skipped) if skipped else Counter())


def _finish_or_wait(job: Job, held: HeldLane) -> datetime | None:
    """Finish the job, or say when its next operation is due."""
    with transaction.atomic():
        held.confirm()
        left = job.operations.filter(state__in=Operation.UNSETTLED)
        if left.exists():
            due: datetime | None = left.aggregate(next=Min("not_before"))["next"]
            return due
        mark_privileged(job, timezone.now())
        ended = Job.State.CANCELLED if job.cancel_requested else Job.State.FINISHED
        Job.objects.filter(pk=job.pk).update(state=ended, ended_at=timezone.now(), problem="")
        _tell_of_failures(job, ended)
    logger.info("%s: %s", job.label, ended.value)
    return None


def _tell_of_failures(job: Job, ended: Job.State) -> None:
    job.refresh_from_db(fields=["failed", "total"])
    if ended == Job.State.FINISHED and job.failed:
        tell_of_job("job.finished_with_failures", job, failed=job.failed, changes=job.total)
