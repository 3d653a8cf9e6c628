"""What is looked after day by day."""

import logging

from celery import shared_task
from django.utils import timezone

from tenants.row_security import over_everything
from tenants.services import expiry

logger = logging.getLogger(__name__)


@shared_task(name="tenants.watch_expiry")
@over_everything
def watch_expiry() -> None:
    """Tell of credentials that expire soon, or have."""
    if told := expiry.warn(timezone.now()):
        logger.info("told of %s credentials that expire", told)
