"""Second factors: taken from a person who lost them, and sealed again with a newer key."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from tenants.models import User
from tenants.services.audit import record
from tenants.services.sessions import end_sessions
from tenants.sign_in.factors import SEALED, seal_for, unseal_for


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


def reseal_factors() -> int:
    """Seal the seeds of all factors with the first key of the ring; how many. VaultError."""
    resealed = 0
    for pk in Authenticator.objects.filter(type__in=SEALED).values_list("pk", flat=True):
        with transaction.atomic():
            resealed += _reseal(pk)
    return resealed


def _reseal(pk: int) -> int:
    factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
    key = SEALED.get(factor.type) if factor else None
    if factor is None or key is None or key not in factor.data:
        return 0
    plain = unseal_for(factor.user_id, factor.data[key])
    factor.data[key] = seal_for(factor.user_id, plain)
    factor.save(update_fields=["data"])
    return 1
