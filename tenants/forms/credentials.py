"""What engineers say about credentials. What is secret leaves a form as a `Secret` only."""

import re
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from tenants.certificates import SIZES
from tenants.domain.guid import is_guid
from tenants.domain.secret import Secret
from tenants.models import Credential

_NOW, _NEXT = "now", "next"
_LARGEST = 100_000  # bytes of a PFX or PEM file
_YEARS = ((1, "1 year"), (2, "2 years"))
_LIKE_A_GUID = re.compile(r"[0-9a-f{} -]*")
_HIDDEN = {"autocomplete": "off"}


class SecretField(forms.CharField):
    """A text that is not rendered again, whatever is wrong with the form."""

    widget = forms.PasswordInput(attrs=_HIDDEN)

    def clean(self, value: Any) -> Any:
        """The text, showing itself to nobody who does not ask."""
        return Secret(super().clean(value))


class CredentialForm(forms.Form):
    """What every kind asks for: the application, and whether it is used at once."""

    client_id = forms.CharField(label="Application (client) id", max_length=64)
    use = forms.ChoiceField(
        label="When it is used",
        choices=[
            (_NEXT, "As the next one: test it first, then switch"),
            (_NOW, "At once; the one in use so far stands by"),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, current: Credential | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if current is None:
            del self.fields["use"]
        else:
            self.order_fields([*(name for name in self.fields if name != "use"), "use"])
            self.initial.setdefault("use", _NEXT if current.proven else _NOW)

    def clean_client_id(self) -> str:
        """A GUID, as Entra shows it."""
        return self.guid("client_id", "application's id")

    def guid(self, name: str, what: str) -> str:
        """A field that holds a GUID; a secret that was pasted there is not rendered again."""
        text = str(self.cleaned_data[name]).strip().lower()
        if is_guid(text):
            return text
        if not _LIKE_A_GUID.fullmatch(text):
            self.data = dict(self.data.items()) | {name: ""}
        raise ValidationError(f"Enter the {what} (a GUID).")

    @property
    def as_next(self) -> bool:
        """Whether the credential stands by until somebody switches to it."""
        return self.cleaned_data.get("use") == _NEXT


class SecretForm(CredentialForm):
    """A client secret; it is sealed at once and never shown again."""

    secret = SecretField(
        label="Client secret",
        help_text="The secret's value, not its id. It is encrypted and never shown again.",
    )
    expires_on = forms.DateField(
        label="Expires on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="As Entra shows it, so that the portal can warn in time.",
    )

    def clean_expires_on(self) -> datetime | None:
        """The beginning of that day: on the day itself it may have ended already."""
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        moment = datetime.combine(day, time(), UTC)
        if moment <= timezone.now():
            raise ValidationError("A secret that has expired gives no token.")
        return moment


class CertificateForm(CredentialForm):
    """A certificate with its private key, as a file."""

    file = forms.FileField(
        label="PFX or PEM file", help_text="The certificate together with its private key."
    )
    passphrase = SecretField(
        label="Passphrase", required=False, help_text="Of the file, if it has one."
    )

    def clean_file(self) -> Secret[bytes]:
        """What is in it; larger ones are something else."""
        file = self.cleaned_data["file"]
        if file.size is None or file.size > _LARGEST:
            raise ValidationError("This file is too large for a certificate.")
        return Secret(bytes(file.read()))


class GeneratedForm(CredentialForm):
    """A certificate that is made here."""

    bits = forms.TypedChoiceField(
        label="Length of the key",
        coerce=int,
        choices=[(bits, f"RSA, {bits} bits") for bits in SIZES],
    )
    years = forms.TypedChoiceField(label="Valid for", coerce=int, choices=_YEARS)


class FederatedForm(CredentialForm):
    """An application that trusts this host's workload identity."""


class FederatedIdentityForm(CredentialForm):
    """An application that trusts a managed identity of this host."""

    identity_id = forms.CharField(
        label="Client id of the managed identity",
        max_length=64,
        help_text="A user-assigned one: Entra trusts no system-assigned identity in this way.",
    )

    def clean_identity_id(self) -> str:
        """A GUID, as Azure shows it."""
        return self.guid("identity_id", "managed identity's client id")


class ManagedIdentityForm(CredentialForm):
    """This host's own managed identity."""

    user_assigned = forms.BooleanField(
        required=False, help_text="Leave it empty for the identity that belongs to the host itself."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client_id"].label = "Client id of the managed identity"
