"""What all files have in common: where they are written, and cells that are no formulas."""

from dataclasses import dataclass
from typing import Protocol


class Output(Protocol):
    """A file or an HTTP response that takes bytes."""

    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Utf8:
    """Text for an output of bytes."""

    output: Output

    def write(self, text: str, /) -> None:
        """Write text as UTF-8."""
        self.output.write(text.encode())
