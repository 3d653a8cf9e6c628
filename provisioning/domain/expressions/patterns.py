"""Regular expressions as .NET writes them, run with a time limit.

Patterns come from people: one that is too slow is an error on that record, not a stuck worker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from provisioning.domain.expressions.errors import EvaluationError, SlowPatternError
from provisioning.domain.expressions.pattern_cost import clockless_length
from provisioning.domain.expressions.values import MAX_TEXT, shown, too_large

TIME_LIMIT = 0.02
"""Seconds of processor time one search or replacement may take.

A record must have failed within 0.1 s on the clock of the wall, also where the machine is busy.
"""

# Where .NET and the regex package write the same thing differently.
_DIALECT = re.compile(
    r"\\k(?:<(?P<angle>\w+)>|'(?P<quote>\w+)'|\{(?P<brace>\w+)\})"
    r"|\(\?'(?P<group>[^\W\d]\w*)'"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<escape>\\[pP]\{[^}]*\}|\\.)"
    r"|(?P<brace_text>\{(?![0-9]+(?:,[0-9]*)?\}))",
    re.DOTALL,
)
_ANCHORS = {r"\Z": r"(?=\n?\Z)", r"\z": r"\Z"}
_SUBSTITUTION = re.compile(r"\$(?:(?P<dollar>\$)|(?P<whole>&)|(?P<number>\d+)|\{(?P<name>\w+)\})")
_UNSUPPORTED = re.compile(r"(?<!\$)(?:\$\$)*(\$[`'+_])")


# The package writes repetitions out when it compiles: nested ones would take minutes and gigabytes.
MAX_EXPANDED = 20_000
_REPEATED = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]"
    r"|(?P<open>\()|(?P<close>\))|\{(?P<count>[0-9]+)(?:,[0-9]*)?\}|.",
    re.DOTALL,
)


class PatternError(Exception):
    """The pattern, a group or a replacement is not valid; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern with groups numbered as .NET does: unnamed ones first, then named."""

    compiled: Any
    groups: tuple[int, ...]
    clockless: int
    """Characters up to which a search needs no time limit."""

    def limit(self, source: str) -> Mapping[str, float]:
        """The keyword arguments of a search in the text."""
        return _UNLIMITED if len(source) <= self.clockless else _LIMITED

    def group(self, name: str) -> int | None:
        """The group of that name or .NET number, None if there is none."""
        if name in self.compiled.groupindex:
            return int(self.compiled.groupindex[name])
        if name.isascii() and name.isdigit() and len(name) < 4:
            number = int(name)
            return number if number == 0 else dict(enumerate(self.groups, 1)).get(number)
        return None

    def required_group(self, name: str) -> int:
        """The group of that name; PatternError if there is none."""
        index = self.group(name)
        if index is None:
            raise PatternError(f"the regular expression has no group {shown(name)}")
        return index


_LIMITED: Mapping[str, float] = {"timeout": TIME_LIMIT}
_UNLIMITED: Mapping[str, float] = {}
_COMPILE_ERRORS = (
    regex.error,
    RecursionError,
    MemoryError,
    OverflowError,
    ValueError,
    LookupError,
)


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """Compile a .NET pattern. Raises PatternError."""
    _check_expanded(text)
    try:
        compiled = regex.compile(_DIALECT.sub(_translated, text), regex.VERSION0)
    except _COMPILE_ERRORS as error:
        raise PatternError(f"not a regular expression: {error}") from None
    named = set(compiled.groupindex.values())
    order = sorted(range(1, compiled.groups + 1), key=lambda index: (index in named, index))
    return Pattern(compiled, tuple(order), clockless_length(text))


def _check_expanded(text: str) -> None:
    """Count the characters of the pattern with its repetitions written out, group by group."""
    sizes, last = [0], 0
    for token in _REPEATED.finditer(text):
        if token["open"]:
            sizes.append(0)
        elif token["close"]:
            last = sizes.pop() if len(sizes) > 1 else 0
            sizes[-1] += last
        elif token["count"]:
            # Ten digits say enough; Python refuses to convert thousands of them.
            more = last * (int(token["count"].lstrip("0")[:10] or "0") - 1)
            sizes[-1], last = sizes[-1] + more, last + more
        else:
            sizes[-1], last = sizes[-1] + 1, 1
        if sizes[-1] > MAX_EXPANDED:
            raise PatternError(f"its repetitions amount to more than {MAX_EXPANDED} characters")


def _translated(match: re.Match[str]) -> str:
    reference = match["angle"] or match["quote"] or match["brace"]
    if reference:
        return rf"\g<{reference}>"
    if match["group"]:
        return f"(?<{match['group']}>"
    if match["set"]:
        if "-[" in match["set"][1:]:
            raise PatternError("subtraction inside [...] is not supported: write the set out")
        return match["set"]
    if match["brace_text"]:
        # .NET takes it literally; to the regex package {e<=1} would be an inexact match.
        return r"\{"
    return _ANCHORS.get(match["escape"], match["escape"])


@lru_cache(maxsize=256)
def substitution(pattern_text: str, replacement: str) -> Callable[[str], str]:
    """A function that replaces every match in a text by a .NET replacement. Raises PatternError.

    $1, ${name}, $& and $$ are read; what names no group stays as it is written, as in .NET. The
    function raises EvaluationError when it takes too long or the text grows too large.
    """
    pattern = compile_pattern(pattern_text)
    unsupported = _UNSUPPORTED.search(replacement)
    if unsupported:
        raise PatternError(f"{unsupported[1]} in a replacement is not supported")
    parts = _replacement_parts(pattern, replacement)
    plain = [part for part in parts if isinstance(part, str)]
    if len(plain) == len(parts):
        return _plain_substitution(pattern, "".join(plain))
    return lambda source: _substitute(
        pattern,
        lambda match: "".join(
            part if isinstance(part, str) else (match[part] or "") for part in parts
        ),
        source,
    )


def _replacement_parts(pattern: Pattern, replacement: str) -> list[str | int]:
    """Literal text and numbers of groups, in turn."""
    parts: list[str | int] = []
    end = 0
    for found in _SUBSTITUTION.finditer(replacement):
        parts += [replacement[end : found.start()], _substituted(pattern, found)]
        end = found.end()
    return [*parts, replacement[end:]]


def _plain_substitution(pattern: Pattern, plain: str) -> Callable[[str], str]:
    """The usual case, a replacement without groups: no call per match."""
    escaped = plain.replace("\\", "\\\\")
    replace_all, limit = pattern.compiled.sub, pattern.limit

    def run(source: str) -> str:
        if (len(source) + 1) * (len(plain) + 1) > MAX_TEXT:
            return _substitute(pattern, lambda _match: plain, source)
        try:
            return str(replace_all(escaped, source, **limit(source)))
        except _RUN_ERRORS as error:
            raise _failed(error) from None

    return run


def _substituted(pattern: Pattern, found: re.Match[str]) -> str | int:
    if found["dollar"]:
        return "$"
    if found["whole"]:
        return 0
    index = pattern.group(found["number"] or found["name"])
    return found[0] if index is None else index


def _substitute(pattern: Pattern, replacement: Callable[[Any], str], source: str) -> str:
    room = MAX_TEXT

    def replace(match: Any) -> str:
        nonlocal room
        piece = replacement(match)
        room -= len(piece)
        if room < 0:
            raise too_large()
        return piece

    try:
        return str(pattern.compiled.sub(replace, source, **pattern.limit(source)))
    except _RUN_ERRORS as error:
        raise _failed(error) from None


def replace_group(pattern: Pattern, group: int, replacement: str, source: str) -> str:
    """Only what the group captured is replaced, in every match."""

    def rebuilt(match: Any) -> str:
        pieces, end = [], match.start()
        for start, stop in match.spans(group):
            if start >= end:
                pieces += [source[end:start], replacement]
                end = stop
        return "".join([*pieces, source[end : match.end()]])

    return _substitute(pattern, rebuilt, source)


def find_group(pattern: Pattern, group: int, source: str) -> str | None:
    """What the group captured in the first match; None without a match."""
    try:
        match = pattern.compiled.search(source, **pattern.limit(source))
    except _RUN_ERRORS as error:
        raise _failed(error) from None
    return None if match is None else match[group]


_RUN_ERRORS = (TimeoutError, MemoryError, RecursionError, regex.error)


def _failed(error: BaseException) -> EvaluationError:
    if isinstance(error, TimeoutError):
        limit = f"{TIME_LIMIT * 1000:.0f} ms"
        message = f"the regular expression took longer than {limit}"
        return SlowPatternError(f"{message}; write it without nested repetitions")
    return EvaluationError(f"the regular expression could not be run: {error}")
