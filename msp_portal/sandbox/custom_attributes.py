"""Custom security attributes of one directory (fact sheet, 5, 7 and 10).

A set is a complex attribute of an extension of its own, returned only when its set is asked for:
so the same code that reads, projects and patches every other attribute serves them.
"""

from typing import Any

from msp_portal.sandbox.errors import ControlError, ScimError
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.schemas import CUSTOM, USERS, Attribute, Location, ResourceSchemas, Schema

_TYPES = {"String": "string", "Integer": "integer", "Boolean": "boolean"}
_FIELDS = {"name", "type", "multi", "values"}
READ = frozenset(
    {"CustomSecAttributeAssignment.Read.All", "CustomSecAttributeAssignment.ReadWrite.All"}
)
WRITE = frozenset({"CustomSecAttributeAssignment.ReadWrite.All"})
DEFINITIONS = frozenset({"CustomSecAttributeDefinition.Read.All"})


def check_sets(given: Any) -> Json:
    """`{"Set": [{"name": n, "type": "String", "multi": false, "values": []}]}`; ControlError."""
    if not isinstance(given, dict):
        raise ControlError(400, "'custom_attributes' is an object of lists by set.")
    for name, attributes in given.items():
        if not str(name).isidentifier() or not isinstance(attributes, list):
            raise ControlError(400, f"Set {name!r} must have a name and a list of attributes.")
        for each in attributes:
            if not isinstance(each, dict) or set(each) - _FIELDS or each.get("type") not in _TYPES:
                kinds = ", ".join(_TYPES)
                raise ControlError(400, f"An attribute of {name} has a name and a type: {kinds}.")
    return dict(given)


def schemas_with(sets: Json) -> ResourceSchemas:
    """What users consist of in a directory with these sets."""
    attributes = tuple(
        Attribute(name, "complex", returned="request", sub=tuple(map(_attribute, each)))
        for name, each in sets.items()
    )
    schema = Schema(
        CUSTOM, "MicrosoftEntraCustomSecurityAttributes", "Custom Security Attributes", attributes
    )
    return ResourceSchemas(USERS.core, {**USERS.extensions, CUSTOM.lower(): schema})


def document(sets: Json) -> Json:
    """The schema document; its type names are capitalised."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": CUSTOM,
        "name": "MicrosoftEntraCustomSecurityAttributes",
        "description": "Custom Security Attributes",
        "attributes": [
            {**_described(name, "Complex"), "subAttributes": [_part(each) for each in attributes]}
            for name, attributes in sets.items()
        ],
        "meta": {"resourceType": "schema", "location": f"/schemas/{CUSTOM}"},
    }


def is_custom(location: Location) -> bool:
    """Whether a location lies among the custom security attributes."""
    return location.urn == CUSTOM


def refused() -> ScimError:
    """403 in the service's words."""
    return ScimError(
        403, "InsufficientPrivileges: insufficient privileges to complete the operation."
    )


def _attribute(given: Json) -> Attribute:
    return Attribute(
        given["name"],
        _TYPES[given["type"]],
        multi=bool(given.get("multi")),
        case_exact=True,
        values=tuple(map(str, given.get("values", ()))),
    )


def _part(given: Json) -> Json:
    multi = bool(given.get("multi"))
    return {**_described(given["name"], given["type"]), "multiValued": multi, "caseExact": True}


def _described(name: str, kind: str) -> Json:
    return {
        "name": name,
        "type": kind,
        "multiValued": False,
        "required": False,
        "mutability": "readWrite",
        "returned": "request",
        "uniqueness": "none",
    }
