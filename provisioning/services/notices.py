"""Telling people what happened while nobody was looking."""

from typing import Any

from tenants.models import Tenant
from tenants.services import record


def tell(tenant: Tenant, event: str, text: str, **detail: Any) -> None:
    """Tell whoever looks after a tenant; call it inside the transaction of what happened.

    The one place through which such news goes: today into the audit trail, while the overview and
    the tenant's page show the state itself. Whatever carries news elsewhere hooks in here.
    """
    record(event, by=None, customer=tenant.customer, subject=tenant, text=text, **detail)
