"""Reconciles, filters of drift, and decisions about it, as people enter them."""

from typing import Any

from django import forms

from provisioning.domain.attributes import CATALOGUE
from provisioning.models import Drift
from provisioning.services.reconciling import DEFAULT_SAMPLE, MOST_SAMPLE


class SampleForm(forms.Form):
    """How many accounts to draw."""

    sample = forms.IntegerField(
        label="Accounts drawn at random",
        min_value=1,
        max_value=MOST_SAMPLE,
        initial=DEFAULT_SAMPLE,
        help_text="Each is read by a call of its own, unless reading all takes no more.",
    )


class ToleranceForm(forms.Form):
    """Which share of drifted accounts is bearable."""

    tolerance = forms.FloatField(
        label="Drift you accept, in per cent of the accounts",
        min_value=0.01,
        max_value=100,
        initial=1,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )

    def share(self) -> float:
        """The share, 0 to 1; without a valid one that of the field."""
        given = self.cleaned_data.get("tolerance") if self.is_valid() else None
        return float(given or 1) / 100


class DriftFilter(forms.Form):
    """Narrows a job's differences; `paths` are those that occur."""

    q = forms.CharField(required=False, label="Search")
    kind = forms.ChoiceField(required=False, choices=[("", "Every kind"), *Drift.Kind.choices])
    path = forms.CharField(required=False, max_length=255)
    decision = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Decided or not"),
            ("open", "Not decided"),
            ("ours", "Ours"),
            ("theirs", "Theirs"),
            ("none", "Nothing to decide"),
        ],
    )

    def __init__(self, data: Any, paths: list[str]) -> None:
        super().__init__(data)
        labels = [(path, _label(path)) for path in paths if path]
        self.paths = sorted(labels, key=lambda each: each[1])

    def value(self, name: str) -> str:
        """A valid field's value; an invalid one narrows nothing."""
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))

    @property
    def values(self) -> dict[str, str]:
        """All of them, as the selector takes them."""
        return {name: self.value(name) for name in self.fields}


def _label(path: str) -> str:
    attribute = CATALOGUE.get(path)
    return attribute.label if attribute else path


class DecisionForm(forms.Form):
    """Ours, theirs or open, for the rows that were ticked or all that the filter shows."""

    decision = forms.ChoiceField(
        choices=[
            (f"{scope}{name}", "") for scope in ("", "all:") for name in ("ours", "theirs", "open")
        ]
    )

    @property
    def everything(self) -> bool:
        """Whether all that the filter shows are meant."""
        return str(self.cleaned_data["decision"]).startswith("all:")

    @property
    def chosen(self) -> Drift.Decision:
        """What to take."""
        name = str(self.cleaned_data["decision"]).removeprefix("all:")
        return Drift.Decision("" if name == "open" else name)
