"""What is refused while a request is built, because Entra would refuse it at a price."""

import re

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class Refused(ValueError):
    """Entra would refuse this, or it cannot mean anything; str() says why."""


def guid(text: str) -> str:
    """An object id as it was given; raises Refused when it is none (Entra answers 400 to those)."""
    if not _GUID.fullmatch(text):
        raise Refused(f"{text!r} is no object id (a GUID).")
    return text
