"""Price book entries as people write them."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms

from billing.domain.pricing import BillingRule
from billing.models import PriceBookEntry


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A price from a UTC day on."""

    rule = forms.ChoiceField(
        label="Billed answers",
        choices=[
            (BillingRule.SUCCESS_AND_NOT_FOUND.value, "Answers 2xx and 404"),
            (BillingRule.ALL.value, "Every answer"),
        ],
    )
    effective_from = forms.DateField(
        label="Effective from",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="UTC day from whose beginning the price holds.",
    )

    class Meta:
        model = PriceBookEntry
        fields = ["cloud", "unit_price", "currency", "rule", "effective_from", "note"]
        labels = {"unit_price": "Price of one billable call"}

    def clean_effective_from(self) -> datetime:
        """Beginning of the day in UTC."""
        return datetime.combine(self.cleaned_data["effective_from"], time(), UTC)

    def clean_currency(self) -> str:
        """Three capital letters (ISO 4217)."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if len(code) != 3 or not code.isalpha():
            raise forms.ValidationError("Enter the currency's three letters, e.g. USD.")
        return code

    def clean(self) -> dict[str, Any]:
        """One price for a cloud and day."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, cloud = cleaned.get("effective_from"), cleaned.get("cloud", "")
        if start and PriceBookEntry.objects.filter(cloud=cloud, effective_from=start).exists():
            self.add_error("effective_from", "There is a price from that day on already.")
        return cleaned
