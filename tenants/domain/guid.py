"""Ids as Entra shows them."""

from uuid import UUID


def is_guid(text: str) -> bool:
    """Whether this is a GUID in its usual notation."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
