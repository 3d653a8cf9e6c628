"""What can go wrong with an expression.

ExpressionError
├── ParseError        the text is no expression of the language: said once, when a profile is saved
└── EvaluationError   this record's values cannot be evaluated: stops that record only
    └── SlowPatternError   a regular expression was stopped at its time limit
"""

from __future__ import annotations

# Wide enough for a usual line, narrow enough for a page: longer lines are cut around the caret.
_CARET_WIDTH = 100


class ExpressionError(Exception):
    """Base of every error of the mapping expression language; `message` says what is wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ParseError(ExpressionError):
    """The text cannot be read; `line` and `column` are 1-based, `caret` shows the place."""

    def __init__(self, message: str, text: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.caret = caret_text(text, line, column)

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class EvaluationError(ExpressionError):
    """A record's values cannot be evaluated; the message names the function it happened in."""

    function: str | None = None

    def inside(self, function: str) -> None:
        """Name the function, unless an inner one has been named already."""
        if self.function is None:
            self.function = function
            self.message = f"{function}: {self.message}"
            self.args = (self.message,)


class SlowPatternError(EvaluationError):
    """A regular expression took too long for this record and was stopped."""


def caret_text(text: str, line: int, column: int) -> str:
    """The line (1-based) of the text and, under its column, a caret."""
    lines = text.split("\n")
    shown = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
    start = max(0, column - 1 - _CARET_WIDTH // 2) if len(shown) > _CARET_WIDTH else 0
    piece = shown[start : start + _CARET_WIDTH]
    before = shown[start : column - 1]
    # Tabs are repeated, so that the caret stays under its character whatever their width.
    padding = "".join("\t" if character == "\t" else " " for character in before)
    return f"{piece}\n{padding}^"
