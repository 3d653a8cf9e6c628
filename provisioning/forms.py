"""Uploads, decisions and mapping rules as people enter them."""

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from provisioning.models import Operation


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
