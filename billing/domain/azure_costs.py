"""Azure's cost and usage details, read into days: what the provider says was used and charged.

A file is read three times as a stream: for its hash and encoding, for the way it writes days and
numbers, and for the rows. What is held is one sum per day and resource, never the rows.

Rows of other services, footers and repeated headers are left out, counted with the reason; charges
other than usage (purchases, refunds, credits, taxes, adjustments) are kept apart by their kind.
Columns: `azure_columns`. Every figure is a Decimal.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import BinaryIO

from billing.domain.azure_columns import Header, find_header
from billing.domain.azure_files import (
    MOST_BYTES,
    AmbiguousExport,
    CostFile,
    DisprovedHint,
    NotACostExport,
    UnreadableExport,
)
from billing.domain.azure_formats import EXACT, Formats
from billing.domain.azure_survey import Hints, Survey, is_ours, rows_of, tenant_of
from billing.domain.azure_unread import Unread, cell_words

_NAMED_LINES = 10
# Days times resources that may be held; a month of 1,000 tenants has 31,000.
_MOST_SUMS = 500_000
_HALF = Decimal("0.5")
_CURRENCY = re.compile("[A-Z]{3}")
_Row = tuple[int, int, list[str]]


class ChargeKind(StrEnum):
    """What a charge is for; only usage is compared with the meter."""

    USAGE = "usage"
    PURCHASE = "purchase"
    REFUND = "refund"
    CREDIT = "credit"
    TAX = "tax"
    ADJUSTMENT = "adjustment"


class Reason(StrEnum):
    """Why a row is left out."""

    REPEATED = "The same rows stand in the file before."
    CUT = "The file ends within this row."
    SHAPE = "The row has another number of fields than the header."
    NO_DAY = "No day: a footer, or a date that cannot be read."
    FAR_DAY = "The day is before 2000, or in the future."
    OTHER_SERVICE = "The charge is for another service."
    NO_FIGURES = "Quantity, cost or currency cannot be read."


@dataclass(frozen=True, slots=True)
class ImportedDay:
    """One resource's charges of one kind on one UTC day.

    `tenant`: the directory's id, if the rows name it. `price`: what a call cost by the file, None
    if its rows differ or do not say. Slacks: how far rounding by the exporter may reach. `unread`:
    the line of a row of the day that cannot be read; such a part has no rows and no figures.
    """

    day: date
    resource_id: str
    tenant: str
    kind: ChargeKind
    currency: str
    quantity: Decimal
    cost: Decimal
    rows: int
    price: Decimal | None = None
    quantity_slack: Decimal = Decimal(0)
    cost_slack: Decimal = Decimal(0)
    unread: int | None = None


@dataclass(slots=True)
class LeftOut:
    """Rows left out for one reason; the first lines, and their cost where it could be read."""

    rows: int = 0
    lines: list[int] = field(default_factory=list)
    costs: dict[str, Decimal] = field(default_factory=dict)

    def take(self, line: int, currency: str, cost: Decimal | None) -> None:
        """Count a row."""
        self.rows += 1
        if len(self.lines) < _NAMED_LINES:
            self.lines.append(line)
        if cost is not None:
            self.costs[currency] = EXACT.add(self.costs.get(currency, Decimal(0)), cost)


@dataclass(frozen=True, slots=True)
class CostImport:
    """A whole file. `content_hash` (SHA-256 of what is unpacked) tells a second import of it.

    `unread_days`: parts without figures, for each day and resource with a row that cannot be read.
    """

    variant: str
    encoding: str
    content_hash: str
    rows: int
    days: tuple[ImportedDay, ...]
    left_out: dict[Reason, LeftOut]
    unread: Unread = field(default_factory=Unread)
    unread_days: tuple[ImportedDay, ...] = ()

    @property
    def covered(self) -> tuple[date, date] | None:
        """First and last day with usage of ours; a month may be partial. None: nothing was read."""
        days = [day.day for day in (*self.usage, *self.unread_days)]
        return (min(days), max(days)) if self.usage else None

    @property
    def gaps(self) -> list[str]:
        """What the file lacks of the API, in sentences."""
        cut = self.left_out.get(Reason.CUT)
        ends = f"The file ends within a row (line {cut.lines[0]}) and may be cut." if cut else ""
        return [words for words in (self.unread.words, ends) if words]

    @property
    def usage(self) -> tuple[ImportedDay, ...]:
        """What is compared with the meter."""
        return tuple(day for day in self.days if day.kind is ChargeKind.USAGE)

    @property
    def apart(self) -> tuple[ImportedDay, ...]:
        """Purchases, refunds, credits, taxes and adjustments of our resources."""
        return tuple(day for day in self.days if day.kind is not ChargeKind.USAGE)


def read_costs(
    source: bytes | BinaryIO,
    hints: Hints | None = None,
    most: int = MOST_BYTES,
    until: date = date.max,
) -> CostImport:
    """Read an export from bytes or a seekable stream; raises CostFileError (`azure_files`).

    `most`: bytes, unpacked. `until`: the last day that a bill can speak of.
    """
    hints = hints or Hints()
    file = CostFile(source, most)
    header = find_header(file)
    if header.places["currency"] < 0 and not hints.currency:
        message = "The file has no column with the billing currency; say which one it is."
        raise AmbiguousExport(message, "currency")
    survey = Survey(file, header)
    reading = _Reading(header, survey.formats(hints, until), hints, survey.repeated)
    left_out = reading.left_out
    for (line, section, row), last in _with_last(rows_of(file, header)):
        reading.take(line, section, row, cut=last and reading.is_cut(file, row))
    if reading.rows and not reading.dated and Reason.CUT not in left_out:
        message = f"No row of the file has a day that can be read. {reading.unread.words}"
        raise NotACostExport(message.rstrip(), ("days",))
    return CostImport(
        header.variant,
        file.encoding,
        file.content_hash,
        reading.rows,
        tuple(reading.days()),
        dict(sorted(left_out.items())),
        reading.unread,
        tuple(reading.unread_days()),
    )


def _with_last(rows: Iterable[_Row]) -> Iterator[tuple[_Row, bool]]:
    """Each row and whether it is the last one."""
    held: list[_Row] = []
    for row in rows:
        yield from ((before, False) for before in held)
        held = [row]
    yield from ((last, True) for last in held)


def charge_kind(text: str) -> ChargeKind:
    """ChargeType of Cost Management or ChargeCategory of FOCUS; without one it is usage."""
    plain = text.strip().lower()
    if plain in ("", ChargeKind.USAGE):
        return ChargeKind.USAGE
    # RoundingAdjustment, UnusedReservation and whatever comes are adjustments, as in FOCUS.
    return ChargeKind(plain) if plain in list(ChargeKind) else ChargeKind.ADJUSTMENT


@dataclass(slots=True)
class _Sum:
    """What is added up for one day, resource, kind and currency."""

    tenant: str = ""
    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    rows: int = 0
    in_blocks: int = 0
    prices: set[Decimal | None] = field(default_factory=set)


class _Reading:
    """The second reading of the rows: each one summed or left out."""

    def __init__(self, header: Header, formats: Formats, hints: Hints, repeated: set[int]) -> None:
        self._header, self._formats, self._hints = header, formats, hints
        self._repeated = repeated
        self._sums: dict[tuple[date, str, ChargeKind, str], _Sum] = {}
        # Decimal places that rows of ours were printed with, at most: where rounding happened.
        self._cost_places = self._block_places = 0
        self.left_out: dict[Reason, LeftOut] = {}
        self.unread = Unread()
        self.rows = self.dated = 0

    def is_cut(self, file: CostFile, row: list[str]) -> bool:
        """Whether the file ends within its last row; a total may have few fields, but ends."""
        if file.ends_quoted or len(row) >= len(self._header.names):
            return file.ends_quoted
        return file.ends_midline or self._day(self._whole(row, cut=True)) is not None

    def take(self, line: int, section: int, row: list[str], *, cut: bool = False) -> None:
        """Sum a row up, or count why not."""
        self.rows += 1
        reason = Reason.CUT if cut else self._why_not(section, row)
        if reason is None:
            self._check_currency(line, row)
        if reason is None and not self._add(row):
            reason = Reason.NO_FIGURES
        if reason is not None:
            self._take_unread(line, reason, row)
            fits = len(row) == len(self._header.names)
            cost = self._number(row, "cost") if fits else None
            currency = self._currency(row) if fits else ""
            self.left_out.setdefault(reason, LeftOut()).take(line, currency, cost)

    def _why_not(self, section: int, row: list[str]) -> Reason | None:
        if len(row) != len(self._header.names):
            return Reason.SHAPE
        day = self._day(row)
        if day is None:
            return Reason.NO_DAY
        self.dated += 1
        if self._formats.is_far(day):
            return Reason.FAR_DAY
        if section in self._repeated:
            return Reason.REPEATED
        return None if is_ours(self._header, row) else Reason.OTHER_SERVICE

    def _take_unread(self, line: int, reason: Reason, row: list[str]) -> None:
        """Keep what a row of ours says although it is left out: whose day lacks its figures."""
        whole, value = self._whole(row, cut=reason is Reason.CUT), self._header.value
        if reason in (Reason.REPEATED, Reason.OTHER_SERVICE) or not is_ours(self._header, whole):
            return
        self.unread.take(line, self._what(reason, row))
        day = self._day(whole)
        usage = charge_kind(value(whole, "kind")) is ChargeKind.USAGE
        if day is not None and usage and not self._formats.is_far(day):
            self._check_size()
            key = (day, value(whole, "resource").lower())
            told = (line, tenant_of(self._header, whole), self._currency(whole))
            self.unread.days.setdefault(key, told)

    def _what(self, reason: Reason, row: list[str]) -> str:
        """What is wrong with a row of ours."""
        if reason is Reason.CUT:
            return "the file ends within it"
        if reason is Reason.SHAPE:
            return f"it has {len(row)} fields, the header has {len(self._header.names)}"
        wrong = "currency"
        if reason in (Reason.NO_DAY, Reason.FAR_DAY):
            wrong = "day"
        elif self._number(row, "cost") is None:
            wrong = "cost"
        elif self._number(row, "quantity") is None:
            wrong = "quantity"
        return cell_words(wrong, self._header.value(row, wrong))

    def _whole(self, row: list[str], *, cut: bool) -> list[str]:
        """A row as wide as the header, without a last field that may not be all there."""
        width = len(self._header.names)
        sure = row[:-1] if cut or len(row) < width else row
        return [*sure, *[""] * width][:width]

    def _day(self, row: list[str]) -> date | None:
        return self._formats.day(self._header.value(row, "day"))

    def _check_size(self) -> None:
        if len(self._sums) + len(self.unread.days) > _MOST_SUMS:
            raise UnreadableExport(
                f"More than {_MOST_SUMS:,} days of resources; import it by month."
            )

    def _add(self, row: list[str]) -> bool:
        """Whether the row's figures could be read and were added."""
        value = self._header.value
        kind = charge_kind(value(row, "kind"))
        cost, quantity = self._number(row, "cost"), self._number(row, "quantity")
        if quantity is None and kind is not ChargeKind.USAGE and not value(row, "quantity"):
            quantity = Decimal(0)
        day, currency = self._day(row), self._currency(row)
        if day is None or cost is None or quantity is None or not currency:
            return False
        resource = value(row, "resource").lower()
        self._check_size()
        total = self._sums.setdefault((day, resource, kind, currency), _Sum())
        size = self._formats.blocks.get(value(row, "unit"), 1)
        if kind is ChargeKind.USAGE:
            self._cost_places = max(self._cost_places, _places(cost))
        if size > 1:
            self._block_places = max(self._block_places, _places(quantity))
            total.in_blocks += size
        total.tenant = total.tenant or tenant_of(self._header, row)
        total.quantity = EXACT.add(total.quantity, EXACT.multiply(quantity, Decimal(size)))
        total.cost = EXACT.add(total.cost, cost)
        total.rows += 1
        if len(total.prices) < 2:
            total.prices.add(self._price(row, size))
        return True

    def _price(self, row: list[str], size: int) -> Decimal | None:
        """What a call cost by the row: quantity times EffectivePrice is the cost (documented)."""
        price = self._number(row, "effective_price")
        return price if size == 1 else None

    def _number(self, row: list[str], role: str) -> Decimal | None:
        return self._formats.number(self._header.value(row, role))

    def _currency(self, row: list[str]) -> str:
        """A code of three letters, or nothing."""
        text = (self._header.value(row, "currency") or self._hints.currency).upper()
        return text if _CURRENCY.fullmatch(text) else ""

    def _check_currency(self, line: int, row: list[str]) -> None:
        """Raise DisprovedHint for a currency other than that of the file's own column."""
        said, found = self._hints.currency.upper(), self._header.value(row, "currency").upper()
        if said and said != found and _CURRENCY.fullmatch(found):
            title = self._header.titles[self._header.places["currency"]].strip()
            message = f"Line {line}: the column {title} says {found}, so leave this empty."
            raise DisprovedHint(message, "currency")

    def days(self) -> Iterator[ImportedDay]:
        """Every sum, by day and resource."""
        for (day, resource, kind, currency), total in sorted(self._sums.items()):
            prices = total.prices
            yield ImportedDay(
                day,
                resource,
                total.tenant,
                kind,
                currency,
                total.quantity,
                total.cost,
                total.rows,
                next(iter(prices)) if len(prices) == 1 else None,
                _slack(self._block_places, total.in_blocks),
                _slack(self._cost_places, total.rows),
            )

    def unread_days(self) -> Iterator[ImportedDay]:
        """A part without figures for every day and resource with a row that cannot be read."""
        for (day, resource), (line, tenant, currency) in sorted(self.unread.days.items()):
            nothing = Decimal(0)
            yield ImportedDay(
                day,
                resource,
                tenant,
                ChargeKind.USAGE,
                currency,
                nothing,
                nothing,
                rows=0,
                unread=line,
            )


def _places(number: Decimal) -> int:
    return max(-int(number.as_tuple().exponent), 0)


def _slack(places: int, rows: int) -> Decimal:
    """Half a unit of the last place for each row."""
    return EXACT.multiply(_HALF.scaleb(-places, EXACT), Decimal(rows))
