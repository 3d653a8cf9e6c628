"""How much may be spent, what workers have set aside of it, and which warnings were given."""

from django.db import models
from django.db.models import Q

from billing.domain.budgets import Span, Stop
from tenants.models import Customer, Tenant, User


def _usual_thresholds() -> list[int]:
    return [50, 80, 100]


class Budget(models.Model):
    """An amount for a period: of one tenant, of a customer's tenants, or of all (no customer)."""

    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="budgets")
    tenant = models.ForeignKey(Tenant, models.PROTECT, null=True, related_name="budgets")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3, default="USD")
    span = models.CharField(
        "for each",
        max_length=8,
        choices=[(span.value, span.value.title()) for span in Span],
        default=Span.MONTH.value,
    )
    stop = models.CharField(
        "when it is used up",
        max_length=4,
        choices=[
            (Stop.NONE.value, "Only warn"),
            (Stop.SOFT.value, "New jobs wait for a person's approval"),
            (Stop.HARD.value, "Send nothing more, except disables of leavers"),
        ],
        default=Stop.SOFT.value,
    )
    thresholds = models.JSONField(default=_usual_thresholds, help_text="Percent of the amount.")
    forecast_thresholds = models.JSONField(default=list, help_text="Percent, by the forecast.")
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True)

    class Meta:
        ordering = ["customer__name", "tenant__name", "span"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "span"], name="one_budget_of_a_tenant"),
            models.UniqueConstraint(
                fields=["customer", "span"],
                condition=Q(tenant=None),
                name="one_budget_of_a_customer",
            ),
            models.UniqueConstraint(
                fields=["span"], condition=Q(customer=None), name="one_budget_of_the_msp"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="a_budget_is_not_negative"),
            models.CheckConstraint(
                condition=Q(tenant=None) | Q(customer__isnull=False),
                name="a_tenants_budget_has_a_customer",
            ),
        ]

    def __str__(self) -> str:
        whose = self.tenant or self.customer or "all customers"
        return f"{self.currency} {self.amount} a {self.span} for {whose}"


class Reservation(models.Model):
    """Calls a tenant's worker has set aside from every budget above it, and how many it made."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="reservation")
    granted = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)
    unit_price = models.DecimalField(max_digits=18, decimal_places=9)
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used__lte=models.F("granted")), name="used_within_granted"
            )
        ]

    def __str__(self) -> str:
        return f"{self.used} of {self.granted} calls of {self.tenant}"


class BudgetWarning(models.Model):
    """A threshold that was reached in a period: each is told once."""

    customer = models.ForeignKey(Customer, models.PROTECT, null=True)
    budget = models.ForeignKey(Budget, models.CASCADE, related_name="warnings")
    period = models.DateField(help_text="First day of the period.")
    percent = models.PositiveSmallIntegerField()
    by_forecast = models.BooleanField(default=False)
    spent = models.DecimalField(max_digits=24, decimal_places=9)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "period", "percent", "by_forecast"], name="one_warning_a_period"
            )
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.budget}"
