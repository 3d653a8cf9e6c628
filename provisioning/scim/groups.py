"""Requests about groups and their members."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from provisioning.domain.permissions import Act
from provisioning.domain.retry import Intent
from provisioning.scim.changes import MOST_MEMBERS, addition, group_patch, removal
from provisioning.scim.filters import GroupFilter, UserFilter
from provisioning.scim.messages import Purpose, Request
from provisioning.scim.refusals import Refused, guid
from provisioning.scim.urns import CORE_GROUP, ENTRA_GROUP
from provisioning.scim.users import find_users

GROUP_PAGE = 1000  # the largest page of groups
GROUP_FACTS = (
    "displayName",
    f"{ENTRA_GROUP}:description",
    f"{ENTRA_GROUP}:groupTypes",
    f"{ENTRA_GROUP}:mailEnabled",
    f"{ENTRA_GROUP}:mailNickname",
    f"{ENTRA_GROUP}:onPremisesSyncEnabled",
    f"{ENTRA_GROUP}:securityEnabled",
)


class GroupKind(StrEnum):
    """The kinds of group that SCIM creates."""

    SECURITY = "security"
    MICROSOFT_365 = "microsoft_365"


def create_group(
    display_name: str,
    mail_nickname: str,
    *,
    kind: GroupKind = GroupKind.SECURITY,
    description: str = "",
    subject: str = "",
) -> Request:
    """Creates a group without members; names may repeat, so remember the id. Raises Refused."""
    if not display_name.strip() or not mail_nickname.strip():
        raise Refused("A group needs a display name and a mail nickname.")
    unified = kind is GroupKind.MICROSOFT_365
    extension: dict[str, Any] = {
        "mailEnabled": unified,
        "mailNickname": mail_nickname,
        "securityEnabled": not unified,
    }
    if unified:
        extension["groupTypes"] = ["Unified"]
    if description:
        extension["description"] = description
    body = {
        "schemas": [CORE_GROUP, ENTRA_GROUP],
        "displayName": display_name,
        ENTRA_GROUP: extension,
    }
    return Request(
        "POST",
        "/groups",
        Purpose.GROUP_CREATE,
        Intent.CREATE_GROUP,
        body=body,
        subject=subject,
        act=Act.CREATE_GROUP,
    )


def change_group(group_id: str, changes: Mapping[str, str | None], subject: str = "") -> Request:
    """Changes attributes of a group in one call; members have requests of their own. Refused."""
    return Request(
        "PATCH",
        f"/groups/{guid(group_id)}",
        Purpose.GROUP_UPDATE,
        Intent.CHANGE,
        body=group_patch(changes),
        subject=subject,
        act=Act.CHANGE_GROUP,
    )


def delete_group(group_id: str, subject: str = "") -> Request:
    """Deletes a group; a security group cannot be restored."""
    return Request(
        "DELETE",
        f"/groups/{guid(group_id)}",
        Purpose.GROUP_DELETE,
        Intent.REMOVE,
        subject=subject,
        act=Act.DELETE_GROUP,
    )


def get_group(group_id: str, subject: str = "", purpose: Purpose = Purpose.VERIFY) -> Request:
    """Reads one group; one that is gone is answered 404, which is billed."""
    params = {"attributes": ",".join(GROUP_FACTS)}
    return Request(
        "GET",
        f"/groups/{guid(group_id)}",
        purpose,
        params=params,
        subject=subject,
        act=Act.READ_GROUPS,
    )


def find_groups(where: GroupFilter, subject: str = "") -> Request:
    """The first page of the groups a filter finds."""
    params = group_list_params(where)
    return Request(
        "GET", "/groups", Purpose.LOOKUP, params=params, subject=subject, act=Act.READ_GROUPS
    )


def group_list_params(where: GroupFilter | None) -> dict[str, str]:
    """Parameters of the fewest calls: 1,000 groups a page."""
    params = {"attributes": ",".join(GROUP_FACTS), "count": str(GROUP_PAGE)}
    return params if where is None else params | {"filter": where.text}


def add_members(group_id: str, members: Iterable[str], subject: str = "") -> list[Request]:
    """Adds members in the fewest calls: 20 each, nobody twice. Adding a member again is allowed."""
    unique = list({guid(member).lower(): None for member in members})
    packs = [unique[at : at + MOST_MEMBERS] for at in range(0, len(unique), MOST_MEMBERS)]
    return [
        _membership(group_id, addition(pack), Purpose.MEMBER_ADD, Intent.CHANGE, subject)
        for pack in packs
    ]


def remove_member(group_id: str, member: str, subject: str = "") -> Request:
    """Removes one member: Entra takes no more in one call.

    A 404 to it names the group, whatever is missing: make sure once that the group exists before
    taking it for "was no member".
    """
    return _membership(
        group_id, removal(member), Purpose.MEMBER_REMOVE, Intent.REMOVE_MEMBER, subject
    )


def is_member(group_id: str, user_id: str, subject: str = "") -> Request:
    """Asks with one call for one membership: a list of that user, or of nobody."""
    where = UserFilter.member_of(group_id) & UserFilter.object_id(user_id)
    return find_users(where, subject, attributes=("userName",), purpose=Purpose.VERIFY)


def _membership(
    group_id: str, body: dict[str, Any], purpose: Purpose, intent: Intent, subject: str
) -> Request:
    return Request(
        "PATCH",
        f"/groups/{guid(group_id)}",
        purpose,
        intent,
        body=body,
        subject=subject,
        act=Act.CHANGE_MEMBERS,
    )
