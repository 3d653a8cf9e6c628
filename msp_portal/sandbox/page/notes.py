"""Messages that survive one redirect and are shown once: also how a new secret is shown."""

import secrets
from dataclasses import dataclass

_MOST = 100


@dataclass(frozen=True, slots=True)
class Note:
    """What was done. `rows` are label and value, for what must be copied now or never."""

    text: str
    rows: tuple[tuple[str, str], ...] = ()


class Notes:
    """Waiting messages by a key nobody can guess; the oldest go first when there are many."""

    def __init__(self) -> None:
        self._waiting: dict[str, Note] = {}

    def put(self, note: Note) -> str:
        """Keep a message; gives its key."""
        while len(self._waiting) >= _MOST:
            del self._waiting[next(iter(self._waiting))]
        key = secrets.token_urlsafe(16)
        self._waiting[key] = note
        return key

    def take(self, key: str) -> Note | None:
        """The message, which is gone afterwards."""
        return self._waiting.pop(key, None)
