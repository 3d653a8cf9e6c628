"""The SCIM attributes of Entra users, under the paths the portal uses for them.

Rules are those of Microsoft's SCIM reference for Entra; lengths are those of the Microsoft Graph
user resource, which holds the same properties. `password` is missing: the portal makes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["string", "boolean", "integer", "dateTime", "reference"]
StateValue: TypeAlias = str | bool | int | Sequence[str] | Sequence[int]
"""A value of an attribute as JSON holds it; a list is never empty."""

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"

CUSTOM = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:CustomSecurityAttributes"

USER_NAME = "userName"
EXTERNAL_ID = "externalId"
ACTIVE = "active"
MAIL_NICKNAME = f"{ENTRA}:mailNickname"
MANAGER = f"{ENTERPRISE}:manager.value"


def is_custom(path: str) -> bool:
    """Whether a path is that of a custom security attribute (`<urn>:Set.Attribute`)."""
    return path.startswith(CUSTOM)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a user: `mutable` if a profile may map it, `required` for an account.

    `entra` is the property's name in Entra; `max_length` counts characters; `read_only` if Entra
    refuses to have it written; `many` if its value is a list.
    """

    path: str
    kind: Kind
    label: str
    entra: str
    mutable: bool = True
    required: bool = False
    note: str = ""
    max_length: int | None = None
    read_only: bool = False
    many: bool = False


_CORE = (
    Attribute(
        USER_NAME,
        "string",
        "User name",
        "userPrincipalName",
        required=True,
        note="local@domain; the domain must be verified in the tenant. Unique without case.",
        max_length=113,
    ),
    Attribute(
        EXTERNAL_ID,
        "string",
        "External id",
        "crossDomainData.scim.v2.externalId",
        mutable=False,
        note="Always the record's key: the portal sets it.",
    ),
    Attribute(ACTIVE, "boolean", "Active", "accountEnabled", note="True when no rule is given."),
    Attribute(
        "displayName", "string", "Display name", "displayName", required=True, max_length=256
    ),
    Attribute("name.givenName", "string", "First name", "givenName", required=True, max_length=64),
    Attribute("name.familyName", "string", "Last name", "surname", required=True, max_length=64),
    Attribute("title", "string", "Job title", "jobTitle", max_length=128),
    Attribute(
        "userType",
        "string",
        "Employee type",
        "employeeType",
        note="Entra's employeeType; Member or Guest is the Entra extension's userType.",
    ),
    Attribute(
        "preferredLanguage",
        "string",
        "Preferred language",
        "preferredLanguage",
        note="A single language, such as de-DE.",
    ),
)


_MAIL = (
    Attribute(
        'emails[type eq "work"].value', "string", "E-mail", "mail", note="One address, the primary."
    ),
    Attribute(
        'emails[type eq "other"].value',
        "string",
        "Other e-mails",
        "otherMails",
        many=True,
        note="A list; an expression such as Split gives several values.",
    ),
    Attribute(
        'emails[type eq "proxyAddress"].value',
        "string",
        "Proxy addresses",
        "proxyAddresses",
        mutable=False,
        read_only=True,
        many=True,
        note="Read-only.",
    ),
    Attribute(
        'ims[type eq "work"].value',
        "string",
        "Instant messaging",
        "imAddresses",
        many=True,
        note="A list; an expression such as Split gives several values.",
    ),
)


def _contact() -> Iterator[Attribute]:
    yield from _MAIL
    for kind, label, entra, length in (
        ("work", "Work phone", "businessPhones", None),
        ("mobile", "Mobile phone", "mobilePhone", 64),
        ("fax", "Fax", "faxNumber", None),
    ):
        path = f'phoneNumbers[type eq "{kind}"].value'
        yield Attribute(path, "string", label, entra, note="One number.", max_length=length)
    for part, label, entra, limit in (
        ("streetAddress", "Street", "streetAddress", 1024),
        ("locality", "City", "city", 128),
        ("region", "State or region", "state", 128),
        ("postalCode", "Postal code", "postalCode", 40),
        ("country", "Country", "country", 128),
    ):
        yield Attribute(
            f'addresses[type eq "work"].{part}',
            "string",
            label,
            entra,
            note="Part of the one work address.",
            max_length=limit,
        )


def _enterprise() -> Iterator[Attribute]:
    for name, label, entra, limit in (
        ("employeeNumber", "Employee number", "employeeId", 16),
        ("department", "Department", "department", 64),
        ("division", "Division", "employeeOrgData.division", None),
        ("costCenter", "Cost centre", "employeeOrgData.costCenter", None),
        ("organization", "Company", "companyName", 64),
    ):
        yield Attribute(f"{ENTERPRISE}:{name}", "string", label, entra, max_length=limit)
    yield Attribute(
        MANAGER,
        "reference",
        "Manager",
        "manager",
        note="The portal finds the manager's account by it.",
        max_length=255,
    )


def _entra() -> Iterator[Attribute]:
    yield Attribute(
        MAIL_NICKNAME,
        "string",
        "Mail nickname",
        "mailNickname",
        required=True,
        note='At most 64 characters, without spaces and @()\\[]";:<>, . It can never be removed.',
        max_length=64,
    )
    yield Attribute(
        f"{ENTRA}:usageLocation",
        "string",
        "Usage location",
        "usageLocation",
        note="Two-letter country code; licences need it.",
    )
    for name, label, limit in (
        ("officeLocation", "Office location", None),
        ("preferredDataLocation", "Preferred data location", None),
    ):
        yield Attribute(f"{ENTRA}:{name}", "string", label, name, max_length=limit)
    yield Attribute(
        f"{ENTRA}:userType",
        "string",
        "Member or guest",
        "userType",
        note="Member or Guest; the employee type is the core userType.",
    )
    yield Attribute(f"{ENTRA}:employeeHireDate", "dateTime", "Hire date", "employeeHireDate")
    yield Attribute(
        f"{ENTRA}:employeeLeaveDateTime", "dateTime", "Leave date", "employeeLeaveDateTime"
    )
    for number in range(1, 16):
        name = f"onPremisesExtensionAttributes.extensionAttribute{number}"
        yield Attribute(
            f"{ENTRA}:{name}", "string", f"Extension attribute {number}", name, max_length=1024
        )


# What a profile cannot write: (name, kind, label, note).
_ENTRA_READ_ONLY: tuple[tuple[str, Kind, str, str], ...] = (
    ("creationType", "string", "Creation type", "Read-only."),
    ("lastPasswordChangeDateTime", "dateTime", "Last password change", "Read-only."),
    ("onPremisesDistinguishedName", "string", "On-premises distinguished name", "Read-only."),
    ("onPremisesDomainName", "string", "On-premises domain", "Read-only."),
    (
        "onPremisesImmutableId",
        "string",
        "On-premises immutable id",
        "It ties an account to an on-premises directory; the portal never writes it.",
    ),
    ("onPremisesSAMAccountName", "string", "On-premises account name", "Read-only."),
    ("onPremisesSecurityIdentifier", "string", "On-premises security id", "Read-only."),
    ("onPremisesSyncEnabled", "boolean", "Synchronised from on-premises", "Read-only."),
    ("onPremisesUserPrincipalName", "string", "On-premises user name", "Read-only."),
    ("proxyAddresses", "string", "Proxy addresses (extension)", "Read-only."),
    (
        "passwordForceChangeOnNextSignIn",
        "boolean",
        "Change password at next sign-in",
        "The portal sets it when it creates an account.",
    ),
    (
        "passwordForceChangeOnNextSignInWithMFA",
        "boolean",
        "Change password at next sign-in, with MFA",
        "The portal does not set it.",
    ),
)


def _read_only() -> Iterator[Attribute]:
    for name, kind, label, note in _ENTRA_READ_ONLY:
        read_only = not name.startswith("passwordForceChange")
        yield Attribute(
            f"{ENTRA}:{name}", kind, label, name, mutable=False, note=note, read_only=read_only
        )


CATALOGUE: Mapping[str, Attribute] = MappingProxyType(
    {
        attribute.path: attribute
        for part in (_CORE, _contact(), _enterprise(), _entra(), _read_only())
        for attribute in part
    }
)
"""Every attribute by its path, in the order in which pages list them."""

REQUIRED: tuple[str, ...] = tuple(path for path, each in CATALOGUE.items() if each.required)
"""What a profile must map, so that an account can be created."""
