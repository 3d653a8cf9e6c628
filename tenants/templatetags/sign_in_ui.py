"""What the pages of sign-in have to know."""

from django import template
from django.conf import settings
from django.http import HttpRequest

from tenants.services.first_run import first_run_open
from tenants.sign_in import required

register = template.Library()


@register.simple_tag
def microsoft_offered() -> bool:
    """Whether people may sign in with Microsoft Entra."""
    return bool(settings.ENTRA_CLIENT_ID)


@register.simple_tag
def first_run_offered() -> bool:
    """Whether this portal waits for its first administrator."""
    return first_run_open()


@register.simple_tag
def factor_missing(request: HttpRequest) -> bool:
    """Whether who is signed in has to set up a second factor first."""
    return required.factor_missing(request)
