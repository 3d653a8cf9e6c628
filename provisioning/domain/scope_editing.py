"""Conditions as the editor's form shows them: a flat list, or the text of a nested one; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

RULE = "rule"
"""The test that stands for a reference to a named rule."""


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One condition; the values of `in` are on lines of their own. `rule`: value is its name."""

    column: str = ""
    test: str = "equals"
    value: str = ""

    @property
    def lines(self) -> int:
        """Lines that the value takes."""
        return self.value.count("\n") + 1


@dataclass(frozen=True, slots=True)
class ConditionGroup:
    """`word` is "all", "any" or "one"; `text` (JSON) stands in for rows where groups are nested."""

    word: str = "all"
    rows: tuple[ConditionRow, ...] = ()
    text: str = ""
    as_text: bool = False

    def data(self) -> Any:
        """What `scope.parse_scope` reads; None for no condition at all."""
        if self.as_text:
            return _loaded(self.text)
        parts = [_condition(row) for row in self.rows]
        if not parts:
            return None
        if self.word == "one" and len(parts) == 1:
            return parts[0]
        return {"any" if self.word == "any" else "all": parts}

    @property
    def mistake(self) -> tuple[str, int, int] | None:
        """What keeps the text from being JSON: message, line and column."""
        if self.as_text and self.text.strip():
            try:
                json.loads(self.text)
            except ValueError as error:
                at = error if isinstance(error, json.JSONDecodeError) else None
                return (
                    str(getattr(error, "msg", error)),
                    getattr(at, "lineno", 1),
                    getattr(at, "colno", 1),
                )
        return None


def group_of(data: Any) -> ConditionGroup:
    """The form of a scope or a named rule."""
    if data is None:
        return ConditionGroup()
    if isinstance(data, str):
        return ConditionGroup(text=data, as_text=True)
    if isinstance(data, Mapping):
        for word in ("all", "any"):
            if set(data) == {word} and isinstance(data[word], list) and data[word]:
                rows = [_row(each) for each in data[word]]
                if all(row is not None for row in rows):
                    return ConditionGroup(word, tuple(row for row in rows if row is not None))
        single = _row(data)
        if single is not None:
            return ConditionGroup("one", (single,))
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return ConditionGroup(text=text, as_text=True)


def read_group(fields: Mapping[str, str], prefix: str) -> ConditionGroup:
    """The group that was sent under a prefix; the text counts where it was what was shown."""
    rows = tuple(_read_rows(fields, prefix))
    text = fields.get(f"{prefix}-text", "").replace("\r\n", "\n")
    as_text = fields.get(f"{prefix}-mode") == "text"
    word = fields.get(f"{prefix}-word", "all")
    group = ConditionGroup(word if word in ("all", "any", "one") else "all", rows, text, as_text)
    wanted = fields.get(f"{prefix}-turn")
    if wanted == "text" and not as_text:
        data = group.data()
        shown = "" if data is None else json.dumps(data, indent=2, ensure_ascii=False)
        return ConditionGroup(group.word, (), shown, as_text=True)
    if wanted == "rows" and as_text:
        return group_of(group.data())
    return group


def _read_rows(fields: Mapping[str, str], prefix: str) -> Iterator[ConditionRow]:
    count = fields.get(f"{prefix}-count", "")
    for at in range(min(int(count), 5_000) if count.isascii() and count.isdecimal() else 0):
        column, test, value = (
            fields.get(f"{prefix}-{at}-{name}", "") for name in ("column", "is", "value")
        )
        if not fields.get(f"{prefix}-{at}-delete") and (column.strip() or value.strip()):
            yield ConditionRow(column.strip(), test or "equals", value.replace("\r\n", "\n"))


def _condition(row: ConditionRow) -> dict[str, Any]:
    if row.test == RULE:
        return {RULE: row.value.strip()}
    found: dict[str, Any] = {"column": row.column, "is": row.test}
    if row.test == "in":
        found["value"] = [line.strip() for line in row.value.split("\n") if line.strip()]
    elif row.value.strip():
        found["value"] = row.value
    return found


def _row(data: Any) -> ConditionRow | None:
    """A condition as a row, or None when a row cannot hold it."""
    if not isinstance(data, Mapping):
        return None
    if set(data) == {RULE} and isinstance(data[RULE], str):
        return ConditionRow("", RULE, data[RULE])
    if not {"column", "is"} <= set(data) <= {"column", "is", "value"}:
        return None
    column, test, value = data["column"], data["is"], data.get("value", "")
    if not isinstance(column, str) or not isinstance(test, str) or test == RULE:
        return None
    texts = value if isinstance(value, list) and test == "in" else [value]
    if not all(isinstance(each, str) and "\r" not in each for each in texts):
        return None
    if test == "in" and any("\n" in each for each in texts):
        return None
    return ConditionRow(column, test, "\n".join(texts))


def _loaded(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
