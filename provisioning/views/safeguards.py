"""Pages about what keeps a tenant from wrong writes: its domains, and accounts never written."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from provisioning import selectors
from provisioning.safeguard_forms import domain_forms
from provisioning.services.decisions import DecisionRefused
from provisioning.services.domains import change_domains, known_domains, seen_domains
from provisioning.services.protection import clear_privileged
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import tenants_for


@allowed(Action.SEE_TENANT, post=Action.EDIT_TENANT)
def tenant_domains(request: PortalRequest, slug: str) -> HttpResponse:
    """The domains seen in user names and those entered; enter, confirm or remove them."""
    tenant = visible(tenants_for(request.user, request.action), slug=slug)
    seen = seen_domains(tenant)
    known = known_domains(tenant, seen)
    forms = domain_forms(request.POST or None, known)
    if request.method == "POST" and forms.is_valid():
        try:
            change_domains(tenant=tenant, domains=forms.domains(), by=request.user)
        except DecisionRefused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "The domains are saved. They hold for the next plan.")
            return redirect("tenant_domains", slug=tenant.slug)
    rows = [(form, seen.get(str(form.initial.get("name", "")), 0)) for form in forms]
    others = sorted(set(seen) - known.domains.keys()) if known.by_hand else []
    context = {
        "tenant": tenant,
        "forms": forms,
        "rows": rows,
        "known": known,
        "others": [(name, seen[name]) for name in others],
    }
    status = 200 if request.method != "POST" else 422
    return render(request, "provisioning/tenant_domains.html", context, status=status)


@allowed(Action.SEE_TENANT)
def tenant_protection(request: PortalRequest, slug: str) -> HttpResponse:
    """Accounts of a tenant that are never written, and why."""
    tenant = visible(tenants_for(request.user, Action.SEE_TENANT), slug=slug)
    context = {
        "tenant": tenant,
        "groups": selectors.protected_groups_of(tenant),
        "marked": selectors.possibly_privileged(tenant),
    }
    return render(request, "provisioning/tenant_protection.html", context)


@require_POST
@allowed(Action.EDIT_TENANT)
def account_clear(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Clear the mark of an account that Entra refused alone."""
    tenant = visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)
    account = visible(tenant.directory_objects.select_related("tenant", "customer"), pk=pk)
    try:
        clear_privileged(account=account, by=request.user)
    except DecisionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The mark is cleared. The next plan may write the account.")
    return redirect("tenant_protection", slug=tenant.slug)
