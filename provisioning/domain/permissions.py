"""Which Microsoft Graph application permissions a SCIM call needs (Microsoft's SCIM reference)."""

from collections.abc import Iterable
from enum import StrEnum

from provisioning.domain.attributes import ENTRA


class Act(StrEnum):
    """What a call does in the directory; the value completes the sentence "it may not ..."."""

    DISCOVER = "read what the service supports"
    READ_CUSTOM_SCHEMA = "read the definitions of custom security attributes"
    READ_USERS = "read users"
    CREATE_USER = "create users"
    CHANGE_USER = "change users"
    DELETE_USER = "delete users"
    READ_GROUPS = "read groups"
    CREATE_GROUP = "create groups"
    CHANGE_GROUP = "change groups"
    DELETE_GROUP = "delete groups"
    CHANGE_MEMBERS = "change the members of groups"
    READ_CUSTOM = "read custom security attributes"
    WRITE_CUSTOM = "write custom security attributes"


# Alternatives, the least first; each is the set of permissions that is enough.
_NEEDED: dict[Act, tuple[tuple[str, ...], ...]] = {
    Act.DISCOVER: (
        ("User.Read.All", "Group.Read.All"),
        ("User.ReadWrite.All", "Group.ReadWrite.All"),
    ),
    Act.READ_CUSTOM_SCHEMA: (("CustomSecAttributeDefinition.Read.All",),),
    Act.READ_USERS: (("User.Read.All",), ("User.ReadWrite.All",)),
    Act.CREATE_USER: (("User.Create",), ("User.ReadWrite.All",)),
    Act.CHANGE_USER: (("User.ReadUpdate.All",), ("User.ReadWrite.All",)),
    Act.DELETE_USER: (("User.ReadWrite.All",),),
    Act.READ_GROUPS: (("Group.Read.All",), ("Group.ReadWrite.All",)),
    Act.CREATE_GROUP: (("Group.Create",), ("Group.ReadWrite.All",)),
    Act.CHANGE_GROUP: (("Group.ReadWrite.All",),),
    Act.DELETE_GROUP: (("Group.ReadWrite.All",),),
    Act.CHANGE_MEMBERS: (("GroupMember.ReadWrite.All",), ("Group.ReadWrite.All",)),
    Act.READ_CUSTOM: (
        ("CustomSecAttributeAssignment.Read.All",),
        ("CustomSecAttributeAssignment.ReadWrite.All",),
    ),
    Act.WRITE_CUSTOM: (("CustomSecAttributeAssignment.ReadWrite.All",),),
}
# Permissions that are enough for a change of these attributes and of nothing else.
SCOPED: dict[str, frozenset[str]] = {
    "User.EnableDisableAccount.All": frozenset({"active"}),
    "User-Phone.ReadWrite.All": frozenset(
        {'phoneNumbers[type eq "mobile"].value', 'phoneNumbers[type eq "work"].value'}
    ),
    "User-Mail.ReadWrite.All": frozenset({'emails[type eq "other"].value'}),
    "User-LifeCycleInfo.ReadWrite.All": frozenset({f"{ENTRA}:employeeLeaveDateTime"}),
}


def permissions_for(act: Act, attributes: Iterable[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Sets of permissions of which any is enough, the least first; `attributes`: changed paths."""
    changed = frozenset(attributes)
    scoped = [
        (name,)
        for name, covers in SCOPED.items()
        if act is Act.CHANGE_USER and changed and changed <= covers
    ]
    return (*scoped, *_NEEDED[act])


def in_words(alternatives: Iterable[tuple[str, ...]]) -> str:
    """Alternatives as people read them: `A, or B with C`."""
    return ", or ".join(" with ".join(names) for names in alternatives)
