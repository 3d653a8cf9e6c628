"""Corrections as people write them."""

from decimal import Decimal
from typing import Any

from django import forms

from billing.domain.statements import MOST
from billing.forms.fields import ExactField, currency_code


class CorrectionForm(forms.Form):
    """An amount that a later statement adds or takes off, and why."""

    amount = ExactField(
        least=-MOST,
        most=MOST,
        places=9,
        help_text="Below zero: the customer gets something back.",
    )
    currency = forms.CharField(max_length=3, initial="USD")
    note = forms.CharField(label="Why", max_length=300)

    def clean_amount(self) -> Decimal:
        """Something."""
        amount: Decimal = self.cleaned_data["amount"]
        if not amount:
            raise forms.ValidationError("A correction of nothing corrects nothing.")
        return amount

    def clean_currency(self) -> str:
        """A currency."""
        return currency_code(self.cleaned_data["currency"])

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        return {name: self.cleaned_data[name] for name in ("amount", "currency", "note")}
