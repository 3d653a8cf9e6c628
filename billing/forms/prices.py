"""Prices, rates and terms as people write them."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django import forms

from billing.domain.periods import parse_month
from billing.domain.pricing import USUAL_RULE, parse_rule, parse_tiers
from billing.forms.fields import DayField, ExactField, currency_code
from billing.models import CustomerTerms, ExchangeRate, PriceBookEntry
from tenants.models import Customer

PRICE_TAKEN = "There is a price from that day on already."
RATE_TAKEN = "There is a rate of these two from that day on already."


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A price from a UTC day on."""

    tiers = forms.CharField(
        label="Cheaper after many calls",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One step a line, calls of a tenant in a month and the price of those after them,"
        " e.g. 100000: 0.0015. Empty: one price for all.",
    )
    rule = forms.CharField(
        label="Billed answers",
        initial=USUAL_RULE.text,
        help_text="2xx+404, all, or your agreement's own list, e.g. 2xx+404+409.",
    )
    unit_price = ExactField(label="Price of one billable call", least=0, most=1000, places=9)
    effective_from = DayField(
        label="Effective from",
        help_text="UTC day from whose beginning the price holds.",
    )

    class Meta:
        model = PriceBookEntry
        fields = ["cloud", "unit_price", "currency", "tiers", "rule", "effective_from", "note"]

    def clean_tiers(self) -> list[list[Any]]:
        """Steps as the model keeps them."""
        try:
            tiers = parse_tiers(str(self.cleaned_data["tiers"]))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return [[tier.above, f"{tier.unit_price:f}"] for tier in tiers]

    def clean_rule(self) -> str:
        """`all`, or classes and statuses."""
        try:
            return parse_rule(str(self.cleaned_data["rule"])).text
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_effective_from(self) -> datetime:
        """Beginning of the day in UTC."""
        return datetime.combine(self.cleaned_data["effective_from"], time(), UTC)

    def clean_currency(self) -> str:
        """Three capital letters (ISO 4217)."""
        return currency_code(self.cleaned_data["currency"])

    def clean(self) -> dict[str, Any]:
        """One price for a cloud and day."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if (first := cleaned.get("unit_price")) is not None:
            prices = [first, *(Decimal(price) for _, price in cleaned.get("tiers", ()))]
            if any(later >= earlier for earlier, later in pairwise(prices)):
                self.add_error("tiers", "Each step is cheaper than the one before it.")
        start, cloud = cleaned.get("effective_from"), cleaned.get("cloud", "")
        if start and PriceBookEntry.objects.filter(cloud=cloud, effective_from=start).exists():
            self.add_error("effective_from", PRICE_TAKEN)
        return cleaned


class RateForm(forms.ModelForm):  # type: ignore[type-arg]
    """What one unit of a currency is in another, from a day on."""

    rate = ExactField(label="is", least=None, most=1_000_000, places=9)
    day = DayField(label="From")

    class Meta:
        model = ExchangeRate
        fields = ["base", "rate", "quote", "day", "note"]
        labels = {"base": "One", "quote": "in"}
        help_texts = {"base": "For example USD.", "note": "Where the rate comes from."}

    def clean_base(self) -> str:
        """A currency."""
        return currency_code(self.cleaned_data["base"])

    def clean_quote(self) -> str:
        """A currency."""
        return currency_code(self.cleaned_data["quote"])

    def clean_rate(self) -> Decimal:
        """Something: what is worth nothing cannot be turned back."""
        rate: Decimal = self.cleaned_data["rate"]
        if rate <= 0:
            raise forms.ValidationError("A rate is above 0.")
        return rate

    def clean(self) -> dict[str, Any]:
        """Two different currencies, and one rate a day."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        same = {name: cleaned.get(name) for name in ("base", "quote", "day")}
        if all(same.values()) and ExchangeRate.objects.filter(**same).exists():
            self.add_error("day", RATE_TAKEN)
        if cleaned.get("base") and cleaned.get("base") == cleaned.get("quote"):
            self.add_error("quote", "A rate has two currencies.")
        return cleaned


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a customer is charged from a month on."""

    effective_from = forms.CharField(
        label="From",
        widget=forms.DateInput(attrs={"type": "month", "placeholder": "2026-12"}),
        help_text="A month, e.g. 2026-12. Terms of that month are replaced.",
    )

    markup_percent = ExactField(
        label="Markup on the cost, in %", least=-100, most=9999, places=3, initial=0
    )
    fixed_fee = ExactField(label="Fee a month", least=0, most=10**9, places=2, initial=0)

    class Meta:
        model = CustomerTerms
        fields = ["effective_from", "markup_percent", "fixed_fee", "currency"]

    def __init__(self, data: Any, *, customer: Customer) -> None:
        super().__init__(data, instance=CustomerTerms(customer=customer))

    def clean_effective_from(self) -> date:
        """The month's first day."""
        try:
            return parse_month(str(self.cleaned_data["effective_from"]).strip()).start.date()
        except ValueError as error:
            raise forms.ValidationError("Enter a month, e.g. 2026-12.") from error

    def clean_currency(self) -> str:
        """A currency."""
        return currency_code(self.cleaned_data["currency"])

    def validate_unique(self) -> None:
        """Terms of the same month are replaced."""
