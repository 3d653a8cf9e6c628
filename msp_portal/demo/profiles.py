"""The demo customers' mapping profiles: JSON values, one entry per SCIM attribute."""

from collections.abc import Mapping
from typing import Any

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
_COLUMNS = {
    "name.givenName": "given_name",
    "name.familyName": "family_name",
    "title": "job_title",
    'phoneNumbers[type eq "work"].value': "phone",
    'addresses[type eq "work"].locality': "location",
    'addresses[type eq "work"].country': "country",
    f"{_ENTERPRISE}:employeeNumber": "employee_id",
    f"{_ENTERPRISE}:department": "department",
    f"{_ENTRA}:usageLocation": "country",
    f"{_ENTRA}:employeeHireDate": "hire_date",
}


def profile(
    header: Mapping[str, str], domain: str, active: str = "active", inactive: str = "inactive"
) -> dict[str, Any]:
    """A profile for an export whose columns are called as `header` says, by field.

    An unknown status maps to nothing, which holds the record: guessing would disable somebody.
    """
    name = f"[{header['given_name']}], [{header['family_name']}]"
    local_part = f'ToLower(NormalizeDiacritics(StripSpaces(Join(".", {name}))))'
    words = f'"{active}", "True", "{inactive}", "False"'
    expressions = {
        "userName": f'Append({local_part}, "@{domain}")',
        "displayName": f'Join(" ", {name})',
        "active": f"Switch(ToLower(StripSpaces([{header['status']}])), , {words})",
        f"{_ENTRA}:mailNickname": local_part,
    }
    attributes = [{"target": target, "expression": text} for target, text in expressions.items()]
    attributes += [{"target": target, "column": header[name]} for target, name in _COLUMNS.items()]
    return {"key_column": header["employee_id"], "attributes": attributes}
