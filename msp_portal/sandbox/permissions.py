"""Which application permissions a call needs (fact sheet, 7)."""

from msp_portal.sandbox.errors import ScimError
from msp_portal.sandbox.patch import Target

_USER_READ = {"User.Read.All", "User.ReadWrite.All"}
_GROUP_READ = {"Group.Read.All", "Group.ReadWrite.All"}
_NEEDED: dict[str, set[str]] = {
    "user_read": _USER_READ,
    "user_create": {"User.Create", "User.ReadWrite.All"},
    "user_delete": {"User.ReadWrite.All"},
    "group_read": _GROUP_READ,
    "group_create": {"Group.Create", "Group.ReadWrite.All"},
    "group_members": {"GroupMember.ReadWrite.All", "Group.ReadWrite.All"},
    "group_write": {"Group.ReadWrite.All"},
}
_USER_UPDATE = {"User.ReadUpdate.All", "User.ReadWrite.All"}


def _refused() -> ScimError:
    return ScimError(
        403, "InsufficientPrivileges: insufficient privileges to complete the operation."
    )


def require(roles: frozenset[str], need: str) -> None:
    """ScimError 403 unless one of the permissions for `need` is granted."""
    if not roles & _NEEDED[need]:
        raise _refused()


def require_discovery(roles: frozenset[str]) -> None:
    """Discovery needs to read users and groups."""
    if not (roles & _USER_READ and roles & _GROUP_READ):
        raise _refused()


def user_read_is_basic(roles: frozenset[str]) -> bool:
    """Whether only basic properties of users may be read; ScimError 403 when nothing may."""
    if roles & _USER_READ:
        return False
    if "User.ReadBasic.All" not in roles:
        raise _refused()
    return True


def require_user_update(roles: frozenset[str], targets: list[Target]) -> None:
    """An update needs a general permission, or a narrow one for each attribute it touches."""
    if roles & _USER_UPDATE:
        return
    if not all(_narrow(target) in roles for target in targets):
        raise _refused()


def _narrow(target: Target) -> str:
    attribute = target.location.attribute
    match (attribute.name if attribute else "", target.type):
        case ("emails", "other"):
            return "User-Mail.ReadWrite.All"
        case ("phoneNumbers", "mobile" | "work"):
            return "User-Phone.ReadWrite.All"
        case ("active", _):
            return "User.EnableDisableAccount.All"
        case ("employeeLeaveDateTime", _):
            return "User-LifeCycleInfo.ReadWrite.All"
    return "User.ReadWrite.All"
