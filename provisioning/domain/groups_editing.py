"""Group rules as the rows of the editor's form, and back; pure, and nothing is lost.

What a row has no field for travels in its `extra` as JSON: a few entries, or the whole rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.domain.groups.rules import EMPTIED, SOURCES
from provisioning.domain.groups.values import GroupKind
from provisioning.domain.problems import Problem
from provisioning.domain.scope_editing import ConditionGroup, group_of, read_group

MOST_ROWS = 200
"""Rules that the form shows; a longer list stays JSON."""
KINDS = {GroupKind.SECURITY.value: "Security", GroupKind.MICROSOFT_365.value: "Microsoft 365"}
"""Kinds of group, as people call them."""
SOURCE_LABELS = {
    "column": "Groups by a column",
    "expression": "Groups by an expression",
    "group": "One group, by its name",
}
"""Where a rule's groups come from, as people read it."""

_EMPTY: Mapping[str, Any] = {
    "name": "",
    "when": None,
    "kind": "security",
    "emptied": "keep",
    "description": "",
    "licensing": False,
    "fully_managed": False,
}
"""What means the same as nothing."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One rule; `adopt` is the text of its field: value = id by line, or one id.

    `at` is the row's place on the page, which a row that is deleted above it leaves as it is.
    """

    rule: str = ""
    source: str = "column"
    text: str = ""
    name: str = ""
    when: ConditionGroup = field(default_factory=ConditionGroup)
    kind: str = "security"
    emptied: str = "keep"
    licensing: bool = False
    fully_managed: bool = False
    description: str = ""
    adopt: str = ""
    extra: str = ""
    at: int = field(default=0, compare=False)

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with."""
        return f"group-{self.at}"

    @property
    def blank(self) -> bool:
        """Whether nothing is said in it; what is only chosen from a list says nothing."""
        said = (self.rule, self.text, self.name, self.description, self.adopt, self.extra)
        chosen = self.licensing or self.fully_managed or self.when.data() is not None
        return not (any(said) or chosen)

    @property
    def options(self) -> list[str]:
        """What is not usual about it, in words."""
        return [
            *(["its name"] if self.name else []),
            *(["a condition"] if self._conditional else []),
            *([KINDS[self.kind]] if self.kind != "security" else []),
            *(["deleted when empty"] if self.emptied == "delete" else []),
            *(["licensing"] if self.licensing else []),
            *(["fully managed"] if self.fully_managed else []),
            *(["a description"] if self.description else []),
            *(["adopts"] if self.adopt else []),
            *(["more"] if self.extra else []),
        ]

    @property
    def _conditional(self) -> bool:
        """Whether a condition is said; a blank row is none."""
        said = any(row.column or row.value for row in self.when.rows)
        return bool(self.when.text.strip()) if self.when.as_text else said

    def entry(self) -> Any:
        """The row as an entry of "groups", right or wrong."""
        extra = _loaded(self.extra)
        if self.extra and not self.rule and not self.text:
            return extra
        said: dict[str, Any] = {
            "name": self.name,
            "when": self.when.data(),
            "kind": self.kind,
            "emptied": self.emptied,
            "licensing": self.licensing,
            "fully_managed": self.fully_managed,
            "description": self.description,
        }
        found = {name: each for name, each in said.items() if each != _EMPTY[name]}
        found |= {"adopt": _adopted(self.adopt, self.source)} if self.adopt else {}
        more = extra if isinstance(extra, dict) else {"extra": extra}
        return {"rule": self.rule, self.source: self.text, **found, **(more if self.extra else {})}

    def mistakes(self) -> Iterator[Problem]:
        """What is wrong with texts that are no JSON, or no lines of value = id."""
        target = f"groups {self.rule}"
        if self.when.mistake is not None:
            message, line, column = self.when.mistake
            yield Problem(target, f"the text of its condition is no JSON: {message}", line, column)
        if self.adopt and self.source != "group":
            values = [value for value, _ in _lines(self.adopt)]
            for value in sorted({each for each in values if values.count(each) > 1}):
                yield Problem(target, f"adopt: {value} stands on two lines")
            if any("=" not in line for line in self.adopt.split("\n") if line.strip()):
                yield Problem(target, "adopt: write value = id of the group on each line")


def group_rows(given: Any) -> tuple[GroupRow, ...] | None:
    """The rows of an entry; None where it is no list that rows can show."""
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > MOST_ROWS:
        return None
    return tuple(_row_of(at, entry) for at, entry in enumerate(given))


def read_group_rows(fields: Mapping[str, str]) -> Iterator[GroupRow]:
    """The section as it was sent; rows marked for deletion and blank ones are left out."""
    count = fields.get("groups", "")
    number = int(count[:9]) if count.isascii() and count.isdecimal() else 0
    for at in range(min(number, MOST_ROWS + 1)):
        row = _read(fields, at)
        if not fields.get(f"group-{at}-delete") and not row.blank:
            yield row


def fields_of_groups(rows: tuple[GroupRow, ...]) -> Iterator[tuple[str, str]]:
    """Names and values as the section sends them, but for the fields of conditions."""
    yield "groups", str(len(rows))
    for at, row in enumerate(rows):
        for name in _TEXTS:
            yield f"group-{at}-{name}", getattr(row, name)
        for name in _FLAGS:
            if getattr(row, name):
                yield f"group-{at}-{name}", "on"


_TEXTS = ("rule", "source", "text", "name", "kind", "emptied", "description", "adopt", "extra")
_FLAGS = ("licensing", "fully_managed")


def _read(fields: Mapping[str, str], at: int) -> GroupRow:
    given = {name: fields.get(f"group-{at}-{name}", "").replace("\r\n", "\n") for name in _TEXTS}
    source = given["source"] if given["source"] in SOURCES else "column"
    return GroupRow(
        given["rule"].strip(),
        source,
        _trimmed(given["text"], source),
        given["name"] if given["name"].strip() else "",
        read_group(fields, f"group-{at}-when"),
        given["kind"] if given["kind"] in KINDS else "security",
        given["emptied"] if given["emptied"] in EMPTIED else "keep",
        bool(fields.get(f"group-{at}-licensing")),
        bool(fields.get(f"group-{at}-fully_managed")),
        given["description"].strip(),
        given["adopt"].strip(),
        given["extra"].strip(),
        at,
    )


def _trimmed(text: str, source: str) -> str:
    """An expression stays as it is laid out."""
    return text if source == "expression" and text.strip() else text.strip()


def _row_of(at: int, entry: Any) -> GroupRow:
    """The row that gives this entry back; one whole in `extra` where fields would change it."""
    if isinstance(entry, Mapping):
        row = _shown(at, entry)
        if _typed(row) and not row.blank and row.entry() == _usual(entry):
            return row
    return GroupRow(extra=json.dumps(entry, ensure_ascii=False), at=at)


def _typed(row: GroupRow) -> bool:
    """Whether its fields can hold the texts: no browser sends line breaks of other kinds."""
    one_line = [row.rule, "" if row.source == "expression" else row.text]
    return all("\r" not in getattr(row, name) for name in _TEXTS) and "\n" not in "".join(one_line)


def _shown(at: int, entry: Mapping[str, Any]) -> GroupRow:
    rest = dict(_usual(entry))
    source = next((each for each in SOURCES if each in rest), "column")

    def text(name: str, usual: str = "", known: Callable[[str], bool] = lambda _: True) -> str:
        fits = isinstance(rest.get(name), str) and known(rest[name])
        return str(rest.pop(name)) if fits else usual

    return GroupRow(
        text("rule"),
        source,
        text(source),
        text("name"),
        group_of(rest.pop("when", None)),
        text("kind", "security", lambda kind: kind in KINDS),
        text("emptied", "keep", lambda word: word in EMPTIED),
        rest.pop("licensing", False) is True,
        rest.pop("fully_managed", False) is True,
        text("description"),
        _adopt_text(rest.pop("adopt", "")),
        json.dumps(rest, ensure_ascii=False) if rest else "",
        at,
    )


def _usual(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry without what means nothing, and without white space around its names."""
    found = {
        name: value
        for name, value in entry.items()
        if not (name in _EMPTY and type(value) is type(_EMPTY[name]) and value == _EMPTY[name])
        and not (name == "adopt" and value in ("", {}))
    }
    for name in ("rule", "column", "group", "description"):
        if isinstance(found.get(name), str):
            found[name] = found[name].strip()
    return found


def _adopt_text(given: Any) -> str:
    if isinstance(given, Mapping):
        return "\n".join(f"{value} = {each}" for value, each in given.items())
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def _adopted(text: str, source: str) -> Any:
    """Ids by value; the text itself where it is one id, or where a value stands twice."""
    lines = list(_lines(text))
    found = dict(lines)
    return text if source == "group" or len(found) < len(lines) else found


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Value and id of each line; a line without a sign is a value whose id is missing."""
    for line in text.split("\n"):
        value, sign, each = line.rpartition("=")
        if line.strip():
            yield (value.strip(), each.strip()) if sign else (line.strip(), "")


def _loaded(text: str) -> Any:
    """JSON, or the text itself where it is none: then the profile says what is wrong with it."""
    try:
        return json.loads(text)
    except ValueError:
        return text
