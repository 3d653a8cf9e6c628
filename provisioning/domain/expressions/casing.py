"""Upper and lower case as .NET's invariant culture has it, and as Turkish and Azeri have it.

Case is mapped character by character: a letter whose other case would be two characters stays
(ß in upper case is ß), and the Turkish dotless and dotted i have no other case outside of
cultures that use them (.NET reference, String.ToUpperInvariant).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_TURKIC = frozenset({"tr", "az"})


class _Table(dict[int, str]):
    """A translation table that fills itself: one entry per character met."""

    def __init__(self, change: Callable[[str], str], fixed: dict[str, str]) -> None:
        super().__init__({ord(key): value for key, value in fixed.items()})
        self._change = change

    def __missing__(self, code: int) -> str:
        changed = self._change(chr(code))
        self[code] = changed if len(changed) == 1 else chr(code)
        return self[code]


_DOTLESS, _DOTTED = "\N{LATIN SMALL LETTER DOTLESS I}", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"
_LOWER = _Table(str.lower, {_DOTTED: _DOTTED})
_UPPER = _Table(str.upper, {_DOTLESS: _DOTLESS})
_TURKIC_LOWER = _Table(str.lower, {_DOTTED: "i", "I": _DOTLESS})
_TURKIC_UPPER = _Table(str.upper, {_DOTLESS: "I", "i": _DOTTED})
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"


def lower(text: str, culture: str = "") -> str:
    """In lower case; the culture is a language tag such as tr or tr-TR, "" is invariant."""
    if culture and _is_turkic(culture):
        return text.translate(_TURKIC_LOWER)
    return text.lower() if text.isascii() else text.translate(_LOWER)


def upper(text: str, culture: str = "") -> str:
    """In upper case; the culture is a language tag such as tr or tr-TR, "" is invariant."""
    if culture and _is_turkic(culture):
        return text.translate(_TURKIC_UPPER)
    return text.upper() if text.isascii() else text.translate(_UPPER)


def _is_turkic(culture: str) -> bool:
    return culture.split("-", 1)[0].lower() in _TURKIC


def proper(text: str, separators: str | None) -> str:
    """Each word capitalised; None separates at whatever is no letter, digit or apostrophe."""
    result: list[str] = []
    begins = True
    for character in text:
        result.append(upper(character) if begins else lower(character))
        begins = _separates(character) if separators is None else character in separators
    return "".join(result)


def _separates(character: str) -> bool:
    # A combining mark belongs to its letter: without this rule, decomposed names break up.
    is_mark = unicodedata.category(character).startswith("M")
    return not (character.isalnum() or character in _APOSTROPHES or is_mark)
