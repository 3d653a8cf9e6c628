"""What engineers say about customers and tenants."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from tenants.domain.clouds import may_be_sandbox
from tenants.domain.guid import is_guid
from tenants.models import Customer, Tenant
from tenants.row_security import everything
from tenants.services import TenantFacts
from tenants.zones import known_time_zone, zone_choices

_SANDBOX_PAGES = re.compile(r"/(rp/scim|_sandbox)?/*\Z")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9](-?[a-z0-9])*\.)+[a-z]{2,63}\Z", re.IGNORECASE)


class CustomerForm(forms.ModelForm):  # type: ignore[type-arg]
    """A customer the MSP serves."""

    class Meta:
        model = Customer
        fields = ["name", "slug"]
        help_texts = {"slug": "Short name for addresses, e.g. northmoor."}

    def validate_unique(self) -> None:
        """Over all customers, also those that the person may not see."""
        with everything():
            super().validate_unique()


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]
    """One Entra directory of a customer."""

    sandbox_url = forms.URLField(
        label="Sandbox address",
        required=False,
        assume_scheme="http",
        help_text="Only for the cloud Sandbox, e.g. http://127.0.0.1:8555",
    )
    time_zone = forms.CharField(
        required=False,
        validators=[known_time_zone],
        help_text="Where the customer's days begin: last days, joining days, schedules, blackouts.",
    )
    protected_accounts = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One object id, user name, or pattern with * per line; group: with a group's"
        " object id for everybody who is directly in it. These accounts are never written. A"
        " group's members are read once by the next plan: one call for every 999 of them.",
    )

    class Meta:
        model = Tenant
        fields = ["name", "slug", "purpose", "cloud", "entra_id", "sandbox_url", "time_zone"]
        help_texts = {
            "entra_id": "The directory's id (a GUID) or one of its verified domains.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].widget = forms.Select(
            choices=zone_choices(self.instance.time_zone)
        )
        if self.instance.pk:
            self.initial["protected_accounts"] = "\n".join(self.instance.protected_accounts)
            self._freeze_identity()

    def _freeze_identity(self) -> None:
        """What is known of one directory's accounts must not be taken for another's."""
        directory = getattr(self.instance, "directory", None)
        if directory is not None and directory.inventory_at is not None:
            for name in ("cloud", "entra_id"):
                self.fields[name].disabled = True
                self.fields[name].help_text = "Fixed, because this directory has been read."

    def clean_entra_id(self) -> str:
        """A GUID or a domain name, nothing that could change the address it is put into."""
        text = str(self.cleaned_data["entra_id"]).strip().lower()
        if not (is_guid(text) or _DOMAIN.match(text)):
            raise ValidationError("Enter the tenant's id (a GUID) or one of its domains.")
        return text

    def clean_sandbox_url(self) -> str:
        """The address alone: also what the sandbox prints at its start, its SCIM base, is taken."""
        url = _SANDBOX_PAGES.sub("", str(self.cleaned_data["sandbox_url"]))
        if url and not may_be_sandbox(url, settings.SANDBOX_HOSTS):
            known = ", ".join(settings.SANDBOX_HOSTS) or "nowhere"
            raise ValidationError(
                f"Sandboxes may live here: {known}. The portal's operator lists SANDBOX_HOSTS."
            )
        return url

    def clean_time_zone(self) -> str:
        """Without a choice what it was, UTC for a new tenant."""
        return str(self.cleaned_data["time_zone"] or self.instance.time_zone)

    def clean_protected_accounts(self) -> list[str]:
        """Entries, one a line."""
        lines = str(self.cleaned_data["protected_accounts"]).splitlines()
        entries = [line.strip() for line in lines if line.strip()]
        for entry in entries:
            kind, colon, group = entry.partition(":")
            if colon and kind.lower() == "group" and not is_guid(group.strip()):
                raise ValidationError(f"{entry}: enter the group's object id (a GUID).")
        return entries

    def clean(self) -> dict[str, Any]:
        """A sandbox needs an address; nothing else may have one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        same = Tenant.objects.filter(
            cloud=cleaned.get("cloud"), entra_id__iexact=cleaned.get("entra_id", "")
        ).exclude(pk=self.instance.pk)
        with everything():
            known = same.exists()
        if known:
            self.add_error("entra_id", "This directory is known already; it has one tenant here.")
        sandbox = cleaned.get("cloud") == "sandbox"
        if sandbox and not cleaned.get("sandbox_url") and "sandbox_url" not in self.errors:
            self.add_error("sandbox_url", "A sandbox tenant needs the sandbox's address.")
        if not sandbox and cleaned.get("sandbox_url"):
            self.add_error("sandbox_url", "Only a tenant of the cloud Sandbox has an address.")
        return cleaned

    def validate_unique(self) -> None:
        """Over all customers, also those that the person may not see."""
        with everything():
            super().validate_unique()

    def facts(self) -> TenantFacts:
        """The valid form as what the services take."""
        data = self.cleaned_data
        return TenantFacts(
            **{name: data[name] for name in self.Meta.fields},
            protected_accounts=tuple(data["protected_accounts"]),
        )
