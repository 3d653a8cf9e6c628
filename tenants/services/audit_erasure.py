"""Erasing what the audit trail says of people; that something was done, when and where, stays."""

from collections.abc import Iterable
from itertools import islice

from django.db import transaction
from django.db.models import Q, QuerySet

from tenants.models import AuditPayload, Customer, User
from tenants.selectors import administrators
from tenants.services.audit import record_erasure

_BATCH = 500
# These are the proof itself; their payloads name the MSP's own people and counts.
_PROOF = ("offboarding.", "audit.")


class ErasureRefused(Exception):
    """This person may not erase; str() says why."""


def payloads_of_customer(customer: Customer) -> QuerySet[AuditPayload]:
    """Payloads of what was done for a customer, without those of the proof."""
    rows = AuditPayload.objects.filter(event__customer=customer)
    for prefix in _PROOF:
        rows = rows.exclude(event__action__startswith=prefix)
    return rows


def payloads_of_person(email: str) -> QuerySet[AuditPayload]:
    """Payloads that name somebody, as who did it or whom it was done to: address or known name."""
    email = email.strip().lower()
    wanted = Q(actor_email__iexact=email) | Q(subject__icontains=email) | Q(detail__icontains=email)
    known = User.objects.filter(email=email).first()
    if known is not None:
        wanted |= Q(actor_id=known.pk) | Q(subject=str(known))
    return AuditPayload.objects.filter(wanted)


def require_eraser(by: User) -> None:
    """Raises ErasureRefused unless this person administers all customers."""
    if not administrators().filter(pk=by.pk).exists():
        raise ErasureRefused(f"{by.email} may not erase what the audit trail says of people.")


def erase_payloads(
    rows: QuerySet[AuditPayload], *, by: User | None, reason: str, customer: Customer | None = None
) -> int:
    """Erase payloads, each batch in one transaction with the event that says so; gives how many.

    `reason` must not name whom they are about.
    """
    erased = 0
    pks = iter(list(rows.order_by("pk").values_list("pk", flat=True)))
    while batch := list(islice(pks, _BATCH)):
        erased += _erase(batch, by, reason, customer)
    return erased


@transaction.atomic
def _erase(pks: Iterable[int], by: User | None, reason: str, customer: Customer | None) -> int:
    locked = AuditPayload.objects.select_for_update().filter(pk__in=pks)
    found = sorted(locked.values_list("pk", flat=True))
    if found:
        # The payload of the event that said so earlier may go too; what it has erased stays known.
        record_erasure(
            "audit.erased", by=by, customer=customer, erased=found, reason=reason, events=len(found)
        )
        AuditPayload.objects.filter(pk__in=found).delete()
    return len(found)
