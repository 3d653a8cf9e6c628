"""What keeps a tenant's lane from sending for a while: a blackout, or a rest after failures.

Planning goes on meanwhile as long as it needs no call: the client's lease, asked before each call,
refuses it. An approved plan waits as a whole.
"""

import time
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from provisioning.domain.blackouts import Window, in_blackout
from provisioning.domain.local_time import told
from provisioning.domain.quarantine import Stage
from provisioning.models import Blackout, Job, Quarantine
from provisioning.services import quarantines
from provisioning.services.lanes import HeldLane
from tenants.models import Tenant

BLACKOUT = "Blackout until "
# How long a blackout that was entered meanwhile may go unseen by a slice, in seconds.
_READ_AGAIN = 3.0


class AtRest(Exception):
    """Nothing may be sent before `until`; str() says why."""

    def __init__(self, until: datetime, why: str) -> None:
        super().__init__(why)
        self.until = until


class Rest:
    """The rest of one tenant during one slice."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._failures = quarantines.of(tenant)
        self._called = False
        self._read()

    @property
    def is_on(self) -> bool:
        """Whether nothing may be sent now."""
        return self._why(timezone.now()) is not None

    def check(self) -> None:
        """Raises AtRest while nothing may be sent; cheap enough for every round."""
        if time.monotonic() - self._read_at > _READ_AGAIN:
            self._read()
        if why := self._why(timezone.now()):
            raise why

    def lease(self, held: HeldLane) -> float:
        """The lane's lease for a single call; raises AtRest, LaneLost."""
        self.check()
        self._called = True
        return held.renew()

    def succeeded(self) -> None:
        """Calls came through: what has kept them from it before is over."""
        if self._failures is not None:
            quarantines.succeeded(self._tenant, Stage.CALL)
            self._failures = None

    def planned(self) -> None:
        """A plan was made, perhaps with calls."""
        if self._failures is not None:
            stages = (Stage.PLAN, Stage.CALL) if self._called else (Stage.PLAN,)
            quarantines.succeeded(self._tenant, *stages)

    def _read(self) -> None:
        self._windows = windows_of(self._tenant)
        self._read_at = time.monotonic()

    def _why(self, now: datetime) -> AtRest | None:
        if until := in_blackout(self._windows, self._tenant.zone, now):
            return AtRest(until, f"{BLACKOUT}{told(until, self._tenant.zone)}.")
        return _resting(self._failures, now)


def windows_of(tenant: Tenant) -> tuple[Window, ...]:
    """The tenant's blackouts that are switched on."""
    rows: Iterable[Blackout] = Blackout.objects.filter(tenant=tenant, enabled=True)
    return tuple(row.window for row in rows)


def blackout_until(tenant: Tenant, now: datetime) -> datetime | None:
    """When the blackout that is on ends; None while none is."""
    return in_blackout(windows_of(tenant), tenant.zone, now)


def note_end(job: Job) -> None:
    """A blackout that is over is no reason to wait any more."""
    if job.problem.startswith(BLACKOUT):
        Job.objects.filter(pk=job.pk).update(problem="")
        job.problem = ""


def _resting(row: Quarantine | None, now: datetime) -> AtRest | None:
    if row is None or row.until is None or row.until <= now or not row.holds_calls:
        return None
    return AtRest(row.until, row.message)
