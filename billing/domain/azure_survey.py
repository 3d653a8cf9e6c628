"""The first reading of an export's rows: how it writes days, numbers and units, what it repeats.

Which rows are ours: those of resource type Microsoft.EntraIDGovernance/scimApiConsumptions, which
errors of the API name (Microsoft Learn, "disable-scim-api"); no published export shows one yet.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from billing.domain.azure_columns import Header
from billing.domain.azure_files import AmbiguousExport, CostFile, UnreadableExport
from billing.domain.azure_formats import (
    Formats,
    Poll,
    block_size,
    block_vote,
    comma_vote,
    day_vote,
    product_vote,
    short,
)

RESOURCE_TYPE = "microsoft.entraidgovernance/scimapiconsumptions"
_PROVIDER, _METER = "microsoft.entraidgovernance", "scim"
_FIGURES = ("quantity", "cost", "unit_price", "effective_price")
# What a file of another kind could make grow without end.
_KEPT, _UNITS, _SECTIONS = 1_000, 100, 10_000
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person knows about a file that it does not say itself."""

    day_first: bool | None = None
    decimal_comma: bool | None = None
    currency: str = ""


def rows_of(file: CostFile, header: Header) -> Iterator[tuple[int, int, list[str]]]:
    """Line, section (a repeated header begins the next one) and fields of each row."""
    section = 0
    for line, row in file.rows(header.delimiter):
        if line <= header.line or not any(map(str.strip, row)):
            continue
        if header.repeats(row):
            section += 1
            if section > _SECTIONS:
                raise UnreadableExport(
                    f"The header stands in the file more than {_SECTIONS:,} times."
                )
        else:
            yield line, section, row


class Survey:
    """The first reading of the rows: how days, numbers and units are written, what is repeated."""

    def __init__(self, file: CostFile, header: Header) -> None:
        self._header = header
        self._days, self._periods, self._numbers = Poll(), Poll(), Poll()
        # Held against hints only: prices may be of a block, or in another currency.
        self._products = Poll()
        self._units: dict[str, list[tuple[str, str, str]]] = {}
        digests: dict[int, bytes] = {}
        digest, current = sha256(), 0
        for line, section, row in rows_of(file, header):
            if section != current:
                digests[current], current, digest = digest.digest(), section, sha256()
            # Without titles and totals, which stand once.
            if len(row) == len(header.names) and header.value(row, "day")[:1].isdigit():
                digest.update(repr(row).encode("utf-8", "surrogatepass"))
                self._take(line, row)
        digests[current] = digest.digest()
        seen: dict[bytes, int] = {}
        self.repeated = {n for n, value in digests.items() if seen.setdefault(value, n) != n}

    def _take(self, line: int, row: list[str]) -> None:
        value, ours = self._header.value, is_ours(self._header, row)
        for poll, role in (
            (self._days, "day"),
            (self._periods, "period_start"),
            (self._periods, "period_end"),
        ):
            text = short(value(row, role))
            matters, answer = day_vote(text)
            if matters:
                poll.vote(answer, line, text, ours=ours)
        for role in _FIGURES:
            text = short(value(row, role))
            matters, answer = comma_vote(text)
            if matters:
                self._numbers.vote(answer, line, text, ours=ours)
        if ours:
            self._take_product(line, row)
            self._take_unit(row)

    def _take_product(self, line: int, row: list[str]) -> None:
        """What quantity times price shows of the way numbers are written; not that of a block."""
        value = self._header.value
        if block_size(short(value(row, "unit"))) > 1:
            return
        quantity, cost = value(row, "quantity"), value(row, "cost")
        for role in ("unit_price", "effective_price"):
            price = value(row, role)
            text = f"{quantity} x {price} = {cost}"
            self._products.vote(product_vote(quantity, cost, price), line, text, ours=True)

    def _take_unit(self, row: list[str]) -> None:
        """Keep some figures of each unit that holds several calls, until numbers can be read."""
        value = self._header.value
        unit = short(value(row, "unit"))
        known = unit in self._units or len(self._units) < _UNITS
        if known and block_size(unit) > 1:
            kept = self._units.setdefault(unit, [])
            if len(kept) < _KEPT:
                kept.append((value(row, "quantity"), value(row, "cost"), value(row, "unit_price")))

    def formats(self, hints: Hints, until: date) -> Formats:
        """How the file is read; `until`: the last day that a bill can speak of.

        Raises AmbiguousExport when it cannot be known, DisprovedHint for a hint that is wrong.
        """
        comma = hints.decimal_comma
        if comma is None:
            comma = self._decimal_comma()
        else:
            cannot = f"cannot have a decimal {'comma' if comma else 'point'}"
            for poll in (self._numbers, self._products):
                poll.check(comma, cannot, "decimal_comma")
        day_first = hints.day_first
        if day_first is None:
            day_first = self._day_first(comma)
        else:
            cannot = f"cannot be {'day' if day_first else 'month'} first"
            for poll in (self._days, self._periods):
                poll.check(day_first, cannot, "day_first")
        formats = Formats(day_first, comma)
        blocks = {
            u: block_size(u) for u, kept in self._units.items() if _in_blocks(u, kept, formats)
        }
        return Formats(day_first, comma, blocks, until)

    def _decimal_comma(self) -> bool:
        found = self._numbers.result("Numbers", "decimal_comma")
        if found is None and self._numbers.open and self._header.delimiter == ";":
            message = "All numbers look like 1.234: say whether the decimal sign is a comma."
            raise AmbiguousExport(message, "decimal_comma")
        return bool(found)

    def _day_first(self, comma: bool) -> bool:
        found = self._days.result("Days", "day_first")
        if found is None and self._days.open:
            found = self._periods.result("Billing periods", "day_first")
            if found is None and (comma or self._header.delimiter == ";" or self._focus()):
                message = "All days look like 03/04/2026: say whether the day comes first."
                raise AmbiguousExport(message, "day_first")
        # As Cost Management writes it: MM/DD/YYYY.
        return bool(found)

    def _focus(self) -> bool:
        """FOCUS has ISO 8601 only, so that a program with a language of its own saved this."""
        return self._header.variant.startswith("FOCUS")


def _in_blocks(unit: str, kept: list[tuple[str, str, str]], formats: Formats) -> bool:
    poll = Poll()
    for quantity, cost, price in kept:
        counted, charged = formats.number(quantity), formats.number(cost)
        if counted is not None and charged is not None:
            answer = block_vote(block_size(unit), counted, charged, formats.number(price))
            poll.vote(answer, 0)
    # One quantity that is no whole number is proof enough; without any, it counts calls.
    return True in poll.proved


def is_ours(header: Header, row: list[str]) -> bool:
    """Whether a row is about the SCIM API; resource ids ignore case in Azure."""
    resource = header.value(row, "resource").lower()
    if "/providers/" in resource:
        return RESOURCE_TYPE in resource
    service = header.value(row, "service").lower()
    by_meter = service == _PROVIDER and _METER in header.value(row, "meter").lower()
    return service == RESOURCE_TYPE or by_meter


def tenant_of(header: Header, row: list[str]) -> str:
    """The directory a row names: in its details, as the partner's customer, in the resource."""
    try:
        details = json.loads(header.value(row, "details") or "{}")
    except ValueError:
        details = {}
    named = {str(k).lower(): v for k, v in details.items()} if isinstance(details, dict) else {}
    last = header.value(row, "resource").rsplit("/", 1)[-1]
    for text in (str(named.get("tenantid", "")), header.value(row, "customer"), last):
        if found := _GUID.search(text):
            return found[0].lower()
    return ""
