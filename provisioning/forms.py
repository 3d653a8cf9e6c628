"""Uploads, decisions and policies as people enter them."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from provisioning.domain.approval_policy import Limit, Policy
from provisioning.models import ApprovalPolicy, Operation


class UploadForm(forms.Form):
    """An HR export."""

    file = forms.FileField(
        label="HR export",
        help_text="CSV with a header line; comma, semicolon or tab; UTF-8 or Windows-1252.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
        error_messages={"empty": "This file is empty."},
    )

    pilot_size = forms.IntegerField(
        label="Only the first so many people (pilot)",
        required=False,
        min_value=1,
        max_value=1000,
        help_text="To try a profile on a few; nobody is disabled for being absent then.",
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        """A file within the size limit."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is not None and file.size > settings.UPLOAD_MAX_BYTES:
            limit = filesizeformat(settings.UPLOAD_MAX_BYTES)
            raise forms.ValidationError(f"The file is larger than {limit}.")
        return file


class SourceForm(forms.Form):
    """The name of a source."""

    name = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class ApprovalForm(forms.Form):
    """The yes to a plan; what is in doubt, adoptions, transfers and deletes need one each."""

    include_withheld = forms.BooleanField(required=False)
    include_adoptions = forms.BooleanField(required=False)
    include_deletes = forms.BooleanField(required=False)
    include_transfers = forms.BooleanField(required=False)


class ApprovalPolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Under which limits a tenant's plans go without a person."""

    kinds = (
        ("creations", "New accounts"),
        ("changes", "Changed and enabled accounts"),
        ("disables", "Disabled accounts"),
        ("deletes", "Deleted accounts"),
    )

    class Meta:
        model = ApprovalPolicy
        fields = [
            "automatic",
            "creations_number",
            "creations_percent",
            "changes_number",
            "changes_percent",
            "disables_number",
            "disables_percent",
            "deletes_number",
            "deletes_percent",
            "cost",
            "currency",
            "rest_automatic",
            "two_above",
            "requester_barred",
        ]
        labels = {
            "automatic": "Approve plans within the limits below without a person",
            "rest_automatic": "Let the rest of a plan go when some of it needs a yes of its own",
            "cost": "Cost of a plan, at most",
            "currency": "Currency of that amount",
            "two_above": "Two people approve a plan that deletes more than",
            "requester_barred": "Whoever asked for a job may not approve it",
        }
        help_texts = {
            "automatic": "Without this, a person approves every plan. Pilots always wait for one.",
            "rest_automatic": "Changes in doubt, adoptions and deletes are never approved without"
            " a person. With this they are left to a later plan; without it the whole plan waits.",
            "cost": "Empty: no limit. What needs a yes of its own is not counted.",
            "currency": "Three letters, as in the price book, e.g. USD.",
            "two_above": "Empty: one person is enough. 0: two people for every delete.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, title in self.kinds:
            number, percent = self.fields[f"{name}_number"], self.fields[f"{name}_percent"]
            number.label, percent.label = f"{title}, at most", "and per cent of the managed ones"
            percent.widget.attrs |= {"min": "0", "max": "100"}
        self.fields[
            "deletes_number"
        ].help_text = "A plan with more waits as a whole. Deletes themselves always need a person."
        self.fields[
            "creations_percent"
        ].help_text = "Of the accounts this portal manages here; 100 is no limit by share."

    @property
    def limits(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Number and share of each kind, as they stand side by side."""
        return [(self[f"{name}_number"], self[f"{name}_percent"]) for name, _ in self.kinds]

    def clean_currency(self) -> str:
        """Three capital letters (ISO 4217), or none."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if code and (len(code) != 3 or not code.isalpha()):
            raise forms.ValidationError("Enter the currency's three letters, e.g. USD.")
        return code

    def clean(self) -> dict[str, Any]:
        """An amount is in a currency."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("cost") is not None and not cleaned.get("currency", "x"):
            self.add_error("currency", "An amount needs its currency, e.g. USD.")
        return cleaned

    def policy(self) -> Policy:
        """The valid form as what the services take."""
        values = dict(self.cleaned_data)
        for name, _ in self.kinds:
            values[name] = Limit(values.pop(f"{name}_number"), values.pop(f"{name}_percent"))
        return Policy(**values)


class OperationFilter(forms.Form):
    """Narrows a job's operations."""

    q = forms.CharField(required=False, label="Search")
    kind = forms.ChoiceField(required=False, choices=[("", "Every kind"), *Operation.Kind.choices])
    state = forms.ChoiceField(
        required=False, choices=[("", "Every outcome"), *Operation.State.choices]
    )

    def value(self, name: str) -> str:
        """A valid field's value; an invalid one narrows nothing."""
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))
