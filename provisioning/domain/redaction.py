"""What reports, pages and command lines show of an operation whose values are redacted; pure.

A profile redacts a path by its rule or by Redact(); whoever is meant is then known by the key.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from provisioning.domain.attributes import USER_NAME

REDACTED = "[Redact]"
DISPLAY_NAME = "displayName"

# Shorter values occur in any sentence by chance.
_SHORTEST = 3
_ADDRESS = re.compile(r"[^\s@()\"',;]+@[^\s@()\"',;]+")


def shown_state(state: Mapping[str, Any], redacted: Collection[str]) -> dict[str, Any]:
    """Values by path, the redacted ones hidden."""
    return {path: REDACTED if path in redacted else value for path, value in state.items()}


def shown_name(path: str, name: str, redacted: Collection[str]) -> str:
    """A person's display name or user name, as reports may show it."""
    return REDACTED if path in redacted else name


def shown_text(text: str, states: Collection[Mapping[str, Any]], redacted: Collection[str]) -> str:
    """A sentence about an operation, Entra's own words included, without its redacted values."""
    for secret in sorted(set(_secrets(states, redacted)), key=len, reverse=True):
        text = re.sub(re.escape(secret), REDACTED, text, flags=re.IGNORECASE)
    # Sentences about taken names tell other people's, which stand in no state.
    return _ADDRESS.sub(REDACTED, text) if USER_NAME in redacted else text


def _secrets(states: Collection[Mapping[str, Any]], redacted: Collection[str]) -> Iterator[str]:
    for state in states:
        for path in redacted:
            value = state.get(path)
            for each in value if isinstance(value, list | tuple) else [value]:
                if not isinstance(each, bool | None) and len(str(each)) >= _SHORTEST:
                    yield str(each)
