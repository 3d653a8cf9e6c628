"""What lookups show of creations whose end nobody saw, told to the meter.

It is told only what calls of ours alone can have made: nobody else writes our key (or a group's
nickname), and no other operation was sent that may have left it there.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from billing.services import Made
from provisioning.adapters.journal import subject_of
from provisioning.models import Job, Operation
from provisioning.scim.messages import Purpose
from provisioning.services.outcomes import Outcome

_CREATIONS = {
    Operation.Kind.CREATE: Purpose.CREATE,
    Operation.Kind.GROUP_CREATE: Purpose.GROUP_CREATE,
}
# Calls are metered a moment before their operation is marked as sent.
_MARGIN = timedelta(hours=1)


def made_by(settled: Sequence[Outcome], now: datetime) -> list[Made]:
    """What these outcomes show that only creations whose calls are still kept can have made."""
    shown = [outcome.operation for outcome in settled if outcome.shown]
    if not shown:
        return []
    kept_since = now - timedelta(days=settings.CALL_RETENTION_DAYS) + _MARGIN
    sent = Operation.objects.filter(
        tenant=shown[0].tenant_id,
        folded_key__in={operation.folded_key for operation in shown},
        first_sent_at__isnull=False,
    )
    rows = list(sent.only("folded_key", "kind", "job_id", "first_sent_at"))
    found = []
    for operation in shown:
        own = [row for row in rows if row.name == operation.name]
        if all(_is_kept(row, operation.kind, kept_since) for row in own):
            found.append(_made(operation, {row.job_id for row in own}))
    return found


def _is_kept(row: Operation, kind: str, since: datetime) -> bool:
    """Whether an operation was such a creation, whose calls are still there."""
    return row.kind == kind and row.first_sent_at is not None and row.first_sent_at >= since


def _made(operation: Operation, jobs: set[int]) -> Made:
    return Made(
        subject_of(operation.job.tenant, operation.key),
        _CREATIONS[Operation.Kind(operation.kind)],
        frozenset(Job(pk=pk).label for pk in jobs),
    )
