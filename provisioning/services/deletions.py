"""Accounts that the portal deleted: remembered as long as Entra keeps their user names."""

from collections.abc import Iterable
from datetime import datetime

from provisioning.domain.leaving import DELETED_FOR
from provisioning.models import DeletedAccount, Operation
from provisioning.services.outcomes import Outcome
from tenants.models import Tenant


def note_deletions(settled: Iterable[Outcome], now: datetime) -> None:
    """Remember the accounts that deletions among these outcomes have removed."""
    rows = [
        DeletedAccount(
            customer_id=outcome.gone.customer_id,
            tenant_id=outcome.gone.tenant_id,
            entra_id=outcome.gone.entra_id,
            key=outcome.gone.key,
            folded_user_name=outcome.gone.folded_user_name,
            deleted_at=now,
        )
        for outcome in settled
        if outcome.gone is not None and outcome.operation.kind == Operation.Kind.DELETE
    ]
    if rows:
        DeletedAccount.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["tenant", "entra_id"],
            update_fields=["key", "folded_user_name", "deleted_at"],
        )


def kept_names(tenant: Tenant, now: datetime) -> dict[str, datetime]:
    """Folded user names that deleted accounts still have, and from when each is free."""
    rows = DeletedAccount.objects.filter(tenant=tenant, deleted_at__gt=now - DELETED_FOR)
    named = rows.order_by("deleted_at").values_list("folded_user_name", "deleted_at")
    return {name: deleted_at + DELETED_FOR for name, deleted_at in named}


def forget_deletions(now: datetime) -> int:
    """Delete what is remembered of accounts whose names are free again; returns how many."""
    number, _ = DeletedAccount.objects.filter(deleted_at__lte=now - DELETED_FOR).delete()
    return number
