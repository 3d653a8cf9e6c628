"""Every function of the language by name, and the words that stand for constants."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from provisioning.domain.expressions.functions import (
    codes,
    creating,
    dates,
    lists,
    logic,
    replacing,
    text,
)
from provisioning.domain.expressions.signature import Function

_MODULES = (codes, creating, dates, lists, logic, replacing, text)
_ALL = [function for module in _MODULES for function in module.FUNCTIONS]

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {function.name: function for function in sorted(_ALL, key=lambda each: each.name.lower())}
)
"""All functions, those that are not evaluated included, in the order of their names."""

WORDS: Mapping[str, int | bool] = MappingProxyType(
    {"vbBinaryCompare": 0, "vbTextCompare": 1, "True": True, "False": False}
)
"""Bare words and what they stand for (VbCompareMethod of the VBA reference)."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant: the same without case, or the most similar."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None
