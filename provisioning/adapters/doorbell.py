"""Tells the workers that there may be work. Losing a ring costs one tick, never more."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

WORK = "provisioning.work"


def ring_on_commit() -> None:
    """Ring once the current transaction is committed."""
    transaction.on_commit(ring)


def ring() -> None:
    """Send a message to the workers; a broker that is away must not fail the caller."""
    try:
        current_app.send_task(WORK, expires=60, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("The broker is away, the next tick will ring: %s", error)
