"""What a column is for, by its name alone; pure."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.synonyms import KNOWN, LABELS, NOISE
from provisioning.domain.words import fold_words


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A column's name read as `meaning`: a target's path, or one of the synonyms' own words.

    `score` is 1.0 for the whole name, less if words had to be left out.
    """

    meaning: str
    score: float
    reason: str


def matches_of(column: str) -> tuple[NameMatch, ...]:
    """Everything the name can mean, the surest first."""
    words = fold_words(column).split()
    whole = _looked_up("".join(words), 1.0, column)
    if whole:
        return whole
    bare = [word for word in words if word not in NOISE]
    if bare and bare != words:
        found = _looked_up("".join(bare), 0.85, column)
        if found:
            return found
    return _part(column, words)


def _part(column: str, words: list[str]) -> tuple[NameMatch, ...]:
    """The longest run of words that is known, if it is more than half of the name."""
    whole = len("".join(words))
    for length in range(len(words) - 1, 0, -1):
        for start in range(len(words) - length + 1):
            part = "".join(words[start : start + length])
            found = _looked_up(part, 0.6, column) if 2 * len(part) > whole else ()
            if found and len(part) > 3:
                return found
    return ()


def _looked_up(folded: str, score: float, column: str) -> tuple[NameMatch, ...]:
    found: dict[str, NameMatch] = {}
    for meaning, language, name in KNOWN.get(folded, ()):
        if meaning not in found:
            reason = _reason(meaning, column, language, name if score < 1.0 else "")
            found[meaning] = NameMatch(meaning, score, reason)
    return tuple(found.values())


def _reason(meaning: str, column: str, language: str, part: str) -> str:
    attribute = CATALOGUE.get(meaning)
    label = LABELS.get(meaning) or (f"“{attribute.label}”" if attribute else meaning)
    tongue = "" if language == "English" else f" in {language}"
    if part:
        return f"the name “{column}” contains “{part}”, which means {label}{tongue}"
    return f"the name “{column}” means {label}{tongue}"
