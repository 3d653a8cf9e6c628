"""Where news go, and the secret that signs what goes to a webhook."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from tenants import vault
from tenants.adapters.carriers import SECRET_PREFIX
from tenants.models import Customer, Destination, Message, User
from tenants.services.audit import record
from tenants.services.notices import tell_one

_BYTES = 32
# Both secrets sign so long, so that the receiver can be changed in between.
OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DestinationFacts:
    """What is entered; field names are those of the model."""

    address: str
    events: Sequence[str]
    enabled: bool = True


@transaction.atomic
def add_destination(
    *, channel: str, customer: Customer | None, facts: DestinationFacts, by: User
) -> tuple[Destination, str]:
    """Add a destination; gives also a webhook's secret, which is never shown again."""
    row = Destination.objects.create(
        channel=channel,
        customer=customer,
        address=facts.address,
        events=list(facts.events),
        enabled=facts.enabled,
        created_by=by,
    )
    secret = _new_secret(row) if channel == Destination.Channel.WEBHOOK else ""
    row.save(update_fields=["sealed_secret"])
    _record("destination.added", row, by, events=row.events, enabled=row.enabled)
    return row, secret


@transaction.atomic
def change_destination(*, destination: Destination, facts: DestinationFacts, by: User) -> bool:
    """Change where or of what is told; gives whether anything did."""
    new = {"address": facts.address, "events": list(facts.events), "enabled": facts.enabled}
    before = {name: getattr(destination, name) for name in new}
    changed = sorted(name for name in new if before[name] != new[name])
    for name in changed:
        setattr(destination, name, new[name])
    if changed:
        destination.save(update_fields=changed)
        _record(
            "destination.changed",
            destination,
            by,
            before={name: before[name] for name in changed},
            after={name: new[name] for name in changed},
        )
    return bool(changed)


@transaction.atomic
def remove_destination(*, destination: Destination, by: User) -> None:
    """Remove a destination with its messages; what was not sent never is."""
    waiting = destination.messages.filter(state=Message.State.WAITING).count()
    _record("destination.removed", destination, by, messages_not_sent=waiting)
    destination.delete()


@transaction.atomic
def rotate_secret(*, destination: Destination, by: User) -> str:
    """A new secret for a webhook, which is never shown again; the old one signs too for a day."""
    row = Destination.objects.select_for_update().get(pk=destination.pk)
    old = vault.unseal(row.sealed_secret, _bound(row, "sealed_secret"))
    row.sealed_previous = vault.seal(old, _bound(row, "sealed_previous"))
    row.previous_until = timezone.now() + OVERLAP
    secret = _new_secret(row)
    row.save(update_fields=["sealed_secret", "sealed_previous", "previous_until"])
    _record("destination.secret_rotated", row, by)
    return secret


@transaction.atomic
def send_test(*, destination: Destination, by: User) -> Message:
    """Put a test message into the outbox."""
    _record("destination.tested", destination, by)
    return tell_one(destination, "notices.test", subject=destination)


def secrets_of(destination: Destination, now: datetime) -> list[bytes]:
    """What signs now, the newest first; raises VaultError."""
    found = [vault.unseal(destination.sealed_secret, _bound(destination, "sealed_secret"))]
    if destination.previous_until is not None and now < destination.previous_until:
        bound = _bound(destination, "sealed_previous")
        found.append(vault.unseal(destination.sealed_previous, bound))
    return found


def _new_secret(row: Destination) -> str:
    """Seal a new one; the vault's binding names the row, so it opens nowhere else."""
    raw = secrets.token_bytes(_BYTES)
    row.sealed_secret = vault.seal(raw, _bound(row, "sealed_secret"))
    return SECRET_PREFIX + base64.b64encode(raw).decode()


def _bound(row: Destination, field: str) -> bytes:
    # No tenant's: the number in the binding is the destination's own.
    return vault.binding(row.pk, "Destination", field)


# How the sealed fields of a destination are bound, for the rotation of keys.
secret_places = {
    field: partial(_bound, field=field) for field in ("sealed_secret", "sealed_previous")
}


def _record(action: str, row: Destination, by: User, **detail: object) -> None:
    record(action, by=by, customer=row.customer, subject=row, channel=row.channel, **detail)
