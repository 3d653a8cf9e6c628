"""The most urgent job of a lane, and when the one that runs makes room for a person."""

import time
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from provisioning.domain.urgency import Waiting, gives_way, most_urgent
from provisioning.models import Job, Operation
from provisioning.services import lanes
from provisioning.services.lanes import HeldLane


def next_job(held: HeldLane) -> Job | None:
    """The job that the lane works on next; None when all of them rest, or there is none."""
    found = Job.objects.filter(tenant=held.tenant, state__in=Job.IN_LANE)
    jobs = list(found.select_related("tenant__customer", "profile_version", "snapshot"))
    awake = {job.pk: job for job in jobs if job.pk not in held.resting}
    if len(awake) < 2:
        return next(iter(awake.values()), None)
    closing = _closing(pk for pk, job in awake.items() if job.state == Job.State.APPLYING)
    chosen = most_urgent(_waiting(job, closing) for job in awake.values())
    return None if chosen is None else awake[chosen.pk]


class Lookout:
    """Looks between two rounds, at most every LANE_LOOK_SECONDS, whether somebody waits."""

    def __init__(self, job: Job, held: HeldLane, ends: float) -> None:
        self._job = job
        self._held = held
        self._half = ends - settings.LANE_SLICE_SECONDS / 2
        self._next = time.monotonic() + settings.LANE_LOOK_SECONDS

    def gives_way(self) -> bool:
        """Whether a person waits who goes before the job that runs: two queries by index.

        For a person of another tenant the slice ends after its first half: they start within one
        slice although the last round of it has still to end, and the lane keeps half of its time.
        """
        now = time.monotonic()
        if self._job.is_urgent or now < self._next:
            return False
        self._next = now + settings.LANE_LOOK_SECONDS
        return self._waits_here() or (now >= self._half and lanes.urgent_waits())

    def _waits_here(self) -> bool:
        found = Job.objects.filter(
            tenant_id=self._job.tenant_id, state__in=Job.IN_LANE, kind=Job.Kind.ON_DEMAND
        )
        pks = found.exclude(pk__in=self._held.resting).values_list("pk", flat=True)
        waiting = [Waiting(pk, on_demand=True) for pk in pks]
        if not waiting:
            return False
        return gives_way(_waiting(self._job, _closing([self._job.pk])), waiting)


def _waiting(job: Job, closing: Collection[int]) -> Waiting:
    return Waiting(job.pk, on_demand=job.is_urgent, closes=job.pk in closing)


def _closing(jobs: Iterable[int]) -> frozenset[int]:
    """Of these jobs, those that have accounts to disable right now."""
    now = timezone.now()
    due = Operation.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        state=Operation.State.PENDING,
        kind=Operation.Kind.DISABLE,
    )
    return frozenset(pk for pk in jobs if due.filter(job_id=pk).exists())
