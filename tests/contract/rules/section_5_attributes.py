"""Rows of section 5: the attributes of users, one by one, and what a deletion takes along."""

from typing import Any

from tests.contract.rules.checks import ABSENT, Items
from tests.contract.rules.rows import (
    ADA,
    BEA,
    BOSS,
    NOBODY,
    READERS,
    Json,
    Row,
    add,
    delete,
    found,
    get,
    patch,
    person,
    post,
    replace,
    row,
    team,
)
from tests.contract.sandbox.helpers import ENTERPRISE, ENTRA, user_body

_WORK = {"type": "work", "primary": True, "value": "ada@fabled.example"}
_OTHER = {"type": "other", "value": "ada@home.example"}
_PROXY = {"type": "work", "primary": False, "value": "old@fabled.example"}
_ADDRESS = {
    "type": "work",
    "country": "NL",
    "locality": "Delft",
    "postalCode": "2611",
    "region": "ZH",
    "streetAddress": "Markt 1",
}
_READ_ONLY = [
    "creationType",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesSAMAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "lastPasswordChangeDateTime",
    "proxyAddresses",
    "ownedGroups",
]
_WRITABLE = [
    "employeeHireDate",
    "employeeLeaveDateTime",
    "mailNickname",
    "officeLocation",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "passwordForceChangeOnNextSignIn",
    "passwordForceChangeOnNextSignInWithMFA",
    "preferredDataLocation",
    "usageLocation",
    "userType",
]
_EXTENSIONS = [f"extensionAttribute{n}" for n in range(1, 16)]


def _kept(rule: str, what: str, **attributes: Any) -> Row:
    """Taken at creation and shown as it was given."""
    created = post("/users", user_body(**attributes), shows=attributes, keep={"new": "id"})
    return row(rule, what, created, get("/users/{new}", shows=attributes), people=[person("boss")])


def _refused(rule: str, what: str, **attributes: Any) -> Row:
    return row(rule, what, post("/users", user_body(**attributes), 400))


def _country(shown: str) -> list[Any]:
    other = "country" if shown == "country/region" else "country/region"
    return [
        post(
            "/users",
            user_body(name, addresses=[{"type": "work", given: "NL"}]),
            shows={"addresses": [{shown: "NL", other: ABSENT}]},
        )
        for name, given in (("ada", "country"), ("bea", "country/region"))
    ]


_WITH_PROXY: Json = {"people": [person("ada", emails=[_WORK, _PROXY])]}
_MEMBER: Json = {
    "people": [person("ada"), person("bea", **{ENTERPRISE: {"manager": {"value": ADA}}})],
    "groups": [team("Readers", ADA, BEA)],
}

ROWS: list[Row] = [
    _kept("5.20", "false", active=False),
    _refused("5.20", "text", active="false"),
    _refused("5.20", "number", active=1),
    _kept("5.21", "all of it", addresses=[_ADDRESS]),
    _refused("5.21", "two", addresses=[_ADDRESS, _ADDRESS]),
    _refused("5.21", "home", addresses=[{**_ADDRESS, "type": "home"}]),
    _refused("5.21", "no type", addresses=[{"country": "NL"}]),
    _refused("5.21", "other part", addresses=[{**_ADDRESS, "formatted": "x"}]),
    row("5.22", "country", *_country("country")),
    row(
        "5.22",
        "country/region",
        *_country("country/region"),
        switches={"country_attribute": "country/region"},
    ),
    _kept(
        "5.23", "all four", displayName="A", title="B", userName="c@fabled.example", userType="D"
    ),
    *(
        _refused("5.23", f"{name} as a list", **{name: ["x@fabled.example"]})
        for name in ("displayName", "title", "userName", "userType")
    ),
    _kept("5.24", "one", emails=[_WORK]),
    _refused("5.24", "two", emails=[_WORK, {**_WORK, "value": "b@fabled.example"}]),
    _refused("5.24", "home", emails=[{**_WORK, "type": "home"}]),
    _kept("5.25", "two", emails=[_OTHER, {**_OTHER, "value": "b@home.example"}]),
    _refused("5.26", "typed", emails=[{"type": "proxyAddress", "value": "a@fabled.example"}]),
    _refused("5.26", "as shown", emails=[_PROXY]),
    _refused("5.26", "in the extension", **{ENTRA: {"proxyAddresses": ["smtp:a@fabled.example"]}}),
    *(
        row(
            "5.26",
            f"by PATCH: {operation['path']}",
            patch(f"/users/{ADA}", operation, status=400),
            **_WITH_PROXY,
        )
        for operation in (
            replace('emails[type eq "proxyAddress"].value', "a@fabled.example"),
            add("emails", [_PROXY]),
            replace(f"{ENTRA}:proxyAddresses", ["smtp:a@fabled.example"]),
        )
    ),
    row("5.27", "shown", get(f"/users/{ADA}", shows={"emails": [_WORK, _PROXY]}), **_WITH_PROXY),
    row(
        "5.27",
        "stays",
        patch(f"/users/{ADA}", replace("emails", [_OTHER])),
        get(f"/users/{ADA}", shows={"emails": [_OTHER, _PROXY]}),
        **_WITH_PROXY,
    ),
    row(
        "5.28",
        "never returned",
        get(f"/users/{ADA}", shows={"groups": ABSENT}),
        get(f"/users/{ADA}", query={"attributes": "groups"}, shows={"groups": ABSENT}),
        found("/users", f'groups.value eq "{READERS}"', ADA, BEA),
        **_MEMBER,
    ),
    row(
        "5.28",
        "never written",
        post("/users", user_body(groups=[{"value": READERS}]), 400),
        patch(f"/users/{ADA}", replace("groups", [{"value": READERS}]), status=400),
        **_MEMBER,
    ),
    _kept("5.29", "work", ims=[{"type": "work", "value": "sip:ada@fabled.example"}]),
    _refused("5.29", "other", ims=[{"type": "skype", "value": "ada"}]),
    _kept("5.30", "both", name={"familyName": "A", "givenName": "B"}),
    _refused("5.30", "formatted", name={"familyName": "A", "givenName": "B", "formatted": "B A"}),
    _kept(
        "5.31",
        "one each",
        phoneNumbers=[{"type": kind, "value": kind} for kind in ("fax", "mobile", "work")],
    ),
    *(
        _refused("5.31", f"two {kind}", phoneNumbers=[{"type": kind, "value": "1"}] * 2)
        for kind in ("fax", "mobile", "work")
    ),
    _refused("5.31", "home", phoneNumbers=[{"type": "home", "value": "1"}]),
    _kept("5.32", "one", preferredLanguage="nl-NL"),
    _refused("5.32", "several", preferredLanguage="nl-NL,en;q=0.5"),
    row(
        "5.33",
        "kept as it is, not unique",
        post("/users", user_body("ada", externalId="0042Ab"), shows={"externalId": "0042Ab"}),
        post("/users", user_body("bea", externalId="0042Ab")),
        get("/users", query={"filter": 'externalId eq "0042Ab"'}, shows={"resources": [{}, {}]}),
        get("/users", query={"filter": 'externalId eq "0042AB"'}, shows={"resources": []}),
    ),
    _kept(
        "5.34",
        "all of them",
        **{
            ENTERPRISE: {
                "costCenter": "1",
                "department": "2",
                "division": "3",
                "employeeNumber": "4",
                "organization": "5",
                "manager": {"value": BOSS},
            }
        },
    ),
    _refused("5.34", "another", **{ENTERPRISE: {"section": "x"}}),
    row(
        "5.35",
        "nobody",
        post("/users", user_body(**{ENTERPRISE: {"manager": {"value": NOBODY}}}), 400),
        patch(f"/users/{BEA}", replace(f"{ENTERPRISE}:manager", {"value": NOBODY}), status=400),
        **_MEMBER,
    ),
    row(
        "5.35",
        "a group",
        patch(f"/users/{BEA}", replace(f"{ENTERPRISE}:manager", {"value": READERS}), status=400),
        **_MEMBER,
    ),
    row(
        "5.36",
        "the schema",
        get(
            f"/schemas/{ENTRA}",
            shows={"attributes": Items("name", frozenset(_READ_ONLY + _WRITABLE))},
        ),
    ),
    _kept(
        "5.36",
        "what can be written",
        **{
            ENTRA: {
                "employeeHireDate": "2026-01-01T00:00:00Z",
                "employeeLeaveDateTime": "2027-01-01T00:00:00Z",
                "officeLocation": "1",
                "onPremisesImmutableId": "2",
                "preferredDataLocation": "EUR",
                "usageLocation": "NL",
                "userType": "Member",
            }
        },
    ),
    *(_refused("5.36", f"read-only {name}", **{ENTRA: {name: "x"}}) for name in _READ_ONLY),
    _refused("5.36", "another", **{ENTRA: {"shoeSize": "42"}}),
    _kept(
        "5.37",
        "all 15",
        **{ENTRA: {"onPremisesExtensionAttributes": dict.fromkeys(_EXTENSIONS, "x")}},
    ),
    _refused(
        "5.37", "16", **{ENTRA: {"onPremisesExtensionAttributes": {"extensionAttribute16": "x"}}}
    ),
    row(
        "5.84",
        "no member, no manager, no way back",
        delete(f"/users/{ADA}"),
        found("/users", f'groups.value eq "{READERS}"', BEA),
        get(f"/users/{BEA}", shows={ENTERPRISE: ABSENT}),
        post(f"/users/{ADA}/restore", {}, 404),
        get("/users/deleted", 400),
        **_MEMBER,
    ),
    row(
        "5.84",
        "also without soft deletion",
        delete(f"/users/{ADA}"),
        found("/groups", f'members.value eq "{ADA}"'),
        **_MEMBER,
        switches={"soft_delete_days": 0},
    ),
    row(
        "5.84",
        "another of the same name is another",
        delete(f"/users/{ADA}"),
        post("/users", user_body("ada"), keep={"new": "id"}),
        found("/groups", 'members.value eq "{new}"'),
        **_MEMBER,
        switches={"soft_delete_days": 0},
    ),
]
