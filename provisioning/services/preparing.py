"""What operations need from each other before they are sent: accounts, groups, managers.

An operation waits until those that `waits_for` names have come to their end, and a creation that
may name its manager until that account is there. Then ids take the place of keys; whoever has no
account by then is left out, and compared again by the next plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from provisioning.domain.attributes import MANAGER
from provisioning.domain.records import fold_key
from provisioning.models import DirectoryGroup, DirectoryObject, Job, Operation
from provisioning.services import outcomes
from provisioning.services.outcomes import Outcome, creates, looks_up
from provisioning.services.renaming import still_held

_SOON = timedelta(seconds=0.2)
_KIND = Operation.Kind
# An account or a group is there as soon as these have come to their end.
_ESTABLISH = (_KIND.GROUP_ADOPT, _KIND.GROUP_CREATE, _KIND.GROUP_CHANGE)
_CHUNK = 500


@dataclass(slots=True)
class Prepared:
    """Operations that may be sent, those whose ids were filled in among them, and the others."""

    ready: list[Operation] = field(default_factory=list)
    filled: list[Operation] = field(default_factory=list)
    waiting: list[Operation] = field(default_factory=list)
    dropped: list[Outcome] = field(default_factory=list)


FILLED = ("after", "members", "manager", "warning", "group")
"""Fields that are written when ids take the place of keys."""


def prepare(job: Job, batch: Sequence[Operation], now: datetime) -> Prepared:
    """Sort a batch by what can be done with it now; those that wait get a time to look again."""
    found = Prepared()
    needs = {each.pk: _needs(each) for each in batch}
    unsettled = _unsettled(job, {name for names in needs.values() for name in names})
    able: list[Operation] = []
    for operation in batch:
        blocking = [unsettled[name] for name in needs[operation.pk] if name in unsettled]
        if blocking:
            operation.not_before = max([now + _SOON, *(due for due in blocking if due)])
            found.waiting.append(operation)
        else:
            able.append(operation)
    held = still_held(job, able)
    for operation in able:
        if operation.pk in held:
            found.dropped.append(outcomes.name_held(operation, held[operation.pk], now))
    _fill(job, [each for each in able if each.pk not in held], now, found)
    return found


def _needs(operation: Operation) -> list[str]:
    """Names of operations that have to come to their end before the next call of this one."""
    if looks_up(operation):
        return []
    names = [_folded(name) for name in operation.waits_for]
    if _awaits_manager(operation):
        names.append(f"person:{fold_key(operation.manager)}")
    return names


def _folded(name: str) -> str:
    kind, _, key = name.partition(":")
    return f"{kind}:{fold_key(key)}"


def _awaits_manager(operation: Operation) -> bool:
    """Whether the next call is the one that is to carry a manager not known yet."""
    if not operation.manager or looks_up(operation):
        return False
    return operation.carries_manager or not creates(operation)


def _unsettled(job: Job, names: Iterable[str]) -> Mapping[str, datetime | None]:
    """Of these names those that have not come to their end, and when they are due."""
    keys = sorted({name.partition(":")[2] for name in names})
    found: dict[str, datetime | None] = {}
    there = Q(kind=_KIND.CREATE, target__isnull=False)
    for at in range(0, len(keys), _CHUNK):
        rows = job.operations.filter(
            folded_key__in=keys[at : at + _CHUNK], state__in=Operation.UNSETTLED
        )
        rows = rows.exclude(there).order_by()
        for row in rows.only("kind", "folded_key", "not_before"):
            if not row.on_group or row.kind in _ESTABLISH:
                found[row.name] = row.not_before
    return found


def _fill(job: Job, operations: Iterable[Operation], now: datetime, found: Prepared) -> None:
    """Put ids where keys are, one query for accounts and one for groups."""
    listed = list(operations)
    people = {key for each in listed for key in _people(each)}
    accounts = _by_key(_owned(job), people)
    groups = _groups(job, {each.key for each in listed if each.on_group and not each.group_id})
    for operation in listed:
        changed = False
        if _awaits_manager(operation):
            _refer(operation, accounts)
            changed = True
        if operation.on_group:
            changed |= _place(operation, accounts, groups)
        if changed:
            found.filled.append(operation)
        if _has_nothing_left(operation):
            found.dropped.append(outcomes.nobody_left(operation, now))
        else:
            found.ready.append(operation)


def _people(operation: Operation) -> Iterable[str]:
    """Folded keys whose accounts the operation has to know."""
    if _awaits_manager(operation):
        yield fold_key(operation.manager)
    for key, entra_id in operation.members:
        if not entra_id:
            yield key


def _by_key(rows: QuerySet[DirectoryObject], keys: set[str]) -> Mapping[str, str]:
    listed = sorted(keys)
    found: dict[str, str] = {}
    for at in range(0, len(listed), _CHUNK):
        chunk = rows.filter(key__in=listed[at : at + _CHUNK])
        found |= dict(chunk.values_list("key", "entra_id"))
    return found


def _owned(job: Job) -> QuerySet[DirectoryObject]:
    return DirectoryObject.objects.filter(tenant_id=job.tenant_id, owner_id=job.source_id)


def _groups(job: Job, keys: set[str]) -> Mapping[str, DirectoryGroup]:
    if not keys:
        return {}
    rows = DirectoryGroup.objects.filter(
        tenant_id=job.tenant_id, source_id=job.source_id, key__in=keys
    )
    return {row.key: row for row in rows}


def _refer(operation: Operation, accounts: Mapping[str, str]) -> None:
    manager = accounts.get(fold_key(operation.manager))
    if manager:
        operation.after = {**operation.after, MANAGER: manager.lower()}
    else:
        said = f"The manager with key {operation.manager} got no account; set when there is one."
        outcomes.warn(operation, said)
    operation.manager = ""


def _place(
    operation: Operation, accounts: Mapping[str, str], groups: Mapping[str, DirectoryGroup]
) -> bool:
    """The group, once it is there, and the ids of members; False if all was known before."""
    group = groups.get(operation.key) if not operation.group_id else None
    if group is not None and operation.kind != _KIND.GROUP_CREATE:
        operation.group = group
    if all(entra_id for _, entra_id in operation.members):
        return group is not None
    known = [[key, entra_id or accounts.get(key, "")] for key, entra_id in operation.members]
    operation.members = [pair for pair in known if pair[1]]
    if left := len(known) - len(operation.members):
        said = f"{left} of {len(known)} got no account; they are added when there is one."
        outcomes.warn(operation, said)
    return True


def _has_nothing_left(operation: Operation) -> bool:
    if operation.kind == _KIND.MEMBER_ADD:
        return not operation.members
    if operation.kind == _KIND.UPDATE:
        return not operation.after
    second = operation.kind == _KIND.CREATE and not creates(operation)
    return second and not operation.manager and not outcomes.changes_of(operation)
