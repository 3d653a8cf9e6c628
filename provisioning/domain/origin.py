"""Where a profile came from, as MappingProfile.origin keeps it; pure.

shipped:<slug>        a template that ships with the portal
template:<slug>       a template of our own
profile:<tenant>.<source>  the profile of another tenant's source, by their keys; without a
                      source that of the tenant's first one
promotion:<version>   a version of another tenant; its draft is not published yet
promoted:<version>    the same, published
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["shipped", "template", "profile", "promotion", "promoted"]
_KINDS: tuple[Kind, ...] = ("shipped", "template", "profile", "promotion", "promoted")


@dataclass(frozen=True, slots=True)
class Origin:
    """Kind and name of what a profile came from."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def is_template(self) -> bool:
        """Whether many profiles may come from it."""
        return self.kind in ("shipped", "template")

    @property
    def asks_for_a_pilot(self) -> bool:
        """Whether the draft's publication must be tried on a few people first."""
        return self.kind == "promotion"

    def published(self) -> Origin:
        """What it is once its draft is published."""
        return Origin("promoted", self.name) if self.kind == "promotion" else self


def read_origin(text: str) -> Origin | None:
    """The origin; None when the profile was written here."""
    kind, colon, name = text.partition(":")
    for known in _KINDS:
        if kind == known and colon and name:
            return Origin(known, name)
    return None
