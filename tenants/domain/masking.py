"""No secret goes into the audit trail: by a value's name, and by what it looks like."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "(not kept)"
_NAMED = re.compile(
    r"(\A|_)(secrets?|passwords?|passphrases?|tokens?|pem|pfx|pkcs12|assertions?|authorization|cookies?"
    r"|(private|api|vault|signing)_keys?)(\Z|_(value|text|base64|bytes)\Z)"
)
_LOOKS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"  # a JSON web token
    r"|\bBearer\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|://[^/\s:@]+:[^/\s@]+@"  # user and password in an address
)


def masked(value: Any, name: str = "") -> Any:
    """A value of plain JSON as it may be kept; lists and mappings are looked through."""
    if isinstance(value, Mapping):
        return {str(key): masked(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = value if isinstance(value, list | tuple) else sorted(value, key=str)
        return [masked(item, name) for item in items]
    if isinstance(value, bytes | memoryview):
        return MASK
    if value not in (None, "", True, False) and _NAMED.search(_words(name)):
        return MASK
    return MASK if isinstance(value, str) and _LOOKS.search(value) else value


def _words(name: str) -> str:
    """client-secret, clientSecret and CLIENT_SECRET alike."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^A-Za-z0-9]+", "_", parted).lower()
