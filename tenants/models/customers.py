"""Customers and their directories."""

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from tenants.domain.clouds import CLOUDS
from tenants.zones import known_time_zone


class Customer(models.Model):
    """An organisation the MSP serves."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tenant(models.Model):
    """One Entra directory of a customer."""

    class Purpose(models.TextChoices):
        PRODUCTION = "production", "Production"
        TEST = "test", "Test"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="tenants")
    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True, help_text="Short name for addresses and the command line.")
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.PRODUCTION)
    cloud = models.CharField(
        max_length=20,
        choices=[(cloud.name, cloud.label) for cloud in CLOUDS.values()],
        default="global",
    )
    entra_id = models.CharField("tenant id", max_length=64)
    sandbox_url = models.URLField("sandbox address", blank=True)
    protected_accounts = models.JSONField(
        default=list,
        blank=True,
        help_text="Object ids, user names, or patterns with * that are never written.",
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[known_time_zone],
        help_text="Where the customer's days begin: last days, joining days, schedules.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(cloud="sandbox", sandbox_url__gt="")
                | (~Q(cloud="sandbox") & Q(sandbox_url="")),
                name="a_sandbox_address_for_sandboxes_only",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The customer's time zone."""
        return ZoneInfo(self.time_zone)
