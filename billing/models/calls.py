"""Calls and usage. A job is an opaque label here."""

import uuid

from django.db import models
from django.db.models import Q

from tenants.models import Customer, Tenant


class Call(models.Model):
    """One HTTP attempt at the SCIM API: written before it leaves, settled after its answer."""

    class State(models.TextChoices):
        OPEN = "open", "On its way"
        ANSWERED = "answered", "Answered"
        UNSENT = "unsent", "Never left"
        UNCERTAIN = "uncertain", "Uncertain"
        FOUND = "found", "Found in the directory"

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
    """Calls of one tenant in one UTC hour, by job, purpose and answer status.

    0: uncertain, 1: found in the directory.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="usage")
    hour = models.DateTimeField()
    job = models.CharField(max_length=40, blank=True)
    purpose = models.CharField(max_length=20)
    status = models.PositiveSmallIntegerField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "hour", "job", "purpose", "status"], name="one_usage_row"
            )
        ]
        indexes = [
            models.Index(fields=["hour"], name="usage_by_hour"),
            models.Index(fields=["job"], name="usage_by_job"),
        ]

    def __str__(self) -> str:
        return f"{self.calls} x {self.status} at {self.hour:%Y-%m-%d %H:00}"


class DailyUsage(models.Model):
    """Calls of one tenant on one UTC day, by purpose and answer status: `Usage` summed up.

    Prices begin and end at midnight, so that a month is priced from its days: 1,000 tenants have
    some 100,000 of these rows a month, and ten times as many hours.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="daily_usage")
    day = models.DateField()
    purpose = models.CharField(max_length=20)
    status = models.PositiveSmallIntegerField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "day", "purpose", "status"], name="one_daily_usage_row"
            )
        ]
        indexes = [models.Index(fields=["day"], name="daily_usage_by_day")]

    def __str__(self) -> str:
        return f"{self.calls} x {self.status} on {self.day}"


class MonthUsage(models.Model):
    """Calls of one tenant in one UTC month by answer status, a column for each day: `d1` to `d31`.

    `DailyUsage` turned on its side, so that a month of 1,000 tenants is some 3,000 rows. Triggers
    on that table keep it, whoever writes there; nothing else writes here.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="month_usage")
    month = models.DateField(help_text="Its first day.")
    status = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "month", "status"], name="one_month_usage_row"
            )
        ]
        indexes = [models.Index(fields=["month", "customer"], name="month_usage_by_month")]

    def __str__(self) -> str:
        return f"{self.status} in {self.month:%Y-%m}"


for _day in range(1, 32):
    MonthUsage.add_to_class(f"d{_day}", models.IntegerField(default=0, db_default=0))
