"""The right to write to one tenant: wanted, claimed, renewed, released.

All times are the database's own clock, so that workers on several machines agree; within a worker
the monotonic clock decides whether a request may still leave.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from provisioning.adapters import doorbell
from provisioning.models import Job, Lane
from tenants.models import Tenant
from tenants.row_security import scope


class LaneLost(Exception):
    """The lease ran out and another worker may hold the lane: stop without writing."""


@dataclass(slots=True)
class HeldLane:
    """A lane this process holds; no request may leave after `deadline` (monotonic seconds)."""

    tenant: Tenant
    holder: str
    deadline: float
    hushed: float = 0.0
    """Seconds for which Entra wants to hear nothing, as known at the slice's begin or end."""
    threads: int | None = None
    """How many requests at once the lane has come to, as known at the slice's begin or end."""
    resting: dict[int, datetime] = field(default_factory=dict)
    """Jobs (by pk) that had their turn in this slice, and when they have something to do again."""

    def renew(self) -> float:
        """Prolong the lease and give the new deadline; raises LaneLost."""
        began = time.monotonic()
        if not Lane.objects.filter(tenant=self.tenant, holder=self.holder).update(
            quiet_at=_quiet_at()
        ):
            raise LaneLost
        self.deadline = began + settings.LANE_LEASE_SECONDS
        return self.deadline

    def confirm(self) -> None:
        """Inside a transaction that settles: make sure, and keep sure, that the lane is held."""
        if not Lane.objects.filter(tenant=self.tenant, holder=self.holder).update(
            quiet_at=_quiet_at()
        ):
            raise LaneLost


def want(tenant: Tenant, *, urgent: bool = False) -> None:
    """Note that a tenant has work, inside the transaction that made it, and ring on commit.

    An urgent lane is served before its turn, at most every second time (see `claim`).
    """
    Lane.objects.get_or_create(
        tenant=tenant, defaults={"customer_id": tenant.customer_id, "wake_at": timezone.now()}
    )
    mark = {"urgent": True} if urgent else {}
    Lane.objects.filter(tenant=tenant).update(wanted=True, wake_at=Now(), **mark)
    doorbell.ring_on_commit()


def lock(tenant: Tenant) -> None:
    """Inside a transaction that decides about a job: the lane's row before the job's.

    That is the order in which workers write them, so that neither waits for the other forever.
    """
    Lane.objects.select_for_update().filter(tenant=tenant).first()


def claimable() -> QuerySet[Lane]:
    """Lanes with work that nobody holds, the least recently served first."""
    free = Q(holder="") | Q(quiet_at__lt=Now())
    return Lane.objects.filter(free, wanted=True, wake_at__lte=Now()).order_by(
        F("served_at").asc(nulls_first=True), "pk"
    )


def urgent_waits() -> bool:
    """Whether a person on demand waits in a lane that nobody holds."""
    return claimable().filter(urgent=True).exists()


def claim() -> HeldLane | None:
    """Take the next lane, or None when there is none.

    Lanes take turns, the least recently served first. An urgent one goes before all others, but
    never twice in a row: at least every second claim goes to whose turn it is, so that people who
    are sent on demand, however many, cannot keep a lane from its turn.
    """
    last = Lane.objects.filter(served_at__isnull=False).order_by("-served_at")
    if not last.values_list("jumped", flat=True).first():
        urgent = claimable().filter(urgent=True)
        if (held := _take(urgent, jumps=True)) is not None:
            return held
    return _take(claimable(), jumps=False)


def _take(lanes: QuerySet[Lane], *, jumps: bool) -> HeldLane | None:
    """The first of these lanes that nobody else takes at the same moment."""
    if connection.features.has_select_for_update_skip_locked:
        return _take_unlocked(lanes, jumps=jumps)
    for lane in lanes[:10]:
        # Compare-and-set: the conditions hold for one worker only.
        if (held := _hold(lane, jumps=jumps)) is not None:
            return held
    return None


@transaction.atomic
def _take_unlocked(lanes: QuerySet[Lane], *, jumps: bool) -> HeldLane | None:
    """The first row that no other worker has locked (PostgreSQL's SKIP LOCKED): nobody waits."""
    lane = lanes.select_for_update(skip_locked=True).first()
    return None if lane is None else _hold(lane, jumps=jumps)


def _hold(lane: Lane, *, jumps: bool) -> HeldLane | None:
    holder, began = str(uuid4()), time.monotonic()
    taken = claimable().order_by().filter(pk=lane.pk)
    if not taken.update(holder=holder, quiet_at=_quiet_at(), served_at=Now(), jumped=jumps):
        return None
    deadline = began + settings.LANE_LEASE_SECONDS
    with scope([lane.customer_id]):
        tenant = Tenant.objects.select_related("customer").get(pk=lane.tenant_id)
    return HeldLane(tenant, holder, deadline, _hushed(lane), lane.threads)


@transaction.atomic
def release(held: HeldLane, *, wake_at: datetime | None = None) -> None:
    """Give the lane back; it stays wanted while a job is left for it, from `wake_at` on.

    The lane's row is written before the jobs are looked at: an approval that comes in between
    waits for that row and then says itself that the lane is wanted. Whoever wanted the lane while
    it was held has set `wake_at`: that stays.
    """
    mine = Lane.objects.filter(tenant=held.tenant, holder=held.holder)
    hushed = Now() + timedelta(seconds=held.hushed) if held.hushed else None
    mine.filter(wake_at__lte=F("served_at")).update(wake_at=wake_at or Now())
    free = {"holder": "", "quiet_at": None, "wanted": False, "urgent": False}
    if mine.update(hushed_until=hushed, threads=held.threads, **free):
        left = Job.objects.filter(tenant=held.tenant, state__in=Job.IN_LANE)
        kinds = set(left.values_list("kind", flat=True))
        if kinds:
            urgent = Job.Kind.ON_DEMAND in kinds
            Lane.objects.filter(tenant=held.tenant).update(wanted=True, urgent=urgent)


def _hushed(lane: Lane) -> float:
    if lane.hushed_until is None:
        return 0.0
    return max(0.0, (lane.hushed_until - timezone.now()).total_seconds())


def _quiet_at() -> object:
    """When a dead holder's last request must have ended: lease plus request time."""
    return Now() + timedelta(
        seconds=settings.LANE_LEASE_SECONDS + settings.SCIM_REQUEST_SECONDS + 1
    )
