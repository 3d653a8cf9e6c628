"""Rows of the API that cannot be read: what is wrong with each, and whose days lack figures."""

from dataclasses import dataclass, field
from datetime import date

_NAMED, _SHOWN = 3, 30


@dataclass(slots=True)
class Unread:
    """What is told of these rows; a day that has one is never complete.

    `days`: by day and resource the first such line, the directory and the currency (or nothing).
    """

    rows: int = 0
    named: list[str] = field(default_factory=list)
    days: dict[tuple[date, str], tuple[int, str, str]] = field(default_factory=dict)

    def take(self, line: int, what: str) -> None:
        """Count a row; `what`: what is wrong with it."""
        self.rows += 1
        if len(self.named) < _NAMED:
            self.named.append(f"line {line}: {what}")

    @property
    def words(self) -> str:
        """How many, and what is wrong with the first ones; nothing if there are none."""
        if not self.rows:
            return ""
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        more = "; and more" if self.rows > _NAMED else ""
        return f"{rows} of the API could not be read; {'; '.join(self.named)}{more}."


def cell_words(what: str, text: str) -> str:
    """What a cell says instead of a day or figure."""
    if not text:
        return f"its {what} is empty"
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"its {what} is “{shown}”"
