"""The person that a command acts for."""

from django.core.management.base import CommandError

from tenants.models import User


def named_person(email: str) -> User:
    """The person with this address who may sign in; raises CommandError."""
    person = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if person is None:
        raise CommandError(f"Nobody with the address {email} may sign in here.")
    return person
