"""How long a text may be before a search needs a clock; pure.

Asking the clock costs several times what a usual search does, so patterns whose effort can be
bounded beforehand do without on texts that are short enough.
"""

from __future__ import annotations

import re
import sys
from itertools import pairwise

STEPS = 300_000
"""Steps of a search that take a few milliseconds at most."""

_MAX_PATTERN = 100
_TOKEN = re.compile(
    r"(?P<open>\((?:\?:|\?<[A-Za-z]\w*>|(?!\?)))|(?P<close>\))"
    r"|(?P<quantifier>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})[?+]?)"
    r"|(?P<atom>\\[^0-9A-Za-z]|\\[dDsSwWbB]|\[\^?\]?(?:\\.|[^\]\\])+\]|[^\\|()\[\]{}*+?])",
    re.DOTALL,
)


def clockless_length(pattern: str) -> int:
    """Characters up to which a search with the (.NET) pattern surely takes at most STEPS steps.

    Without repetitions a search is one pass; each repetition multiplies by the length. Repeated
    groups and alternatives multiply by themselves: 0, always with the clock.
    """
    if len(pattern) > _MAX_PATTERN:
        return 0
    kinds = _kinds(pattern)
    if kinds is None or ("close", "quantifier") in pairwise(kinds):
        return 0
    repetitions = kinds.count("quantifier")
    # One repeated character is one pass too: what it has matched it never gives back.
    if repetitions == 0 or kinds == ["atom", "quantifier"]:
        return sys.maxsize
    return int(STEPS ** (1 / (repetitions + 1)))


def _kinds(pattern: str) -> list[str] | None:
    """What each part of the pattern is; None if one of them is not known here."""
    kinds: list[str] = []
    end = 0
    for match in _TOKEN.finditer(pattern):
        if match.start() != end or match.lastgroup is None:
            return None
        kinds.append(match.lastgroup)
        end = match.end()
    return kinds if end == len(pattern) else None
