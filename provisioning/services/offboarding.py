"""Ending a tenant: jobs stop, credentials are revoked, people's data is erased after a period.

`begin` notes it and asks every open job to end. The tick goes on from there: once no job is open
the credentials' secrets are erased; after the period the people's data. Whatever dies in between,
the next tick goes on.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing.services import abandon_open_calls
from provisioning.models import Job, Lane, Operation, Schedule
from provisioning.services import lanes
from provisioning.services.approval import cancel
from provisioning.services.erasure import erase_people, left_of
from tenants.domain.roles import Action
from tenants.models import Offboarding, Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record, revoke_credentials

logger = logging.getLogger(__name__)
LONGEST_DAYS = 3650
_NEVER_KNOWN = (
    "Nobody will find out whether this was done: the tenant was offboarded before Entra answered."
)


class OffboardingRefused(Exception):
    """Not possible (any more); str() says why."""


@transaction.atomic
def begin(*, tenant: Tenant, reason: str, keep_days: int, by: User) -> Offboarding:
    """Stop everything of a tenant; its people's data is erased after so many days."""
    _require(tenant, by)
    if not 0 <= keep_days <= LONGEST_DAYS:
        raise OffboardingRefused(f"Keep the data for 0 to {LONGEST_DAYS:,} days.")
    lanes.want(tenant)
    lanes.lock(tenant)
    now = timezone.now()
    leaving, made = Offboarding.objects.get_or_create(
        tenant=tenant,
        defaults={
            "customer_id": tenant.customer_id,
            "reason": reason,
            "begun_at": now,
            "begun_by": by,
            "erase_after": now + timedelta(days=keep_days),
        },
    )
    if not made:
        raise OffboardingRefused("This tenant is being offboarded already.")
    Schedule.objects.filter(tenant=tenant).update(enabled=False)
    for job in Job.objects.filter(tenant=tenant, state__in=Job.OPEN).select_related("tenant"):
        if not job.cancel_requested:
            cancel(job=job, by=by)
    record(
        "offboarding.begun",
        by=by,
        customer=tenant.customer,
        subject=tenant,
        reason=reason,
        keep_days=keep_days,
    )
    return leaving


@transaction.atomic
def call_off(*, tenant: Tenant, by: User) -> None:
    """Keep a tenant after all. Revoked credentials and switched-off schedules stay as they are."""
    _require(tenant, by)
    lanes.lock(tenant)
    leaving = Offboarding.objects.select_for_update().filter(tenant=tenant).first()
    if leaving is None:
        raise OffboardingRefused("This tenant is not being offboarded.")
    if leaving.erased_at is not None or leaving.proof:
        raise OffboardingRefused("The people's data is being erased already.")
    leaving.delete()
    record("offboarding.called_off", by=by, customer=tenant.customer, subject=tenant)


def go_on(now: datetime) -> int:
    """Revoke where jobs have ended, and erase where the period is over; gives how many moved."""
    moved = 0
    waiting = Offboarding.objects.filter(erased_at=None).select_related("tenant__customer")
    for leaving in waiting.order_by("pk"):
        try:
            moved += _revoke(leaving.tenant, now) or _erase(leaving, now)
        except Exception:
            logger.exception("tenant %s: offboarding failed", leaving.tenant.slug)
    return moved


@transaction.atomic
def _revoke(tenant: Tenant, now: datetime) -> bool:
    """Erase the credentials' secrets once nothing needs them any more."""
    lanes.lock(tenant)
    leaving = Offboarding.objects.select_for_update().filter(tenant=tenant).first()
    if leaving is None or leaving.revoked_at is not None:
        return False
    if Job.objects.filter(tenant=tenant, state__in=Job.OPEN).exists() and not _gives_up(
        leaving, now
    ):
        return False
    revoked = revoke_credentials(tenant=tenant, by=leaving.begun_by)
    Offboarding.objects.filter(pk=leaving.pk).update(revoked_at=now)
    record(
        "offboarding.revoked",
        by=None,
        customer=tenant.customer,
        subject=tenant,
        credentials=revoked,
    )
    return True


def _gives_up(leaving: Offboarding, now: datetime) -> bool:
    """End what cannot be found out any more: the customer may have shut the door already."""
    if now < leaving.begun_at + timedelta(hours=settings.OFFBOARDING_PATIENCE_HOURS):
        return False
    held = Lane.objects.filter(tenant=leaving.tenant).exclude(holder="")
    if held.filter(Q(quiet_at=None) | Q(quiet_at__gte=now)).exists():
        return False
    abandon_open_calls(leaving.tenant)
    opened = Job.objects.filter(tenant=leaving.tenant, state__in=Job.OPEN)
    left = Operation.objects.filter(job__in=opened, state__in=Operation.UNSETTLED)
    left.update(state=Operation.State.FAILED, message=_NEVER_KNOWN, settled_at=now)
    opened.update(state=Job.State.CANCELLED, ended_at=now)
    return True


def _erase(leaving: Offboarding, now: datetime) -> bool:
    if leaving.erase_after > now or not Offboarding.objects.filter(
        pk=leaving.pk, revoked_at__isnull=False, erased_at=None
    ):
        return False
    tenant = leaving.tenant

    def counted(table: str, rows: int) -> None:
        row = Offboarding.objects.select_for_update().get(pk=leaving.pk)
        row.proof[table] = row.proof.get(table, 0) + rows
        row.save(update_fields=["proof"])

    erase_people(tenant, counted)
    with transaction.atomic():
        row = Offboarding.objects.select_for_update().get(pk=leaving.pk)
        if row.erased_at is not None:
            return False
        if any(left_of(tenant).values()):
            return False
        row.erased_at = now
        row.save(update_fields=["erased_at"])
        record(
            "offboarding.erased",
            by=None,
            customer=tenant.customer,
            subject=tenant,
            rows=row.proof,
        )
    return True


def _require(tenant: Tenant, by: User) -> None:
    if not tenants_for(by, Action.OFFBOARD).filter(pk=tenant.pk).exists():
        raise OffboardingRefused(f"{by.email} may not offboard {tenant}.")
