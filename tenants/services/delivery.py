"""Delivering the outbox: claimed one by one, sent outside any transaction, tried again when due.

A claim is a compare-and-set, so that of several workers one sends a message. If it dies, the claim
runs out and another sends it, perhaps a second time: receivers know it by its id.
"""

import logging
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from tenants.adapters.carriers import NotDelivered, post, send_email
from tenants.domain.redelivery import TRIES, next_delay
from tenants.doorbell import ring_on_commit
from tenants.models import Destination, Message, User
from tenants.services.audit import record
from tenants.services.destinations import secrets_of
from tenants.vault import VaultError

logger = logging.getLogger(__name__)
# Longer than any delivery takes.
_CLAIM = timedelta(minutes=5)
# A round ends, so that a receiver that is slow does not hold a worker for long.
_ROUND = 100
KEEP = timedelta(days=30)


def deliver_due() -> int:
    """Deliver what is due; gives how many were sent. Never call it inside a transaction."""
    sent = 0
    for _ in range(_ROUND):
        message = claim_next(timezone.now())
        if message is None:
            break
        sent += _deliver(message)
    return sent


def claim_next(now: datetime) -> Message | None:
    """The next message that is due, claimed by the caller, with this try counted; None: none."""
    for pk in _due(now).order_by("next_try_at", "pk").values_list("pk", flat=True)[:_ROUND]:
        claim = uuid4()
        taken = _due(now).filter(pk=pk)
        values = {"claim": claim, "claimed_until": now + _CLAIM, "attempts": F("attempts") + 1}
        if taken.update(**values):
            return Message.objects.select_related("destination").get(pk=pk)
    return None


@transaction.atomic
def try_again(*, message: Message, by: User) -> bool:
    """Give a message that was given up all its tries again; gives whether it was."""
    rows = Message.objects.filter(pk=message.pk, state=Message.State.GIVEN_UP)
    now = timezone.now()
    if not rows.update(state=Message.State.WAITING, attempts=0, next_try_at=now, claim=None):
        return False
    record(
        "message.tried_again", by=by, customer=message.customer, subject=message, kind=message.event
    )
    ring_on_commit()
    return True


def purge(now: datetime) -> int:
    """Forget messages that are done and old; gives how many."""
    done = Message.objects.exclude(state=Message.State.WAITING)
    return done.filter(created_at__lt=now - KEEP).delete()[0]


def _due(now: datetime) -> QuerySet[Message]:
    free = Q(claim=None) | Q(claimed_until__lt=now)
    return Message.objects.filter(free, state=Message.State.WAITING, next_try_at__lte=now)


def _deliver(message: Message) -> bool:
    try:
        _send(message)
    except NotDelivered as why:
        _postpone(message, str(why))
        return False
    except VaultError as error:
        _postpone(message, f"The webhook's secret cannot be read: {error}")
        return False
    except Exception as error:
        # One message must not keep the others from leaving.
        logger.exception("message %s: unexpected failure", message.uid)
        _postpone(message, f"Unexpected failure: {type(error).__name__}.")
        return False
    now = timezone.now()
    _mine(message).update(state=Message.State.SENT, sent_at=now, claim=None, last_error="")
    return True


def _send(message: Message) -> None:
    if not message.destination.enabled:
        raise NotDelivered("This destination is switched off.")
    if message.channel == Destination.Channel.EMAIL:
        send_email(message)
    else:
        now = timezone.now()
        post(message, secrets_of(message.destination, now), now)


def _postpone(message: Message, why: str) -> None:
    delay = next_delay(min(message.attempts, TRIES))
    values = {"last_error": why[:500], "claim": None}
    if delay is None:
        logger.warning("message %s is given up: %s", message.uid, why)
        _mine(message).update(state=Message.State.GIVEN_UP, **values)
    else:
        _mine(message).update(next_try_at=timezone.now() + delay, **values)


def _mine(message: Message) -> QuerySet[Message]:
    """The message as long as nobody else has claimed it since."""
    return Message.objects.filter(pk=message.pk, claim=message.claim)
