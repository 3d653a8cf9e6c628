"""Of the operations on groups, those that undo drift, and those that nobody has declined; pure.

A *subject* is what of a group something is about: a path such as `displayName`, a member (see
`member_path`), or WHOLE for the group as such.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from provisioning.domain.groups.values import GroupAct, GroupOperation, Member

WHOLE = ""
MEMBER = "members:"
_EXISTENCE = frozenset({GroupAct.ADOPT, GroupAct.CREATE})


def member_path(entra_id: str) -> str:
    """How a member of a group is named among its subjects."""
    return f"{MEMBER}{entra_id.lower()}"


def subjects_of(operation: GroupOperation) -> frozenset[str]:
    """What an operation is about, once it has an effect."""
    if operation.act in _EXISTENCE:
        return frozenset({WHOLE})
    if operation.act is GroupAct.CHANGE:
        return frozenset(operation.after)
    if operation.act in (GroupAct.ADD, GroupAct.REMOVE):
        return frozenset(member_path(member.id) for member in operation.members if member.id)
    return frozenset()


def narrowed(
    operation: GroupOperation, keeps: Callable[[str], bool], keeps_member: Callable[[Member], bool]
) -> GroupOperation | None:
    """The operation with the subjects to keep only; None when nothing is left of it."""
    if operation.act in _EXISTENCE:
        return operation if keeps(WHOLE) else None
    if operation.act is GroupAct.CHANGE:
        after = {path: text for path, text in operation.after.items() if keeps(path)}
        before = {path: operation.before.get(path) for path in after}
        return replace(operation, after=after, before=before) if after else None
    if operation.act in (GroupAct.ADD, GroupAct.REMOVE):
        members = tuple(member for member in operation.members if keeps_member(member))
        return replace(operation, members=members) if members else None
    return operation


@dataclass(frozen=True, slots=True)
class GroupDrift:
    """What drifted of the groups: subjects by group key, and folded keys of people whose account is
    created again, so that they have lost all memberships.
    """

    subjects: Mapping[str, Container[str]] = field(default_factory=dict)
    again: Container[str] = frozenset()


def repairs(operations: Iterable[GroupOperation], drift: GroupDrift) -> Iterator[GroupOperation]:
    """Operations that undo what drifted. Nothing is deleted; a group that is gone comes whole.

    One that is not there and did not drift is created by a sync, and gets its members then.
    """
    for operation in operations:
        subjects = drift.subjects.get(operation.key, frozenset())
        if operation.act is GroupAct.DELETE or not (subjects or _joins(operation)):
            continue
        found = narrowed(operation, subjects.__contains__, _members(subjects, drift.again))
        if found is not None:
            yield found


def _joins(operation: GroupOperation) -> bool:
    """Whether it adds members to a group that is there."""
    return operation.act is GroupAct.ADD and bool(operation.group_id)


def _members(subjects: Container[str], again: Container[str]) -> Callable[[Member], bool]:
    """Which members are part of a repair."""

    def belongs(member: Member) -> bool:
        if WHOLE in subjects or member.key in again:
            return True
        return bool(member.id) and member_path(member.id) in subjects

    return belongs


Declined: TypeAlias = Mapping[tuple[str, str], Any]
"""What we wanted when it was declined, by group key and subject."""


def undeclined(
    operations: Iterable[GroupOperation], declined: Declined, used: set[tuple[str, str]]
) -> Iterator[GroupOperation]:
    """Operations without what was declined; `used` grows by what of that still held.

    It holds no longer once we want another value.
    """
    for operation in operations:
        hit = {path for path in subjects_of(operation) if _holds(operation, path, declined)}
        used |= {(operation.key, path) for path in hit}
        coming = operation.act is GroupAct.ADD and not operation.group_id
        if coming and (operation.key, WHOLE) in declined:
            continue
        found = _without(operation, hit) if hit else operation
        if found is not None:
            yield found


def _without(operation: GroupOperation, hit: Container[str]) -> GroupOperation | None:
    return narrowed(
        operation,
        lambda path: path not in hit,
        lambda member: not member.id or member_path(member.id) not in hit,
    )


def _holds(operation: GroupOperation, path: str, declined: Declined) -> bool:
    if (operation.key, path) not in declined:
        return False
    if operation.act is not GroupAct.CHANGE:
        return True
    return bool(operation.after.get(path) == declined[operation.key, path])
