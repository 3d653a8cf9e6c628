"""The attributes of users and groups: names, types, mutability (fact sheet, 5 and 6).

One table serves validation, projection, PATCH paths and the documents at /schemas.
"""

from dataclasses import dataclass, field

from msp_portal.sandbox.errors import bad_path

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTRA_USER = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
ENTRA_GROUP = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:Group"
CUSTOM = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:CustomSecurityAttributes"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute definition (RFC 7643, 7)."""

    name: str
    type: str = "string"
    multi: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    required: bool = False
    case_exact: bool = False
    uniqueness: str = "none"
    values: tuple[str, ...] = ()
    sub: tuple["Attribute", ...] = ()
    index: dict[str, "Attribute"] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self.index.update({each.name.lower(): each for each in self.sub})


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema: a URN and its attributes by lower-case name."""

    urn: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]
    index: dict[str, Attribute] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self.index.update({each.name.lower(): each for each in self.attributes})


def _strings(names: str, mutability: str = "readWrite") -> tuple[Attribute, ...]:
    return tuple(Attribute(name, mutability=mutability) for name in names.split())


def _typed(name: str, *values: str, extra: tuple[Attribute, ...] = ()) -> Attribute:
    sub = (Attribute("value", required=True), Attribute("type", required=True, values=values))
    return Attribute(name, "complex", multi=True, sub=sub + extra)


_REFERENCE = (Attribute("value"),)
_COMMON = (
    Attribute("id", mutability="readOnly", returned="always", case_exact=True, uniqueness="server"),
    Attribute("schemas", multi=True, mutability="readOnly", returned="always", case_exact=True),
    Attribute("meta", "complex", mutability="readOnly", returned="always"),
)

_ADDRESS = Attribute(
    "addresses",
    "complex",
    multi=True,
    sub=(
        Attribute("type", required=True, values=("work",)),
        *_strings("country country/region locality postalCode region streetAddress"),
    ),
)

USER_SCHEMA = Schema(
    USER,
    "User",
    "User Account",
    (
        *_COMMON,
        Attribute("externalId", case_exact=True),
        Attribute("userName", required=True, uniqueness="server"),
        Attribute(
            "name",
            "complex",
            required=True,
            sub=(Attribute("familyName", required=True), Attribute("givenName", required=True)),
        ),
        Attribute("displayName", required=True),
        Attribute("active", "boolean", required=True),
        Attribute("password", mutability="writeOnly", returned="never", case_exact=True),
        *_strings("title userType preferredLanguage"),
        _typed("emails", "work", "other", extra=(Attribute("primary", "boolean"),)),
        _typed("phoneNumbers", "work", "mobile", "fax"),
        _typed("ims", "work"),
        _ADDRESS,
        Attribute("groups", "complex", True, "readOnly", "never", sub=_REFERENCE),
    ),
)

ENTERPRISE_SCHEMA = Schema(
    ENTERPRISE,
    "EnterpriseUser",
    "Enterprise User",
    (
        *_strings("costCenter department division employeeNumber organization"),
        Attribute("manager", "complex", sub=(Attribute("value", required=True),)),
    ),
)

ENTRA_USER_SCHEMA = Schema(
    ENTRA_USER,
    "MicrosoftEntraUser",
    "Microsoft Entra User",
    (
        *_strings("mailNickname officeLocation onPremisesImmutableId preferredDataLocation"),
        *_strings("usageLocation userType"),
        Attribute("employeeHireDate", "dateTime"),
        Attribute("employeeLeaveDateTime", "dateTime"),
        Attribute("passwordForceChangeOnNextSignIn", "boolean"),
        Attribute("passwordForceChangeOnNextSignInWithMFA", "boolean"),
        Attribute(
            "onPremisesExtensionAttributes",
            "complex",
            sub=_strings(" ".join(f"extensionAttribute{n}" for n in range(1, 16))),
        ),
        *_strings("creationType onPremisesDistinguishedName onPremisesDomainName", "readOnly"),
        *_strings("onPremisesSAMAccountName onPremisesSecurityIdentifier", "readOnly"),
        *_strings("onPremisesUserPrincipalName", "readOnly"),
        Attribute("lastPasswordChangeDateTime", "dateTime", mutability="readOnly"),
        Attribute("onPremisesSyncEnabled", "boolean", mutability="readOnly"),
        Attribute("proxyAddresses", multi=True, mutability="readOnly"),
        Attribute("ownedGroups", "complex", True, "readOnly", "never", sub=_REFERENCE),
    ),
)

GROUP_SCHEMA = Schema(
    GROUP,
    "Group",
    "Group",
    (
        *_COMMON,
        Attribute("displayName", required=True),
        Attribute("members", "complex", True, returned="never", sub=_REFERENCE),
    ),
)

ENTRA_GROUP_SCHEMA = Schema(
    ENTRA_GROUP,
    "MicrosoftEntraGroup",
    "Microsoft Entra Group",
    (
        *_strings("description mailNickname"),
        Attribute("mailEnabled", "boolean"),
        Attribute("securityEnabled", "boolean"),
        Attribute("groupTypes", multi=True),
        Attribute("expirationDateTime", "dateTime", mutability="readOnly"),
        *_strings("onPremisesSAMAccountName onPremisesSecurityIdentifier", "readOnly"),
        *_strings("securityIdentifier", "readOnly"),
        Attribute("onPremisesSyncEnabled", "boolean", mutability="readOnly"),
        Attribute("proxyAddresses", multi=True, mutability="readOnly"),
        Attribute("owners", "complex", True, "readOnly", "never", sub=_REFERENCE),
    ),
)


@dataclass(frozen=True, slots=True)
class ResourceSchemas:
    """What a resource consists of: a core schema, whose attributes lie on top, and extensions."""

    core: Schema
    extensions: dict[str, Schema]

    @property
    def urns(self) -> list[str]:
        """URNs of the core schema and its extensions."""
        return [self.core.urn, *(each.urn for each in self.extensions.values())]


def _resource(core: Schema, *extensions: Schema) -> ResourceSchemas:
    return ResourceSchemas(core, {each.urn.lower(): each for each in extensions})


USERS = _resource(USER_SCHEMA, ENTERPRISE_SCHEMA, ENTRA_USER_SCHEMA)
GROUPS = _resource(GROUP_SCHEMA, ENTRA_GROUP_SCHEMA)
ALL_SCHEMAS = (
    USER_SCHEMA,
    ENTERPRISE_SCHEMA,
    ENTRA_USER_SCHEMA,
    GROUP_SCHEMA,
    ENTRA_GROUP_SCHEMA,
)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a name points: an extension or the core, an attribute of it, a part of that.

    `attribute` is None for an extension as a whole.
    """

    urn: str | None
    attribute: Attribute | None = None
    sub: Attribute | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that lead to the value in a resource."""
        names = (self.urn, self.attribute and self.attribute.name, self.sub and self.sub.name)
        return tuple(name for name in names if name)


class UndefinedCustom(Exception):
    """A custom security attribute, or set of them, that the directory does not define."""


def locate(kind: ResourceSchemas, text: str) -> Location:
    """What `text` names: `name.givenName`, `<urn>:department`, `<urn>`; ScimError 400 otherwise."""
    lowered = text.lower()
    if lowered in kind.extensions:
        return Location(kind.extensions[lowered].urn)
    schema, rest = _split_urn(kind, text)
    name, _, part = rest.partition(".")
    attribute = schema.index.get(name.lower())
    sub = attribute.index.get(part.lower()) if attribute and part else None
    if attribute is None or (part and sub is None):
        if schema.urn == CUSTOM:
            raise UndefinedCustom(text)
        raise bad_path(f"Attribute '{text}' is not defined in any schema of this resource.")
    return Location(None if schema is kind.core else schema.urn, attribute, sub)


def _split_urn(kind: ResourceSchemas, text: str) -> tuple[Schema, str]:
    lowered = text.lower()
    for schema in (kind.core, *kind.extensions.values()):
        if lowered.startswith(schema.urn.lower() + ":"):
            return schema, text[len(schema.urn) + 1 :]
    return kind.core, text
