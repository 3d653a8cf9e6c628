"""The inverse of what a job did to groups, as far as there is one; pure.

Taken back is only what the job itself wrote and what is still there. Whoever it added is removed,
unless somebody removed them since; whoever it removed is added again. All additions come before
the first removal. A group that it created stays, without those it added, or is deleted after a yes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioning.domain.groups.planner import ADD_PACK
from provisioning.domain.groups.values import (
    DESCRIPTION,
    DISPLAY_NAME,
    GroupAct,
    GroupOperation,
    GroupShadow,
    Member,
)

_ADDED = "Removed by the job that is undone."
_REMOVED = "Added by the job that is undone."
_CHANGED = "Back to what it was before the job that is undone."
_STAYS = "The job that is undone created this group; it stays, without the members it added."
_DELETED = "Created by the job that is undone. A deletion cannot be taken back."
_LEFT: Mapping[GroupAct, str] = {
    GroupAct.DELETE: "A deleted security group cannot be restored; the next sync creates it again"
    " if the source asks for it.",
    GroupAct.ADOPT: "The group stays managed. Take its id out of the rule to let it go.",
}
_GONE = "The group is not there any more."
_SINCE = "Its name or description was changed since, and is left as it is."


@dataclass(frozen=True, slots=True)
class GroupDone:
    """An operation on a group that was carried out, and the group by now (None: not there)."""

    act: GroupAct
    key: str
    name: str
    nickname: str
    group: GroupShadow | None
    members: Sequence[Member] = ()
    before: Mapping[str, str | None] = field(default_factory=dict)
    after: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Undone:
    """All that a job did to one group: who was added and removed, and its other operations."""

    last: GroupDone
    added: dict[str, Member] = field(default_factory=dict)
    removed: dict[str, Member] = field(default_factory=dict)
    others: list[GroupDone] = field(default_factory=list)

    @property
    def created(self) -> bool:
        """Whether the job created the group."""
        return any(each.act is GroupAct.CREATE for each in self.others)


def undo_groups(done: Iterable[GroupDone], *, deletes: bool) -> list[GroupOperation]:
    """The inverse of a job's operations on groups; `deletes`: created groups go, after a yes."""
    groups: dict[str, _Undone] = {}
    for each in done:
        undone = groups.setdefault(each.key, _Undone(each))
        _collect(undone, each)
    found = [operation for each in groups.values() for operation in _of(each, deletes=deletes)]
    order = list(GroupAct)
    return sorted(found, key=lambda operation: order.index(operation.act))


def _collect(undone: _Undone, done: GroupDone) -> None:
    into = {GroupAct.ADD: undone.added, GroupAct.REMOVE: undone.removed}.get(done.act)
    if into is None:
        undone.others.append(done)
    else:
        into.update({member.id: member for member in done.members if member.id})


def _of(undone: _Undone, *, deletes: bool) -> Iterator[GroupOperation]:
    last = undone.last
    if last.group is None:
        yield _operation(GroupAct.LEAVE, last, reason=_left(undone))
        return
    if undone.created and deletes:
        yield _operation(GroupAct.DELETE, last, reason=_DELETED, withheld=True)
        return
    if undone.created:
        yield _operation(GroupAct.LEAVE, last, reason=_STAYS)
    for each in undone.others:
        yield from _other(each)
    present = last.group.members or {}
    again = [member for entra_id, member in undone.removed.items() if entra_id not in present]
    for at in range(0, len(again), ADD_PACK):
        yield _operation(GroupAct.ADD, last, again[at : at + ADD_PACK], _ADDED)
    for entra_id, member in undone.added.items():
        if present.get(entra_id):
            yield _operation(GroupAct.REMOVE, last, [member], _REMOVED)


def _left(undone: _Undone) -> str:
    deleted = any(each.act is GroupAct.DELETE for each in undone.others)
    return _LEFT[GroupAct.DELETE] if deleted else _GONE


def _other(done: GroupDone) -> Iterator[GroupOperation]:
    if done.act in _LEFT:
        yield _operation(GroupAct.LEAVE, done, reason=_LEFT[done.act])
    if done.act is not GroupAct.CHANGE or done.group is None:
        return
    now = {DISPLAY_NAME: done.group.name, DESCRIPTION: done.group.description or None}
    after = {
        path: done.before.get(path)
        for path, written in done.after.items()
        if (now.get(path) or "") == (written or "")
    }
    if not after:
        yield _operation(GroupAct.LEAVE, done, reason=_SINCE)
        return
    before = {path: now.get(path) for path in after}
    yield _operation(GroupAct.CHANGE, done, reason=_CHANGED, before=before, after=after)


def _operation(
    act: GroupAct,
    done: GroupDone,
    members: Sequence[Member] = (),
    reason: str = "",
    *,
    before: Mapping[str, str | None] | None = None,
    after: Mapping[str, str | None] | None = None,
    withheld: bool = False,
) -> GroupOperation:
    group = done.group
    return GroupOperation(
        act,
        done.key,
        group.name if group else done.name,
        group.nickname if group else done.nickname,
        group_id=group.id if group else "",
        members=tuple(members),
        before=before or {},
        after=after or {},
        reason=reason,
        withheld=withheld,
        revision=group.revision if group else None,
    )
