"""The rules that recognised columns suggest, alone and together; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from provisioning.domain.attributes import CATALOGUE, ENTERPRISE, ENTRA, MAIL_NICKNAME
from provisioning.domain.column_statistics import ColumnStatistics, Shape
from provisioning.domain.synonyms import COUNTRY_COLUMN, HIRED, KEY, LEFT, STATUS_COLUMN
from provisioning.domain.words import COUNTRIES, STATUS, fold_words

_MAIL = 'emails[type eq "work"].value'
_COUNTRY = 'addresses[type eq "work"].country'
_GIVEN, _FAMILY, _DISPLAY, _USER = "name.givenName", "name.familyName", "displayName", "userName"
_PLAIN = frozenset({"true", "false", "1", "0", "yes", "no", "active", "inactive"})


@dataclass(frozen=True, slots=True)
class Found:
    """A column taken for something, how surely (0 to 1), and why."""

    column: ColumnStatistics
    confidence: float
    reasons: tuple[str, ...]

    def because(self, reason: str) -> Found:
        """The same with one more reason."""
        return replace(self, reasons=(*self.reasons, reason))


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule for one target, as `suggestions.Suggestion` shows it."""

    target: str
    kind: Literal["column", "expression"]
    text: str
    confidence: float
    reasons: tuple[str, ...]
    columns: tuple[str, ...]


def percent(share: float) -> str:
    """A share as whole per cent, never rounded up to all of them."""
    return f"{int(share * 100)} %"


def direct(found: Mapping[str, Found]) -> Iterator[Finding]:
    """One column, one rule: as it is, or translated word by word."""
    for meaning, each in found.items():
        if meaning in CATALOGUE:
            yield _copied(meaning, each)
    if KEY in found and found[KEY].column.longest <= 16:
        yield _copied(f"{ENTERPRISE}:employeeNumber", found[KEY])
    if STATUS_COLUMN in found:
        yield _status(found[STATUS_COLUMN])
    if COUNTRY_COLUMN in found:
        yield _copied(_COUNTRY, found[COUNTRY_COLUMN])
        yield _usage_location(found[COUNTRY_COLUMN])
    for meaning, name in ((HIRED, "employeeHireDate"), (LEFT, "employeeLeaveDateTime")):
        if meaning in found:
            yield _date(f"{ENTRA}:{name}", found[meaning])


def derived(found: Mapping[str, Found]) -> Iterator[Finding]:
    """Rules that need several columns, or a part of one."""
    given, family, mail = found.get(_GIVEN), found.get(_FAMILY), found.get(_MAIL)
    if _DISPLAY in found and not (given and family):
        yield from _parts_of_name(found[_DISPLAY])
    if given and family:
        names = f"{_cell(given)}, {_cell(family)}"
        sure = min(given.confidence, family.confidence)
        both = (given.column.name, family.column.name)
        shown = "first and last name, with a space between"
        yield Finding(_DISPLAY, "expression", f'Join(" ", {names})', sure, (shown,), both)
        folded = f'ToLower(NormalizeDiacritics(Join(".", {names})))'
        local = f'Replace({folded}, , "[^a-z0-9.-]", , "", , )'
        made = "first and last name in lower case, without accents and other signs"
        user = f'Join("@", {local}, [param.domain])'
        at = "then @ and the parameter domain; people of the same name clash, which the plan shows"
        yield Finding(_USER, "expression", user, sure * 0.8, (made, at), both)
        yield Finding(MAIL_NICKNAME, "expression", f"Left({local}, 64)", sure * 0.8, (made,), both)
    if mail and mail.confidence >= 0.6 and mail.column.unique:
        yield from _from_mail(mail)


def _from_mail(mail: Found) -> Iterator[Finding]:
    share = percent(mail.column.share(Shape.EMAIL))
    reason = f"{share} of “{mail.column.name}” look like e-mail addresses and are distinct"
    columns = (mail.column.name,)
    yield Finding(_USER, "column", mail.column.name, mail.confidence * 0.95, (reason,), columns)
    nickname = f'Word({_cell(mail)}, 1, "@")'
    part = f"the part of “{mail.column.name}” before the @"
    yield Finding(MAIL_NICKNAME, "expression", nickname, mail.confidence * 0.9, (part,), columns)


def _parts_of_name(whole: Found) -> Iterator[Finding]:
    cell, columns = _cell(whole), (whole.column.name,)
    commas = sum("," in value for value, _ in whole.column.common)
    if 2 * commas > len(whole.column.common):
        given, family = f'Word({cell}, 2, ",")', f'Word({cell}, 1, ",")'
        reason = f"“{whole.column.name}” looks like “last name, first name”"
    else:
        given = f'Word({cell}, 1, " ")'
        family = f'Replace({cell}, , "^\\\\S+\\\\s+", , "", , )'
        reason = f"the first word of “{whole.column.name}” is taken for the first name"
    for target, text in ((_GIVEN, given), (_FAMILY, family)):
        yield Finding(target, "expression", text, whole.confidence * 0.6, (reason,), columns)


def _copied(target: str, each: Found) -> Finding:
    name = each.column.name
    return Finding(target, "column", name, each.confidence, each.reasons, (name,))


def _status(each: Found) -> Finding:
    values = [value for value, _ in each.column.common]
    if all(value.lower() in _PLAIN for value in values):
        return _copied("active", each)
    known = {value.strip().lower(): STATUS.get(fold_words(value)) for value in values}
    words = {value: active for value, active in known.items() if active is not None}
    unknown = [value for value, active in known.items() if active is None]
    reasons = list(each.reasons)
    if unknown:
        shown = ", ".join(f"“{value}”" for value in unknown[:5])
        reasons.append(f"{shown} is not known: such records are held until you say what it means")
    text = _switch(f"ToLower({_cell(each)})", {value: str(on) for value, on in words.items()})
    sure = each.confidence * (0.8 if unknown else 1.0)
    return Finding("active", "expression", text, sure, tuple(reasons), (each.column.name,))


def _usage_location(each: Found) -> Finding:
    target, column = f"{ENTRA}:usageLocation", each.column
    if column.share(Shape.COUNTRY_CODE) >= column.share(Shape.COUNTRY):
        return _copied(target, each)
    codes = {value: COUNTRIES.get(fold_words(value)) for value, _ in column.common}
    known = {value: code for value, code in codes.items() if code is not None}
    unknown = [value for value, code in codes.items() if code is None]
    reasons = [*each.reasons, "names of countries become two-letter codes"]
    if unknown:
        reasons.append(f"no code is known for {', '.join(unknown[:5])}: those stay empty")
    text = _switch(_cell(each), known)
    sure = each.confidence * 0.9
    return Finding(target, "expression", text, sure, tuple(reasons), (column.name,))


def _date(target: str, each: Found) -> Finding:
    column = each.column
    if column.share(Shape.ISO_DATE) >= 0.5:
        return _copied(target, each)
    slashed = column.share(Shape.SLASHED_DATE) > column.share(Shape.DOTTED_DATE)
    form, reason, sure = _date_form(column, slashed)
    text = f'FormatDateTime({_cell(each)}, , "{form}", "yyyy-MM-dd")'
    reasons = (*each.reasons, reason)
    return Finding(target, "expression", text, each.confidence * sure, reasons, (column.name,))


def _date_form(column: ColumnStatistics, slashed: bool) -> tuple[str, str, float]:
    if not slashed:
        return "d.M.yyyy", "read as day.month.year", 0.95
    parts = [value.split("/") for value, _ in column.common if value.count("/") == 2]
    if any(int(first) > 12 for first, *_ in parts if first.isdigit()):
        return "d/M/yyyy", "read as day/month/year, since some begin with more than 12", 0.95
    if any(int(second) > 12 for _, second, _ in parts if second.isdigit()):
        return "M/d/yyyy", "read as month/day/year, since some have more than 12 second", 0.95
    return "d/M/yyyy", "read as day/month/year, but it may be month/day/year: look", 0.5


def _cell(each: Found) -> str:
    return f"[{each.column.name}]"


def _switch(source: str, words: Mapping[str, str]) -> str:
    pairs = "".join(f", {_quoted(key)}, {_quoted(value)}" for key, value in words.items())
    return f"Switch({source}, {pairs})" if pairs else source


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
