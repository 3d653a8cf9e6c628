"""Groups as the shadow knows them, and the operations on them, as values; pure."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provisioning.domain.plan_values import Absences

DISPLAY_NAME = "displayName"
DESCRIPTION = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:Group:description"


class GroupKind(StrEnum):
    """The kinds of group that SCIM creates; the kind of a group never changes."""

    SECURITY = "security"
    MICROSOFT_365 = "microsoft_365"


class Trait(StrEnum):
    """What makes a group one whose members cannot, or must not, be written."""

    DYNAMIC = "dynamic"
    ON_PREMISES = "on_premises"
    NESTED = "nested"
    MAIL_ENABLED = "mail_enabled"


REFUSALS: Mapping[Trait, str] = {
    Trait.DYNAMIC: "Entra computes the members of this dynamic group; they cannot be written."
    " Name a group with assigned members.",
    Trait.ON_PREMISES: "This group is synchronised from an on-premises directory; it is never"
    " written. Change it there.",
    Trait.NESTED: "This group has groups among its members, and what they pass on would not be"
    " seen here. Name a group whose members are people.",
    Trait.MAIL_ENABLED: "This is a distribution list or a mail-enabled security group, which only"
    " Exchange changes. Name a security or a Microsoft 365 group.",
}
"""Why a group of such a trait is left alone, and what to do."""


def traits_of(extension: Mapping[str, Any], *, nested: bool = False) -> frozenset[Trait]:
    """The traits of a group with this Entra group extension; `nested`: groups are members of it.

    Entra names dynamic groups by DynamicMembership among groupTypes; a mail-enabled group that is
    not Unified is Exchange's.
    """
    types = extension.get("groupTypes") or ()
    found = {
        Trait.DYNAMIC: "DynamicMembership" in types,
        Trait.ON_PREMISES: extension.get("onPremisesSyncEnabled") is True,
        Trait.NESTED: nested,
        Trait.MAIL_ENABLED: extension.get("mailEnabled") is True and "Unified" not in types,
    }
    return frozenset(trait for trait, holds in found.items() if holds)


@dataclass(frozen=True, slots=True)
class GroupShadow:
    """A group as last written or read; ids in lower case.

    `key` is empty while the portal does not manage it. `members` are ids of direct members, each
    with whether we added it; None: never read. `adopted`: it existed before us, so its name stays
    and it is never deleted.
    """

    id: str
    key: str
    name: str
    nickname: str
    members: Mapping[str, bool] | None = None
    kind: GroupKind = GroupKind.SECURITY
    traits: frozenset[Trait] = frozenset()
    adopted: bool = False
    description: str = ""
    revision: int = 1


class GroupDirectory:
    """The groups of one tenant: ours by key, all by id, those we do not manage by nickname."""

    def __init__(self, groups: Iterable[GroupShadow]) -> None:
        self.managed: dict[str, GroupShadow] = {}
        self.by_id: dict[str, GroupShadow] = {}
        self.strangers: dict[str, list[GroupShadow]] = {}
        for group in groups:
            self.by_id[group.id] = group
            if group.key:
                self.managed[group.key] = group
            elif group.nickname:
                self.strangers.setdefault(group.nickname.casefold(), []).append(group)


@dataclass(frozen=True, slots=True)
class People:
    """Who can be a member: ids by folded key, and the folded keys whose account this job creates.

    No id stands for two keys: an account has one owner.
    `protected` are ids that are neither added nor removed. Without `absences` only some of the
    source were read: then nobody else's membership is compared.
    """

    accounts: Mapping[str, str]
    coming: Container[str] = frozenset()
    protected: Container[str] = frozenset()
    absences: Absences | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A member by id; without one the account is created earlier in the same job, under `key`.

    `key` is empty for an account that belongs to nobody of the source.
    """

    key: str
    id: str = ""


class GroupAct(StrEnum):
    """What is to happen to a group, in the order in which a plan gives it."""

    ADOPT = "adopt"
    CREATE = "create"
    CHANGE = "change"
    ADD = "add"
    REMOVE = "remove"
    DELETE = "delete"
    LEAVE = "leave"


GROUP_CALLS = frozenset(
    {GroupAct.CREATE, GroupAct.CHANGE, GroupAct.ADD, GroupAct.REMOVE, GroupAct.DELETE}
)
"""Acts that are sent: one call each. Adoption is a note of ours, and leaving is a message."""


@dataclass(frozen=True, slots=True)
class GroupOperation:
    """One act on one group, with its reason; `group_id` is empty until the group is created.

    `members` are those added (at most 20), removed (one), lost with a deletion, or left alone.
    `warning` is said beside it; `withheld` waits for an explicit yes.
    """

    act: GroupAct
    key: str
    name: str
    nickname: str
    group_id: str = ""
    kind: GroupKind = GroupKind.SECURITY
    members: tuple[Member, ...] = ()
    before: Mapping[str, str | None] = field(default_factory=dict)
    after: Mapping[str, str | None] = field(default_factory=dict)
    reason: str = ""
    warning: str = ""
    withheld: bool = False
    licensing: bool = False
    revision: int | None = None

    @property
    def calls(self) -> int:
        """Calls it takes."""
        return 1 if self.act in GROUP_CALLS else 0


def tally(operations: Iterable[GroupOperation]) -> dict[GroupAct, int]:
    """Calls by act, for the quote of a plan."""
    found: dict[GroupAct, int] = {}
    for each in operations:
        if each.calls:
            found[each.act] = found.get(each.act, 0) + each.calls
    return found
