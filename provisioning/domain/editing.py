"""A profile's definition as the fields of the editor's form, and back; pure, and nothing is lost.

Both ways take anything: a draft may be wrong. What the form has no field for travels in `extra`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioning.domain.definition import FRAME, KINDS, MATCHABLE, OUT_OF_SCOPE
from provisioning.domain.groups_editing import GroupRow, group_rows, read_group_rows
from provisioning.domain.lifecycle_editing import (
    LifecycleForm,
    lifecycle_form,
    read_lifecycle_form,
)
from provisioning.domain.scope_editing import ConditionGroup, group_of, read_group

Fields = Mapping[str, str]
DELETE_AFTER = "delete_after_days"
_JSON_MARK = "json_text"
MOST_ROWS = 5_000
"""Rows of a kind that are looked for; a request cannot hold as many."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One attribute's row: `kind` says what `text` is; `extra` is JSON that has no field."""

    number: int
    target: str
    kind: str = "column"
    text: str = ""
    when: str = "always"
    empty: str = "clear"
    default: str = ""
    redact: bool = False
    extra: str = ""

    @property
    def options(self) -> list[str]:
        """What is not usual about it, in words."""
        return [
            *(["only at creation"] if self.when == "create" else []),
            *(["empty: left alone"] if self.empty == "leave" else []),
            *([f"default “{self.default}”"] if self.default else []),
            *(["hidden in reports"] if self.redact else []),
            *(["more"] if self.extra else []),
        ]

    def entry(self) -> Any:
        """The row as an entry of "attributes"."""
        extra = _loaded(self.extra)
        if not self.target and not self.text and self.extra and not isinstance(extra, dict):
            return extra
        options: dict[str, Any] = dict(extra) if isinstance(extra, dict) else {"extra": extra}
        options = options if self.extra else {}
        value: Any = _loaded(self.text) if options.pop(_JSON_MARK, False) else self.text
        said: dict[str, Any] = {
            "when": self.when if self.when != "always" else None,
            "empty": self.empty if self.empty != "clear" else None,
            "default": self.default or None,
            "redact": self.redact or None,
        }
        chosen = {name: each for name, each in said.items() if each is not None}
        return {"target": self.target, self.kind: value, **chosen, **options}


@dataclass(frozen=True, slots=True)
class Editor:
    """Everything that the editor's form holds."""

    key_column: str = ""
    rows: tuple[RuleRow, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    matching: tuple[str, ...] = ()
    scope: ConditionGroup = field(default_factory=ConditionGroup)
    rules: tuple[tuple[str, ConditionGroup], ...] = ()
    out_of_scope: str = "skip"
    delete_after: str = ""
    lifecycle: LifecycleForm = field(default_factory=LifecycleForm)
    guests: bool = False
    groups: tuple[GroupRow, ...] = ()
    extra: str = ""

    def definition(self) -> dict[str, Any]:
        """The form as a definition, right or wrong."""
        out: Any = self.out_of_scope
        if out == "delete":
            days = self.delete_after.strip()
            out = {DELETE_AFTER: int(days) if days.isdecimal() else days}
        parts: dict[str, Any] = {
            "parameters": _unique(self.parameters),
            "matching": list(self.matching),
            "rules": _unique((name, group.data()) for name, group in self.rules),
            "scope": self.scope.data(),
            "out_of_scope": None if out == "skip" else out,
            "lifecycle": self.lifecycle.data(),
            "guests": self.guests or None,
        }
        said = {name: value for name, value in parts.items() if value not in (None, {}, [])}
        more = _loaded(self.extra) if self.extra else {}
        whole = {"key_column": self.key_column, **said}
        whole["attributes"] = [row.entry() for row in self.rows]
        if self.groups:
            whole["groups"] = [row.entry() for row in self.groups]
        return whole | (more if isinstance(more, dict) else {"extra": more})


def editor_of(definition: Any) -> Editor:
    """The form that shows a definition or a draft."""
    data: Mapping[str, Any] = definition if isinstance(definition, Mapping) else {}
    extra = {name: value for name, value in data.items() if name not in FRAME}
    out, days = _out_of_scope(data.get("out_of_scope", "skip"), extra)
    lifecycle = lifecycle_form(data.get("lifecycle"))
    if lifecycle is None:
        extra["lifecycle"] = data["lifecycle"]
    groups = group_rows(data.get("groups"))
    if groups is None:
        extra["groups"] = data["groups"]
    attributes = data.get("attributes", [])
    return Editor(
        key_column=_text(data.get("key_column", "")),
        rows=tuple(
            _row(number, entry)
            for number, entry in enumerate(attributes if isinstance(attributes, list) else [])
        ),
        parameters=tuple(_pairs(data, "parameters", extra)),
        matching=tuple(_listed(data, extra)),
        scope=group_of(data.get("scope")),
        rules=tuple((name, group_of(each)) for name, each in _mapping(data, "rules", extra)),
        out_of_scope=out,
        delete_after=days,
        lifecycle=lifecycle or LifecycleForm(),
        guests=_guests(data.get("guests", False), extra),
        groups=groups or (),
        extra=_dumped(extra),
    )


def read_editor(fields: Fields) -> Editor:
    """The form as it was sent; rows marked for deletion and blank ones are left out."""
    return Editor(
        key_column=fields.get("key_column", "").strip(),
        rows=tuple(_read_rows(fields)),
        parameters=tuple(_read_parameters(fields)),
        matching=tuple(
            path for at in range(len(MATCHABLE) + 1) if (path := fields.get(f"matching-{at}", ""))
        ),
        scope=read_group(fields, "scope"),
        rules=tuple(_read_rules(fields)),
        out_of_scope=fields.get("out_of_scope", "skip"),
        delete_after=fields.get(DELETE_AFTER, ""),
        lifecycle=read_lifecycle_form(fields),
        guests="guests" in fields,
        groups=tuple(read_group_rows(fields)),
        extra=fields.get("extra", "").strip(),
    )


def count_of(fields: Fields, name: str) -> int:
    """A number that was sent; nonsense counts as 0."""
    text = fields.get(name, "")
    return int(text[:9]) if text.isascii() and text.isdecimal() else 0


def _read_rows(fields: Fields) -> Iterator[RuleRow]:
    kept = 0
    for at in range(min(count_of(fields, "attrs"), MOST_ROWS)):
        prefix = f"attr-{at}"
        given = {name: fields.get(f"{prefix}-{name}", "") for name in _ROW_FIELDS}
        if fields.get(f"{prefix}-delete") or not any(given[name] for name in _SAYING):
            continue
        kind = given["kind"] if given["kind"] in KINDS else "column"
        text = _lines(given["text"])
        yield RuleRow(
            kept,
            given["target"].strip(),
            kind,
            text.strip() if kind == "column" else text,
            given["when"] or "always",
            given["empty"] or "clear",
            given["default"],
            bool(given["redact"]),
            given["extra"].strip(),
        )
        kept += 1


_ROW_FIELDS = ("target", "kind", "text", "when", "empty", "default", "redact", "extra")
_SAYING = ("target", "text", "default", "extra")


def _read_parameters(fields: Fields) -> Iterator[tuple[str, str]]:
    for at in range(min(count_of(fields, "params"), MOST_ROWS)):
        name = fields.get(f"param-{at}-name", "").strip()
        value = fields.get(f"param-{at}-value", "").strip()
        if name or value:
            yield name, value


def _read_rules(fields: Fields) -> Iterator[tuple[str, ConditionGroup]]:
    for at in range(min(count_of(fields, "rules"), MOST_ROWS)):
        group = read_group(fields, f"rule-{at}")
        name = fields.get(f"rule-{at}-name", "").strip()
        if not fields.get(f"rule-{at}-delete") and (name or group.data() is not None):
            yield name, group


def _row(number: int, entry: Any) -> RuleRow:
    if not isinstance(entry, Mapping):
        return RuleRow(number, "", extra=json.dumps(entry, ensure_ascii=False))
    rest = dict(entry)
    target = _text(rest.pop("target", ""))
    kind = next((each for each in KINDS if each in rest), "column")
    value = rest.pop(kind, "")
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str):
        value, rest[_JSON_MARK] = json.dumps(value, ensure_ascii=False), True
    return RuleRow(
        number,
        target,
        kind,
        value,
        _taken(rest, "when", ("always", "create")),
        _taken(rest, "empty", ("clear", "leave")),
        rest.pop("default") if isinstance(rest.get("default"), str) else "",
        rest.pop("redact") if isinstance(rest.get("redact"), bool) else False,
        _dumped(rest),
    )


def _taken(rest: dict[str, Any], name: str, usual: Sequence[str]) -> str:
    """An option out of the rest; what the form cannot show stays there."""
    value = rest.get(name, usual[0])
    if value in usual:
        rest.pop(name, None)
        return str(value)
    return usual[0]


def _out_of_scope(given: Any, extra: dict[str, Any]) -> tuple[str, str]:
    if isinstance(given, Mapping) and set(given) == {DELETE_AFTER}:
        return "delete", str(given[DELETE_AFTER])
    if isinstance(given, str) and given in OUT_OF_SCOPE:
        return given, ""
    extra["out_of_scope"] = given
    return "skip", ""


def _guests(given: Any, extra: dict[str, Any]) -> bool:
    if not isinstance(given, bool):
        extra["guests"] = given
    return given is True


def _pairs(data: Mapping[str, Any], name: str, extra: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in _mapping(data, name, extra):
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mapping(
    data: Mapping[str, Any], name: str, extra: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    given = data.get(name, {})
    if isinstance(given, Mapping):
        yield from ((str(key), value) for key, value in given.items())
    else:
        extra[name] = given


def _listed(data: Mapping[str, Any], extra: dict[str, Any]) -> Iterator[str]:
    given = data.get("matching", [])
    paths = [each for each in given if isinstance(each, str) and each] if given else []
    if isinstance(given, list) and paths == given and len(given) <= len(MATCHABLE) + 1:
        yield from paths
    else:
        extra["matching"] = given


def _unique(pairs: Any) -> dict[str, Any]:
    """Pairs as a mapping; a name that is there already gets a number, so that it shows up."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        free, number = name, 2
        while free in found:
            free, number = f"{name} ({number})", number + 1
        found[free] = value
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lines(text: str) -> str:
    """Browsers send CR LF for the line breaks of a text area."""
    return text.replace("\r\n", "\n")


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def _loaded(text: str) -> Any:
    """JSON, or the text itself where it is none: then the profile says what is wrong with it."""
    try:
        return json.loads(text)
    except ValueError:
        return text
