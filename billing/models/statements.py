"""What a customer is told of a month. Closed means for ever: triggers in the database see to it."""

from django.db import models
from django.db.models import Q

from billing.domain.periods import Month
from tenants.models import Customer, Tenant, User


class Statement(models.Model):
    """One customer's month; while it is open it has no figures of its own but those of today."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="statements")
    month = models.DateField(help_text="Its first day.")
    number = models.CharField(max_length=20, unique=True, null=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True)
    currency = models.CharField(max_length=3, blank=True)
    cost = models.DecimalField(max_digits=24, decimal_places=9, null=True)
    markup_percent = models.DecimalField(max_digits=7, decimal_places=3, null=True)
    markup = models.DecimalField(max_digits=27, decimal_places=12, null=True)
    fee = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    corrections = models.DecimalField(max_digits=27, decimal_places=12, null=True)
    total = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    rates = models.JSONField(default=dict, help_text="Rates used, by currency, as text.")

    class Meta:
        ordering = ["-month", "customer__name"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "month"], name="one_statement_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="a_statement_is_a_months"),
            models.CheckConstraint(
                condition=Q(closed_at=None, number=None, total=None)
                | Q(closed_at__isnull=False, number__isnull=False, total__isnull=False),
                name="a_closed_statement_has_number_and_total",
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"{self.customer}, {self.month:%Y-%m}"

    @property
    def period(self) -> Month:
        """Its UTC month."""
        return Month(self.month.year, self.month.month)

    @property
    def is_closed(self) -> bool:
        """Whether it can never change any more."""
        return self.closed_at is not None


class StatementLine(models.Model):
    """A closed statement's line, or a correction that waits on an open one."""

    class Kind(models.TextChoices):
        USAGE = "usage", "Usage"
        CORRECTION = "correction", "Correction"

    customer = models.ForeignKey(Customer, models.PROTECT)
    statement = models.ForeignKey(Statement, models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.USAGE)
    tenant = models.ForeignKey(Tenant, models.PROTECT, null=True)
    purpose = models.CharField(max_length=20, blank=True)
    calls = models.IntegerField(default=0)
    billable = models.IntegerField(default=0)
    uncertain = models.IntegerField(default=0)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=24, decimal_places=9)
    corrects = models.ForeignKey(Statement, models.PROTECT, null=True, related_name="corrected_by")
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.PROTECT, null=True)

    class Meta:
        ordering = ["kind", "tenant__name", "purpose", "currency", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="correction", corrects__isnull=False) & ~Q(note="")
                | Q(kind="usage", corrects=None, tenant__isnull=False),
                name="a_correction_names_what_it_corrects_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount} ({self.kind})"


class StatementNumber(models.Model):
    """The last number given to a statement of a year; gapless, because its row is locked."""

    year = models.PositiveSmallIntegerField(unique=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}-{self.last:05d}"
