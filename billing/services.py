"""Writes of the meter and the price book.

Calls are opened in a transaction of their own before they leave, and settled in the transaction
that settles what they were made for; hourly usage moves in the same transaction as the call's
state, so that the two can never disagree.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from billing.domain.periods import hour_of
from billing.domain.pricing import UNCERTAIN
from billing.models import Call, PriceBookEntry, Usage
from tenants.models import Tenant, User
from tenants.services import record


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


def open_calls(tenant: Tenant, calls: Sequence[NewCall]) -> None:
    """Write attempts before they leave."""
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
def settle_calls(tenant: Tenant, settled: Sequence[SettledCall]) -> None:
    """Write how attempts ended, and count them in their UTC hour of leaving.

    Call it inside the transaction that settles the operations behind the attempts. An attempt that
    is not open any more (a new lane holder took it for uncertain) is left as it is.
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
    _count(tenant, ended)


@transaction.atomic
def abandon_open_calls(tenant: Tenant) -> int:
    """Take every open attempt of a dead worker for uncertain; returns how many there were."""
    calls = list(Call.objects.filter(tenant=tenant, state=Call.State.OPEN))
    for call in calls:
        call.state = Call.State.UNCERTAIN
    Call.objects.bulk_update(calls, ["state"], batch_size=500)
    _count(tenant, calls)
    return len(calls)


def forget_subjects(tenant: Tenant) -> int:
    """Erase whom and what each call was about; counts and costs stay. Gives how many calls."""
    known = Call.objects.filter(tenant=tenant).exclude(subject="", resource="")
    return known.update(subject="", resource="")


def _count(tenant: Tenant, calls: Iterable[Call]) -> None:
    counts = Counter(
        (hour_of(call.started_at), call.purpose, call.status or UNCERTAIN)
        for call in calls
        if call.state != Call.State.UNSENT
    )
    for (hour, purpose, status), number in sorted(counts.items()):
        key = {"tenant": tenant, "hour": hour, "purpose": purpose, "status": status}
        if not Usage.objects.filter(**key).update(calls=F("calls") + number):
            Usage.objects.bulk_create(
                [Usage(**key, customer_id=tenant.customer_id, calls=0)], ignore_conflicts=True
            )
            Usage.objects.filter(**key).update(calls=F("calls") + number)


@transaction.atomic
def add_price(entry: PriceBookEntry, *, by: User | None) -> PriceBookEntry:
    """Add a price book entry; what was counted before keeps the price of its own hour."""
    entry.save(force_insert=True)
    record("price.added", by=by, customer=None, subject=entry, rule=entry.rule)
    return entry
