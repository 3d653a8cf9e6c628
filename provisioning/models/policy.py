"""What a tenant lets through without a person."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from tenants.models import Customer, Tenant, User


def _number(default: int) -> "models.PositiveIntegerField[int, int]":
    return models.PositiveIntegerField(default=default)


def _percent(default: str) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(default),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )


class ApprovalPolicy(models.Model):
    """Limits under which a tenant's plans are approved without a person; none does by default.

    Percentages are of the accounts that the portal manages, 100 meaning no limit by share.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="approval_policy")
    automatic = models.BooleanField(default=False)
    creations_number = _number(20)
    creations_percent = _percent("5")
    changes_number = _number(100)
    changes_percent = _percent("10")
    disables_number = _number(5)
    disables_percent = _percent("2")
    deletes_number = _number(0)
    deletes_percent = _percent("0")
    cost = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    currency = models.CharField(max_length=3, blank=True)
    rest_automatic = models.BooleanField(default=False)
    two_above = models.PositiveIntegerField(null=True, blank=True)
    requester_barred = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"Approval policy of {self.tenant}"
