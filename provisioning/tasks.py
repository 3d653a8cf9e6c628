"""What the workers are told: there may be work."""

import logging

from celery import shared_task
from django.utils import timezone

from provisioning.adapters import doorbell
from provisioning.services import (
    deletions,
    lanes,
    offboarding,
    quarantines,
    schedules,
    slices,
    snapshots,
)
from tenants.row_security import over_everything, over_lanes

logger = logging.getLogger(__name__)
_RINGS = 8


@shared_task(name=doorbell.WORK)
@over_lanes
def work() -> None:
    """Serve one slice; ring again if a lane still waits."""
    if slices.serve_next() and lanes.claimable().exists():
        doorbell.ring()


@shared_task(name="provisioning.tick")
@over_everything
def tick() -> None:
    """Ring for lanes that wait: a message may have been lost, or a lane's time have come.

    Then start what schedules have come due; two ticks at once start it once.
    """
    quarantines.mended(timezone.now())
    for _ in range(min(lanes.claimable().count(), _RINGS)):
        doorbell.ring()
    schedules.follow_zones(timezone.now())
    schedules.run_due(timezone.now())
    offboarding.go_on(timezone.now())


@shared_task(name="provisioning.purge_snapshots")
@over_everything
def purge_snapshots() -> None:
    """Erase records past their retention, and names of deleted accounts that are free again."""
    erased = snapshots.erase_expired(timezone.now())
    if erased:
        logger.info("erased the records of %s reads", erased)
    deletions.forget_deletions(timezone.now())
