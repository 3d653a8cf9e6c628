"""What is looked for in the audit trail."""

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict

from tenants.trail import TrailFilter


class TrailForm(forms.Form):
    """The filter bar; what cannot be understood is said, and filters nothing."""

    q = forms.CharField(required=False, max_length=200)
    customer = forms.SlugField(required=False)
    action = forms.CharField(required=False, max_length=60)
    actor = forms.CharField(required=False, max_length=200)
    since = forms.DateField(required=False, label="From")
    until = forms.DateField(required=False, label="To")

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.is_valid()

    def wanted(self) -> TrailFilter:
        """As the selectors take it."""
        return TrailFilter(
            customer=self._text("customer"),
            actor=self._text("actor"),
            action=self._text("action"),
            subject=self._text("q"),
            since=self._day("since"),
            until=self._day("until"),
        )

    def _text(self, name: str) -> str:
        return str(self.cleaned_data.get(name) or "").strip().replace("\0", "")

    def _day(self, name: str) -> date | None:
        found: Any = self.cleaned_data.get(name)
        return found if isinstance(found, date) else None
