"""What a call costs, what a customer is charged for it, and rates between currencies."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.domain.pricing import SCIM_CALLS, Price, Tier, parse_rule
from tenants.domain.clouds import CLOUDS
from tenants.models import Customer


class PriceBookEntry(models.Model):
    """What one billable call costs, from a moment on."""

    cloud = models.CharField(
        max_length=20,
        blank=True,
        choices=[(cloud.name, cloud.label) for cloud in CLOUDS.values()],
        help_text="Empty: every cloud that has no price of its own.",
    )
    meter = models.CharField(max_length=40, default=SCIM_CALLS)
    unit_price = models.DecimalField(max_digits=18, decimal_places=9)
    tiers = models.JSONField(
        default=list,
        blank=True,
        help_text="Pairs of a number of calls a month and the unit price (text) of those after it.",
    )
    currency = models.CharField(max_length=3, default="USD")
    rule = models.CharField("billed answers", max_length=60)
    effective_from = models.DateTimeField()
    effective_to = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["meter", "cloud", "effective_from"], name="one_price_per_start"
            ),
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

    def as_price(self) -> Price:
        """The entry as the value that prices calls."""
        return Price(
            self.unit_price,
            self.currency,
            parse_rule(self.rule),
            self.effective_from,
            self.effective_to,
            self.cloud,
            tuple(Tier(int(above), Decimal(price)) for above, price in self.tiers),
            self.meter,
        )


class CustomerTerms(models.Model):
    """What the MSP charges a customer, from a UTC month on: cost and markup, and a fixed fee."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="terms")
    effective_from = models.DateField(help_text="First day of a month.")
    markup_percent = models.DecimalField(max_digits=7, decimal_places=3, default=Decimal(0))
    fixed_fee = models.DecimalField("fixed fee a month", max_digits=12, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, default="USD")

    class Meta:
        ordering = ["-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "effective_from"], name="terms_per_start"),
            models.CheckConstraint(condition=Q(markup_percent__gte=-100), name="terms_never_pay"),
            models.CheckConstraint(condition=Q(fixed_fee__gte=0), name="terms_fee_not_negative"),
        ]

    def __str__(self) -> str:
        fee = f"{self.currency} {self.fixed_fee}"
        return f"{self.markup_percent.normalize():f} % and {fee} from {self.effective_from}"


class ExchangeRate(models.Model):
    """One unit of `base` in `quote` from a day on, as somebody entered it."""

    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=9)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-day", "base", "quote"]
        constraints = [
            models.UniqueConstraint(fields=["base", "quote", "day"], name="one_rate_a_day"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="a_rate_is_positive"),
            models.CheckConstraint(
                condition=~Q(base=models.F("quote")), name="a_rate_has_two_currencies"
            ),
        ]

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate.normalize():f} {self.quote} from {self.day}"
