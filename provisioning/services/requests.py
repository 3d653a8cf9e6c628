"""The next request of an operation; only what is known for certain goes into it."""

from provisioning.adapters.journal import subject_of
from provisioning.domain.groups import DESCRIPTION, DISPLAY_NAME
from provisioning.domain.passwords import initial_password
from provisioning.models import Operation
from provisioning.scim.filters import ExternalIdFilter, GroupFilter, UserFilter
from provisioning.scim.groups import (
    GroupKind,
    add_members,
    change_group,
    create_group,
    delete_group,
    find_groups,
    get_group,
    remove_member,
)
from provisioning.scim.messages import Purpose, Request
from provisioning.scim.users import change_user, create_user, delete_user, find_users
from provisioning.services import outcomes
from provisioning.services.outcomes import changes_of, creates, looks_up
from tenants.models import Tenant

_KIND = Operation.Kind
_PURPOSES = {
    _KIND.UPDATE: Purpose.UPDATE,
    _KIND.ENABLE: Purpose.UPDATE,
    _KIND.ADOPT: Purpose.UPDATE,
    _KIND.TRANSFER: Purpose.UPDATE,
    _KIND.CREATE: Purpose.UPDATE,  # what a creation cannot carry
    _KIND.DISABLE: Purpose.DISABLE,
}


def request_of(tenant: Tenant, operation: Operation) -> Request:
    """The request to send next. Raises Refused for what Entra would refuse."""
    subject = subject_of(tenant, operation.key)
    if operation.on_group:
        return _group_request(operation, subject)
    if looks_up(operation):
        if outcomes.answered_duplicate(operation):
            return find_users(UserFilter.user_name(operation.user_name), subject)
        return find_users(ExternalIdFilter.equals(operation.key), subject)
    if creates(operation):
        return create_user(changes_of(operation), initial_password(), subject)
    if operation.target is None:
        raise RuntimeError(f"{operation} has no account to change.")  # is_stale has seen to it
    if operation.kind == _KIND.DELETE:
        return delete_user(operation.target.entra_id, subject)
    purpose = _PURPOSES[_KIND(operation.kind)]
    return change_user(operation.target.entra_id, changes_of(operation), purpose, subject)


def _group_request(operation: Operation, subject: str) -> Request:
    if operation.kind == _KIND.GROUP_CREATE:
        name = str(operation.after[DISPLAY_NAME])
        if looks_up(operation):
            return find_groups(GroupFilter.display_name(name), subject)
        return create_group(
            name,
            operation.user_name,
            kind=GroupKind(operation.group_kind),
            description=str(operation.after.get(DESCRIPTION) or ""),
            subject=subject,
        )
    if operation.group is None:
        raise RuntimeError(f"{operation} has no group to change.")  # is_stale has seen to it
    group = operation.group.entra_id
    if looks_up(operation):
        return get_group(group, subject)
    if operation.kind == _KIND.GROUP_CHANGE:
        return change_group(group, operation.after, subject)
    if operation.kind == _KIND.GROUP_DELETE:
        return delete_group(group, subject)
    members = [entra_id for _, entra_id in operation.members]
    if operation.kind == _KIND.MEMBER_REMOVE:
        return remove_member(group, members[0], subject)
    (request,) = add_members(group, members, subject)
    return request
