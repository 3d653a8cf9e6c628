"""Accounts that the portal deleted: remembered as long as Entra keeps their user names."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from provisioning.domain.attributes import USER_NAME
from provisioning.domain.leaving import DELETED_FOR
from provisioning.models import DeletedAccount, Drift, Job, Operation
from provisioning.services.outcomes import Outcome
from tenants.models import Tenant

_DUPLICATE, _NOT_FOUND = (400, 409), 404
_NAMES = ("before", "user_name")


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


def names_gone(tenant: Tenant, now: datetime) -> set[str]:
    """Folded user names that a creation was lately told are taken, or whose account is gone.

    Somebody deleted it outside the portal, and Entra keeps its name as long as any; unless it was
    deleted for good, which nobody tells.
    """
    since = now - DELETED_FOR
    missing = Drift.objects.filter(
        tenant=tenant, kind=Drift.Kind.MISSING, job__created_at__gt=since
    ).values_list("user_name", flat=True)
    jobs = Job.objects.filter(Q(failed__gt=0) | Q(disabled__gt=0), tenant=tenant)
    recent = list(jobs.filter(created_at__gt=since).values_list("pk", flat=True))
    kind, state = Operation.Kind, Operation.State
    refused = Q(state=state.FAILED, kind=kind.CREATE, lookups__gt=0, status__in=_DUPLICATE)
    absent = Q(state=state.FAILED, status=_NOT_FOUND) & ~Q(kind__in=Operation.ON_GROUPS)
    closed = Q(state=state.DONE, kind=kind.DISABLE, target=None)
    lost = Operation.objects.filter(refused | absent | closed, job__in=recent)
    names = {str(before.get(USER_NAME) or name) for before, name in lost.values_list(*_NAMES)}
    return {name.casefold() for name in (*missing, *names)}


def forget_deletions(now: datetime) -> int:
    """Delete what is remembered of accounts whose names are free again; returns how many."""
    number, _ = DeletedAccount.objects.filter(deleted_at__lte=now - DELETED_FOR).delete()
    return number
