"""Where the labels of the meter lead: whoever gives labels says how to link and name them.

Billing knows labels only, so the room that makes them registers a prefix when it is ready.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """What a label stands for, in words, and its page; "" for none."""

    words: str
    url: str = ""


_known: dict[str, Callable[[str], Target]] = {}


def register(prefix: str, target: Callable[[str], Target]) -> None:
    """Name labels `prefix:rest`; the function is given the rest."""
    _known[prefix] = target


def target_of(label: str) -> Target:
    """What a label stands for; an unknown one by its own text."""
    prefix, _, rest = label.partition(":")
    found = _known.get(prefix)
    if found is None:
        return Target(label or "Not told by job")
    return found(rest)
