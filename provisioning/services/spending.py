"""What budgets let a job send: as much as there is money for, and every disable of a leaver."""

from collections.abc import Sequence

from django.utils import timezone

from billing.services import BudgetExhausted, grant, why_stopped
from provisioning.models import Operation
from tenants.models import Tenant


def affordable(tenant: Tenant, batch: Sequence[Operation]) -> list[Operation]:
    """Those of a batch that may be sent; raises BudgetExhausted when none of several may."""
    free = Operation.Kind.DISABLE
    dear = sum(operation.kind != free for operation in batch)
    left = grant(tenant, dear) if dear else 0
    chosen = []
    for operation in batch:
        if operation.kind == free or left > 0:
            chosen.append(operation)
            left -= operation.kind != free
    if batch and not chosen:
        raise BudgetExhausted(why_stopped(tenant, timezone.now()))
    return chosen
