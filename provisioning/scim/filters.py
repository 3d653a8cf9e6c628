"""Filters of a list request; only what Entra accepts can be written."""

import json


def eq(attribute: str, value: str) -> str:
    """`attribute eq "value"` with the value quoted as JSON wants it (RFC 7644, 3.4.2.2)."""
    return f"{attribute} eq {json.dumps(value, ensure_ascii=False)}"
