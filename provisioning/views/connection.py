"""The connection test of a tenant: what it takes, and what it found."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from provisioning.services.connection import ConnectionRefused, promise, try_connection
from provisioning.services.permitted import advice_for, compared, is_stale, last_test
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.row_security import outside_transaction
from tenants.selectors import active_credential, tenants_for

_TITLES = {
    "token": "Token",
    "permissions": "Permissions",
    "service": "Service and schemas",
}


@outside_transaction
@allowed(Action.SEE_TENANT, post=Action.EDIT_TENANT)
def tenant_connection(request: PortalRequest, slug: str) -> HttpResponse:
    """Say what a test takes, make it, and show what the last one found."""
    tenant = visible(tenants_for(request.user, request.action), slug=slug)
    if request.method == "POST":
        try:
            found = try_connection(tenant=tenant, by=request.user)
        except ConnectionRefused as refused:
            messages.error(request, str(refused))
        else:
            if found.worked:
                messages.success(request, "The connection works.")
        return redirect("tenant_connection", slug=tenant.slug)
    test, advice = last_test(tenant), advice_for(tenant)
    context = {
        "tenant": tenant,
        "credential": active_credential(tenant),
        "promise": promise(tenant, timezone.now()),
        "test": test,
        "stale": test is not None and is_stale(test),
        "steps": [(_TITLES[step["key"]], step) for step in test.steps] if test else [],
        "advice": advice,
        "compared": compared(tenant, advice),
    }
    return render(request, "provisioning/tenant_connection.html", context)
