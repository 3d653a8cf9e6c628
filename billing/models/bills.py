"""Azure's bill as it was imported, and how far the meter was held against it."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from billing.domain.azure_costs import ChargeKind
from tenants.models import Customer, Tenant, User


class ExactField(models.Field):  # type: ignore[type-arg]
    """A Decimal of any number of places, as text: SQLite would round what has more than 15."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Text everywhere."""
        return "text"

    def from_db_value(self, value: str | None, *_: object) -> Decimal | None:
        """As it was written."""
        return None if value is None else Decimal(value)

    def to_python(self, value: Any) -> Decimal | None:
        """A Decimal from a fixture's text."""
        return None if value is None else Decimal(value)

    def get_prep_value(self, value: Any) -> str | None:
        """All digits, without an exponent."""
        return None if value is None else f"{Decimal(value):f}"


class BillFile(models.Model):
    """A cost export that was imported; the file itself is not kept."""

    content_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256, unpacked.")
    file_name = models.CharField(max_length=200)
    variant = models.CharField(max_length=60)
    rows = models.PositiveIntegerField()
    first_day = models.DateField()
    last_day = models.DateField()
    left_out = models.JSONField(default=list, help_text="Reason, rows, first lines, costs as text.")
    gaps = models.JSONField(default=list, help_text="What it lacks of the API, in sentences.")
    hints = models.JSONField(default=dict, help_text="What the person said that the file did not.")
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(User, models.SET_NULL, null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file_name

    @property
    def days_words(self) -> str:
        """The days it covers: 30 Apr 2026, or 1 Apr 2026 to 30 Apr 2026."""
        first, last = (f"{day.day} {day:%b %Y}" for day in (self.first_day, self.last_day))
        return first if first == last else f"{first} to {last}"


class BillDay(models.Model):
    """One resource's charges of one kind on one UTC day of a file; see `ImportedDay`.

    Without a tenant: of a resource that no tenant is linked to yet.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, null=True)
    tenant = models.ForeignKey(Tenant, models.PROTECT, null=True, related_name="bill_days")
    file = models.ForeignKey(BillFile, models.CASCADE, related_name="days")
    day = models.DateField()
    resource_id = models.TextField(blank=True)
    directory = models.CharField(max_length=36, blank=True)
    kind = models.CharField(
        max_length=12, choices=[(kind.value, kind.value.title()) for kind in ChargeKind]
    )
    currency = models.CharField(max_length=3)
    quantity = ExactField()
    cost = ExactField()
    rows = models.PositiveIntegerField()
    price = ExactField(null=True)
    quantity_slack = ExactField(default=Decimal(0))
    cost_slack = ExactField(default=Decimal(0))
    unread = models.PositiveIntegerField(
        null=True, help_text="Line of a row that cannot be read; the others of its day stand apart."
    )

    class Meta:
        ordering = ["day", "resource_id", "pk"]
        indexes = [models.Index(fields=["tenant", "day"], name="bill_day_by_tenant")]

    def __str__(self) -> str:
        return f"{self.quantity} calls of {self.resource_id or self.directory} on {self.day}"


class ReconciledMonth(models.Model):
    """How far a tenant's month was held against Azure's bill when that was last looked at.

    `calls` and `uncertain` are the meter's counts of then: other ones now make it stale.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="reconciled_months")
    month = models.DateField(help_text="Its first day.")
    through = models.DateField(null=True, help_text="All days until this one are settled.")
    missing = models.PositiveSmallIntegerField(help_text="Days with calls that no file covers.")
    waiting = models.PositiveSmallIntegerField(help_text="Days whose calls may still be exported.")
    differing = models.PositiveSmallIntegerField(help_text="Days with an open difference.")
    problem = models.CharField(max_length=300, blank=True)
    calls = models.BigIntegerField()
    uncertain = models.BigIntegerField()
    stale = models.BooleanField(default=False, help_text="A price or rate came after it.")
    settled_at = models.DateTimeField(null=True, help_text="When nothing was left open.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "month"], name="one_reconciled_month")
        ]
        indexes = [models.Index(fields=["month"], name="reconciled_by_month")]

    def __str__(self) -> str:
        return f"{self.tenant}, {self.month:%Y-%m}"


class ForeignDay(models.Model):
    """A tenant's UTC day with calls that did not come from us; 0 calls: it has cleared up."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="foreign_days")
    day = models.DateField()
    calls = models.BigIntegerField()
    told_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["day", "tenant__name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "day"], name="one_foreign_day"),
        ]

    def __str__(self) -> str:
        return f"{self.calls} calls of {self.tenant} on {self.day}"
