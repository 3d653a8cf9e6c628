"""Functions on text, in Unicode code points; null stays null unless a rule says otherwise."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable

from provisioning.domain.expressions.casing import lower, proper, upper
from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.signature import Function, strict
from provisioning.domain.expressions.values import (
    Value,
    as_list,
    is_list,
    shown,
    to_integer,
    to_text,
)


def _kept_null(function: Callable[[str], str]) -> Callable[[Value], Value]:
    return lambda source: None if source is None else function(to_text(source))


@strict("Append(source, suffix)", "Source followed by suffix; null adds nothing.")
def append(source: Value, suffix: Value) -> Value:
    """Null only when both are."""
    return None if source is None and suffix is None else to_text(source) + to_text(suffix)


@strict(
    "Join(separator, source1, ...)",
    "The values that are present, with the separator between them; a list adds each of its values.",
)
def join(separator: Value, *sources: Value) -> Value:
    """Empty and null values add nothing, so no separator is doubled."""
    parts: list[str] = []
    for source in sources:
        if type(source) is str:
            parts.append(source)
        else:
            parts.extend(as_list(source))
    return to_text(separator).join(filter(None, parts))


@strict("Left(source, count)", "The first count characters; below 0 all of them.")
def left(source: Value, count: Value) -> Value:
    """Null gives "" (reference, section Left)."""
    text, number = to_text(source), to_integer(count, "count")
    return text if number < 0 else text[:number]


@strict("Mid(source, start, length)", "length characters from position start, counted from 1.")
def mid(source: Value, start: Value, length: Value) -> Value:
    """Cut at the end of the text; null gives "" as with Left."""
    text = to_text(source)
    first, count = to_integer(start, "start"), to_integer(length, "length")
    if first < 1:
        raise EvaluationError(f"start must be 1 or more, not {first}")
    if count < 0:
        raise EvaluationError(f"length must be 0 or more, not {count}")
    return text[first - 1 : first - 1 + count]


@strict("ToLower(source, culture?)", 'In lower case; culture "tr" or "az" knows the dotless i.')
def to_lower(source: Value, culture: Value) -> Value:
    """Invariant unless a culture is given."""
    return None if source is None else lower(to_text(source), to_text(culture))


@strict("ToUpper(source, culture?)", 'In upper case; culture "tr" or "az" knows the dotted i.')
def to_upper(source: Value, culture: Value) -> Value:
    """Invariant unless a culture is given."""
    return None if source is None else upper(to_text(source), to_text(culture))


@strict(
    "PCase(source, separators?)",
    "Each word's first letter in upper case, the rest in lower case; words end at the separators, "
    "or at whatever is no letter, digit or apostrophe.",
)
def pcase(source: Value, separators: Value) -> Value:
    """Proper case."""
    if source is None:
        return None
    return proper(to_text(source), None if separators is None else to_text(separators))


# Unicode's category of space separators: what HR exports paste between names (no-break space).
_ZS = "".join(chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs")
_SPACES = re.compile(f"[{_ZS}]+")


@strict("StripSpaces(source)", "Without any space character.")
@_kept_null
def strip_spaces(source: str) -> str:
    """Tabs and line breaks are no spaces and stay."""
    return source.replace(" ", "") if source.isascii() else _SPACES.sub("", source)


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


@strict("NormalizeDiacritics(source)", "Without accents and other marks: Zoë is Zoe, Łoś is Los.")
@_kept_null
def normalize_diacritics(source: str) -> str:
    """Nonspacing marks removed; what has no plain form (other scripts) is composed again."""
    if source.isascii():
        return source
    plain = source.translate(_PLAIN)
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)


@strict(
    "InStr(source, find, start?, compareType?)",
    "The position of find in source, counted from 1; 0 when it is not there.",
)
def in_str(source: Value, find: Value, start: Value, compare_type: Value) -> Value:
    """The search begins at start; vbTextCompare ignores case."""
    first = 1 if start is None else to_integer(start, "start")
    if first < 1:
        raise EvaluationError(f"start must be 1 or more, not {first}")
    text, wanted = to_text(source), to_text(find)
    if compare_type is not None and to_integer(compare_type, "compareType") == 1:
        text, wanted = lower(text), lower(wanted)
    return text.find(wanted, first - 1) + 1


@strict("Word(source, number, delimiters)", 'The number-th word, counted from 1, or "".')
def word(source: Value, number: Value, delimiters: Value) -> Value:
    """Each delimiter character ends a word; a word is never empty."""
    index, text = to_integer(number, "number"), to_text(source)
    for delimiter in to_text(delimiters):
        text = text.replace(delimiter, "\0")
    words = [part for part in text.split("\0") if part]
    return words[index - 1] if 1 <= index <= len(words) else ""


@strict("CStr(value)", "The value as a string.")
def c_str(value: Value) -> Value:
    """Null stays null."""
    return None if value is None else to_text(value)


@strict("ConvertToBase64(source)", "Base64 of the text's UTF-16 bytes, little endian.")
@_kept_null
def convert_to_base64(source: str) -> str:
    """Unpaired surrogates pass through as they are."""
    return base64.b64encode(source.encode("utf-16-le", "surrogatepass")).decode("ascii")


@strict("ConvertToUTF8Hex(source)", "The text's UTF-8 bytes in upper-case hexadecimal.")
@_kept_null
def convert_to_utf8_hex(source: str) -> str:
    """Unpaired surrogates pass through as they are."""
    return source.encode("utf-8", "surrogatepass").hex().upper()


@strict("Split(source, delimiter)", "The parts between the delimiters as a list, blanks trimmed.")
def split(source: Value, delimiter: Value) -> Value:
    """Empty parts stay; null and "" are no parts."""
    text, mark = to_text(source), to_text(delimiter)
    if not mark:
        raise EvaluationError("delimiter is missing")
    return tuple(part.strip() for part in text.split(mark)) if text else ()


@strict("Item(attribute, index)", "One value of a list, counted from 1; null when there is none.")
def item(attribute: Value, index: Value) -> Value:
    """A single value counts as a list of one."""
    values, position = as_list(attribute), to_integer(index, "index")
    if position < 1:
        raise EvaluationError(f"index must be 1 or more, not {shown(index)}")
    return values[position - 1] if position <= len(values) else None


@strict("Count(attribute)", "How many values the attribute has.")
def count(attribute: Value) -> Value:
    """Null and "" have none."""
    return len(as_list(attribute))


@strict("RemoveDuplicates(attribute)", "The list without repeats, in its order.")
def remove_duplicates(attribute: Value) -> Value:
    """Case matters; a single value stays as it is."""
    return tuple(dict.fromkeys(as_list(attribute))) if is_list(attribute) else attribute


FUNCTIONS: tuple[Function, ...] = (
    append, join, left, mid, to_lower, to_upper, pcase, strip_spaces, normalize_diacritics,
    in_str, word, c_str, convert_to_base64, convert_to_utf8_hex, split, item, count,
    remove_duplicates,
)  # fmt: skip
