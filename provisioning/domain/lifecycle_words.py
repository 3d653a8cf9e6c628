"""Joiners and leavers of a profile in words, for pages and comparisons; pure."""

from __future__ import annotations

import json
from typing import Any

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.lifecycle import (
    CLEAR,
    OTHER,
    SET,
    STEPS,
    Dated,
    Lifecycle,
    Step,
    read_lifecycle,
)

WAY_LABELS = {
    "temporary_access_pass": "Temporary Access Pass",
    "self_service_reset": "Self-service password reset",
}
"""Ways in by what people call them."""


def lifecycle_facts(entry: Any) -> list[tuple[str, str]]:
    """Label and words of what a profile says; its JSON where that cannot be read."""
    wrong: list[str] = []
    found = read_lifecycle(entry, wrong)
    if wrong:
        return [("Joiners and leavers", json.dumps(entry, ensure_ascii=False))]
    return _facts(found or Lifecycle())


def lifecycle_words(entry: Any) -> str:
    """The same in one text."""
    return "; ".join(f"{label}: {words}" for label, words in lifecycle_facts(entry))


def _facts(lifecycle: Lifecycle) -> list[tuple[str, str]]:
    found = []
    if lifecycle.start is not None:
        found.append(("Start", f"{_dated(lifecycle.start)}{_early(lifecycle.start.days_before)}"))
    if lifecycle.last_day is not None:
        found.append(("Last day", _dated(lifecycle.last_day)))
    found.append(("Leavers", ", then ".join(map(_step, lifecycle.steps))))
    if lifecycle.way_in:
        found.append(("Way in", way_label(lifecycle.way_in)))
    return found


def way_label(way_in: str) -> str:
    """What people call a way in."""
    return WAY_LABELS.get(way_in, way_in.removeprefix(OTHER).strip())


def _dated(dated: Dated) -> str:
    return f"{dated.kind} {' '.join(dated.text.split())}"


def _early(days: int) -> str:
    if not days:
        return ", the account is made on it"
    return f", the account is made {days} day{'s' if days > 1 else ''} before"


def _step(step: Step) -> str:
    when = "at once" if not step.after_days else f"after {step.after_days} days"
    if step.after_days == 1:
        when = "after 1 day"
    attribute = CATALOGUE.get(step.target)
    target = attribute.label if attribute else step.target
    if step.do == SET:
        return f"{when}: set {target} to {step.kind} {' '.join(step.text.split())}"
    if step.do == CLEAR:
        return f"{when}: clear {target}"
    words = STEPS[step.do]
    return f"{when}: {words[0].lower()}{words[1:]}"
