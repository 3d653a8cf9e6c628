"""Prices, rates and terms as people write them."""

import re
from datetime import UTC, date, datetime, time
from typing import Any

from django import forms

from billing.domain.pricing import USUAL_RULE, parse_rule, parse_tiers
from billing.models import CustomerTerms, ExchangeRate, PriceBookEntry
from tenants.models import Customer

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def currency_code(text: object) -> str:
    """Three capital letters (ISO 4217); raises ValidationError."""
    code = str(text).strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise forms.ValidationError("Enter the currency's three letters, e.g. USD.")
    return code


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
    effective_from = forms.DateField(
        label="Effective from",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="UTC day from whose beginning the price holds.",
    )

    class Meta:
        model = PriceBookEntry
        fields = ["cloud", "unit_price", "currency", "tiers", "rule", "effective_from", "note"]
        labels = {"unit_price": "Price of one billable call"}

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
        start, cloud = cleaned.get("effective_from"), cleaned.get("cloud", "")
        if start and PriceBookEntry.objects.filter(cloud=cloud, effective_from=start).exists():
            self.add_error("effective_from", "There is a price from that day on already.")
        return cleaned


class RateForm(forms.ModelForm):  # type: ignore[type-arg]
    """What one unit of a currency is in another, from a day on."""

    class Meta:
        model = ExchangeRate
        fields = ["base", "rate", "quote", "day", "note"]
        labels = {"base": "One", "rate": "is", "quote": "in", "day": "From"}
        widgets = {"day": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}
        help_texts = {"base": "For example USD.", "note": "Where the rate comes from."}

    def clean_base(self) -> str:
        """A currency."""
        return currency_code(self.cleaned_data["base"])

    def clean_quote(self) -> str:
        """A currency."""
        return currency_code(self.cleaned_data["quote"])

    def clean(self) -> dict[str, Any]:
        """Two different currencies."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
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

    class Meta:
        model = CustomerTerms
        fields = ["effective_from", "markup_percent", "fixed_fee", "currency"]
        labels = {"markup_percent": "Markup on the cost, in %", "fixed_fee": "Fee a month"}

    def __init__(self, data: Any, *, customer: Customer) -> None:
        super().__init__(data, instance=CustomerTerms(customer=customer))

    def clean_effective_from(self) -> date:
        """The month's first day."""
        text = str(self.cleaned_data["effective_from"]).strip()
        if not _MONTH.fullmatch(text):
            raise forms.ValidationError("Enter a month, e.g. 2026-12.")
        return date(int(text[:4]), int(text[5:]), 1)

    def clean_currency(self) -> str:
        """A currency."""
        return currency_code(self.cleaned_data["currency"])

    def validate_unique(self) -> None:
        """Terms of the same month are replaced."""
