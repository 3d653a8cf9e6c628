"""Tables as files hold them: named columns over rows of exact values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Value = date | str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class Table:
    """A name for people, columns, and rows in their order; rows are read once."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[Sequence[Value]]
