"""Pages on which credentials are entered."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from tenants import services
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.forms.credentials import SecretForm
from tenants.selectors import active_credential, tenants_for


@allowed(Action.EDIT_TENANT)
def tenant_credential(request: PortalRequest, slug: str) -> HttpResponse:
    """Store the client secret the tenant's calls are made with."""
    tenant = visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)
    credential = active_credential(tenant)
    known = {"client_id": credential.client_id} if credential else {}
    form = SecretForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        services.store_secret(tenant=tenant, **form.cleaned_data, by=request.user)
        messages.success(request, "The secret is stored, encrypted. It will not be shown again.")
        return redirect("tenant_detail", slug=tenant.slug)
    context = {"form": form, "tenant": tenant, "credential": credential}
    return render(request, "tenants/credential_form.html", context)
