"""What people enter before their first sign-in."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tenants.services.first_run import is_first_run_token


def _new_password(label: str) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, strip=False, widget=widget)


class FirstPasswordForm(forms.Form):
    """A password, twice."""

    password = _new_password("Password")
    repeated = _new_password("Password once more")

    def clean_password(self) -> str:
        """By the rules of the settings."""
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password

    def clean(self) -> dict[str, Any]:
        """Both have to be the same."""
        cleaned = super().clean() or {}
        both = [cleaned.get("password"), cleaned.get("repeated")]
        if all(both) and both[0] != both[1]:
            self.add_error("repeated", ValidationError("The two passwords differ."))
        return cleaned


class FirstRunForm(FirstPasswordForm):
    """The first administrator; with the server's token where strangers reach the page."""

    email = forms.EmailField(label="E-mail address")
    name = forms.CharField(max_length=200, required=False)
    field_order = ("token", "email", "name", "password", "repeated")

    def __init__(self, *args: Any, with_token: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if with_token:
            self.fields["token"] = forms.CharField(
                label="Token",
                help_text="Printed on the server by: manage.py first_run_token",
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )
            self.order_fields(self.field_order)

    def clean_token(self) -> str:
        """One of the last hour."""
        token: str = self.cleaned_data["token"]
        if not is_first_run_token(token):
            raise ValidationError("This token is wrong, or older than an hour. Print a new one.")
        return token
