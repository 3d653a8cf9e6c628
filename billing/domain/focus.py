"""Charges as rows of FOCUS 1.2, the FinOps Open Cost and Usage Specification.

Columns, nullability, formats and allowed values: focus.finops.org/focus-specification/v1-2. All
mandatory columns and those conditional ones that apply here are written. Left out, because nothing
here has them: commitments, capacity reservations, regions, tags, a pricing currency of its own.
Columns of ours begin with `x_` and come last.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum

from billing.domain.azure_formats import EXACT
from billing.domain.periods import Month, start_of

FOCUS_VERSION = "1.2"
COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "x_Purpose",
    "x_Operation",
)
_RESOURCE_TYPE = "SCIM API Consumption"
_ACCOUNT_TYPE, _SUB_ACCOUNT_TYPE = "Customer", "Microsoft Entra Tenant"
Row = dict[str, str | None]
_PLACES = 9


class Category(StrEnum):
    """ChargeCategory."""

    USAGE = "Usage"  # calls: a quantity times a unit price
    PURCHASE = "Purchase"  # a fixed fee: a quantity of months times a fee
    TAX = "Tax"
    CREDIT = "Credit"
    ADJUSTMENT = "Adjustment"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who invoices, who sells and who makes the service."""

    name: str
    provider: str = "Microsoft"
    publisher: str = "Microsoft"
    service: str = "Microsoft Entra SCIM Provisioning API"


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a statement: exact amounts in one currency, half-open days of UTC.

    Usage and purchases: `quantity` times `unit_price` is the cost; where tiers meet, a line each.
    Corrections of months already invoiced, taxes, credits and adjustments: `amount`.
    `list_price`: without the discount or markup, if another. `until`: the first day after.
    """

    month: Month
    day: date
    account: str
    account_name: str
    currency: str
    description: str
    category: Category = Category.USAGE
    until: date | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    list_price: Decimal | None = None
    amount: Decimal | None = None
    corrects_invoiced: bool = False
    invoice: str = ""
    tenant: str = ""
    tenant_name: str = ""
    resource: str = ""
    resource_name: str = ""
    purpose: str = ""
    operation: str = ""

    @property
    def cost(self) -> Decimal:
        """What it comes to; exact in a context that is."""
        if self.quantity is None or self.unit_price is None:
            return self.amount or Decimal(0)
        return self.quantity * self.unit_price


def exact_parts(quantity: int, amount: Decimal) -> list[tuple[int, Decimal]]:
    """A quantity with unit prices that come to an amount exactly: the average price.

    Where that has more than nine decimals, one of them carries what the others leave.
    """
    if not quantity:
        return []
    unit = (amount.scaleb(_PLACES) // quantity).scaleb(-_PLACES)
    rest = amount - unit * quantity
    if not rest:
        return [(quantity, unit)]
    return [(n, price) for n, price in ((quantity - 1, unit), (1, unit + rest)) if n]


def focus_rows(charges: Iterable[Charge], issuer: Issuer) -> Iterator[Row]:
    """Each charge as a row, None for null; raises ValueError for one that FOCUS cannot say."""
    for charge in charges:
        with localcontext(EXACT):
            row = _figures(charge) | _identity(charge) | _service(charge, issuer)
        yield {column: row[column] for column in COLUMNS}


def _figures(charge: Charge) -> Row:
    """What depends on quantity and price."""
    if charge.quantity is None or charge.unit_price is None:
        return _amount_only(charge)
    if charge.category not in (Category.USAGE, Category.PURCHASE) or charge.amount is not None:
        raise ValueError(f"{charge.description}: say an amount, or a quantity and a price.")
    if charge.unit_price < 0 or (charge.list_price or 0) < 0:
        raise ValueError(f"{charge.description}: a unit price is never negative.")
    usage = charge.category is Category.USAGE
    listed = charge.unit_price if charge.list_price is None else charge.list_price
    cost, quantity = plain(charge.quantity * charge.unit_price), plain(charge.quantity)
    unit = "Requests" if usage else "Months"
    return {
        **_costs(cost, plain(charge.quantity * listed)),
        "ConsumedQuantity": quantity if usage else None,
        "ConsumedUnit": unit if usage else None,
        "ContractedUnitPrice": plain(charge.unit_price),
        "ListUnitPrice": plain(listed),
        "PricingCategory": "Standard",
        "PricingQuantity": quantity,
        "PricingUnit": unit,
        **_sku("scim-api-requests" if usage else "provisioning-fee", usage),
    }


def _amount_only(charge: Charge) -> Row:
    """Without quantity and price: allowed for what corrects an invoice, and for no usage else."""
    priced = charge.category in (Category.USAGE, Category.PURCHASE)
    if charge.amount is None or (priced and not charge.corrects_invoiced):
        raise ValueError(f"{charge.description}: it needs a quantity and a unit price.")
    cost = plain(charge.amount)
    nothing = (
        "ConsumedQuantity",
        "ConsumedUnit",
        "ContractedUnitPrice",
        "ListUnitPrice",
        "PricingCategory",
        "PricingQuantity",
        "PricingUnit",
        "SkuId",
        "SkuMeter",
        "SkuPriceId",
    )
    return {**_costs(cost, cost), **dict.fromkeys(nothing)}


def _costs(cost: str, listed: str) -> Row:
    return {
        "BilledCost": cost,
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "ListCost": listed,
    }


def _sku(sku: str, usage: bool) -> Row:
    meter = "API Requests" if usage else "Service Fee"
    return {"SkuId": sku, "SkuMeter": meter, "SkuPriceId": sku}


def _identity(charge: Charge) -> Row:
    """Whose charge it is, and of when."""
    until = charge.until or charge.day + timedelta(days=1)
    if until <= charge.day:
        raise ValueError(f"{charge.description}: it ends on {until}, before it begins.")
    # A correction says when the cost was incurred, and in which later month it is invoiced.
    if charge.corrects_invoiced != (charge.day < charge.month.start.date()):
        raise ValueError(f"{charge.description}: only corrections are of a month before.")
    if charge.day >= charge.month.end.date():
        raise ValueError(f"{charge.description}: {charge.day} is not in {charge.month} yet.")
    frequency = {Category.USAGE: "Usage-Based", Category.PURCHASE: "Recurring"}
    return {
        "BillingAccountId": charge.account,
        "BillingAccountName": charge.account_name or None,
        "BillingAccountType": _ACCOUNT_TYPE,
        "BillingCurrency": charge.currency,
        "BillingPeriodStart": moment(charge.month.start),
        "BillingPeriodEnd": moment(charge.month.end),
        "ChargePeriodStart": moment(start_of(charge.day)),
        "ChargePeriodEnd": moment(start_of(until)),
        "ChargeCategory": charge.category.value,
        "ChargeClass": "Correction" if charge.corrects_invoiced else None,
        "ChargeDescription": charge.description or None,
        "ChargeFrequency": frequency.get(charge.category, "One-Time"),
        "InvoiceId": charge.invoice or None,
        "SubAccountId": charge.tenant or None,
        "SubAccountName": (charge.tenant_name or None) if charge.tenant else None,
        "SubAccountType": _SUB_ACCOUNT_TYPE if charge.tenant else None,
    }


def _service(charge: Charge, issuer: Issuer) -> Row:
    """What is charged and by whom."""
    return {
        "InvoiceIssuerName": issuer.name,
        "ProviderName": issuer.provider,
        "PublisherName": issuer.publisher,
        "ServiceCategory": "Identity",
        "ServiceSubcategory": "Other (Identity)",
        "ServiceName": issuer.service,
        "ResourceId": charge.resource or None,
        "ResourceName": (charge.resource_name or None) if charge.resource else None,
        "ResourceType": _RESOURCE_TYPE if charge.resource else None,
        "x_Purpose": charge.purpose or None,
        "x_Operation": charge.operation or None,
    }


def plain(number: Decimal) -> str:
    """A number as the specification's Numeric Format has it: digits, a point, no exponent."""
    return f"{number:f}" if number else "0"


def moment(at: datetime) -> str:
    """A UTC instant as the Date/Time Format has it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
