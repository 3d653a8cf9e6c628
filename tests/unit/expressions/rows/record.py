"""The record and clock of every row, and what a row may expect besides a value."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime

from provisioning.domain.expressions import Context

# [absent] is null, [empty] is "".
RECORD = {
    "first": "Zoë",
    "last": "Łoś-Smith",
    "empty": "",
    "null": None,
    "list": "b, a,b ,",
    "names": ("Åsa", "", "Åsa", "Bo"),
    "five": "5",
    "yes": "True",
    "no": "0",
    "emoji": "a😀b",
    "turkish": "IıİiŞ",  # noqa: RUF001 - the letters this is about
    "date": "2026-03-01",
    "name": "john_doe72",
    "phone": "+49 (30) 555-0100",
    "mail": "zoe@a.example",
}
LIST = 'Split([list], ",")'
NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
TAKEN = frozenset({"zoe", "zoe1"})


def context():
    """The same clock and chance for every row; two names are taken."""
    return Context(now=NOW, random=random.Random(3), taken=TAKEN.__contains__)


@dataclass(frozen=True)
class Fails:
    """The record fails, with a message that begins like this."""

    message: str


@dataclass(frozen=True)
class Refused:
    """The expression is refused before any record, with a message that begins like this."""

    message: str


@dataclass(frozen=True)
class Matches:
    """A text by chance that has this form."""

    pattern: str
