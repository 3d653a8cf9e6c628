"""Cost exports as they arrive: a true month of calls, written with any choice of twelve traps."""

import csv
import io
import json
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

PRICE = Decimal("0.002")
PROVIDER = "microsoft.entraidgovernance"
TRAPS = (
    "byte order mark",
    "decimal commas",
    "day before month",
    "split days",
    "other charges",
    "other services",
    "the same rows twice",
    "title and total",
    "line breaks",
    "thousands as unit",
    "corrections",
    "capitals",
)


def _names(text: str) -> list[str]:
    return text.split()


# As in the schemas of Microsoft Learn, those columns only that a reader may need or trip over.
EA = _names(
    "SubscriptionName Date ProductName MeterCategory MeterSubCategory MeterName UnitOfMeasure "
    "Quantity EffectivePrice CostInBillingCurrency ConsumedService ResourceId Tags "
    "AdditionalInfo UnitPrice ChargeType BillingCurrencyCode BillingPeriodStartDate "
    "BillingPeriodEndDate"
)
EA_OLDER = _names(
    "DepartmentName AccountName SubscriptionGuid UsageDateTime ProductName MeterSubcategory "
    "MeterName UnitOfMeasure UsageQuantity ResourceRate PreTaxCost ConsumedService ResourceType "
    "InstanceId AdditionalInfo"
)
MCA = _names(
    "invoiceId billingPeriodEndDate billingPeriodStartDate date consumedService meterName "
    "meterSubCategory SubscriptionId ResourceId effectivePrice quantity unitOfMeasure "
    "chargeType billingCurrency pricingCurrency costInBillingCurrency costInPricingCurrency "
    "costInUsd exchangeRatePricingToBilling additionalInfo unitPrice"
)
PAYG = _names(
    "SubscriptionGuid UsageDateTime MeterSubCategory MeterName UsageQuantity ResourceRate "
    "PreTaxCost ConsumedService ResourceType InstanceId AdditionalInfo Currency UnitOfMeasure"
)
FOCUS_1_0 = _names(
    "BilledCost BillingCurrency BillingPeriodEnd BillingPeriodStart ChargeCategory "
    "ChargePeriodEnd ChargePeriodStart ConsumedQuantity ConsumedUnit EffectiveCost "
    "PricingQuantity PricingUnit ResourceId ResourceType ServiceName x_ResourceType "
    "x_SkuDetails x_SkuMeterName"
)
FOCUS_1_2 = [*FOCUS_1_0, "InvoiceId", "PricingCurrency", "SkuMeter", "SkuPriceDetails"]
VARIANTS = {
    "Enterprise Agreement": EA,
    "Enterprise Agreement, older": EA_OLDER,
    "Microsoft Customer Agreement": MCA,
    "Pay-as-you-go": PAYG,
    "FOCUS 1.0": FOCUS_1_0,
    "FOCUS 1.2": FOCUS_1_2,
}
_AS = {  # one charge's fields under the names of every variant
    "day": ("Date", "date", "UsageDateTime", "ChargePeriodStart"),
    "quantity": ("Quantity", "quantity", "UsageQuantity", "ConsumedQuantity", "PricingQuantity"),
    "cost": ("CostInBillingCurrency", "costInBillingCurrency", "PreTaxCost", "BilledCost"),
    "unit": ("UnitOfMeasure", "unitOfMeasure", "ConsumedUnit"),
    "unit_price": ("UnitPrice", "unitPrice"),
    "price": ("EffectivePrice", "effectivePrice", "ResourceRate"),
    "resource": ("ResourceId", "InstanceId"),
    "kind": ("ChargeType", "chargeType", "ChargeCategory"),
    "currency": ("BillingCurrencyCode", "billingCurrency", "Currency", "BillingCurrency"),
    "service": ("ConsumedService", "consumedService", "x_ResourceType", "ResourceType"),
    "details": ("AdditionalInfo", "additionalInfo", "x_SkuDetails", "SkuPriceDetails"),
    "meter": ("MeterName", "meterName", "SkuMeter", "x_SkuMeterName"),
    "tags": ("Tags",),
    "first": ("BillingPeriodStartDate", "billingPeriodStartDate", "BillingPeriodStart"),
    "last": ("BillingPeriodEndDate", "billingPeriodEndDate", "BillingPeriodEnd"),
}


@dataclass
class Charge:
    """One row of an export, with exact figures."""

    day: date
    resource: str
    quantity: Decimal
    cost: Decimal
    details: str = ""
    kind: str = "Usage"
    service: str = PROVIDER
    meter: str = "SCIM API Transactions"
    unit: str = "1"
    unit_price: Decimal = PRICE
    tags: str = ""


@dataclass
class Month:
    """What was truly used: calls by day and directory id; resources by directory id."""

    first: date = date(2026, 4, 1)
    calls: dict[tuple[date, str], int] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)

    @property
    def last(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    def charges(self) -> list[Charge]:
        return [
            Charge(
                day,
                self.resources[tenant],
                Decimal(calls),
                calls * PRICE,
                json.dumps({"TenantId": tenant}),
            )
            for (day, tenant), calls in self.calls.items()
        ]


def a_month(seed: int, tenants: int = 3, days: int = 30) -> Month:
    """Random calls of some tenants; about one day in six is without any."""
    chance, month = random.Random(seed), Month()
    for number in range(tenants):
        tenant = f"{chance.getrandbits(32):08x}-0000-4000-8000-{number:012x}"
        name = f"scim-{tenant}"
        month.resources[tenant] = (
            f"/subscriptions/{tenant[::-1]}/resourcegroups/scim-provisioning/providers/"
            f"{PROVIDER}/scimapiconsumptions/{name}"
        )
        for offset in range(days):
            if chance.random() > 1 / 6:
                day = month.first + timedelta(days=offset)
                month.calls[day, tenant] = chance.randint(1, 250_000)
    return month


def export(
    month: Month,
    traps: tuple[str, ...] = (),
    seed: int = 0,
    variant: str = "Enterprise Agreement",
    currency: str = "USD",
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> bytes:
    """The month as a file with these traps; without any it is as Microsoft writes it."""
    chance = random.Random(seed)
    charges = month.charges()
    for trap in TRAPS:
        if trap in traps and trap in _ROWS:
            charges = _ROWS[trap](charges, chance)
    style = _Style("decimal commas" in traps, "day before month" in traps, variant)
    columns = VARIANTS[variant]
    rows = [_fields(charge, columns, style, month, currency) for charge in charges]
    lines: list[list[str]] = [columns, *rows]
    if "the same rows twice" in traps:
        lines += [columns, *rows]
    if "title and total" in traps:
        total = ["Total", style.number(sum((charge.cost for charge in charges), Decimal(0)))]
        lines = [["Cost and usage details"], [], *lines, [], total]
    text = io.StringIO()
    comma = ";" if "decimal commas" in traps else delimiter
    csv.writer(text, delimiter=comma).writerows(lines)
    return text.getvalue().encode("utf-8-sig" if "byte order mark" in traps else encoding)


@dataclass
class _Style:
    """How a file writes days and numbers."""

    comma: bool
    day_first: bool
    variant: str

    def number(self, number: Decimal) -> str:
        text = f"{number:,f}" if self.comma else f"{number:f}"
        return text.translate(str.maketrans(",.", ".,")) if self.comma else text

    def day(self, day: date) -> str:
        if self.day_first:
            return f"{day:%d/%m/%Y}"
        return f"{day}T00:00:00Z" if self.variant.startswith("FOCUS") else f"{day:%m/%d/%Y}"


def _fields(
    charge: Charge, columns: list[str], style: _Style, month: Month, currency: str
) -> list[str]:
    values = {
        "day": style.day(charge.day),
        "quantity": style.number(charge.quantity),
        "cost": style.number(charge.cost),
        "unit": charge.unit,
        "unit_price": style.number(charge.unit_price),
        "price": style.number(PRICE),
        "resource": charge.resource,
        "kind": charge.kind,
        "currency": currency,
        "service": charge.service,
        "details": charge.details,
        "meter": charge.meter,
        "tags": charge.tags,
        "first": style.day(month.first),
        "last": style.day(month.last),
    }
    named = {name: values[role] for role, names in _AS.items() for name in names}
    return [named.get(column, "") for column in columns]


def _split(charges: list[Charge], chance: random.Random) -> list[Charge]:
    """Several meters a day, in no order."""
    parts = []
    for charge in charges:
        left = int(charge.quantity)
        while left:
            calls = chance.randint(1, left)
            left -= calls
            meter = f"SCIM API {chance.choice(['Reads', 'Writes'])}"
            parts.append(_with(charge, quantity=Decimal(calls), cost=calls * PRICE, meter=meter))
    chance.shuffle(parts)
    return parts


def _other_charges(charges: list[Charge], chance: random.Random) -> list[Charge]:
    """Credits, refunds, taxes and purchases, some of our resource and some of none."""
    more = []
    for kind in ("Purchase", "Refund", "Credit", "Tax", "RoundingAdjustment"):
        amount = Decimal(chance.randint(-9_999, 9_999)).scaleb(-2)
        charge = chance.choice(charges)
        more.append(_with(charge, quantity=Decimal(0), cost=amount, kind=kind))
        more.append(_with(charge, quantity=Decimal(1), cost=amount, kind=kind, resource=""))
        more[-1].service, more[-1].meter = "", ""
    return charges + more


def _other_services(charges: list[Charge], chance: random.Random) -> list[Charge]:
    more = []
    for charge in charges:
        for service, name in (
            ("microsoft.storage/storageaccounts", "logs"),
            # The same provider bills guests, too.
            (f"{PROVIDER}/guestusages", "scim-guests"),
        ):
            resource = f"/subscriptions/x/resourcegroups/y/providers/{service}/{name}"
            amount = Decimal(chance.randint(1, 10**9)).scaleb(-7)
            cost = Decimal(chance.randint(1, 10**6)).scaleb(-4)
            more.append(_with(charge, quantity=amount, cost=cost, resource=resource))
            more[-1].service, more[-1].meter = service.split("/")[0], "Other"
    mixed = charges + more
    chance.shuffle(mixed)
    return mixed


def _line_breaks(charges: list[Charge], chance: random.Random) -> list[Charge]:
    return [_with(charge, tags='{"note": "first line\r\nsecond; line"}') for charge in charges]


def _thousands(charges: list[Charge], chance: random.Random) -> list[Charge]:
    """Quantities in thousands, priced by the thousand."""
    scale = {"unit": "1K", "unit_price": PRICE * 1000}
    return [
        _with(charge, quantity=charge.quantity.scaleb(-3), **scale)
        if PROVIDER in charge.resource and charge.kind == "Usage"
        else charge
        for charge in charges
    ]


def _corrections(charges: list[Charge], chance: random.Random) -> list[Charge]:
    """What was charged too much and taken back, and rows of nothing."""
    more = []
    for charge in chance.sample(charges, len(charges) // 3):
        wrong = chance.randint(1, 5_000)
        more += [
            _with(charge, quantity=Decimal(wrong), cost=wrong * PRICE),
            _with(charge, quantity=Decimal(-wrong), cost=-wrong * PRICE),
            _with(charge, quantity=Decimal(0), cost=Decimal(0)),
        ]
    return charges + more


def _capitals(charges: list[Charge], chance: random.Random) -> list[Charge]:
    return [
        _with(charge, resource=chance.choice([charge.resource, charge.resource.upper()]))
        for charge in charges
    ]


def _with(charge: Charge, **changes: object) -> Charge:
    return Charge(**{**vars(charge), **changes})  # type: ignore[arg-type]


_ROWS = {
    "corrections": _corrections,
    "split days": _split,
    "other charges": _other_charges,
    "other services": _other_services,
    "line breaks": _line_breaks,
    "thousands as unit": _thousands,
    "capitals": _capitals,
}
