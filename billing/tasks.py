"""What beat has billing do: single calls past their time, statements of ended months."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from billing.services import prune_calls
from billing.services.bills import watch_bills
from billing.services.statements import open_ended_months
from billing.services.watching import watch_budgets, watch_hours
from tenants.row_security import over_everything

logger = logging.getLogger(__name__)


@shared_task(name="billing.watch")
@over_everything
def watch() -> None:
    """Tell of budgets, hours that stand out, and calls on the bill that are not from us."""
    now = timezone.now()
    watch_budgets(now)
    watch_hours(now)
    watch_bills(now)


@shared_task(name="billing.keep_house")
@over_everything
def keep_house() -> None:
    """Open the statements of the month that has ended, and delete single calls past their time."""
    now = timezone.now()
    opened = open_ended_months(now)
    pruned = prune_calls(now - timedelta(days=settings.CALL_RETENTION_DAYS))
    if opened or pruned:
        logger.info("opened %s statements, deleted %s old calls", opened, pruned)
