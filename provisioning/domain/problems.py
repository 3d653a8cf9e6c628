"""What is wrong with something that people wrote, each with its place; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PARAMETER = "param."
"""What a parameter's name begins with in an expression: [param.domain]."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one target ("" for the profile itself).

    Where the text of an expression is wrong, line and column are 1-based and caret shows the place.
    """

    target: str
    message: str
    line: int | None = None
    column: int | None = None
    caret: str = ""
    slow: bool = False
    """Whether a regular expression was stopped at its time limit."""

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        return f"{self.target}: {self.message}{place}" if self.target else self.message


class ProblemsError(Exception):
    """Something is wrong; `problems` holds all of it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)
