"""What every source hands on: records, and the rows it refused.

Keys are text: trimmed, leading zeros kept, compared without case.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

KEY_LIMIT = 255

# What a spreadsheet leaves behind where an id used to be: a number it rounded, or an error value
# in English or German, or the hashes of a column that was too narrow.
_DAMAGE = re.compile(
    r"[+-]?\d([.,]\d+)?E[+-]\d+"
    r"|#(REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|NV|BEZUG!|WERT!|ZAHL!)"
    r"|\#+",
    re.IGNORECASE,
)
# Control, format, surrogate, line and paragraph separator: invisible, so two ids that a person
# cannot tell apart would be two people.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Record:
    """One person of a source: values by column; `line` is the physical line it starts on."""

    line: int
    key: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not read. `key` is None when it cannot be trusted: anybody may be meant.

    `message` is for a person and repeats no more of the row than key and column names.
    """

    line: int
    key: str | None
    code: str
    message: str


def clean_key(text: str) -> str:
    """The key as the source writes it, without the white space around it."""
    return text.strip()


def fold_key(text: str) -> str:
    """The form in which keys are compared: trimmed, case folded, NFC (Unicode 3.13, D145)."""
    key = text.strip()
    if key.isascii():
        return key.lower()
    # Folded once more: a folded mark may combine anew, and folding twice must change nothing.
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", key).casefold()).casefold()
    return unicodedata.normalize("NFC", folded).strip()


def key_damage(key: str) -> str | None:
    """Why a cleaned, non-empty key cannot be relied on, as the end of a sentence, or None."""
    if "\ufffd" in key:
        return "holds a replacement character, so part of it was lost earlier"
    if not key.isprintable() and any(unicodedata.category(char) in _INVISIBLE for char in key):
        return "holds invisible characters"
    if _DAMAGE.fullmatch(key):
        return "looks like what a spreadsheet leaves of an id (a rounded number or an error)"
    if len(key) > KEY_LIMIT or len(fold_key(key)) > KEY_LIMIT:
        return f"is longer than {KEY_LIMIT} characters"
    return None
