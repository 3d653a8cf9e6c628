"""Calls, usage per hour, price book. A job is an opaque label here."""

import uuid

from django.db import models
from django.db.models import Q

from billing.domain.pricing import BillingRule
from tenants.domain.clouds import CLOUDS
from tenants.models import Customer, Tenant


class Call(models.Model):
    """One HTTP attempt at the SCIM API: written before it leaves, settled after its answer."""

    class State(models.TextChoices):
        OPEN = "open", "On its way"
        ANSWERED = "answered", "Answered"
        UNSENT = "unsent", "Never left"
        UNCERTAIN = "uncertain", "Uncertain"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="calls")
    job = models.CharField(max_length=40, help_text="Opaque label of what caused the call.")
    purpose = models.CharField(max_length=20)
    method = models.CharField(max_length=10)
    resource = models.CharField(max_length=120, help_text="Path without its query.")
    subject = models.CharField(max_length=64, blank=True, help_text="Digest of whom it was about.")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    status = models.PositiveSmallIntegerField(null=True)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "started_at"], name="call_by_tenant"),
            models.Index(fields=["job"], name="call_by_job"),
            models.Index(fields=["tenant"], condition=Q(state="open"), name="call_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="answered", status__isnull=False)
                | (~Q(state="answered") & Q(status__isnull=True)),
                name="answered_calls_have_a_status",
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.resource} ({self.purpose})"


class Usage(models.Model):
    """Calls of one tenant in one UTC hour, by purpose and answer status (0: uncertain)."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="usage")
    hour = models.DateTimeField()
    purpose = models.CharField(max_length=20)
    status = models.PositiveSmallIntegerField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "hour", "purpose", "status"], name="one_usage_row"
            )
        ]
        indexes = [models.Index(fields=["hour"], name="usage_by_hour")]

    def __str__(self) -> str:
        return f"{self.calls} x {self.status} at {self.hour:%Y-%m-%d %H:00}"


class PriceBookEntry(models.Model):
    """What one billable call costs, from a moment on."""

    cloud = models.CharField(
        max_length=20,
        blank=True,
        choices=[(cloud.name, cloud.label) for cloud in CLOUDS.values()],
        help_text="Empty: every cloud that has no price of its own.",
    )
    unit_price = models.DecimalField(max_digits=18, decimal_places=9)
    currency = models.CharField(max_length=3, default="USD")
    rule = models.CharField(
        "billed answers", max_length=20, choices=[(rule.value, rule.value) for rule in BillingRule]
    )
    effective_from = models.DateTimeField()
    effective_to = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["cloud", "effective_from"], name="one_price_per_start"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="a_price_is_not_negative"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=models.F("effective_from")),
                name="a_price_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.currency} {self.unit_price.normalize():f} from {self.effective_from:%Y-%m-%d}"
        )
