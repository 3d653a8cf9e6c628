"""Price book entries as people write them."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms

from billing.domain.pricing import USUAL_RULE, parse_rule, parse_tiers
from billing.models import PriceBookEntry


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
