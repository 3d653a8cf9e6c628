"""The onboarding of a tenant: what is done, what is next, and what to do and to copy for it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from billing.services.bills import match_bills
from msp_portal.onboarding import scripts
from msp_portal.onboarding.facts import facts_of, readiness_of, request_of
from msp_portal.onboarding.steps import Key, State, next_step, steps_of
from tenants import services
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.forms.onboarding import ApplicationForm, BillingForm, ContactForm, LicenceForm
from tenants.lookup import LookupFailed, look_up
from tenants.models import Contact, Readiness, Tenant
from tenants.row_security import outside_transaction
from tenants.selectors import customers_for, tenants_for
from tenants.services import onboarding

_FORMS: dict[str, type[forms.Form]] = {
    Key.LICENCE: LicenceForm,
    Key.BILLING: BillingForm,
    Key.APPLICATION: ApplicationForm,
}
_SCRIPTS: dict[str, tuple[str, Callable[[scripts.Request], str]]] = {
    "azure-cli": ("sh", scripts.azure_cli),
    "powershell": ("ps1", scripts.powershell),
}


@allowed(Action.SEE_TENANT)
def tenant_onboarding(request: PortalRequest, slug: str) -> HttpResponse:
    """Every step with its state, the open ones with what to do."""
    tenant = visible(tenants_for(request.user, Action.SEE_TENANT), slug=slug)
    return render(request, "msp_portal/onboarding.html", _context(tenant))


@allowed(Action.EDIT_TENANT)
@require_POST
def onboarding_note(request: PortalRequest, slug: str, step: str) -> HttpResponse:
    """Note what somebody at the customer has confirmed or done."""
    tenant = visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)
    if step not in _FORMS:
        raise Http404
    form: Any = _FORMS[step](request.POST, prefix=step)
    if not form.is_valid():
        return render(request, "msp_portal/onboarding.html", _context(tenant, {step: form}))
    match step:
        case Key.LICENCE:
            onboarding.confirm_licence(tenant=tenant, licence=form.facts(), by=request.user)
        case Key.BILLING:
            onboarding.link_billing(tenant=tenant, billing=form.facts(), by=request.user)
            # Files that were imported before may hold days of this resource group.
            match_bills(by=request.user, again=True)
        case Key.APPLICATION:
            onboarding.note_application(tenant=tenant, application=form.facts(), by=request.user)
    messages.success(request, "Noted.")
    return redirect("tenant_onboarding", slug=tenant.slug)


@outside_transaction
@allowed(Action.EDIT_TENANT)
@require_POST
def onboarding_lookup(request: PortalRequest, slug: str) -> HttpResponse:
    """Look the directory's id up by its domain, and keep it."""
    tenant = visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)
    try:
        found = look_up(cloud=tenant.cloud, name=tenant.entra_id, sandbox_url=tenant.sandbox_url)
        services.settle_directory(tenant=tenant, entra_id=found.entra_id, by=request.user)
    except (LookupFailed, services.DirectoryKnown) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The directory's id is {found.entra_id}.")
    return redirect("tenant_onboarding", slug=tenant.slug)


@allowed(Action.SEE_TENANT)
@require_safe
def onboarding_script(request: PortalRequest, slug: str, kind: str) -> HttpResponse:
    """The customer's side as a script to download."""
    tenant = visible(tenants_for(request.user, Action.SEE_TENANT), slug=slug)
    if kind not in _SCRIPTS:
        raise Http404
    ending, write = _SCRIPTS[kind]
    text = write(request_of(tenant, facts_of(tenant)))
    name = f"onboard-{tenant.slug}.{ending}"
    return HttpResponse(
        text,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@allowed(Action.SEE_TENANT, post=Action.EDIT_TENANT)
def contact_list(request: PortalRequest, slug: str) -> HttpResponse:
    """Whom to ask at a customer, and a form for another."""
    customer = visible(customers_for(request.user, request.action), slug=slug)
    form = ContactForm(request.POST or None, instance=Contact(customer=customer))
    if request.method == "POST" and form.is_valid():
        onboarding.add_contact(customer=customer, facts=form.facts(), by=request.user)
        messages.success(request, "The contact is noted.")
        return redirect("contact_list", slug=customer.slug)
    context = {"form": form, "customer": customer, "contacts": customer.contacts.all()}
    return render(request, "tenants/contact_list.html", context)


@allowed(Action.EDIT_TENANT)
def contact_edit(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Change what is known of a contact."""
    customer = visible(customers_for(request.user, Action.EDIT_TENANT), slug=slug)
    contact = visible(customer.contacts.all(), pk=pk)
    form = ContactForm(request.POST or None, instance=contact)
    if request.method == "POST" and form.is_valid():
        stored = customer.contacts.get(pk=pk)
        onboarding.change_contact(contact=stored, facts=form.facts(), by=request.user)
        messages.success(request, "The contact is changed.")
        return redirect("contact_list", slug=customer.slug)
    context = {"form": form, "customer": customer, "contact": contact}
    return render(request, "tenants/contact_form.html", context)


@allowed(Action.EDIT_TENANT)
@require_POST
def contact_remove(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Forget a contact."""
    customer = visible(customers_for(request.user, Action.EDIT_TENANT), slug=slug)
    onboarding.remove_contact(contact=visible(customer.contacts.all(), pk=pk), by=request.user)
    messages.success(request, "The contact is removed.")
    return redirect("contact_list", slug=customer.slug)


def _context(tenant: Tenant, bound: dict[str, forms.Form] | None = None) -> dict[str, Any]:
    facts = facts_of(tenant)
    steps = steps_of(facts)
    ready = readiness_of(tenant)
    wanted = request_of(tenant, facts)
    unbound = {key: kind(prefix=key, initial=_known(ready, kind)) for key, kind in _FORMS.items()}
    return {
        "tenant": tenant,
        "facts": facts,
        "contacts": tenant.customer.contacts.all(),
        "steps": steps,
        "next": next_step(steps),
        "done": sum(step.state is State.DONE for step in steps),
        "forms": unbound | (bound or {}),
        "refused": set(bound or ()),
        "readiness": ready,
        "consent": scripts.consent_link(wanted) if facts.client_id else "",
        "scripts": {
            "azure_cli": scripts.azure_cli(wanted),
            "powershell": scripts.powershell(wanted),
        },
    }


def _known(ready: Readiness, kind: type[forms.Form]) -> dict[str, Any]:
    return {name: getattr(ready, name) for name in kind.base_fields}
