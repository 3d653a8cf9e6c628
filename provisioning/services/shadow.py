"""A tenant's shadow as the planner reads it."""

from collections.abc import Iterable, Sequence

from provisioning.domain.groups import GroupDirectory, GroupKind, GroupShadow, Trait
from provisioning.domain.planner import EXTERNAL_ID, USER_NAME, Account, Directory
from provisioning.domain.records import fold_key
from provisioning.models import DirectoryGroup, DirectoryObject, GroupMember, Source
from tenants.models import Tenant

# Folded user name and external id, then the fields of an Account in their order.
_SHADOW = (
    "folded_user_name",
    "external_id",
    "pk",
    "entra_id",
    "key",
    "user_name",
    "active",
    "state",
    "revision",
    "on_premises",
    "guest",
    "outside_since",
    "record_digest",
)


def shadow_of(
    tenant: Tenant, matching: Sequence[str] = (), unique: Iterable[str] = ()
) -> Directory:
    """The tenant's shadow as the planner reads it, findable by the matching paths.

    Of the `unique` paths it says which values are taken.
    """
    managed, by_user_name, strangers = {}, {}, {}
    taken: dict[str, set[str]] = {path: set() for path in unique if path != USER_NAME}
    findable: dict[str, dict[str, list[Account]]] = {path: {} for path in matching}
    rows = DirectoryObject.objects.filter(tenant=tenant)
    # Rows of values: building a model for each of 10,000 accounts takes longer than planning them.
    for folded_name, external_id, *values in rows.values_list(*_SHADOW).iterator(2000):
        account = Account(*values)
        for path, known in taken.items():
            known.add(str(account.state.get(path, "")).casefold())
        by_user_name[folded_name] = account
        if account.key:
            managed[account.key] = account
            continue
        if external_id:
            strangers[fold_key(external_id)] = account
        for path, accounts in findable.items():
            value = external_id if path == EXTERNAL_ID else _identity(account, path)
            if value:
                accounts.setdefault(fold_key(value), []).append(account)
    return Directory(managed, by_user_name, strangers, findable, taken)


def groups_of(tenant: Tenant, source: Source) -> GroupDirectory:
    """The groups of a tenant as the planner of a source's groups reads them.

    A group that belongs to another source is one that we do not manage here.
    """
    members: dict[int, dict[str, bool]] = {}
    rows = GroupMember.objects.filter(group__tenant=tenant).order_by()
    for group, entra_id, ours in rows.values_list("group_id", "entra_id", "ours").iterator(2000):
        members.setdefault(group, {})[entra_id] = ours
    return GroupDirectory(
        _group_shadow(row, members.get(row.pk, {}), source)
        for row in DirectoryGroup.objects.filter(tenant=tenant).order_by("pk").iterator(2000)
    )


def _group_shadow(row: DirectoryGroup, members: dict[str, bool], source: Source) -> GroupShadow:
    mine = row.source_id == source.pk
    return GroupShadow(
        row.entra_id.lower(),
        row.key if mine else "",
        row.name,
        row.nickname,
        members if row.members_known else None,
        GroupKind(row.kind),
        frozenset(map(Trait, row.traits)),
        row.adopted,
        row.description,
        row.revision,
    )


def _identity(account: Account, path: str) -> str:
    return account.user_name if path == USER_NAME else str(account.state.get(path) or "")
