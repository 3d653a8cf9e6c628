"""Joiners and leavers as the fields of the editor's form, and back; pure, and nothing is lost.

What the form has no field for is refused here, and travels as JSON with the rest of the profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.domain.lifecycle import CLEAR, OTHER, SET, STEPS, WAYS_IN

_SOURCES = ("column", "expression")
_VALUES = ("constant", "expression")
_MOST_ROWS = 200
OWN_WAY = "other"
"""The choice that stands for a way in of one's own."""


@dataclass(frozen=True, slots=True)
class DateField:
    """Where a date comes from; nothing in `text` means that there is none."""

    kind: str = "column"
    text: str = ""
    days_before: str = ""

    def data(self) -> Any:
        """The entry, or None."""
        if not self.text.strip() and not self.days_before.strip():
            return None
        text = self.text.strip() if self.kind == "column" else self.text
        early = {"days_before": _number(self.days_before)} if self.days_before.strip() else {}
        return {self.kind: text, **early}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step; `target` counts for set and clear, `kind` and `text` for set only."""

    after_days: str = ""
    do: str = ""
    target: str = ""
    kind: str = "constant"
    text: str = ""

    def data(self) -> dict[str, Any]:
        """The step, right or wrong."""
        found: dict[str, Any] = {"after_days": _number(self.after_days.strip() or "0")}
        found["do"] = self.do
        if self.do in (SET, CLEAR):
            found["target"] = self.target
        if self.do == SET:
            found[self.kind] = self.text
        return found


@dataclass(frozen=True, slots=True)
class LifecycleForm:
    """Everything that the section holds; `way` is a choice, `own_way` the text of one's own."""

    start: DateField = DateField()
    last_day: DateField = DateField()
    steps: tuple[StepRow, ...] = ()
    way: str = ""
    own_way: str = ""

    def data(self) -> dict[str, Any]:
        """The entry; empty where nothing is said."""
        way = f"{OTHER} {self.own_way.strip()}".strip() if self.way == OWN_WAY else self.way
        parts: dict[str, Any] = {
            "start": self.start.data(),
            "last_day": self.last_day.data(),
            "leavers": [row.data() for row in self.steps],
            "way_in": way,
        }
        return {name: value for name, value in parts.items() if value}


def lifecycle_form(given: Any) -> LifecycleForm | None:
    """The form of an entry; None where a field would lose something of it."""
    if given is None:
        return LifecycleForm()
    if not isinstance(given, Mapping):
        return None
    steps = given.get("leavers", [])
    rows = [_row(step) for step in steps] if isinstance(steps, list) else []
    way = given.get("way_in", "")
    own = way.startswith(OTHER) if isinstance(way, str) else False
    form = LifecycleForm(
        _date(given.get("start")),
        _date(given.get("last_day")),
        tuple(rows),
        OWN_WAY if own else str(way),
        way.removeprefix(OTHER).strip() if own else "",
    )
    kept = form.data() == given and (own or way in ("", *WAYS_IN))
    return form if kept and all(row.do in STEPS for row in rows) else None


def read_lifecycle_form(fields: Mapping[str, str]) -> LifecycleForm:
    """The section as it was sent; rows marked for deletion and blank ones are left out."""
    way = fields.get("life-way", "")
    return LifecycleForm(
        _read_date(fields, "start"),
        _read_date(fields, "last_day"),
        tuple(_read_steps(fields)),
        way if way in (*WAYS_IN, OWN_WAY) else "",
        fields.get("life-own_way", ""),
    )


def fields_of_lifecycle(form: LifecycleForm) -> Iterator[tuple[str, str]]:
    """Names and values as the section sends them."""
    for name, dated in (("start", form.start), ("last_day", form.last_day)):
        yield f"life-{name}-kind", dated.kind
        yield f"life-{name}-text", dated.text
    yield "life-start-days", form.start.days_before
    yield "life-steps", str(len(form.steps))
    for at, row in enumerate(form.steps):
        for name in ("after_days", "do", "target", "kind", "text"):
            yield f"life-{at}-{name}", getattr(row, name)
    yield "life-way", form.way
    yield "life-own_way", form.own_way


def _read_date(fields: Mapping[str, str], name: str) -> DateField:
    kind = fields.get(f"life-{name}-kind", "")
    text = fields.get(f"life-{name}-text", "").replace("\r\n", "\n")
    days = fields.get(f"life-{name}-days", "").strip()
    early = days if text.strip() or days.strip("0") else ""
    return DateField(kind if kind in _SOURCES else "column", text, early)


def _read_steps(fields: Mapping[str, str]) -> Iterator[StepRow]:
    count = fields.get("life-steps", "")
    number = int(count[:9]) if count.isascii() and count.isdecimal() else 0
    for at in range(min(number, _MOST_ROWS)):
        given = {
            name: fields.get(f"life-{at}-{name}", "")
            for name in ("after_days", "do", "target", "kind", "text")
        }
        # A row in which nothing is chosen is no step; days alone are one that is not finished.
        if fields.get(f"life-{at}-delete") or not (given["do"] or given["after_days"].strip()):
            continue
        kind = given["kind"] if given["kind"] in _VALUES else "constant"
        text = given["text"].replace("\r\n", "\n")
        yield StepRow(given["after_days"], given["do"], given["target"].strip(), kind, text)


def _date(given: Any) -> DateField:
    if not isinstance(given, Mapping):
        return DateField()
    kind = next((each for each in _SOURCES if each in given), "column")
    days = given.get("days_before", "")
    return DateField(kind, str(given.get(kind, "")), str(days))


def _row(given: Any) -> StepRow:
    if not isinstance(given, Mapping):
        return StepRow()
    kind = next((each for each in _VALUES if each in given), "constant")
    return StepRow(
        str(given.get("after_days", "")),
        str(given.get("do", "")),
        str(given.get("target", "")),
        kind,
        str(given.get(kind, "")),
    )


def _number(text: str) -> int | str:
    """A number as one; anything else as it was typed, so that the profile says what is wrong."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text
