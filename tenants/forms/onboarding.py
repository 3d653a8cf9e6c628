"""What engineers note while they bring a customer in."""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from tenants.domain.guid import is_guid
from tenants.models import Contact
from tenants.services.onboarding import Application, Billing, ContactFacts, Licence

# Azure's rule for names of resource groups (Azure naming rules and restrictions).
_RESOURCE_GROUP = re.compile(r"[-\w.()]{0,89}[-\w()]\Z")


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]
    """Somebody at the customer."""

    class Meta:
        model = Contact
        fields = ["name", "email", "phone", "duty"]

    def clean_email(self) -> str:
        """Compared without case."""
        return str(self.cleaned_data["email"]).strip().lower()

    def clean(self) -> dict[str, Any]:
        """One person is noted once for each thing to ask them for."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        same = Contact.objects.filter(
            customer_id=self.instance.customer_id,
            email=cleaned.get("email", ""),
            duty=cleaned.get("duty", ""),
        ).exclude(pk=self.instance.pk)
        if same.exists():
            self.add_error("email", "This person is noted for that already.")
        return cleaned

    def facts(self) -> ContactFacts:
        """The valid form as what the services take."""
        return ContactFacts(**{name: self.cleaned_data[name] for name in self.Meta.fields})


def _guid(value: object, what: str) -> str:
    text = str(value).strip().lower()
    if not is_guid(text):
        raise ValidationError(f"Enter the {what} (a GUID).")
    return text


class LicenceForm(forms.Form):
    """Who at the customer confirmed which licence."""

    licence = forms.CharField(
        max_length=100, help_text="Entra ID P1, or what contains it: P2, Microsoft 365 E3 or E5."
    )
    licence_confirmed_by = forms.CharField(
        label="Confirmed by", max_length=200, help_text="The person at the customer."
    )
    licence_confirmed_on = forms.DateField(
        label="Confirmed on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_licence_confirmed_on(self) -> Any:
        """Nobody has confirmed anything tomorrow, whatever the time zone."""
        day = self.cleaned_data["licence_confirmed_on"]
        if day > (timezone.now() + timedelta(days=1)).date():
            raise ValidationError("This day is yet to come.")
        return day

    def facts(self) -> Licence:
        """The valid form as what the services take."""
        return Licence(**self.cleaned_data)


class BillingForm(forms.Form):
    """The subscription and resource group linked to the API."""

    subscription_id = forms.CharField(label="Azure subscription id", max_length=36)
    resource_group = forms.CharField(max_length=90)

    def clean_subscription_id(self) -> str:
        """A GUID, as Azure shows it."""
        return _guid(self.cleaned_data["subscription_id"], "subscription's id")

    def clean_resource_group(self) -> str:
        """As Azure allows names of resource groups."""
        text = str(self.cleaned_data["resource_group"]).strip()
        if not _RESOURCE_GROUP.match(text):
            raise ValidationError(
                "Letters, digits, and . _ - ( ); no resource group's name ends with a full stop."
            )
        return text

    def facts(self) -> Billing:
        """The valid form as what the services take."""
        return Billing(**self.cleaned_data)


class ApplicationForm(forms.Form):
    """The app registration the portal signs in as."""

    client_id = forms.CharField(label="Application (client) id", max_length=64)
    shared_application = forms.BooleanField(
        label="Multi-tenant application of the MSP",
        required=False,
        help_text="Registered in your own directory; the customer only consents to it.",
    )

    def clean_client_id(self) -> str:
        """A GUID, as Entra shows it."""
        return _guid(self.cleaned_data["client_id"], "application's id")

    def facts(self) -> Application:
        """The valid form as what the services take."""
        return Application(**self.cleaned_data)
