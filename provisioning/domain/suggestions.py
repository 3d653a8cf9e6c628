"""From the columns of a first file to suggested rules, each with its reasons; pure.

A suggestion is never a decision: nothing here is used before a person has accepted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.column_names import NameMatch, matches_of
from provisioning.domain.column_statistics import ColumnStatistics, Shape
from provisioning.domain.expressions import ParseError, compile_expression
from provisioning.domain.suggested_rules import Finding, Found, derived, direct, percent
from provisioning.domain.synonyms import COUNTRY_COLUMN, HIRED, KEY, LEFT, STATUS_COLUMN

_DATES = (Shape.ISO_DATE, Shape.DOTTED_DATE, Shape.SLASHED_DATE)
_EXPECTED: Mapping[str, tuple[Shape, ...]] = {
    'emails[type eq "work"].value': (Shape.EMAIL,),
    "userName": (Shape.EMAIL,),
    'phoneNumbers[type eq "work"].value': (Shape.PHONE, Shape.NUMBER),
    'phoneNumbers[type eq "mobile"].value': (Shape.PHONE, Shape.NUMBER),
    HIRED: _DATES,
    LEFT: _DATES,
    COUNTRY_COLUMN: (Shape.COUNTRY_CODE, Shape.COUNTRY),
    STATUS_COLUMN: (Shape.STATUS,),
}
# What a content says without a name, and how sure that is.
_BY_CONTENT = (
    (Shape.EMAIL, 'emails[type eq "work"].value', 0.7),
    (Shape.COUNTRY_CODE, COUNTRY_COLUMN, 0.6),
    (Shape.COUNTRY, COUNTRY_COLUMN, 0.6),
    (Shape.PHONE, 'phoneNumbers[type eq "work"].value', 0.5),
    (Shape.STATUS, STATUS_COLUMN, 0.5),
)
_CHANGING = (*_DATES, Shape.EMAIL, Shape.PHONE)
_FEW = 6


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule somebody may accept: `confidence` 0 to 1, `reasons` in words, `columns` it reads."""

    target: str
    kind: Literal["column", "expression"]
    text: str
    confidence: float
    reasons: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def likely(self) -> str:
        """The confidence in words."""
        if self.confidence >= 0.8:
            return "very likely"
        return "likely" if self.confidence >= 0.6 else "possible"

    def rule(self) -> dict[str, Any]:
        """The entry of a definition's "attributes"."""
        return {"target": self.target, self.kind: self.text}


@dataclass(frozen=True, slots=True)
class KeySuggestion:
    """A column that may hold each record's key, with reasons."""

    column: str
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """All that a file's columns suggest; `parameters` (name to value) are what rules need."""

    keys: tuple[KeySuggestion, ...]
    rules: tuple[Suggestion, ...]
    parameters: Mapping[str, str]
    unused: tuple[str, ...]


def suggest(statistics: Mapping[str, ColumnStatistics]) -> Suggestions:
    """Suggestions for a file's columns, rules in the catalogue's order."""
    keys = suggest_keys(statistics.values())
    found = _found(statistics.values())
    if keys and keys[0].confidence >= 0.4 and KEY not in found:
        best = statistics[keys[0].column]
        found[KEY] = Found(best, 0.7, ("it is the key of each record",))
    findings = [*direct(found), *derived(found)]
    rules = tuple(_suggestion(each) for each in _best(findings) if _usable(each))
    read = {column for rule in rules for column in rule.columns} | {key.column for key in keys[:1]}
    needs_domain = any("[param.domain]" in rule.text for rule in rules)
    return Suggestions(
        keys,
        rules,
        {"domain": _domain(found)} if needs_domain else {},
        tuple(column for column in statistics if column not in read),
    )


def suggest_keys(columns: Iterable[ColumnStatistics]) -> tuple[KeySuggestion, ...]:
    """Columns that can name each person for good, the best first."""
    ranked = []
    for column in columns:
        if column.filled and column.distinct >= 0.9 * column.records:
            ranked.append(_key(column))
    return tuple(sorted(ranked, key=lambda each: -each.confidence))


def _key(column: ColumnStatistics) -> KeySuggestion:
    named = [match for match in matches_of(column.name) if match.meaning == KEY]
    reasons = [match.reason for match in named]
    confidence = 0.6 * named[0].score if named else 0.1
    if column.unique:
        reasons.append(f"each of the {column.records:,} records has a value of its own")
        confidence += 0.35
    else:
        reasons.append(f"{column.distinct:,} of {column.records:,} records have one of their own")
        confidence += 0.2
    if column.looks_like in _CHANGING:
        reasons.append("but what looks like this changes during a person's time, or is shared")
        confidence -= 0.2
    return KeySuggestion(column.name, confidence, tuple(reasons))


def _found(columns: Iterable[ColumnStatistics]) -> dict[str, Found]:
    """The best column for each meaning, its rivals named among the reasons."""
    candidates: dict[str, list[Found]] = {}
    for column in columns:
        if column.filled:
            for meaning, found in _meanings(column):
                candidates.setdefault(meaning, []).append(found)
    best = {}
    for meaning, several in candidates.items():
        first, *others = sorted(several, key=lambda each: -each.confidence)
        if others:
            names = ", ".join(f"“{each.column.name}”" for each in others[:3])
            first = first.because(f"{names} would fit less well")
        best[meaning] = first
    return best


def _meanings(column: ColumnStatistics) -> Iterator[tuple[str, Found]]:
    named = matches_of(column.name)
    for match in named:
        yield match.meaning, _weighed(column, match)
    meanings = {match.meaning for match in named}
    if named:
        return
    for shape, meaning, confidence in _BY_CONTENT:
        few = shape is not Shape.STATUS or column.distinct <= _FEW
        if meaning not in meanings and column.looks_like is shape and few:
            yield meaning, Found(column, confidence, (_looks(column, (shape,)),))


def _weighed(column: ColumnStatistics, match: NameMatch) -> Found:
    """What the name says, held against the content."""
    expected = _EXPECTED.get(match.meaning, ())
    reasons = [match.reason]
    if not expected:
        odd = column.looks_like in (Shape.EMAIL, *_DATES) and match.meaning != KEY
        if odd:
            reasons.append(f"but {_looks(column, tuple(column.shares))}")
        return Found(column, match.score * (0.4 if odd else 0.9), tuple(reasons))
    share = max(column.share(shape) for shape in expected)
    if share >= 0.5:
        reasons.append(_looks(column, expected))
        return Found(column, min(0.99, match.score * 0.85 + 0.14 * share), tuple(reasons))
    reasons.append(f"but only {_looks(column, expected)}")
    return Found(column, match.score * 0.4, tuple(reasons))


def _looks(column: ColumnStatistics, shapes: tuple[Shape, ...]) -> str:
    best = max(shapes, key=column.share)
    distinct = " and are distinct" if column.distinct == column.filled > 1 else ""
    return f"{percent(column.share(best))} of the values look like {best.value}{distinct}"


def _best(findings: Iterable[Finding]) -> list[Finding]:
    best: dict[str, Finding] = {}
    for finding in findings:
        held = best.get(finding.target)
        if held is None or finding.confidence > held.confidence:
            best[finding.target] = finding
    order = {path: place for place, path in enumerate(CATALOGUE)}
    return sorted(best.values(), key=lambda each: order[each.target])


def _usable(finding: Finding) -> bool:
    """Whether a profile may hold it: the target can be written, the expression can be read."""
    attribute = CATALOGUE.get(finding.target)
    if attribute is None or not attribute.mutable:
        return False
    if finding.kind == "expression":
        try:
            compile_expression(finding.text)
        except ParseError:
            return False
    return True


def _suggestion(finding: Finding) -> Suggestion:
    return Suggestion(
        finding.target,
        finding.kind,
        finding.text,
        finding.confidence,
        finding.reasons,
        finding.columns,
    )


def _domain(found: Mapping[str, Found]) -> str:
    """The commonest mail domain, or one to be replaced."""
    mail = found.get('emails[type eq "work"].value')
    domains = [value.rpartition("@")[2].lower() for value, _ in mail.column.common] if mail else []
    return max(set(domains), key=domains.count) if domains else "example.com"


def accepted(
    suggestions: Suggestions, *, key_column: str, targets: Iterable[str], domain: str
) -> dict[str, Any]:
    """A draft made of the accepted suggestions, and of nothing else."""
    wanted = set(targets)
    rules = [each for each in suggestions.rules if each.target in wanted]
    needed = {
        name: domain if name == "domain" and domain else value
        for name, value in suggestions.parameters.items()
        if any(f"[param.{name}]" in rule.text for rule in rules)
    }
    draft: dict[str, Any] = {"key_column": key_column}
    if needed:
        draft["parameters"] = needed
    return {**draft, "attributes": [rule.rule() for rule in rules]}
