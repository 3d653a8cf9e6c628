"""A cost export as people hand it in, with what it may not say itself."""

from datetime import date
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from billing.domain.azure_survey import Hints
from billing.domain.bills import wrong_span
from billing.forms.fields import currency_code

_DAYS = [("", "As the file shows"), ("month", "Month first: 03/31/2026"), ("day", "Day first")]
_SIGNS = [("", "As the file shows"), ("point", "A point: 1,234.50"), ("comma", "A comma: 1.234,50")]


class BillForm(forms.Form):
    """A file, and hints for one that can be read in two ways."""

    file = forms.FileField(
        label="Cost export",
        help_text="Actual cost (CSV) or FOCUS 1.0 or 1.2; also packed, as gzip or ZIP.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.gz,.zip,text/csv"}),
        error_messages={"empty": "This file is empty."},
    )
    currency = forms.CharField(
        label="Billing currency",
        required=False,
        max_length=3,
        help_text="Only for files without a column for it, e.g. EUR.",
    )
    day_first = forms.ChoiceField(label="Days are written", required=False, choices=_DAYS)
    decimal_comma = forms.ChoiceField(label="The decimal sign is", required=False, choices=_SIGNS)
    first_day = forms.DateField(
        label="Exported from",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Where days without charges belong to it, too.",
    )
    last_day = forms.DateField(
        label="Exported until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        """A file within the size limit."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is not None and file.size > settings.UPLOAD_MAX_BYTES:
            limit = filesizeformat(settings.UPLOAD_MAX_BYTES)
            raise forms.ValidationError(
                f"The file is larger than {limit}. Pack it as gzip or ZIP, or export by month."
            )
        return file

    def clean_currency(self) -> str:
        """A currency, or nothing."""
        text = self.cleaned_data["currency"]
        return currency_code(text) if text else ""

    def clean_last_day(self) -> date | None:
        """The end of an export that has been made already."""
        last = cast("date | None", self.cleaned_data["last_day"])
        if last and last > timezone.now().date():
            raise forms.ValidationError("The end is after today (UTC).")
        return last

    def clean(self) -> None:
        """Days in order, and no more of them than one exports."""
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and (wrong := wrong_span(first, last)):
            self.add_error("last_day", wrong)

    @property
    def hints(self) -> Hints:
        """What the person knows about the file."""
        chosen: dict[str, Any] = self.cleaned_data
        return Hints(
            {"day": True, "month": False}.get(chosen["day_first"]),
            {"comma": True, "point": False}.get(chosen["decimal_comma"]),
            chosen["currency"],
        )

    @property
    def covers(self) -> tuple[date | None, date | None]:
        """The days that were exported, as far as the person says."""
        return self.cleaned_data["first_day"], self.cleaned_data["last_day"]
