"""Telling whoever wants to know: into the outbox, in the transaction of what is told."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from tenants.domain.events import headline, sentence
from tenants.doorbell import ring_on_commit
from tenants.models import Customer, Destination, Message
from tenants.row_security import everything


def tell(
    event: str, *, customer: Customer | None, subject: object, link: str = "", **facts: Any
) -> int:
    """Put a message for each destination that wants this event into the outbox; gives how many.

    Call it inside the transaction of what happened. `event` and the facts its sentence needs are
    those of `tenants.domain.events` (UnknownEvent otherwise, also when nobody wants to know);
    `link` is a path of the portal (`reverse(...)`). Nothing is sent here.
    """
    name, plain = str(subject), {key: _plain(value) for key, value in facts.items()}
    title, text = headline(event, name, plain)[:300], sentence(event, name, plain)
    with everything():
        # Also those of the MSP, whoever's request this is.
        wanted = Destination.objects.filter(Q(customer=None) | Q(customer=customer), enabled=True)
        told = [
            _message(each, event, customer, title, _payload(customer, name, text, link, plain))
            for each in wanted.order_by("pk")
            if event in each.events
        ]
        Message.objects.bulk_create(told)
    if told:
        ring_on_commit()
    return len(told)


def tell_one(destination: Destination, event: str, *, subject: object) -> Message:
    """Put one message for this destination into the outbox, whatever it wants to know of."""
    title, text = headline(event, str(subject), {}), sentence(event, str(subject), {})
    payload = _payload(destination.customer, str(subject), text, "", {})
    message = _message(destination, event, destination.customer, title[:300], payload)
    message.save()
    ring_on_commit()
    return message


def _message(
    to: Destination, event: str, customer: Customer | None, title: str, payload: dict[str, Any]
) -> Message:
    now = timezone.now()
    return Message(
        # What an MSP's own destination is told of a customer is still about that customer.
        customer=customer,
        destination=to,
        event=event,
        channel=to.channel,
        recipient=to.address,
        headline=title,
        payload=payload,
        next_try_at=now,
        created_at=now,
    )


def _payload(
    customer: Customer | None, subject: str, text: str, link: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "customer": customer.slug if customer else None,
        "customer_name": customer.name if customer else None,
        "subject": subject,
        "text": text,
        "link": f"{settings.SITE_URL}{link}" if link else "",
        "facts": dict(facts),
    }


def _plain(value: Any) -> Any:
    """As JSON has it; whatever it has not becomes text."""
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
