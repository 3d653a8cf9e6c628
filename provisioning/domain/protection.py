"""Accounts that are never written: by object id, user name, a pattern with `*`, or membership."""

import fnmatch
import re
from collections.abc import Iterable, Mapping

GROUP = "group:"
"""What an entry begins with that protects a group's members; its object id follows."""


def protected_groups(entries: Iterable[str]) -> frozenset[str]:
    """Object ids (in lower case) of the groups whose members are protected."""
    cleaned = (entry.strip().casefold() for entry in entries)
    named = (entry.removeprefix(GROUP).strip() for entry in cleaned if entry.startswith(GROUP))
    return frozenset(filter(None, named))


class Protection:
    """The tenant's protected list, compared without case.

    `members` are object ids of the direct members of its groups, each with its group's id.
    """

    def __init__(self, entries: Iterable[str], members: Mapping[str, str] | None = None) -> None:
        cleaned = [entry.strip().casefold() for entry in entries if entry.strip()]
        groups = protected_groups(cleaned)
        plain = [entry for entry in cleaned if not entry.startswith(GROUP)]
        self._exact = frozenset(entry for entry in plain if "*" not in entry)
        self._patterns = [(entry, _compiled(entry)) for entry in plain if "*" in entry]
        known = {entra_id.casefold(): group for entra_id, group in (members or {}).items()}
        self.members = {each: group for each, group in known.items() if group in groups}

    def covers(self, entra_id: str, user_name: str) -> str | None:
        """The entry that protects this account, or None."""
        for value in (entra_id.casefold(), user_name.casefold()):
            if value in self._exact:
                return value
            for entry, pattern in self._patterns:
                if pattern.match(value):
                    return entry
        group = self.members.get(entra_id.casefold())
        return f"{GROUP}{group}" if group else None


def why_protected(entry: str) -> str:
    """For the plan and the report: the entry that protects an account."""
    if entry.startswith(GROUP):
        return f"Protected as a member of the group {entry.removeprefix(GROUP)}."
    return f"Protected by the entry {entry!r} of this tenant's list."


PRIVILEGED = (
    "Entra refused this one account while others succeeded: it may hold a privileged role. It is"
    " left alone until somebody clears the mark."
)
"""Why an account is left alone that was marked as possibly privileged."""
REFUSED_ALONE = (
    "Entra refused this one account while others succeeded: it may hold a privileged role."
)
"""What is said in the job that found it out."""


def _compiled(entry: str) -> re.Pattern[str]:
    # Only the star has a meaning here; fnmatch would read ? and [ ] as wildcards, too.
    return re.compile(fnmatch.translate(re.sub(r"[\[?]", r"[\g<0>]", entry)))
