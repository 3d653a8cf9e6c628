"""What is asked of whoever makes an API token."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from tenants.domain.api_tokens import MAX_DAYS
from tenants.domain.reach import EVERYWHERE, Reach, Scope
from tenants.models import Customer

_DAYS = (30, 90, 180, MAX_DAYS)


class ApiTokenForm(forms.Form):
    """Name, customers and end of a token."""

    name = forms.CharField(
        max_length=100, help_text="What uses it, e.g. “Invoicing, every 1st of the month”."
    )
    scope = forms.ChoiceField(
        label="Customers",
        choices=[
            (Scope.LISTED.value, "Only the customers ticked below"),
            (Scope.ALL.value, "All customers, also those that come"),
        ],
        widget=forms.RadioSelect,
        initial=Scope.LISTED.value,
    )
    customers = forms.ModelMultipleChoiceField(
        queryset=Customer.objects.none(),
        label="Which customers",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(label="Expires", coerce=int, widget=forms.RadioSelect, initial=90)

    def __init__(
        self, *args: Any, customers: QuerySet[Customer], all_customers: bool, now: datetime
    ) -> None:
        super().__init__(*args)
        self._now = now
        self.fields["customers"].queryset = customers  # type: ignore[attr-defined]
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            (days, f"In {days} days, on {now + timedelta(days=days):%-d %B %Y}") for days in _DAYS
        ]
        if not all_customers:
            del self.fields["scope"]

    @property
    def reach(self) -> Reach:
        """The customers of the valid form; ticks count for nothing where it is all of them."""
        if self.cleaned_data.get("scope") == Scope.ALL:
            return EVERYWHERE
        return Reach(Scope.LISTED, frozenset(each.pk for each in self.cleaned_data["customers"]))

    @property
    def expires_at(self) -> datetime:
        """The end of the valid form."""
        return self._now + timedelta(days=self.cleaned_data["days"])
