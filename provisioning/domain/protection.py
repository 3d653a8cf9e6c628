"""Accounts that are never written, by object id, user name, or a pattern with `*`."""

import fnmatch
import re
from collections.abc import Iterable


class Protection:
    """The tenant's protected list, compared without case."""

    def __init__(self, entries: Iterable[str]) -> None:
        cleaned = [entry.strip().casefold() for entry in entries if entry.strip()]
        self._exact = frozenset(entry for entry in cleaned if "*" not in entry)
        self._patterns = [(entry, _compiled(entry)) for entry in cleaned if "*" in entry]

    def covers(self, entra_id: str, user_name: str) -> str | None:
        """The entry that protects this account, or None."""
        for value in (entra_id.casefold(), user_name.casefold()):
            if value in self._exact:
                return value
            for entry, pattern in self._patterns:
                if pattern.match(value):
                    return entry
        return None


def _compiled(entry: str) -> re.Pattern[str]:
    # Only the star has a meaning here; fnmatch would read ? and [ ] as wildcards, too.
    return re.compile(fnmatch.translate(re.sub(r"[\[?]", r"[\g<0>]", entry)))
