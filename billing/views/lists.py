"""Lists of finance: all are found in, sorted and taken along as files in the same way.

A page names each of its lists once. What was asked for is in the query: `q`, `sort` and `only`,
with the list's prefix where a page has several, and `file=<list>.<ending>` for it as a file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any, Generic, TypeVar

from django.http import FileResponse, Http404

from billing.domain.pricing import Cost
from billing.domain.tables import Table, Value
from billing.exports import FORMATS
from billing.exports.cells import Output
from tenants.access import PortalRequest

T = TypeVar("T")
_IN_MEMORY = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Order(Generic[T]):
    """One way to sort: its words, by what, and whether the largest comes first."""

    label: str
    key: Callable[[T], Any]
    down: bool = False


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What a list can be asked for; the first order is the usual one.

    `lines` gives a row as lines of a file, one for each currency of an amount.
    """

    name: str
    columns: tuple[str, ...]
    lines: Callable[[T], Iterable[Sequence[Value]]]
    orders: Mapping[str, Order[T]]
    words: Callable[[T], str]
    find: str = "Find"
    only: str = ""
    kinds: tuple[tuple[str, str], ...] = ()
    kind_of: Callable[[T], str] = field(default=lambda row: "")
    prefix: str = ""

    def asked(self, request: PortalRequest, rows: Iterable[T]) -> "Asked[T]":
        """The rows that were asked for, in the order that was; an unknown wish is none."""
        found, kept = self.wishes(request), list(rows)
        shown = [
            row
            for row in kept
            if found.text.casefold() in self.words(row).casefold()
            and found.kind in ("", self.kind_of(row))
        ]
        order = self.orders[found.sort]
        found.rows = sorted(sorted(shown, key=self.words), key=order.key, reverse=order.down)
        found.total = len(kept)
        return found

    def wishes(self, request: PortalRequest) -> "Asked[T]":
        """What was asked for, without rows."""

        def given(name: str, known: Iterable[str] | None = None) -> str:
            value = request.GET.get(self.prefix + name, "").strip()
            return value if known is None or value in known else ""

        sort = given("sort", self.orders) or next(iter(self.orders))
        return Asked(self, given("q"), sort, given("only", dict(self.kinds)))

    def table(self, rows: Iterable[T]) -> Table:
        """Rows as a file has them."""
        lines = (line for row in rows for line in self.lines(row))
        return Table(self.name.replace("_", " ").capitalize(), self.columns, lines)


@dataclass(slots=True)
class Asked(Generic[T]):
    """A list as somebody asked for it."""

    listing: Listing[T]
    text: str
    sort: str
    kind: str = ""
    rows: Iterable[T] = ()
    total: int = 0

    @property
    def narrowed(self) -> bool:
        """Whether something was looked for."""
        return bool(self.text or self.kind)

    @property
    def orders(self) -> list[tuple[str, str]]:
        """Orders to choose from, the usual one left out."""
        return [(key, order.label) for key, order in list(self.listing.orders.items())[1:]]

    @property
    def usual(self) -> str:
        """Words of the usual order."""
        return next(iter(self.listing.orders.values())).label


def file_of(request: PortalRequest, about: str, *lists: Asked[Any]) -> FileResponse | None:
    """The list that `file` names as a file called after what it is about; None: a page is wanted.

    404 for a list or an ending that is not there.
    """
    tables = {asked.listing.name: asked for asked in lists}
    name, _, ending = request.GET.get("file", "").partition(".")
    if not name:
        return None
    if name not in tables:
        raise Http404("No such file.")
    asked = tables[name]
    return as_file(asked.listing.table(asked.rows), ending, f"{about}-{name}")


def as_file(table: Table, ending: str, name: str) -> FileResponse:
    """A table to take along; 404 for a format that is not there."""
    if ending not in FORMATS:
        raise Http404("No such file.")
    form = FORMATS[ending]
    name = f"{name.replace('_', '-')}.{form.extension}"
    return download(name, form.content_type, partial(form.write, table))


def download(name: str, content_type: str, write: Callable[[Output], object]) -> FileResponse:
    """A file that is whole before it is sent: an error is a page, never half a file.

    What is large is written to the disk first.
    """
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
    write(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=content_type)


COST_COLUMNS = ("calls", "billable", "uncertain", "currency", "amount")


def cost_lines(*names: Value, cost: Cost) -> list[list[Value]]:
    """A cost as lines of `COST_COLUMNS`, one for each currency; counts stand in the first."""
    amounts: list[tuple[Value, Value]] = [*sorted(cost.amounts.items())] or [("", None)]
    counts: list[Value] = [cost.calls, cost.billable, cost.uncertain]
    return [
        [*names, *(counts if at == 0 else [0, 0, 0]), code, amount]
        for at, (code, amount) in enumerate(amounts)
    ]


def largest(cost: Cost) -> Any:
    """What costs are sorted by: the largest amount of any currency, then billable calls."""
    return max(cost.amounts.values(), default=0), cost.billable
