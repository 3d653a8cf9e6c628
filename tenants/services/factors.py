"""Second factors: taken from a person who lost them."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from tenants.models import User
from tenants.services.audit import record
from tenants.services.sessions import end_sessions


@transaction.atomic
def reset_factors(*, person: User, by: User | None) -> int:
    """Remove every factor and end every session of a person; how many factors there were.

    Who takes it from another tells them: the caller sends the mail (`tenants/email/factors_reset`).
    """
    factors = Authenticator.objects.filter(user=person)
    types = sorted(factors.values_list("type", flat=True))
    factors.delete()
    end_sessions(person)
    record("factors.reset", by=by, customer=None, subject=person, types=types)
    return len(types)
