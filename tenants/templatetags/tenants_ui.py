"""Credentials in words."""

from datetime import datetime

from django import template
from django.utils import timezone

from tenants import certificates
from tenants.domain.expiry import remaining, threshold
from tenants.models import Credential

register = template.Library()

_PURPOSES = {"connection": "a connection test", "test": "a test of its own", "": "something else"}
_SERIOUS = 14  # days


@register.filter
def expires_soon(credential: Credential | None) -> bool:
    """Whether people should look after it."""
    return ends_soon(credential.expires_at if credential else None)


@register.filter
def ends_soon(moment: datetime | None) -> bool:
    """Whether a credential that ends then should be looked after."""
    return threshold(moment, timezone.now()) is not None


@register.filter
def expiry_words(moment: datetime) -> str:
    """How long it is until then: "expires in 12 days, on 2027-01-31"."""
    return remaining(moment, timezone.now())


@register.filter
def expiry_tone(moment: datetime) -> str:
    """How urgent it is."""
    found = threshold(moment, timezone.now())
    if found is None:
        return "neutral"
    return "danger" if found < _SERIOUS else "warning"


@register.filter
def used_for(purpose: str) -> str:
    """What a token was asked for: "job 12"."""
    return _PURPOSES.get(purpose, purpose.replace(":", " "))


@register.filter
def thumbprints(credential: Credential) -> certificates.Thumbprints | None:
    """Thumbprints of a certificate, if its public part is kept."""
    return certificates.thumbprints(credential.certificate) if credential.certificate else None
