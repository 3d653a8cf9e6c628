"""Tells the workers that messages wait. Losing a ring costs one tick of the beat, never more."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

DELIVER = "tenants.deliver"


def ring_on_commit() -> None:
    """Ring once the current transaction is committed."""
    transaction.on_commit(ring, robust=True)


def ring() -> None:
    """Send a message to the workers; a broker that is away must not fail the caller."""
    try:
        current_app.send_task(DELIVER, expires=60, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("The broker is away, the beat will ring: %s", error)
