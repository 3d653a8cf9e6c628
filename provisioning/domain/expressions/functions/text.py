"""Functions on text, in Unicode code points; null stays null unless a rule says otherwise."""

from __future__ import annotations

import re
import unicodedata

from provisioning.domain.expressions.casing import lower, proper, upper
from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.signature import Function, strict
from provisioning.domain.expressions.values import (
    Value,
    limited,
    shown,
    to_integer,
    to_text,
)


@strict(
    "Append(source, suffix)",
    "Source followed by suffix; null adds nothing.",
    'Append([id], "@customer.example")',
)
def append(source: Value, suffix: Value) -> Value:
    """Null only when both are."""
    if source is None and suffix is None:
        return None
    return limited(to_text(source) + to_text(suffix))


@strict(
    "Left(source, count)",
    "The first count characters; below 0 all of them.",
    "Left([last], 3)",
)
def left(source: Value, count: Value) -> Value:
    """Null gives "" (reference, section Left)."""
    text, number = to_text(source), to_integer(count, "count")
    return text if number < 0 else text[:number]


@strict(
    "Mid(source, start, length)",
    "length characters from position start, counted from 1; fewer where the text ends.",
    'Mid("1000-77", 6, 2)',
)
def mid(source: Value, start: Value, length: Value) -> Value:
    """Cut at the end of the text; null gives "" as with Left."""
    text = to_text(source)
    first, count = to_integer(start, "start"), to_integer(length, "length")
    if first < 1:
        raise EvaluationError(f"start must be 1 or more, not {first}")
    if count < 0:
        raise EvaluationError(f"length must be 0 or more, not {count}")
    return text[first - 1 : first - 1 + count]


@strict(
    "ToLower(source, culture?)",
    'In lower case; culture "tr" or "az" knows the dotless i.',
    "ToLower([last])",
)
def to_lower(source: Value, culture: Value) -> Value:
    """Invariant unless a culture is given."""
    if source is None:
        return None
    return lower(to_text(source), "" if culture is None else to_text(culture))


@strict(
    "ToUpper(source, culture?)",
    'In upper case; culture "tr" or "az" knows the dotted i.',
    'ToUpper("izmir", "tr")',
)
def to_upper(source: Value, culture: Value) -> Value:
    """Invariant unless a culture is given."""
    if source is None:
        return None
    return upper(to_text(source), "" if culture is None else to_text(culture))


@strict(
    "PCase(source, separators?)",
    "Each word's first letter in upper case, the rest in lower case; words end at the separators, "
    "or at whatever is no letter, digit or apostrophe.",
    'PCase("ANNA-LENA O\'NEILL")',
)
def pcase(source: Value, separators: Value) -> Value:
    """Proper case."""
    if source is None:
        return None
    return proper(to_text(source), None if separators is None else to_text(separators))


# Unicode's category of space separators: what HR exports paste between names (no-break space).
_ZS = "".join(chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs")
_SPACES = re.compile(f"[{_ZS}]+")


@strict("StripSpaces(source)", "Without any space character.", 'StripSpaces("ab 12 34")')
def strip_spaces(source: Value) -> Value:
    """Tabs and line breaks are no spaces and stay."""
    if source is None:
        return None
    text = to_text(source)
    return text.replace(" ", "") if text.isascii() else _SPACES.sub("", text)


# Letters with no Unicode decomposition, as the reference prints them.
_LETTERS = str.maketrans(
    {
        "ł": "l", "Ł": "L", "ø": "oe", "Ø": "OE", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE",
        "ß": "ss", "ẞ": "SS", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "đ": "d", "Đ": "D",
    }
)  # fmt: skip


class _PlainLetters(dict[int, str]):
    """A translation table that fills itself: a character met to its letters without marks."""

    def __missing__(self, code: int) -> str:
        decomposed = unicodedata.normalize("NFD", chr(code))
        letters = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        self[code] = letters.translate(_LETTERS)
        return self[code]


_PLAIN = _PlainLetters()


@strict(
    "NormalizeDiacritics(source)",
    "Without accents and other marks; letters such as ł, ø, æ and ß are written out too.",
    'NormalizeDiacritics("Zoë Łoś")',
)
def normalize_diacritics(source: Value) -> Value:
    """Nonspacing marks removed; what has no plain form (other scripts) is composed again."""
    if source is None:
        return None
    text = to_text(source)
    if text.isascii():
        return text
    plain = limited(text.translate(_PLAIN))
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)


@strict(
    "InStr(source, find, start?, compareType?)",
    "The position of find in source, counted from 1; 0 when it is not there. The search begins at "
    "start; vbTextCompare ignores upper and lower case.",
    'InStr([mail], "@")',
)
def in_str(source: Value, find: Value, start: Value, compare_type: Value) -> Value:
    """As in VBA: 0 too where source is empty or start lies behind its end."""
    first = 1 if start is None else to_integer(start, "start")
    if first < 1:
        raise EvaluationError(f"start must be 1 or more, not {first}")
    text, wanted = to_text(source), to_text(find)
    if _ignores_case(compare_type):
        text, wanted = lower(text), lower(wanted)
    return text.find(wanted, first - 1) + 1 if first <= len(text) else 0


def _ignores_case(compare_type: Value) -> bool:
    kind = 0 if compare_type is None else to_integer(compare_type, "compareType")
    if kind not in (0, 1):
        message = "compareType must be vbBinaryCompare or vbTextCompare"
        raise EvaluationError(f"{message}, not {shown(compare_type)}")
    return kind == 1


@strict(
    "Word(source, number, delimiters)",
    'The number-th word, counted from 1, or ""; each of the delimiter characters ends a word.',
    'Word([mail], 2, "@.")',
)
def word(source: Value, number: Value, delimiters: Value) -> Value:
    """A word is never empty: delimiters in a row end one word."""
    index, text, marks = to_integer(number, "number"), to_text(source), to_text(delimiters)
    for mark in marks[1:]:
        text = text.replace(mark, marks[0])
    words = [part for part in (text.split(marks[0]) if marks else [text]) if part]
    return words[index - 1] if 1 <= index <= len(words) else ""


@strict("CStr(value)", "The value as a string.", "CStr(IsPresent([first]))")
def c_str(value: Value) -> Value:
    """Null stays null."""
    return None if value is None else to_text(value)


FUNCTIONS: tuple[Function, ...] = (
    append, left, mid, to_lower, to_upper, pcase, strip_spaces, normalize_diacritics, in_str, word,
    c_str,
)  # fmt: skip
