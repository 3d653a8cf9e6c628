"""Filters of a list request; only what Entra accepts can be written."""


def eq(attribute: str, value: str) -> str:
    """`attribute eq "value"` with the value quoted as JSON wants it (RFC 7644, 3.4.2.2)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{attribute} eq "{escaped}"'
