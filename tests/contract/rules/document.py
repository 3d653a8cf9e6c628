"""Reads docs/entra-rules.md: the rules, how well each is known, and its switch."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[3] / "docs" / "entra-rules.md"
TWO_SIDED = frozenset({"sources disagree", "said", "not printed"})
MARKS = TWO_SIDED | {"documented", "seen live"}
_RULE = re.compile(r"- \*\*(\d+\.\d+)\*\* \(([\w ]+)\) (.+)")
_SWITCH = re.compile(r"\[switch (\w+): ([^;\]]+); else ([^\]]+)\]")


@dataclass(frozen=True)
class Switch:
    """A switch of the sandbox as a rule names it."""

    name: str
    default: Any
    others: tuple[Any, ...]


@dataclass(frozen=True)
class Rule:
    """A rule: number, mark, text, and the switch that chooses its side."""

    number: str
    mark: str
    text: str
    switch: Switch | None


def read_rules() -> list[Rule]:
    """Every rule in the order of the document."""
    text = re.sub(r"\n {2,}(?=\S)", " ", PATH.read_text())
    return [_rule(*found.groups()) for line in text.split("\n") if (found := _RULE.match(line))]


def _rule(number: str, mark: str, text: str) -> Rule:
    switch = _SWITCH.search(text)
    return Rule(number, mark, text, _switch(*switch.groups()) if switch else None)


def _switch(name: str, default: str, others: str) -> Switch:
    return Switch(name, json.loads(default), tuple(json.loads(f"[{others}]")))
