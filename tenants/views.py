"""Pages on which customers, tenants and credentials are entered."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from tenants import services
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.forms import CustomerForm, SecretForm, TenantForm
from tenants.selectors import active_credential, customers_for, tenants_for


@allowed(Action.ADD_CUSTOMER)
def customer_add(request: PortalRequest) -> HttpResponse:
    """Add a customer."""
    form = CustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        customer = services.add_customer(**form.cleaned_data, by=request.user)
        return redirect("tenant_add", slug=customer.slug)
    return render(request, "tenants/customer_form.html", {"form": form})


@allowed(Action.EDIT_TENANT)
def tenant_add(request: PortalRequest, slug: str) -> HttpResponse:
    """Add a tenant of a customer."""
    customer = visible(customers_for(request.user, Action.EDIT_TENANT), slug=slug)
    form = TenantForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        tenant = services.add_tenant(customer=customer, facts=form.facts(), by=request.user)
        return redirect("tenant_credential", slug=tenant.slug)
    return render(request, "tenants/tenant_form.html", {"form": form, "customer": customer})


@allowed(Action.EDIT_TENANT)
def tenant_edit(request: PortalRequest, slug: str) -> HttpResponse:
    """Change what is known of a tenant."""
    tenant = visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)
    form = TenantForm(request.POST or None, instance=tenant)
    if request.method == "POST" and form.is_valid():
        stored = tenants_for(request.user, Action.EDIT_TENANT).get(pk=tenant.pk)
        services.change_tenant(tenant=stored, facts=form.facts(), by=request.user)
        messages.success(request, "The tenant's settings are saved.")
        return redirect("tenant_detail", slug=form.facts().slug)
    context = {"form": form, "customer": tenant.customer, "tenant": tenant}
    return render(request, "tenants/tenant_form.html", context)


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
