"""The SCIM client's meter over billing: attempts are rows before they leave."""

from collections.abc import Sequence

from django.utils import timezone
from django.utils.crypto import salted_hmac

from billing.models import Call
from billing.services import Made, NewCall, SettledCall, open_calls, settle_calls
from provisioning.scim.messages import Answer, Attempt, Exchange, Fate
from tenants.models import Tenant

_STATES = {
    Fate.ANSWERED: Call.State.ANSWERED,
    Fate.UNSENT: Call.State.UNSENT,
    Fate.KEPT_BACK: Call.State.UNSENT,
    Fate.UNCERTAIN: Call.State.UNCERTAIN,
}


class Journal:
    """Meters the calls of one tenant under one job's label."""

    def __init__(self, tenant: Tenant, label: str) -> None:
        self._tenant = tenant
        self._label = label

    def opened(self, attempts: Sequence[Attempt]) -> None:
        """Write attempts that are about to leave."""
        now = timezone.now()
        open_calls(
            self._tenant,
            [
                NewCall(
                    attempt.id,
                    self._label,
                    attempt.request.purpose,
                    attempt.request.method,
                    attempt.request.path,
                    attempt.request.subject,
                    now,
                )
                for attempt in attempts
            ],
        )

    def settled(self, exchanges: Sequence[Exchange], made: Sequence[Made] = ()) -> None:
        """Write how attempts ended, in the caller's transaction if it has one.

        `made`: what the directory shows of earlier attempts nobody heard of.
        """
        ended = [_ended(exchange.attempt, exchange.answer) for exchange in exchanges]
        settle_calls(self._tenant, ended, made)


def _ended(attempt: Attempt, answer: Answer) -> SettledCall:
    """How an attempt ended; a failure in other words than the service's may hide any answer."""
    hidden = (answer.status or 0) >= 500 and not isinstance(answer.body, dict)
    return SettledCall(
        attempt.id,
        Call.State.UNCERTAIN if hidden else _STATES[answer.fate],
        None if hidden else answer.status,
        answer.duration_ms,
        answer.started_at,
    )


def subject_of(tenant: Tenant, key: str) -> str:
    """A digest that names a person in the meter without telling who it is."""
    return salted_hmac("billing.subject", f"{tenant.pk}:{key}", algorithm="sha256").hexdigest()[:32]
