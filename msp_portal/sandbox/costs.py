"""What Cost Management would export about a directory's SCIM API resource: one row per UTC day.

Columns and their order follow the cost and usage details file of an Enterprise Agreement (version
2024-08-01), which is daily: it has no usage hour. What no source prints for this resource (meter
name, product, unit) is ours, as are subscription and resource group, made from the tenant id.
"""

import csv
import io
import json
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Response
from msp_portal.sandbox.store import Store
from msp_portal.sandbox.tenants import Tenant

SERVICE = "Microsoft Entra"
RESOURCE_GROUP = "scim-provisioning"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = (
    "SubscriptionId",
    "SubscriptionName",
    "ResourceGroup",
    "ResourceLocation",
    "Date",
    "ProductName",
    "MeterCategory",
    "MeterSubCategory",
    "MeterId",
    "MeterName",
    "MeterRegion",
    "UnitOfMeasure",
    "Quantity",
    "EffectivePrice",
    "CostInBillingCurrency",
    "ConsumedService",
    "ResourceId",
    "Tags",
    "AdditionalInfo",
    "ResourceName",
    "UnitPrice",
    "PublisherType",
    "PublisherName",
    "ChargeType",
    "Frequency",
    "PricingModel",
    "BillingCurrency",
    "BillingPeriodStartDate",
    "BillingPeriodEndDate",
    "PayGPrice",
    "ServiceName",
    "ServiceFamily",
)


def price(tenant: Tenant) -> Decimal:
    """What one billable request costs."""
    return Decimal(tenant.switches.unit_price)


def month_of(day: date) -> tuple[date, date]:
    """First and last day of a day's month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def period(query: dict[str, str], today: date) -> tuple[date, date]:
    """`from` and `to`, inclusive; without them the month until today. ControlError 400."""
    since = _day(query, "from", today.replace(day=1))
    until = _day(query, "to", max(today, since))
    if until < since:
        raise ControlError(400, f"'to' ({until}) must not lie before 'from' ({since}).")
    return since, until


def export(store: Store, tenant: Tenant, since: date, until: date) -> bytes:
    """The file: RFC 4180, UTF-8. Days without a billable request have no row."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for day, quantity in store.meter.billable_days(tenant.id, since, until):
        row = {**_resource(tenant), **_charge(tenant, day, quantity)}
        writer.writerow([_cell(row.get(name, "")) for name in COLUMNS])
    return text.getvalue().encode("utf-8", "replace")


def download(store: Store, tenant: Tenant, query: dict[str, str]) -> Response:
    """The answer of `costs.csv?from=YYYY-MM-DD&to=YYYY-MM-DD`."""
    since, until = period(query, datetime.fromtimestamp(store.now(), UTC).date())
    name = f"costs_{tenant.id}_{since}_{until}.csv"
    return Response(
        200,
        export(store, tenant, since, until),
        [
            (b"content-type", b"text/csv; charset=utf-8; header=present"),
            (b"content-disposition", f'attachment; filename="{name}"'.encode()),
            (b"cache-control", b"no-store"),
        ],
    )


def _day(query: dict[str, str], name: str, usual: date) -> date:
    text = query.get(name, "")
    if not text:
        return usual
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ControlError(400, f"'{name}' must be a day such as 2026-03-31, not {text!r}.")


def _resource(tenant: Tenant) -> dict[str, str]:
    """The columns that say what is billed."""
    subscription = str(uuid.uuid5(uuid.UUID(tenant.id), "subscription"))
    name = f"scim-{tenant.id}"
    group = f"/subscriptions/{subscription}/resourceGroups/{RESOURCE_GROUP}"
    return {
        "SubscriptionId": subscription,
        "SubscriptionName": tenant.config.name,
        "ResourceGroup": RESOURCE_GROUP,
        "ResourceLocation": "Global",
        "ResourceName": name,
        "ResourceId": f"{group}/providers/microsoft.entraidgovernance/scimapiconsumptions/{name}",
        "ConsumedService": "microsoft.entraidgovernance",
        "AdditionalInfo": json.dumps({"TenantId": tenant.id}),
    }


def _charge(tenant: Tenant, day: date, quantity: int) -> dict[str, str]:
    """The columns that say how much. Every price and cost is exact, no row is rounded."""
    unit = tenant.switches.unit_price
    first, last = month_of(day)
    return {
        "Date": f"{day:%m/%d/%Y}",
        "BillingPeriodStartDate": f"{first:%m/%d/%Y}",
        "BillingPeriodEndDate": f"{last:%m/%d/%Y}",
        "Quantity": str(quantity),
        "UnitOfMeasure": "1",
        "UnitPrice": unit,
        "EffectivePrice": unit,
        "PayGPrice": unit,
        "CostInBillingCurrency": f"{quantity * price(tenant):f}",
        "BillingCurrency": tenant.switches.billing_currency,
        **_METER,
    }


_METER = {
    "ProductName": "Microsoft Entra - SCIM Provisioning API - API Transactions",
    "MeterCategory": SERVICE,
    "ServiceName": SERVICE,
    "MeterSubCategory": "SCIM Provisioning API",
    "MeterId": str(uuid.uuid5(uuid.NAMESPACE_URL, "sandbox:scimapiconsumptions")),
    "MeterName": "API Transactions",
    "PublisherType": "Azure",
    "PublisherName": "Microsoft",
    "ChargeType": "Usage",
    "Frequency": "UsageBased",
    "PricingModel": "OnDemand",
    "ServiceFamily": "Security",
}


def _cell(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
