"""Filters of a list request; only what Entra accepts can be written.

A filter is made by a method named after what it asks for. Those of one kind of resource join with
`&`, because Entra knows no other connective; a search by externalId has no `&`, because Entra
answers it alone only. Values that no object can have are refused here, before they are paid for.
"""

import json
from dataclasses import dataclass
from typing import Self

from provisioning.scim.refusals import Refused, guid
from provisioning.scim.urns import ENTRA_GROUP, ENTRA_USER


def _eq(attribute: str, value: str | bool) -> str:
    """`attribute eq value`, quoted as JSON wants it (RFC 7644, 3.4.2.2)."""
    if isinstance(value, bool):
        return f"{attribute} eq {json.dumps(value)}"
    return f"{attribute} eq {_text(attribute, value)}"


def _ends_with(attribute: str, value: str) -> str:
    return f"{attribute} ew {_text(attribute, value)}"


def _text(attribute: str, value: str) -> str:
    if not value.strip():
        raise Refused(f"A search by {attribute} needs a value.")
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ExternalIdFilter:
    """Users by our key; cannot be joined with anything."""

    text: str

    @classmethod
    def equals(cls, value: str) -> Self:
        """The user that carries this externalId."""
        return cls(_eq("externalId", value))


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Users by what Entra can search for; `&` narrows."""

    text: str

    def __and__(self, other: "UserFilter") -> "UserFilter":
        return UserFilter(f"{self.text} and {other.text}")

    @classmethod
    def object_id(cls, entra_id: str) -> Self:
        """The user with this object id."""
        return cls(_eq("id", guid(entra_id)))

    @classmethod
    def user_name(cls, value: str) -> Self:
        """The user with this user name, without regard to case."""
        return cls(_eq("userName", value))

    @classmethod
    def user_name_ends(cls, value: str, *, differently: bool = False) -> Self:
        """Users whose name ends with `value`, such as a domain; or those whose name does not."""
        return cls(_negated(_ends_with("userName", value), differently))

    @classmethod
    def mail_nickname(cls, value: str) -> Self:
        """Users with this mail nickname."""
        return cls(_eq(f"{ENTRA_USER}:mailNickname", value))

    @classmethod
    def mail_nickname_ends(cls, value: str, *, differently: bool = False) -> Self:
        """Users whose mail nickname ends with `value`; or those whose nickname does not."""
        return cls(_negated(_ends_with(f"{ENTRA_USER}:mailNickname", value), differently))

    @classmethod
    def active(cls, value: bool) -> Self:
        """Users that may, or may not, sign in."""
        return cls(_eq("active", value))

    @classmethod
    def member_of(cls, group_id: str) -> Self:
        """Direct members of a group."""
        return cls(_eq("groups.value", guid(group_id)))

    @classmethod
    def owner_of(cls, group_id: str) -> Self:
        """Owners of a group."""
        return cls(_eq(f"{ENTRA_USER}:ownedGroups.value", guid(group_id)))


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Groups by what Entra can search for; `&` narrows."""

    text: str

    def __and__(self, other: "GroupFilter") -> "GroupFilter":
        return GroupFilter(f"{self.text} and {other.text}")

    @classmethod
    def object_id(cls, entra_id: str) -> Self:
        """The group with this object id."""
        return cls(_eq("id", guid(entra_id)))

    @classmethod
    def display_name(cls, value: str) -> Self:
        """Groups of this name; there may be several."""
        return cls(_eq("displayName", value))

    @classmethod
    def display_name_ends(cls, value: str) -> Self:
        """Groups whose name ends with `value`."""
        return cls(_ends_with("displayName", value))

    @classmethod
    def has_member(cls, user_id: str) -> Self:
        """Groups, dynamic ones included, whose direct member this is."""
        return cls(_eq("members.value", guid(user_id)))

    @classmethod
    def owned_by(cls, user_id: str) -> Self:
        """Groups this user owns."""
        return cls(_eq(f"{ENTRA_GROUP}:owners.value", guid(user_id)))

    @classmethod
    def security_enabled(cls, value: bool) -> Self:
        """Security groups, or those that are none."""
        return cls(_eq(f"{ENTRA_GROUP}:securityEnabled", value))

    @classmethod
    def mail_enabled(cls, value: bool) -> Self:
        """Groups that can, or cannot, receive mail."""
        return cls(_eq(f"{ENTRA_GROUP}:mailEnabled", value))


def _negated(clause: str, negated: bool) -> str:
    return f"not({clause})" if negated else clause
