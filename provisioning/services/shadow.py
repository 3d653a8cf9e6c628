"""A tenant's shadow as the planner of one of its sources reads it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from provisioning.domain.attributes import MAIL_NICKNAME
from provisioning.domain.domains import domain_of
from provisioning.domain.groups import GroupDirectory, GroupKind, GroupShadow, Trait
from provisioning.domain.mapping import CompiledProfile
from provisioning.domain.ownership import OtherSources, identity
from provisioning.domain.planner import EXTERNAL_ID, USER_NAME, Account, Directory
from provisioning.domain.records import fold_key
from provisioning.domain.stored_state import StoredState
from provisioning.models import DirectoryGroup, DirectoryObject, GroupMember, Source
from provisioning.services.deletions import kept_names
from provisioning.services.domains import known_domains
from provisioning.services.other_sources import others_of

# Folded user name and external id, then the fields of an Account in their order.
_SHADOW = (
    "folded_user_name",
    "external_id",
    "pk",
    "entra_id",
    "key",
    "user_name",
    "active",
    "state_text",
    "revision",
    "on_premises",
    "guest",
    "outside_since",
    "record_digest",
    "owner",
    "offered_to",
    "left_since",
    "possibly_privileged",
)


def shadow_of(
    source: Source,
    matching: Sequence[str] = (),
    unique: Iterable[str] = (),
    *,
    now: datetime,
) -> Directory:
    """The shadow of the source's tenant as the planner reads it, findable by the matching paths.

    Managed are the accounts that this source owns. Of the `unique` paths it says which values are
    taken; of mailNickname also by whom. People of other sources are judged as of `now`.
    """
    managed: dict[str, Account] = {}
    by_user_name, strangers = {}, {}
    taken: dict[str, dict[str, Account]] = {path: {} for path in unique if path != USER_NAME}
    seen: Counter[str] = Counter()
    findable: dict[str, dict[str, list[Account]]] = {path: {} for path in matching}
    others = others_of(source, matching, now)
    rows = DirectoryObject.objects.filter(tenant=source.tenant_id)
    rows = rows.annotate(state_text=Cast("state", TextField()))
    # Rows of values: building a model for each of 10,000 accounts takes longer than planning them.
    for folded_name, external_id, *values in rows.values_list(*_SHADOW).iterator(2000):
        account = _account(*values)
        _note_taken(account, taken)
        by_user_name[folded_name] = account
        seen[domain_of(folded_name)] += not account.guest
        if account.key:
            _file(account, source, managed, others)
            continue
        if external_id:
            strangers[fold_key(external_id)] = account
        for path, accounts in findable.items():
            value = external_id if path == EXTERNAL_ID else identity(account, path)
            if value:
                accounts.setdefault(fold_key(value), []).append(account)
    return Directory(
        managed,
        by_user_name,
        strangers,
        findable,
        taken,
        others=others,
        kept=kept_names(source.tenant, now),
        nicknames=taken.get(MAIL_NICKNAME),
        domains=known_domains(source.tenant, seen),
    )


def _account(
    pk: int, entra_id: str, key: str, user_name: str, active: bool, state: str, *rest: Any
) -> Account:
    return Account(pk, entra_id, key, user_name, active, StoredState(state), *rest)


def _note_taken(account: Account, taken: dict[str, dict[str, Account]]) -> None:
    for path, known in taken.items():
        if value := account.state.get(path):
            known[str(value).casefold()] = account


def unique_paths(profile: CompiledProfile) -> frozenset[str]:
    """Paths of which a plan has to know what is taken: what the profile chooses, and nicknames."""
    return profile.unique | (profile.targets & {MAIL_NICKNAME})


def groups_of(source: Source) -> GroupDirectory:
    """The groups of a source's tenant as the planner of that source's groups reads them.

    A group that belongs to another source is one that we do not manage here.
    """
    members: dict[int, dict[str, bool]] = {}
    rows = GroupMember.objects.filter(group__tenant=source.tenant_id).order_by()
    for group, entra_id, ours in rows.values_list("group_id", "entra_id", "ours").iterator(2000):
        members.setdefault(group, {})[entra_id] = ours
    return GroupDirectory(
        _group_shadow(row, members.get(row.pk, {}), source)
        for row in DirectoryGroup.objects.filter(tenant=source.tenant_id)
        .order_by("pk")
        .iterator(2000)
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


def _file(
    account: Account, source: Source, managed: dict[str, Account], others: OtherSources | None
) -> None:
    """An account of ours, under the source that owns it."""
    if account.owner == source.pk:
        managed[account.key] = account
    elif others is not None:
        others.add(account)
