"""Which column of a cost export says what, in each of its known variants.

Names: Microsoft Learn, Cost Management dataset schemas "cost-usage-details-ea" (2024-08-01 back to
2019-10-01), "-mca" (2023-12-01-preview, 2019-11-01), "-mca-partner", "-pay-as-you-go" (2019-11-01)
and "-focus" (1.0, 1.2-preview). Capitals and blanks differ between versions and are ignored.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from billing.domain.azure_files import CostFile, NotACostExport

_DELIMITERS = ",;\t|"
# Downloads of older agreements begin with a title and empty lines.
_HEADER_WITHIN = 25

# By preference: the first that a file has is taken.
_ROLES: dict[str, tuple[str, ...]] = {
    "day": ("date", "usagedatetime", "usagedate", "chargeperiodstart"),
    "quantity": ("quantity", "consumedquantity", "usagequantity"),
    "cost": ("costinbillingcurrency", "billedcost", "pretaxcost", "cost", "extendedcost"),
    "resource": ("resourceid", "instanceid", "instancename"),
    "currency": ("billingcurrency", "billingcurrencycode", "currency", "currencycode"),
    "kind": ("chargetype", "chargecategory"),
    "unit": ("unitofmeasure", "consumedunit"),
    "unit_price": ("unitprice",),
    "effective_price": ("effectiveprice", "resourcerate"),
    "service": ("consumedservice", "resourcetype", "xresourcetype"),
    "meter": ("metersubcategory", "metername", "skumeter", "xskumetername"),
    "details": ("additionalinfo", "skupricedetails", "xskudetails"),
    "customer": ("customertenantid", "xcustomerid"),
    "period_start": ("billingperiodstartdate", "billingperiodstart"),
    "period_end": ("billingperiodenddate", "billingperiodend"),
}
_REQUIRED = {
    "day": "the day (Date, UsageDateTime or ChargePeriodStart)",
    "quantity": "the quantity (Quantity, ConsumedQuantity or UsageQuantity)",
    "cost": "the cost (CostInBillingCurrency, PreTaxCost, Cost or BilledCost)",
    "resource": "the resource (ResourceId or InstanceId)",
}


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands and which column has which role; -1: the file has no such column."""

    variant: str
    delimiter: str
    line: int
    names: tuple[str, ...]
    places: dict[str, int]
    titles: tuple[str, ...] = ()

    def value(self, row: Sequence[str], role: str) -> str:
        """What a row says about a role, trimmed; empty without such a column."""
        place = self.places[role]
        return row[place].strip() if place >= 0 else ""

    def repeats(self, row: Sequence[str]) -> bool:
        """Whether a row is the header once more."""
        day = self.value(row, "day") if len(row) == len(self.names) else "0"
        return not day[:1].isdigit() and tuple(map(plain_name, row)) == self.names


def plain_name(name: str) -> str:
    """A column's name as it is compared: letters and digits, lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def find_header(file: CostFile) -> Header:
    """The header among a file's first rows; raises NotACostExport with what is missing."""
    candidates = [
        _header(delimiter, line, row)
        for delimiter in _DELIMITERS
        for line, row in islice(file.rows(delimiter), _HEADER_WITHIN)
    ]
    best = min(candidates, key=lambda header: len(_missing(header)))
    missing = _missing(best)
    if missing:
        what = ", ".join(missing)
        raise NotACostExport(f"This is no cost export: no column says {what}.", missing)
    return best


def _header(delimiter: str, line: int, row: list[str]) -> Header:
    names = tuple(map(plain_name, row))
    place = {name: number for number, name in reversed(list(enumerate(names)))}
    places = {
        role: next((place[name] for name in known if name in place), -1)
        for role, known in _ROLES.items()
    }
    return Header(_variant(frozenset(names)), delimiter, line, names, places, tuple(row))


def _missing(header: Header) -> tuple[str, ...]:
    return tuple(words for role, words in _REQUIRED.items() if header.places[role] < 0)


def _variant(names: frozenset[str]) -> str:
    """What to call the file, by columns that only this variant has."""
    if "billedcost" in names:
        return "FOCUS 1.2" if names & {"invoiceid", "skumeter", "pricingcurrency"} else "FOCUS 1.0"
    if "exchangeratepricingtobilling" in names:
        return "Microsoft Customer Agreement"
    if "costinbillingcurrency" in names:
        return "Enterprise Agreement"
    if names & {"departmentname", "accountname", "accountownerid"}:
        return "Enterprise Agreement, older"
    return "Pay-as-you-go"
