"""What beat and doorbell ask for: messages, the audit trail, sessions, credentials."""

import logging

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from tenants.doorbell import DELIVER
from tenants.row_security import over_everything
from tenants.services import audit_links, audit_watch, delivery, expiry
from tenants.services.sessions import forget_ended_sessions

logger = logging.getLogger(__name__)


@shared_task(name=DELIVER)
@over_everything
def deliver() -> None:
    """Deliver what is due; link events whose process died before it could."""
    audit_links.link_quietly()
    delivery.deliver_due()


@shared_task(name="tenants.watch_audit")
@over_everything
def watch_audit() -> None:
    """Verify the audit trail and export an anchor; forget old messages."""
    audit_watch.watch(timezone.now())
    delivery.purge(timezone.now())


@shared_task(name="tenants.clear_sessions")
@over_everything
def clear_sessions() -> None:
    """Remove sessions that are over, and what is listed of them."""
    call_command("clearsessions")
    forget_ended_sessions()


@shared_task(name="tenants.watch_expiry")
@over_everything
def watch_expiry() -> None:
    """Tell of credentials that expire soon, or have."""
    if told := expiry.warn(timezone.now()):
        logger.info("told of %s credentials that expire", told)
