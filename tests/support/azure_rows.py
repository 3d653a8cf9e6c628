"""Small cost exports of a few rows, for one question each."""

import csv
import io
from datetime import date

from billing.domain.azure_costs import read_costs
from billing.domain.azure_survey import Hints
from tests.support.azure_exports import PROVIDER

OURS = f"/subscriptions/s/resourcegroups/g/providers/{PROVIDER}/scimapiconsumptions/scim-1"
SHORT = ["Date", "Quantity", "CostInBillingCurrency", "BillingCurrency", "ResourceId", "ChargeType"]
DAY = date(2026, 4, 3)


def short(*rows, delimiter=",", columns=SHORT, ending="\r\n"):
    """A small file of day, quantity, cost and whatever differs."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending)
    writer.writerow(columns)
    for day, quantity, cost, *rest in rows:
        currency, resource, kind = [*rest, *["USD", OURS, "Usage"][len(rest) :]]
        writer.writerow([day, quantity, cost, currency, resource, kind])
    return text.getvalue().encode()


def only(data, **hints):
    (day,) = read_costs(data, Hints(**hints)).days
    return day
