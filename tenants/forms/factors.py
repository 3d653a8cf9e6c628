"""What people say of a passkey they add."""

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """As allauth has it, in words of ours."""

    passwordless = forms.BooleanField(
        label="Sign in with it alone",
        required=False,
        help_text="Without the password; your device then asks for a fingerprint, face or PIN."
        " Otherwise it comes after the password.",
    )
