"""What budgets let a job send: as much as there is money for, and every disable of a leaver."""

from collections.abc import Sequence

from django.utils import timezone

from billing.services import BudgetExhausted, grant, why_stopped
from provisioning.models import Operation
from tenants.models import Tenant


def affordable(tenant: Tenant, batch: Sequence[Operation]) -> list[Operation]:
    """Those of a batch that there is money for, and every disable."""
    free = Operation.Kind.DISABLE
    dear = sum(operation.kind != free for operation in batch)
    left = grant(tenant, dear) if dear else 0
    chosen = []
    for operation in batch:
        if operation.kind == free or left > 0:
            chosen.append(operation)
            left -= operation.kind != free
    return chosen


def exhausted(tenant: Tenant) -> BudgetExhausted:
    """What to raise when something is due and none of it may be sent."""
    return BudgetExhausted(why_stopped(tenant, timezone.now()))
