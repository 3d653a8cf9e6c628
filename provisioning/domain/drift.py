"""How far a clone and its template have moved since the clone was made; pure.

Three definitions are compared part by part: the template then (base), the template now, and the
profile now. Values of parameters and ids of adopted groups never count: they are what a template
leaves to each customer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioning.domain.profile_parts import adopting, meaning, parts_of, section_of, with_part


class Moved(StrEnum):
    """Who has moved."""

    NOBODY = "nobody"
    HERE = "here"
    TEMPLATE = "template"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Drift:
    """One part: what it was (`base`), and what it is in the template and here; None: absent."""

    part: str
    moved: Moved
    base: Any
    template: Any
    here: Any

    @property
    def section(self) -> str:
        """attributes, parameters, rules, groups, or the entry itself."""
        return section_of(self.part)[0]

    @property
    def name(self) -> str:
        """Target, parameter or rule."""
        return section_of(self.part)[1]

    @property
    def change(self) -> str:
        """What the one who moved did: added, removed or changed; of both, what the template did."""
        now = self.here if self.moved is Moved.HERE else self.template
        if self.base is None and now is not None:
            return "added"
        return "removed" if now is None else "changed"

    @property
    def offered(self) -> bool:
        """Whether the template has something to take over."""
        return self.moved in (Moved.TEMPLATE, Moved.BOTH)


def compare(
    base: Mapping[str, Any], template: Mapping[str, Any], here: Mapping[str, Any]
) -> list[Drift]:
    """Every part that any of the three has, in the order of the template, then of the clone."""
    then, theirs, ours = parts_of(base), parts_of(template), parts_of(here)
    found = []
    for part in dict.fromkeys((*theirs, *ours, *then)):
        values = then.get(part), theirs.get(part), ours.get(part)
        found.append(Drift(part, _moved(*(meaning(part, value) for value in values)), *values))
    return found


def _moved(base: str | None, template: str | None, here: str | None) -> Moved:
    if template == here or base == template == here:
        return Moved.NOBODY
    if here == base:
        return Moved.TEMPLATE
    return Moved.HERE if template == base else Moved.BOTH


def drifted(drifts: list[Drift]) -> list[Drift]:
    """Only what somebody moved."""
    return [each for each in drifts if each.moved is not Moved.NOBODY]


def apply_update(
    here: Mapping[str, Any], template: Mapping[str, Any], chosen: Collection[str]
) -> dict[str, Any]:
    """The profile with the chosen parts as the template has them; parameters keep their values,
    and group rules the ids that they adopt.
    """
    theirs, ours = parts_of(template), parts_of(here)
    changed = dict(here)
    for part in chosen:
        value = theirs.get(part)
        if section_of(part)[0] == "parameters" and value is not None:
            value = ours.get(part, value)
        if section_of(part)[0] == "groups" and value is not None:
            value = adopting(value, ours.get(part))
        changed = with_part(changed, part, value)
    return changed


def keep_ours(
    base: Mapping[str, Any], template: Mapping[str, Any], chosen: Collection[str]
) -> dict[str, Any]:
    """The base with the chosen parts settled: from now on they count as changed here only."""
    theirs = parts_of(template)
    settled = dict(base)
    for part in chosen:
        settled = with_part(settled, part, theirs.get(part))
    return settled
