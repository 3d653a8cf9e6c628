"""Custom date formats as .NET writes them: text to a moment, and a moment to text; pure.

Letters: y M d H h m s f F t z K g, each repeated as .NET reads it; text in quotes or after a
backslash, and every other character, stands for itself (.NET: custom date and time format strings,
culture en-US). A single letter alone is one of .NET's standard formats; %d is the letter d itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.moments import Moment, build, hour_of_half
from provisioning.domain.expressions.values import shown

MAX_FORMAT = 500
"""Characters of a format."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STANDARD = {
    "d": "M/d/yyyy", "D": "dddd, MMMM d, yyyy", "f": "dddd, MMMM d, yyyy h:mm tt",
    "F": "dddd, MMMM d, yyyy h:mm:ss tt", "U": "dddd, MMMM d, yyyy h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt", "G": "M/d/yyyy h:mm:ss tt", "m": "MMMM d", "M": "MMMM d",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK", "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'", "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss", "t": "h:mm tt", "T": "h:mm:ss tt",
    "u": "yyyy-MM-dd HH:mm:ss'Z'", "y": "MMMM yyyy", "Y": "MMMM yyyy",
}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<letters>([yMdHhmsfFtzg])\2*)|(?P<zone>K)"
    r"|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|\\(?P<escaped>.)|(?P<percent>%(?=[^%]))|(?P<other>.)",
    re.DOTALL,
)


class _Token(NamedTuple):
    """A letter repeated `times` times; letter "" is literal text."""

    letter: str
    times: int
    text: str


@lru_cache(maxsize=256)
def _tokens(pattern: str) -> tuple[_Token, ...]:
    """The parts of a format. Raises EvaluationError."""
    if not pattern:
        raise EvaluationError("the date format is empty")
    if len(pattern) > MAX_FORMAT:
        raise EvaluationError(f"a date format has at most {MAX_FORMAT} characters")
    if len(pattern) == 1 and pattern.isascii() and pattern.isalpha():
        if pattern not in _STANDARD:
            raise EvaluationError(f"{shown(pattern)} alone is no date format of .NET")
        pattern = _STANDARD[pattern]
    return tuple(token for match in _TOKEN.finditer(pattern) for token in _token(match, pattern))


def _token(match: re.Match[str], pattern: str) -> list[_Token]:
    if match["percent"]:
        return []
    if match["letters"] or match["zone"]:
        letters = match[0]
        if letters[0] in "fF" and len(letters) > 7:
            raise EvaluationError(f"{shown(pattern)} has more than 7 digits of a second")
        return [_Token(letters[0], len(letters), letters)]
    if match["other"] and match["other"] in "'\"\\%":
        raise EvaluationError(f"{shown(pattern)} has a {match['other']} that nothing belongs to")
    literal = next(
        match[name] for name in ("single", "double", "escaped", "other") if match[name] is not None
    )
    return [_Token("", 0, literal)]


def write(moment: Moment, pattern: str) -> str:
    """The moment in a .NET format. Raises EvaluationError."""
    tokens = _tokens(pattern)
    pieces: list[str] = []
    for token in tokens:
        piece = token.text if not token.letter else _WRITERS[token.letter](moment, token.times)
        if token.letter == "F" and not piece and pieces and pieces[-1].endswith("."):
            # .NET leaves the point out with the digits.
            pieces[-1] = pieces[-1][:-1]
        pieces.append(piece)
    return "".join(pieces)


def _number(value: int, count: int) -> str:
    return str(value).zfill(2) if count > 1 else str(value)


def _year(moment: Moment, count: int) -> str:
    _needs_year(moment)
    year = moment.at.year
    return _number(year % 100, count) if count < 3 else str(year).zfill(count)


def _needs_year(moment: Moment) -> None:
    if moment.yearless:
        raise EvaluationError("the output format needs a year, but the input format has none")


def _month(moment: Moment, count: int) -> str:
    name = _MONTHS[moment.at.month - 1]
    return _number(moment.at.month, count) if count < 3 else name[: 3 if count == 3 else None]


def _day(moment: Moment, count: int) -> str:
    if count < 3:
        return _number(moment.at.day, count)
    _needs_year(moment)
    return _DAYS[moment.at.weekday()][: 3 if count == 3 else None]


def _fraction(moment: Moment, count: int) -> str:
    return f"{moment.at.microsecond:06}{moment.tick}"[:count]


def _zone(_moment: Moment, count: int) -> str:
    # Every moment is UTC.
    return ("+0", "+00", "+00:00")[min(count, 3) - 1]


_WRITERS: dict[str, Callable[[Moment, int], str]] = {
    "y": _year,
    "M": _month,
    "d": _day,
    "H": lambda moment, count: _number(moment.at.hour, count),
    "h": lambda moment, count: _number(moment.at.hour % 12 or 12, count),
    "m": lambda moment, count: _number(moment.at.minute, count),
    "s": lambda moment, count: _number(moment.at.second, count),
    "f": _fraction,
    "F": lambda moment, count: _fraction(moment, count).rstrip("0"),
    "t": lambda moment, count: ("AM" if moment.at.hour < 12 else "PM")[: min(count, 2)],
    "z": _zone,
    "K": lambda moment, _count: "Z" if moment.zoned else "",
    "g": lambda _moment, _count: "A.D.",
}

_FIELDS = {
    "y": "year", "M": "month", "d": "day", "H": "hour", "h": "hour12", "m": "minute",
    "s": "second", "f": "fraction", "F": "fraction", "t": "half", "z": "zone", "K": "zone",
    "g": "era",
}  # fmt: skip


class _Reader(NamedTuple):
    """A format as a regular expression; `fields` says what each of its groups is."""

    regex: re.Pattern[str]
    fields: tuple[str, ...]


@lru_cache(maxsize=256)
def _reader(pattern: str, inner_blanks: bool) -> _Reader:
    pieces: list[str] = []
    fields: list[str] = []
    tokens = _tokens(pattern)
    for token, following in zip(tokens, (*tokens[1:], _Token("", 0, "")), strict=True):
        if token.letter:
            # Atomic: .NET never gives back what a letter has read, and nothing can backtrack.
            pieces.append(f"((?>{_shape(token)}))")
            named = token.letter == "d" and token.times > 2
            fields.append("weekday" if named else _FIELDS[token.letter])
        elif inner_blanks and token.text.isspace():
            pieces.append(r"\s*+")
        else:
            literal = re.escape(token.text)
            # A point before F may be missing with the digits.
            optional = token.text == "." and following.letter == "F"
            pieces.append(f"{literal}?+" if optional else literal)
    return _Reader(re.compile("".join(pieces), re.ASCII), tuple(fields))


def _shape(token: _Token) -> str:
    letter, count = token.letter, token.times
    if letter == "y":
        return r"\d{1,2}" if count == 1 else rf"\d{{{count}}}"
    if letter in "Md" and count > 2:
        names = _MONTHS if letter == "M" else _DAYS
        return f"(?i:{'|'.join(name[: 3 if count == 3 else None] for name in names)})"
    if letter in "fF":
        return rf"\d{{{count}}}" if letter == "f" else rf"\d{{0,{count}}}"
    if letter in "tzKg":
        shapes = {"t": "[APap]" if count == 1 else "[APap][Mm]", "g": r"A\.?D\.?"}
        zones = (r"[+-]\d{1,2}", r"[+-]\d{2}", r"[+-]\d{2}:?\d{2}")
        shapes |= {"z": zones[min(count, 3) - 1], "K": r"(?:Z|[+-]\d{2}:\d{2})?"}
        return shapes[letter]
    return r"\d{1,2}" if count == 1 else r"\d{2}"


_BLANKS = {"AllowLeadingWhite", "AllowTrailingWhite", "AllowInnerWhite", "AllowWhiteSpaces"}
STYLES = frozenset(
    {"None", "AssumeUniversal", "AdjustToUniversal", "AssumeLocal", "RoundtripKind"}
    | {"NoCurrentDateDefault"}
    | _BLANKS
)
"""Names of .NET's DateTimeStyles. Every result is UTC here, so only those on blanks matter."""


def read(text: str, pattern: str, styles: frozenset[str] = frozenset()) -> Moment:
    """The moment that a text in a .NET format stands for, in UTC. Raises EvaluationError.

    As ParseExact: without an offset it is UTC, a missing month or day is the first.
    """
    reader = _reader(pattern, bool(styles & {"AllowInnerWhite", "AllowWhiteSpaces"}))
    match = reader.regex.fullmatch(_trimmed(text, styles))
    if match is None:
        raise EvaluationError(f"{shown(text)} is not in the format {shown(pattern)}")
    found: dict[str, str] = {}
    for field, value in zip(reader.fields, match.groups(), strict=True):
        known = found.setdefault(field, value)
        if known.lower() != value.lower() and _differ(known, value):
            raise EvaluationError(f"{shown(text)} says {field} twice, and differently")
    return _moment(found, text)


def _differ(first: str, second: str) -> bool:
    if first.isdigit() and second.isdigit():
        return int(first) != int(second)
    # Aug and August.
    return first.lower()[:3] != second.lower()[:3]


def _trimmed(text: str, styles: frozenset[str]) -> str:
    if styles & {"AllowLeadingWhite", "AllowWhiteSpaces"}:
        text = text.lstrip()
    return text.rstrip() if styles & {"AllowTrailingWhite", "AllowWhiteSpaces"} else text


def _moment(found: dict[str, str], text: str) -> Moment:
    year = _full_year(found["year"]) if "year" in found else 2000
    hour = int(found.get("hour", "0"))
    if "hour12" in found:
        # .NET takes the morning where the format has no tt.
        hour = hour_of_half(int(found["hour12"]), found.get("half", "A"), text)
    parts = {
        "year": year,
        "month": _month_number(found.get("month", "1")),
        "day": int(found.get("day", "1")),
        "hour": hour,
        "minute": int(found.get("minute", "0")),
        "second": int(found.get("second", "0")),
    }
    zone = found.get("zone") or None
    moment = build(parts, found.get("fraction", "").ljust(7, "0"), _padded(zone), text)
    _check_weekday(found.get("weekday"), parts, text)
    return moment._replace(yearless="year" not in found)


def _padded(zone: str | None) -> str | None:
    """An offset of one digit (+1) with the two that everything else has."""
    return f"{zone[0]}0{zone[1]}" if zone and len(zone) == 2 else zone


def _full_year(digits: str) -> int:
    year = int(digits)
    # .NET's invariant calendar reads two digits as 1950 to 2049.
    return year if len(digits) > 2 else year + (2000 if year < 50 else 1900)


def _month_number(text: str) -> int:
    if text.isdigit():
        return int(text)
    return [name[:3].lower() for name in _MONTHS].index(text[:3].lower()) + 1


def _check_weekday(weekday: str | None, parts: dict[str, int], text: str) -> None:
    if weekday is None:
        return
    real = _DAYS[datetime(parts["year"], parts["month"], parts["day"]).weekday()]  # noqa: DTZ001
    if real[:3].lower() != weekday[:3].lower():
        raise EvaluationError(f"{shown(text)} names a day of the week that its date is not")
