"""Writes of the meter.

Calls are opened in a transaction of their own before they leave, and settled in the transaction
that settles what they were made for; hourly usage moves in the same transaction as the call's
state, so that the two can never disagree.

Rows are always moved in one order, hours before days, each sorted, so that settlements cannot wait
for each other in a circle.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from billing.domain.doubts import Attempt, maker
from billing.domain.periods import hour_of
from billing.domain.pricing import FOUND, UNCERTAIN
from billing.models import Call, DailyUsage, Usage
from billing.services.budgets import EXEMPT, spend
from tenants.models import Tenant

_U = TypeVar("_U", Usage, DailyUsage)
_Place = tuple[datetime, str, str, int]
"""Where a call is counted: hour, job, purpose, status."""


@dataclass(frozen=True, slots=True)
class NewCall:
    """An attempt about to leave; `job` and `subject` are opaque here."""

    id: UUID
    job: str
    purpose: str
    method: str
    resource: str
    subject: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class SettledCall:
    """How an attempt ended; `status` only when answered, `duration_ms` since it was journaled."""

    id: UUID
    state: Call.State
    status: int | None
    duration_ms: int | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Made:
    """Something the directory shows, which calls of these jobs alone were to make; all opaque."""

    subject: str
    purpose: str
    jobs: frozenset[str]


@transaction.atomic
def open_calls(tenant: Tenant, calls: Sequence[NewCall]) -> None:
    """Write attempts before they leave; raises BudgetExhausted, and then none may leave."""
    spend(tenant, sum(call.purpose not in EXEMPT for call in calls))
    Call.objects.bulk_create(
        Call(
            id=call.id,
            customer_id=tenant.customer_id,
            tenant=tenant,
            job=call.job,
            purpose=call.purpose,
            method=call.method,
            resource=call.resource[:120],
            subject=call.subject,
            started_at=call.started_at,
        )
        for call in calls
    )


@transaction.atomic
def settle_calls(tenant: Tenant, settled: Sequence[SettledCall], made: Sequence[Made] = ()) -> None:
    """Write how attempts ended, and count them in their UTC hour of leaving.

    Call it inside the transaction that settles the operations behind the attempts. An attempt that
    is not open any more (a new lane holder took it for uncertain) is left as it is. Of the
    uncertain calls behind what was `made` one each is found, where it is known which.
    """
    still_open = {
        call.pk: call
        for call in Call.objects.filter(
            tenant=tenant, state=Call.State.OPEN, pk__in=[entry.id for entry in settled]
        )
    }
    ended = []
    for entry in settled:
        if call := still_open.pop(entry.id, None):
            call.state, call.status = entry.state, entry.status
            call.started_at, call.duration_ms = entry.started_at, entry.duration_ms
            ended.append(call)
    Call.objects.bulk_update(ended, ["state", "status", "started_at", "duration_ms"])
    moved = _counts(ended)
    for call in _found(tenant, made):
        moved[_place(call, UNCERTAIN)] -= 1
        moved[_place(call, FOUND)] += 1
    _count(tenant, moved)


@transaction.atomic
def abandon_open_calls(tenant: Tenant) -> int:
    """Take every open attempt of a dead worker for uncertain; returns how many there were."""
    calls = list(Call.objects.filter(tenant=tenant, state=Call.State.OPEN))
    for call in calls:
        call.state = Call.State.UNCERTAIN
    Call.objects.bulk_update(calls, ["state"], batch_size=500)
    _count(tenant, _counts(calls))
    return len(calls)


def forget_subjects(tenant: Tenant) -> int:
    """Erase whom and what each call was about; counts and costs stay. Gives how many calls."""
    known = Call.objects.filter(tenant=tenant).exclude(subject="", resource="")
    return known.update(subject="", resource="")


def prune_calls(before: datetime, *, batch: int = 5_000) -> int:
    """Delete ended calls that began before a moment, in batches; usage stays. Gives how many.

    Uncertain ones too: they name people by a digest, and their count stays uncertain for ever.
    """
    pruned = 0
    for tenant in Tenant.objects.order_by("pk"):  # the calls are indexed by tenant and moment
        old = tenant.calls.filter(started_at__lt=before).exclude(state=Call.State.OPEN)
        while pks := list(old.values_list("pk", flat=True)[:batch]):
            pruned += Call.objects.filter(pk__in=pks).delete()[0]
    return pruned


def _found(tenant: Tenant, made: Sequence[Made]) -> list[Call]:
    """Take one uncertain call for found behind each of these, where it is known which."""
    behind: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in _creations(tenant, made):
        behind[call.subject, call.purpose].append(call)
    chosen: dict[UUID, Call] = {}
    for each in made:
        own = {c.pk: c for c in behind[each.subject, each.purpose] if c.job in each.jobs}
        if pk := maker(map(_attempt, own.values())):
            chosen[pk] = own[pk]
    uncertain = Call.objects.filter(state=Call.State.UNCERTAIN)
    # Somebody else may find it in the same moment: it is counted by whose update it was.
    return [
        chosen[pk]
        for pk in sorted(chosen)
        if uncertain.filter(pk=pk).update(state=Call.State.FOUND)
    ]


def _creations(tenant: Tenant, made: Sequence[Made]) -> Iterable[Call]:
    """Calls that left to make any of these."""
    if not made:
        return ()
    jobs = {job for each in made for job in each.jobs}
    subjects = {each.subject for each in made}
    posts = Call.objects.filter(tenant=tenant, job__in=jobs, subject__in=subjects, method="POST")
    return posts.exclude(subject="").exclude(state=Call.State.UNSENT)


def _attempt(call: Call) -> Attempt:
    uncertain = call.state == Call.State.UNCERTAIN
    return Attempt(call.pk, uncertain, call.status, hour_of(call.started_at), call.job)


def _place(call: Call, status: int) -> _Place:
    return hour_of(call.started_at), call.job, call.purpose, status


def _counts(calls: Iterable[Call]) -> Counter[_Place]:
    """Ended calls by where they are counted; those that never left are not."""
    return Counter(
        _place(call, call.status or UNCERTAIN) for call in calls if call.state != Call.State.UNSENT
    )


def _count(tenant: Tenant, moved: Counter[_Place]) -> None:
    """Add to the usage of hours and days, or take from it, in an order that cannot deadlock."""
    for (hour, job, purpose, status), number in sorted(moved.items()):
        key = {"hour": hour, "job": job, "purpose": purpose, "status": status}
        _add(Usage.objects.filter(tenant=tenant, **key), Usage(tenant=tenant, **key), number)
    days: Counter[tuple[date, str, int]] = Counter()
    for (hour, _job, purpose, status), number in moved.items():
        days[hour.date(), purpose, status] += number
    # By status first: months are counted with the days, and are a row for each status.
    for (day, purpose, status), number in sorted(days.items(), key=_by_status):
        key = {"day": day, "purpose": purpose, "status": status}
        row = DailyUsage(tenant=tenant, **key)
        _add(DailyUsage.objects.filter(tenant=tenant, **key), row, number)


def _by_status(counted: tuple[tuple[date, str, int], int]) -> tuple[int, date, str]:
    (day, purpose, status), _ = counted
    return status, day, purpose


def _add(rows: QuerySet[_U], empty: _U, number: int) -> None:
    """Count up the row of a key; where there is none yet, several may make it at once."""
    if not rows.update(calls=F("calls") + number):
        empty.customer_id = empty.tenant.customer_id
        rows.bulk_create([empty], ignore_conflicts=True)
        rows.update(calls=F("calls") + number)
