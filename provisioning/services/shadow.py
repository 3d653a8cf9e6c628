"""A tenant's shadow as the planner reads it."""

from collections.abc import Sequence

from provisioning.domain.planner import EXTERNAL_ID, USER_NAME, Account, Directory
from provisioning.domain.records import fold_key
from provisioning.models import DirectoryObject
from tenants.models import Tenant


def shadow_of(tenant: Tenant, matching: Sequence[str] = ()) -> Directory:
    """The tenant's shadow as the planner reads it, findable by the matching paths."""
    managed, by_user_name, strangers = {}, {}, {}
    findable: dict[str, dict[str, list[Account]]] = {path: {} for path in matching}
    for row in DirectoryObject.objects.filter(tenant=tenant).iterator(2000):
        account = Account(
            row.pk,
            row.entra_id,
            row.key,
            row.user_name,
            row.active,
            row.state,
            row.revision,
            row.on_premises,
            row.guest,
        )
        by_user_name[row.folded_user_name] = account
        if row.key:
            managed[row.key] = account
            continue
        if row.external_id:
            strangers[fold_key(row.external_id)] = account
        for path, accounts in findable.items():
            value = _identity(row, path)
            if value:
                accounts.setdefault(fold_key(value), []).append(account)
    return Directory(managed, by_user_name, strangers, findable)


def _identity(row: DirectoryObject, path: str) -> str:
    if path == EXTERNAL_ID:
        return row.external_id
    return row.user_name if path == USER_NAME else str(row.state.get(path) or "")
