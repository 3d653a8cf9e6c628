"""A month held against Azure's bill, as CSV: one row for each tenant and day."""

import csv
from collections.abc import Iterable

from billing.domain.reconciliation import Cause, Finding, Share
from billing.exports.cells import Output, Utf8
from tenants.domain.spreadsheets import cell
from tenants.models import Tenant

_COLUMNS = (
    "day_utc",
    "customer",
    "tenant",
    "currency",
    "metered_calls",
    "uncertain_calls",
    "charged_calls",
    "difference_calls",
    "metered",
    "charged",
    "difference",
)


def write_findings(rows: Iterable[tuple[Tenant, Finding]], file: Output) -> None:
    """Both sides of each day and each cause's share; shares add up to the differences exactly."""
    writer = csv.writer(Utf8(file))
    causes = [f"{cause.replace(' ', '_')}_{what}" for cause in Cause for what in _PARTS]
    writer.writerow([*_COLUMNS, *causes])
    for tenant, found in rows:
        more = found.difference
        shares = [found.shares.get(cause, Share()) for cause in Cause]
        figures = (found.quantity, more.calls, found.metered, found.cost, more.amount)
        quantity, calls, metered, cost, amount = (f"{figure:f}" for figure in figures)
        writer.writerow(
            [
                found.day,
                cell(tenant.customer.name),
                cell(tenant.name),
                found.currency,
                found.certain,
                found.uncertain,
                quantity,
                calls,
                metered,
                cost,
                amount,
                *(f"{figure:f}" for share in shares for figure in (share.calls, share.amount)),
            ]
        )


_PARTS = ("calls", "amount")
