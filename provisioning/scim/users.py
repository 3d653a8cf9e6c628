"""Requests about users."""

from collections.abc import Iterable, Mapping, Sequence

from provisioning.domain.attributes import ACTIVE, MANAGER, REQUIRED, is_custom
from provisioning.domain.permissions import Act
from provisioning.domain.retry import Intent
from provisioning.scim.changes import Changes, user_patch
from provisioning.scim.filters import ExternalIdFilter, UserFilter
from provisioning.scim.messages import Purpose, Request
from provisioning.scim.refusals import Refused, guid
from provisioning.scim.resources import user_resource
from provisioning.scim.urns import CUSTOM_SECURITY, ENTERPRISE_USER, ENTRA_USER

# Entra's page without a count, and the largest it gives; the latter only without the manager.
PAGE_WITH_MANAGER, PAGE = 100, 999
# What matching, adoption and protection need to know of an account.
INVENTORY = (
    "userName",
    "externalId",
    "active",
    "displayName",
    f"{ENTRA_USER}:onPremisesSyncEnabled",
    f"{ENTRA_USER}:userType",
    f"{ENTRA_USER}:mailNickname",
)
WHO = ("userName", "externalId", "active", "displayName")


def create_user(
    state: Changes, password: str, subject: str, purpose: Purpose = Purpose.CREATE
) -> Request:
    """Creates a user; the password is made for this request only. Raises Refused."""
    missing = [path for path in (*REQUIRED, ACTIVE) if state.get(path) in (None, "")]
    if missing:
        raise Refused(f"Entra creates no user without {', '.join(missing)}.")
    if not password:
        raise Refused("Entra creates no user without a password.")
    body = user_resource(state, password)
    return Request(
        "POST", "/users", purpose, Intent.CREATE, body=body, subject=subject, act=Act.CREATE_USER
    )


def change_user(entra_id: str, changes: Changes, purpose: Purpose, subject: str) -> Request:
    """Changes any number of attributes of one user in one call. Raises Refused."""
    custom = any(map(is_custom, changes))
    return Request(
        "PATCH",
        f"/users/{guid(entra_id)}",
        purpose,
        Intent.CHANGE,
        body=user_patch(changes),
        subject=subject,
        act=Act.WRITE_CUSTOM if custom else Act.CHANGE_USER,
        attributes=tuple(changes),
    )


def delete_user(entra_id: str, subject: str) -> Request:
    """Deletes a user; its name stays taken for 30 days."""
    return Request(
        "DELETE",
        f"/users/{guid(entra_id)}",
        Purpose.DELETE,
        Intent.REMOVE,
        subject=subject,
        act=Act.DELETE_USER,
    )


def get_user(
    entra_id: str, attributes: Sequence[str], subject: str, purpose: Purpose = Purpose.VERIFY
) -> Request:
    """Reads one user; a user that is gone is answered 404, which is billed."""
    params = {"attributes": projection(attributes)}
    return Request(
        "GET",
        f"/users/{guid(entra_id)}",
        purpose,
        params=params,
        subject=subject,
        act=act_of(params),
    )


def find_users(
    where: UserFilter | ExternalIdFilter,
    subject: str = "",
    *,
    attributes: Sequence[str] = WHO,
    purpose: Purpose = Purpose.LOOKUP,
) -> Request:
    """The first page of the users a filter finds."""
    params = list_params(where, attributes)
    return Request("GET", "/users", purpose, params=params, subject=subject, act=act_of(params))


def list_params(
    where: UserFilter | ExternalIdFilter | None, attributes: Sequence[str]
) -> dict[str, str]:
    """Parameters of the fewest calls: 999 a page, unless the manager is asked for (then 100).

    With the manager Entra takes a larger count for 100 without a word.
    """
    params = {"attributes": projection(attributes)}
    if not any(wants_manager(path) for path in attributes):
        params["count"] = str(PAGE)
    if where is not None:
        params["filter"] = where.text
    return params


def wants_manager(path: str) -> bool:
    """Whether a projection by this path brings the manager, also as part of its whole extension."""
    folded = path.lower()
    manager = MANAGER.removesuffix(".value").lower()
    return folded == ENTERPRISE_USER.lower() or folded.split(".value")[0] == manager


def names_of(paths: Iterable[str]) -> tuple[str, ...]:
    """What to project to read these canonical paths: a typed one by its whole list.

    A custom security attribute is read by its set.
    """
    return tuple(
        dict.fromkeys(
            path.rpartition(".")[0] if is_custom(path) else path.split("[")[0] for path in paths
        )
    )


def projection(paths: Sequence[str]) -> str:
    """Value of the `attributes` parameter; raises Refused for none: everything costs most."""
    if not paths:
        raise Refused("Name the attributes to read.")
    if CUSTOM_SECURITY in paths:
        raise Refused("Custom security attributes are read by set: add the set's name.")
    return ",".join(paths)


def act_of(params: Mapping[str, str]) -> Act:
    """What reading users by these parameters needs permission for."""
    return Act.READ_CUSTOM if CUSTOM_SECURITY in params["attributes"] else Act.READ_USERS
