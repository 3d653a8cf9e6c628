"""Uploads, decisions and mapping rules as people enter them."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from provisioning.domain.attributes import CATALOGUE
from provisioning.models import Operation

_KINDS = [
    ("column", "Column"),
    ("constant", "Constant"),
    ("expression", "Expression"),
]


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


class ApprovalForm(forms.Form):
    """The yes to a plan; disables in doubt, adoptions and deletes need one of their own."""

    include_withheld = forms.BooleanField(required=False)
    include_adoptions = forms.BooleanField(required=False)
    include_deletes = forms.BooleanField(required=False)


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


class RuleForm(forms.Form):
    """One target attribute and where its value comes from."""

    target = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Choose an attribute"),
            *((path, a.label) for path, a in CATALOGUE.items() if a.mutable),
        ],
    )
    kind = forms.ChoiceField(choices=_KINDS, initial="column")
    value = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 1, "spellcheck": "false"}),
        max_length=10_000,
    )

    def clean(self) -> dict[str, Any]:
        """A value without a target is a mistake; an empty row is none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("value") and not cleaned.get("target"):
            self.add_error("target", "Choose the attribute this value is for.")
        return cleaned


RuleFormSet = forms.formset_factory(
    RuleForm, extra=3, can_delete=True, can_delete_extra=False, max_num=200
)


class ProfileForm(forms.Form):
    """What a profile version holds besides its rules."""

    key_column = forms.CharField(
        max_length=200,
        help_text="Column that names each person for good, such as the employee number.",
    )
    note = forms.CharField(
        required=False, max_length=300, help_text="What changed, for those who come after you."
    )


def definition_of(profile: ProfileForm, rules: Any) -> dict[str, Any]:
    """Valid forms as a definition for `parse_definition`; deleted and empty rows left out."""
    kept = [form.cleaned_data for form in rules.forms if form not in rules.deleted_forms]
    return {
        "key_column": profile.cleaned_data["key_column"].strip(),
        "attributes": [
            {"target": row["target"], row["kind"]: row["value"]}
            for row in kept
            if row.get("target")
        ],
    }


def rules_of(definition: dict[str, Any]) -> list[dict[str, str]]:
    """A definition's rules as initial data of the formset."""
    return [
        {"target": rule["target"], "kind": kind, "value": rule[kind]}
        for rule in definition["attributes"]
        for kind, _ in _KINDS
        if kind in rule
    ]
