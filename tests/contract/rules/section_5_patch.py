"""Rows of section 5: PATCH of users."""

from typing import Any

from tests.contract.rules.checks import ABSENT, Exactly
from tests.contract.rules.rows import (
    ADA,
    BOSS,
    NOBODY,
    Ask,
    Json,
    Row,
    add,
    get,
    patch,
    person,
    remove,
    replace,
    row,
    usage,
)
from tests.contract.sandbox.helpers import ENTERPRISE, ENTRA, PATCH_OP, USER

_WORK = {"type": "work", "primary": True, "value": "ada@fabled.example"}
_OTHER = {"type": "other", "value": "ada@home.example"}
_MAIL = 'emails[type eq "work" and primary eq true].value'
_ADDRESS = {"type": "work", "country": "NL", "locality": "Delft"}
_MANAGER = f"{ENTERPRISE}:manager"
_ME = f"/users/{ADA}"
_HERE: Json = {
    "people": [
        person("boss"),
        person("ada", title="Lady", emails=[_WORK, _OTHER], addresses=[_ADDRESS]),
    ]
}


def _done(rule: str, what: str, operation: Json, **shows: Any) -> Row:
    return row(rule, what, patch(_ME, operation), get(_ME, shows=shows), **_HERE)


def _refused(rule: str, what: str, operation: Json, detail: str = "", **shows: Any) -> Row:
    """Refused, together with the good operation before it."""
    both = patch(_ME, replace("displayName", "x"), operation, status=400, detail=detail)
    return row(rule, what, both, get(_ME, shows={"displayName": "Ada", **shows}), **_HERE)


def _body(what: str, body: Json) -> Row:
    return row("5.51", what, Ask(method="PATCH", path=_ME, body=body, status=400), **_HERE)


_THREE = [replace("title", "A"), replace(f"{ENTERPRISE}:department", "B"), replace("active", False)]

ROWS: list[Row] = [
    _done(
        "5.50",
        "the work address",
        replace('addresses[type eq "work"].locality', "Breda"),
        addresses=[{"type": "work", "country": "NL", "locality": "Breda"}],
    ),
    _done(
        "5.50",
        "a part removed",
        remove('addresses[type eq "work"].locality'),
        addresses=[{"type": "work", "country": "NL", "locality": ABSENT}],
    ),
    _done("5.50", "the address removed", remove('addresses[type eq "work"]'), addresses=ABSENT),
    *(
        _refused(
            "5.50", selector, replace(f"addresses[{selector}].locality", "x"), addresses=[_ADDRESS]
        )
        for selector in (
            'type eq "home"',
            'type ne "work"',
            'country eq "NL"',
            'type eq "work" and primary eq true',
            "primary eq true",
        )
    ),
    row(
        "5.51",
        "three attributes, one call",
        patch(_ME, *_THREE),
        usage(requests=1, billable=1),
        get(_ME, shows={"title": "A", ENTERPRISE: {"department": "B"}, "active": False}),
        **_HERE,
    ),
    _done(
        "5.51",
        "without a path",
        {"op": "replace", "value": {"title": "A", "name": {"givenName": "B"}}},
        title="A",
        name={"familyName": "Byron", "givenName": "B"},
    ),
    _done("5.51", "add", add("title", "A"), title="A"),
    _done("5.51", "remove", remove("title"), title=ABSENT),
    _done("5.51", "null", replace("title", None), title=ABSENT),
    _done("5.51", "without case", {"op": "Replace", "path": "TITLE", "value": "A"}, title="A"),
    _done(
        "5.51",
        "a part of the name as an object",
        replace("name", {"givenName": "A"}),
        name={"familyName": "Byron", "givenName": "A"},
    ),
    _done("5.51", "all addresses", remove("emails"), emails=ABSENT),
    _done("5.51", "new addresses", replace("emails", [_WORK]), emails=[_WORK]),
    _done(
        "5.51",
        "one more address",
        add('emails[type eq "other"].value', "b@home.example"),
        emails=[_WORK, _OTHER, {"type": "other", "value": "b@home.example"}],
    ),
    _done(
        "5.51",
        "a first phone",
        replace('phoneNumbers[type eq "mobile"].value', "+31 6"),
        phoneNumbers=[{"type": "mobile", "value": "+31 6"}],
    ),
    *(
        _refused("5.51", f"{path} as {value!r}", replace(path, value))
        for path, value in (
            ("title", ["x"]),
            ("title", {"value": "x"}),
            ("active", 1),
            ("name", "Ada Byron"),
            ("name.givenName", ["Ada"]),
            ("emails", "a@fabled.example"),
            ("emails", [{"type": "work", "primary": True}]),
            (_MAIL, ["a@fabled.example"]),
            (_MAIL, {"value": "a@fabled.example"}),
            (_MAIL, "no address"),
            ('phoneNumbers[type eq "mobile"].value', ["+31 1"]),
            ('phoneNumbers[type eq "home"].value', "+31 1"),
            (f"{ENTERPRISE}:department", 7),
            (f"{ENTRA}:employeeHireDate", "01/02/2026"),
            (f"{ENTRA}:usageLocation", "Netherlands"),
            (_MANAGER, [{"value": BOSS}]),
        )
    ),
    _refused("5.51", "one bad value", replace("active", "no"), active=True),
    *(
        _refused("5.51", detail, operation, detail)
        for operation, detail in (
            (replace("shoeSize", "42"), "Attribute 'shoeSize' is not defined"),
            (replace("id", NOBODY), "Attribute 'id' is read-only"),
            (remove("displayName"), "Attribute 'displayName' cannot be removed"),
            (remove("name.givenName"), "Attribute 'name.givenName' cannot be removed"),
            ({"op": "move", "path": "title", "value": "x"}, "Operation 'move' is not one of"),
            ({"op": "remove"}, "Operation 'remove' needs a path"),
            ({"op": "replace", "path": "title"}, "Operation 'replace' needs a value"),
            ({"op": "replace", "value": "x"}, "Without a path the value must be an object"),
            (replace(" ", "x"), "'path' must be a non-empty string"),
            (replace("emails[type eq", "x"), "Invalid path"),
            (replace("active", "false"), "Attribute 'active' must be a boolean"),
        )
    ),
    _body("no schemas", {"Operations": _THREE}),
    _body("other schemas", {"schemas": [USER], "Operations": _THREE}),
    _body("no operations", {"schemas": [PATCH_OP], "Operations": []}),
    _body("an operation that is no object", {"schemas": [PATCH_OP], "Operations": ["title"]}),
    _done(
        "5.52",
        "replaced",
        replace(_MAIL, "a@fabled.example"),
        emails=[_OTHER, {**_WORK, "value": "a@fabled.example"}],
    ),
    _done("5.52", "removed", remove(_MAIL), emails=[_OTHER]),
    _done(
        "5.52",
        "others",
        replace('emails[type eq "other"].value', ["a@home.example", "b@home.example"]),
        emails=[
            _WORK,
            {"type": "other", "value": "a@home.example"},
            {"type": "other", "value": "b@home.example"},
        ],
    ),
    _refused("5.52", "not primary", replace(_MAIL.replace("true", "false"), "a@fabled.example")),
    _refused("5.52", "without a filter", replace("emails.value", "a@fabled.example")),
    _refused("5.52", "by value", replace('emails[value eq "x"].value', "a@fabled.example")),
    _done(
        "5.53",
        "set",
        add(_MANAGER, {"value": BOSS}),
        **{ENTERPRISE: {"manager": {"value": BOSS}}},
    ),
    row(
        "5.53",
        "removed",
        patch(_ME, replace(_MANAGER, {"value": BOSS})),
        patch(_ME, remove(_MANAGER)),
        get(_ME, shows={ENTERPRISE: ABSENT}),
        **_HERE,
    ),
    _refused("5.53", "as text", replace(_MANAGER, BOSS)),
    _refused("5.53", "as its value", replace(f"{_MANAGER}.value", BOSS)),
    _refused("5.53", "empty object", replace(_MANAGER, {})),
    _refused("5.53", "nobody", replace(_MANAGER, {"value": NOBODY})),
    _done("5.54", "core", replace(f"{USER}:title", "A"), title="A"),
    _done(
        "5.54",
        "part of a core attribute",
        replace(f"{USER}:name.givenName", "A"),
        name={"familyName": "Byron", "givenName": "A"},
    ),
    _done(
        "5.54",
        "enterprise",
        replace(f"{ENTERPRISE}:division", "A"),
        **{ENTERPRISE: {"division": "A"}},
    ),
    _done(
        "5.54", "Entra", replace(f"{ENTRA}:officeLocation", "A"), **{ENTRA: {"officeLocation": "A"}}
    ),
    row(
        "5.54",
        "an extension as an object, merged, then emptied",
        patch(_ME, replace(f"{ENTERPRISE}:department", "A")),
        patch(_ME, {"op": "replace", "value": {ENTERPRISE: {"division": "B"}}}),
        get(_ME, shows={ENTERPRISE: Exactly({"department": "A", "division": "B"})}),
        patch(_ME, remove(f"{ENTERPRISE}:department"), remove(f"{ENTERPRISE}:division")),
        get(_ME, shows={ENTERPRISE: ABSENT}),
        **_HERE,
    ),
    _refused("5.54", "extension attribute without its URN", replace("officeLocation", "A")),
    _refused("5.54", "unknown URN", replace("urn:none:title", "A")),
]
