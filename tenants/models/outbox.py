"""Who is told of what, and the messages on their way."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from tenants.domain.events import EVENTS
from tenants.models.customers import Customer
from tenants.models.people import User


class Destination(models.Model):
    """Where news go: an address, for some kinds of events, of one customer or of all of them."""

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True)
    channel = models.CharField(max_length=10, choices=Channel)
    address = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    enabled = models.BooleanField(default=True)
    sealed_secret = models.BinaryField(default=b"", help_text="Signs what goes to a webhook.")
    sealed_previous = models.BinaryField(
        default=b"", help_text="Signs too, until `previous_until`, so that it can be exchanged."
    )
    previous_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True)

    class Meta:
        ordering = ["customer__name", "channel", "address"]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} to {self.address}"

    @property
    def labels(self) -> list[str]:
        """Its events in words."""
        return [EVENTS[name].label for name in self.events if name in EVENTS]


class Message(models.Model):
    """One message to one destination, written in the transaction of what it tells."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        GIVEN_UP = "given_up", "Given up"

    uid = models.UUIDField(default=uuid4, unique=True, help_text="For receivers: have I seen it?")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True)
    destination = models.ForeignKey(Destination, models.CASCADE, related_name="messages")
    event = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Destination.Channel)
    recipient = models.CharField(max_length=500)
    headline = models.CharField(max_length=300)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    # Whoever delivers it; a claim that has run out (its holder died) is anybody's.
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(state="waiting"), name="messages_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.headline} to {self.recipient}"
