"""Who did what: events in a chain, and beside them what may have to be erased."""

import json
from typing import Any

from django.db import models
from django.db.models import Q

from tenants.domain.audit_chain import EventFacts, PayloadFacts
from tenants.models.customers import Customer
from tenants.models.people import User


class AuditEvent(models.Model):
    """That something was done. Written by `services.record` alone, linked once, never changed.

    `position` and `link` are given after the commit (`services.audit_links`), in order of commits.
    """

    at = models.DateTimeField()
    customer = models.ForeignKey(Customer, models.PROTECT, null=True)
    action = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, help_text="Salted hash of the payload.")
    erases = models.TextField(
        blank=True, default="", help_text="Ids of events whose payloads were erased with this one."
    )
    mac = models.CharField(max_length=330, help_text="That the portal itself has written this.")
    position = models.BigIntegerField(null=True, unique=True)
    link = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["customer", "-at"], name="audit_by_customer"),
            models.Index(fields=["id"], condition=Q(position=None), name="audit_not_linked"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    def facts(self) -> EventFacts:
        """What the chain hashes."""
        return EventFacts(self.at, self.customer_id, self.action, self.digest, self.erases)

    @property
    def kept(self) -> "AuditPayload | None":
        """The payload; None once it was erased."""
        try:
            return self.payload
        except AuditPayload.DoesNotExist:
            return None

    @property
    def actor(self) -> User | None:
        """Who did it, if it was a person who is still known."""
        return self.kept.person if self.kept else None

    @property
    def actor_email(self) -> str:
        """Address of the person then, also of one who is gone since; empty: the portal itself."""
        return self.kept.actor_email if self.kept else ""

    @property
    def subject(self) -> str:
        """What it was done to; empty once erased."""
        return self.kept.subject if self.kept else ""

    @property
    def detail(self) -> dict[str, Any]:
        """How; empty once erased. What somebody made unreadable is shown as it is."""
        if self.kept is None:
            return {}
        try:
            return dict(json.loads(self.kept.detail))
        except (ValueError, TypeError):
            return {"unreadable": self.kept.detail}

    @property
    def request_id(self) -> str:
        """The request in which it was done; empty where there was none."""
        return self.kept.request_id if self.kept else ""


class AuditPayload(models.Model):
    """What an event says of people; deleted when that has to be forgotten, never changed."""

    event = models.OneToOneField(
        AuditEvent, models.PROTECT, primary_key=True, related_name="payload"
    )
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    salt = models.CharField(max_length=32)
    # Kept as it is when the person goes: it is part of what was hashed.
    actor = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    actor_email = models.CharField(max_length=254, blank=True, db_index=True)
    subject = models.CharField(max_length=200)
    detail = models.TextField(help_text="JSON, as it was hashed.")
    request_id = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"Payload of event {self.event_id}"

    def facts(self) -> PayloadFacts:
        """What its hash is made of."""
        return PayloadFacts(
            self.customer_id,
            self.actor_id,
            self.actor_email,
            self.subject,
            self.detail,
            self.request_id,
        )

    @property
    def person(self) -> User | None:
        """Who did it, if still known."""
        try:
            return self.actor
        except User.DoesNotExist:
            return None


class AuditHead(models.Model):
    """The end of the chain, under a seal: one row, whose lock orders the linking."""

    position = models.BigIntegerField(default=0)
    link = models.CharField(max_length=64)
    mac = models.CharField(max_length=330)

    def __str__(self) -> str:
        return f"{self.position} events"


class AuditAnchor(models.Model):
    """How the chain was at a time, under a seal; exported to a file (`services.audit_anchors`)."""

    at = models.DateTimeField()
    events = models.BigIntegerField(unique=True)
    link = models.CharField(max_length=64)
    mac = models.CharField(max_length=330)

    class Meta:
        ordering = ["-events"]

    def __str__(self) -> str:
        return f"{self.events} events at {self.at:%Y-%m-%d %H:%M}"


class AuditCheck(models.Model):
    """What a verification of the whole chain has found; nothing about anybody."""

    at = models.DateTimeField()
    events = models.BigIntegerField()
    problems = models.PositiveIntegerField(default=0)
    examples = models.JSONField(default=list)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.problems} problems in {self.events} events"
