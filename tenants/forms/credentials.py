"""What engineers say about credentials."""

from django import forms
from django.core.exceptions import ValidationError

from tenants.domain.guid import is_guid


class SecretForm(forms.Form):
    """A client secret; it is sealed at once and never shown again."""

    client_id = forms.CharField(label="Application (client) id", max_length=64)
    secret = forms.CharField(
        label="Client secret",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="The secret's value, not its id. It is encrypted and never shown again.",
    )

    def clean_client_id(self) -> str:
        """A GUID, as Entra shows it."""
        text = str(self.cleaned_data["client_id"]).strip().lower()
        if not is_guid(text):
            raise ValidationError("Enter the application's id (a GUID).")
        return text
