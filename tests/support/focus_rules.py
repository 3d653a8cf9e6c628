"""FOCUS 1.2 as rules over a CSV file, written from the specification's text, not from the writer.

Source: focus.finops.org/focus-specification/v1-2, the requirements and content constraints of each
column and the attributes Null Handling, Numeric Format, Date/Time Format, Currency Format, Column
Handling. An empty field is null. Of the conditional columns those are ruled that a dataset of one
service without commitments has to have.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

MANDATORY = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd",
    "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory",
    "ServiceName",
}  # fmt: skip
# Billing by resources, unit prices, negotiated prices, price lists, measured usage, sub accounts.
CONDITIONAL = {
    "BillingAccountType", "ConsumedQuantity", "ConsumedUnit", "ContractedUnitPrice",
    "ListUnitPrice", "PricingCategory", "ResourceId", "ResourceName", "ResourceType", "SkuId",
    "SkuMeter", "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType",
}  # fmt: skip
RECOMMENDED = {"ChargeFrequency", "InvoiceId", "ServiceSubcategory"}
OTHERS_OF_1_2 = {
    "AvailabilityZone", "CapacityReservationId", "CapacityReservationStatus",
    "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName",
    "CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType",
    "CommitmentDiscountUnit", "PricingCurrency", "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "RegionId", "RegionName",
    "SkuPriceDetails", "Tags",
}  # fmt: skip
NEVER_NULL = {
    "BilledCost", "BillingAccountId", "BillingAccountType", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeFrequency", "ChargePeriodEnd",
    "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
    "ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "ServiceSubcategory",
}  # fmt: skip
COSTS = {"BilledCost", "ContractedCost", "EffectiveCost", "ListCost"}
PRICES = {"ContractedUnitPrice", "ListUnitPrice"}
QUANTITIES = {"ConsumedQuantity", "PricingQuantity"}
MOMENTS = {"BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart"}
ALLOWED = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"Standard", "Dynamic", "Committed", "Other"},
    "ServiceCategory": {
        "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases",
        "Developer Tools", "Multicloud", "Identity", "Integration", "Internet of Things",
        "Management and Governance", "Media", "Migration", "Mobile", "Networking", "Security",
        "Storage", "Web", "Other",
    },
}  # fmt: skip
# The parents of the subcategories a provisioning service may choose from.
SUBCATEGORIES = {"Identity": {"Other (Identity)"}}
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Row:
    """One row; `null` and `says` as the rules speak."""

    values: dict[str, str]

    def null(self, column: str) -> bool:
        return not self.values.get(column, "")

    def says(self, column: str) -> str:
        return self.values.get(column, "")

    def number(self, column: str) -> Decimal:
        return Decimal(self.values[column])

    def at(self, column: str) -> datetime:
        return datetime.strptime(self.values[column], MOMENT).replace(tzinfo=UTC)


def violations(text: str) -> list[str]:
    """What breaks the specification, as `line: column: rule`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns = next(reader, [])
    found = list(_columns(columns))
    if found:
        return found
    parents: dict[str, str] = {}
    for values in reader:
        where = reader.line_num
        if len(values) != len(columns):
            found.append(f"{where}: row: another number of fields than columns")
            continue
        row = Row(dict(zip(columns, values, strict=True)))
        formats = list(_formats(row))
        # Rules about values need values that can be read.
        broken = formats or [*_conditions(row), *_parents(row, parents)]
        found += [f"{where}: {rule}" for rule in broken]
    return found


def _columns(columns: list[str]) -> Iterator[str]:
    for column in sorted((MANDATORY | CONDITIONAL | RECOMMENDED) - set(columns)):
        yield f"1: {column}: the column must be present"
    for column in sorted({column for column in columns if columns.count(column) > 1}):
        yield f"1: {column}: the column stands there twice"
    known = MANDATORY | CONDITIONAL | RECOMMENDED | OTHERS_OF_1_2
    custom = [column not in known for column in columns]
    for column, own in zip(columns, custom, strict=True):
        if own and not re.fullmatch(r"x_[A-Z][A-Za-z0-9]*", column):
            yield f"1: {column}: custom columns are prefixed with x_, in Pascal case"
    if custom != sorted(custom):
        yield "1: columns: custom columns come after those of FOCUS"


def _formats(row: Row) -> Iterator[str]:
    for column, value in row.values.items():
        if value:
            yield from (f"{column}: {problem}" for problem in _problems(column, value))
        elif column in NEVER_NULL:
            yield f"{column}: must not be null"
    if not re.fullmatch("[A-Z]{3}", row.says("BillingCurrency")):
        yield "BillingCurrency: no code of ISO 4217"


def _problems(column: str, value: str) -> Iterator[str]:
    if value.strip() != value or value.lower() in ("null", "n/a", "none", "not applicable"):
        yield "null is null, and a string has no blanks around it"
    if column in COSTS | PRICES | QUANTITIES and not NUMBER.fullmatch(value):
        yield "no number of the Numeric Format"
    if column in MOMENTS and not _is_moment(value):
        yield "no UTC instant of the Date/Time Format"
    if column in ALLOWED and value not in ALLOWED[column]:
        yield f"{value} is no allowed value"


def _is_moment(value: str) -> bool:
    try:
        at = datetime.strptime(value, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return False
    return at.strftime(MOMENT) == value


def _priced(row: Row) -> bool:
    """Rows for which the specification demands quantity, unit and prices."""
    return row.says("ChargeCategory") in ("Usage", "Purchase") and row.null("ChargeClass")


def _match(row: Row, cost: str, price: str) -> bool:
    if row.null(price) or row.null("PricingQuantity") or not row.null("ChargeClass"):
        return True
    return row.number(price) * row.number("PricingQuantity") == row.number(cost)


_NEEDED = ("PricingQuantity", "PricingUnit", "PricingCategory", "ContractedUnitPrice",
           "ListUnitPrice", "SkuId", "SkuPriceId")  # fmt: skip
_Rule = tuple[str, str, Callable[[Row], bool]]
RULES: list[_Rule] = [
    *[(c, "needed for usage and purchases", lambda r, c=c: not _priced(r) or not r.null(c))
      for c in _NEEDED],
    *[(c, "null for taxes", lambda r, c=c: r.says("ChargeCategory") != "Tax" or r.null(c))
      for c in _NEEDED],
    *[(c, "needed for usage",
       lambda r, c=c: not (_priced(r) and r.says("ChargeCategory") == "Usage") or not r.null(c))
      for c in ("ConsumedQuantity", "ConsumedUnit")],
    *[(c, "null unless usage", lambda r, c=c: r.says("ChargeCategory") == "Usage" or r.null(c))
      for c in ("ConsumedQuantity", "ConsumedUnit")],
    *[(c, "never negative", lambda r, c=c: r.null(c) or r.number(c) >= 0) for c in sorted(PRICES)],
    ("ConsumedQuantity", "never negative outside corrections",
     lambda r: r.null("ConsumedQuantity") or not _priced(r) or r.number("ConsumedQuantity") >= 0),
    ("ContractedCost", "unit price times quantity",
     lambda r: _match(r, "ContractedCost", "ContractedUnitPrice")),
    ("ListCost", "unit price times quantity", lambda r: _match(r, "ListCost", "ListUnitPrice")),
    ("EffectiveCost", "equals the billed cost of a charge unrelated to others",
     lambda r: r.says("ChargeCategory") not in ("Credit", "Adjustment")
     or r.number("EffectiveCost") == r.number("BilledCost")),
    ("ContractedCost", "equals the billed cost of a charge without a unit price",
     lambda r: not r.null("ContractedUnitPrice") or r.says("ChargeCategory") == "Tax"
     or r.number("ContractedCost") == r.number("BilledCost")),
    ("ChargeFrequency", "a purchase is not usage-based",
     lambda r: r.says("ChargeCategory") != "Purchase"
     or r.says("ChargeFrequency") != "Usage-Based"),
    ("BillingPeriodEnd", "after its start",
     lambda r: r.at("BillingPeriodStart") < r.at("BillingPeriodEnd")),
    ("ChargePeriodEnd", "after its start",
     lambda r: r.at("ChargePeriodStart") < r.at("ChargePeriodEnd")),
    ("ChargePeriodStart", "a charge outside the billing period corrects an earlier one",
     lambda r: not r.null("ChargeClass")
     or r.at("BillingPeriodStart") <= r.at("ChargePeriodStart") < r.at("BillingPeriodEnd")),
    ("ChargeClass", "never a correction of its own billing period",
     lambda r: r.null("ChargeClass") or r.at("ChargePeriodStart") < r.at("BillingPeriodStart")),
    ("PricingCategory", "committed only with a commitment",
     lambda r: r.says("PricingCategory") != "Committed" or not r.null("CommitmentDiscountId")),
    ("ResourceType", "null exactly when the resource is",
     lambda r: r.null("ResourceType") == r.null("ResourceId")),
    ("ResourceName", "null when the resource is, and never its id again",
     lambda r: r.null("ResourceName")
     or (not r.null("ResourceId") and r.says("ResourceName") != r.says("ResourceId"))),
    ("SkuMeter", "null exactly when the SKU is", lambda r: r.null("SkuMeter") == r.null("SkuId")),
    ("SkuPriceId", "has a SKU", lambda r: r.null("SkuPriceId") or not r.null("SkuId")),
    ("SubAccountType", "null exactly when the sub account is",
     lambda r: r.null("SubAccountType") == r.null("SubAccountId")),
    ("SubAccountName", "null when the sub account is",
     lambda r: r.null("SubAccountName") or not r.null("SubAccountId")),
    ("ServiceSubcategory", "belongs to its category",
     lambda r: r.says("ServiceSubcategory")
     in SUBCATEGORIES.get(r.says("ServiceCategory"), {r.says("ServiceSubcategory")})),
]  # fmt: skip


def _conditions(row: Row) -> Iterator[str]:
    for column, rule, holds in RULES:
        if not holds(row):
            yield f"{column}: {rule}"


def _parents(row: Row, parents: dict[str, str]) -> Iterator[str]:
    """One parent for each child: a SKU of a price, a billing account of an invoice."""
    for child, parent in (("SkuPriceId", "SkuId"), ("InvoiceId", "BillingAccountId")):
        if not row.null(child):
            key, value = f"{child}={row.says(child)}", row.says(parent)
            if parents.setdefault(key, value) != value:
                yield f"{child}: has one {parent} and no other"
