"""Pages on which customers and tenants are entered."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from tenants import services
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.forms.customers import CustomerForm, TenantForm
from tenants.selectors import customers_for, tenants_for


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
        return redirect("tenant_onboarding", slug=tenant.slug)
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
