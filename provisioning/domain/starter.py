"""The profile a new tenant's editor begins with: a plain HR export in English."""

from typing import Any

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"
_LOCAL = 'ToLower(NormalizeDiacritics(StripSpaces(Join(".", [given_name], [family_name]))))'

STARTER: dict[str, Any] = {
    "key_column": "employee_id",
    "attributes": [
        {"target": "userName", "expression": f'Append({_LOCAL}, "@example.com")'},
        {"target": f"{_ENTRA}:mailNickname", "expression": _LOCAL},
        {"target": "displayName", "expression": 'Join(" ", [given_name], [family_name])'},
        {"target": "name.givenName", "column": "given_name"},
        {"target": "name.familyName", "column": "family_name"},
        {
            "target": "active",
            "expression": 'Switch([status], , "active", "True", "inactive", "False")',
        },
        {"target": "title", "column": "job_title"},
        {"target": f"{_ENTERPRISE}:department", "column": "department"},
        {"target": f"{_ENTERPRISE}:employeeNumber", "column": "employee_id"},
    ],
}
