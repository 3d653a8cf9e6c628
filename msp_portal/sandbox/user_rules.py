"""What must hold for a user as a whole: names, domains, password, manager (fact sheet, 5)."""

import re
from typing import Any

from msp_portal.sandbox.directory import folded_name, manager_of
from msp_portal.sandbox.errors import ScimError, bad_value
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.schemas import ENTERPRISE, ENTRA_USER
from msp_portal.sandbox.tenants import Tenant
from msp_portal.sandbox.values import is_proxy_row

DAY = 86400
_CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
_NICK = re.compile(r"[^\s@()\\\[\]\";:<>,]{1,64}")


def check_required(resource: Json) -> None:
    """The attributes a user cannot be without; ScimError 400 names the first one missing."""
    name = resource.get("name", {})
    present = {
        "userName": resource.get("userName"),
        "name.familyName": name.get("familyName"),
        "name.givenName": name.get("givenName"),
        "displayName": resource.get("displayName"),
        "active": resource.get("active"),
    }
    for attribute, value in present.items():
        if value is None:
            raise bad_value(f"Required attribute '{attribute}' is missing.")


def check_user_name(tenant: Tenant, resource: Json) -> str | None:
    """Shape and domain of userName; gives the domain's kind (None: not verified, not enforced)."""
    local, at, domain = resource["userName"].rpartition("@")
    enforced = tenant.switches.verified_domains_enforced
    if not at and not enforced and not re.search(r"\s", domain):
        return None
    if not at or not local or not domain or re.search(r"\s", resource["userName"]):
        raise bad_value(
            "Property userPrincipalName is invalid: it must have the form alias@domain."
        )
    kind = tenant.domain_kind(domain.lower())
    if kind is None and enforced:
        raise bad_value(
            "The domain portion of the userPrincipalName property is invalid. You must use one of "
            f"the verified domain names in your organization; '{domain}' is not one of them."
        )
    return kind


def check_password(tenant: Tenant, password: Any, domain_kind: str | None) -> bool:
    """Whether the new user has a password; ScimError 400 when it is missing or too weak."""
    if password is None:
        if domain_kind == "managed":
            raise bad_value(
                "Required attribute 'password' is missing: the domain of userName is managed."
            )
        return False
    if tenant.switches.password_policy and not _strong(password):
        raise bad_value(
            "The specified password does not comply with password complexity requirements. Please "
            "provide a different password."
        )
    return True


def _strong(password: str) -> bool:
    classes = sum(1 for pattern in _CLASSES if re.search(pattern, password))
    return 8 <= len(password) <= 256 and classes >= 3


def check_unique(tenant: Tenant, resource: Json, now: float) -> None:
    """userName is unique without case, also among the recently deleted; 409 or 400 by switch."""
    kept = tenant.switches.soft_delete_days * DAY
    folded = folded_name(resource) or ""
    if tenant.directory.name_taken(folded, resource["id"], now, kept):
        raise _duplicate(tenant, "userPrincipalName")


def check_addresses(tenant: Tenant, resource: Json, before: Json) -> None:
    """No new userName or mail may be a proxy address of somebody else; 409 or 400 by switch."""
    for address in _addresses(resource) - _addresses(before):
        if any(each != resource["id"] for each in tenant.directory.by_proxy.get(address)):
            raise _duplicate(tenant, "proxyAddresses")


def _addresses(resource: Json) -> set[str]:
    rows = [row for row in resource.get("emails", ()) if row.get("type") == "work"]
    mails = [row["value"] for row in rows if not is_proxy_row(row)]
    return {each.casefold() for each in (resource.get("userName", ""), *mails)}


def _duplicate(tenant: Tenant, name: str) -> ScimError:
    status = tenant.switches.duplicate_status
    return ScimError(
        status,
        f"Another object with the same value for property {name} already exists.",
        "uniqueness" if status == 409 else None,
    )


def check_new_manager(tenant: Tenant, resource: Json) -> None:
    """Whether a creation may name a manager is a switch; who is named must exist."""
    if manager_of(resource) is not None and not tenant.switches.manager_at_creation:
        raise bad_value("The manager cannot be set when a user is created.")
    check_manager(tenant, resource)


def check_manager(tenant: Tenant, resource: Json) -> None:
    """The manager must be a user of the directory."""
    manager = manager_of(resource)
    if manager is None:
        return
    if manager not in tenant.directory.users.by_id:
        raise bad_value(
            f"Resource '{manager}' does not exist or one of its queried reference-property "
            "objects are not present."
        )


def settle(tenant: Tenant, resource: Json) -> None:
    """Bring what was written into the form the directory keeps: nickname, ids, country."""
    extension = resource.get(ENTRA_USER, {})
    nick = extension.get("mailNickname")
    if nick is not None and not _NICK.fullmatch(nick):
        raise bad_value("Invalid value specified for property 'mailNickname' of resource 'User'.")
    manager = resource.get(ENTERPRISE, {}).get("manager")
    if manager and isinstance(manager.get("value"), str):
        manager["value"] = manager["value"].lower()
    chosen = tenant.switches.country_attribute
    for row in resource.get("addresses", ()):
        for name in ("country", "country/region"):
            if name != chosen and name in row:
                row[chosen] = row.pop(name)


def derive_nickname(tenant: Tenant, resource: Json) -> None:
    """mailNickname from userName when it was not given (a switch makes it required)."""
    extension = resource.setdefault(ENTRA_USER, {})
    if not extension.get("mailNickname"):
        if tenant.switches.mail_nickname_required:
            raise bad_value("Required attribute 'mailNickname' is missing.")
        extension["mailNickname"] = resource["userName"].partition("@")[0]
