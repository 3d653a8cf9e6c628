"""A month's usage as files: by day, tenant and purpose, and as FOCUS rows."""

from functools import partial

from django.conf import settings
from django.http import HttpResponseBase

from billing.domain.focus import Issuer
from billing.domain.usage_rows import usage_table
from billing.exports import write_focus
from billing.selectors.rows import focus_charges, usage_rows
from billing.views.costs import month_asked
from billing.views.lists import as_file, download
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Customer
from tenants.selectors import customers_for


@allowed(Action.SEE_COSTS)
def cost_file(request: PortalRequest, ending: str) -> HttpResponseBase:
    """A month by day, tenant and purpose as CSV, XLSX, JSON or JSON lines; `customer` narrows."""
    month, customer = month_asked(request), _customer_asked(request)
    rows = usage_rows(request.user, month, customer)
    return as_file(usage_table(rows), ending, f"scim-usage-{month}")


@allowed(Action.SEE_COSTS)
def cost_focus(request: PortalRequest) -> HttpResponseBase:
    """A month's billable calls as FOCUS 1.2; `customer` narrows."""
    month, customer = month_asked(request), _customer_asked(request)
    charges = focus_charges(request.user, month, customer)
    write = partial(write_focus, charges, Issuer(settings.FOCUS_ISSUER))
    return download(f"focus-{month}.csv", "text/csv; charset=utf-8", write)


def _customer_asked(request: PortalRequest) -> Customer | None:
    slug = request.GET.get("customer", "")
    if not slug:
        return None
    return visible(customers_for(request.user, Action.SEE_COSTS), slug=slug)
