"""Pages on which credentials are entered, tried, switched and removed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenants import identity, services
from tenants.access import PortalRequest, allowed, visible
from tenants.certificates import BadCertificate, as_der
from tenants.domain.clouds import CLOUDS
from tenants.domain.roles import Action
from tenants.domain.token_errors import AssertionFacts, assertion_facts
from tenants.forms import credentials as forms
from tenants.models import Credential, Readiness, Tenant, User
from tenants.row_security import outside_transaction
from tenants.selectors import active_credential, tenants_for
from tenants.tokens import NoToken

_FORMER = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to prove the application: its tab, its form, and what stores it."""

    label: str
    form: type[forms.CredentialForm]
    store: Callable[[Tenant, Any, User], Credential]


def _store_secret(tenant: Tenant, form: forms.SecretForm, by: User) -> Credential:
    given = form.cleaned_data
    return services.store_secret(
        tenant=tenant,
        client_id=given["client_id"],
        secret=given["secret"],
        expires_at=given["expires_on"],
        as_next=form.as_next,
        by=by,
    )


def _store_certificate(tenant: Tenant, form: forms.CertificateForm, by: User) -> Credential:
    given = form.cleaned_data
    return services.store_certificate(
        tenant=tenant,
        client_id=given["client_id"],
        pem=given["file"],
        passphrase=given["passphrase"],
        as_next=form.as_next,
        by=by,
    )


def _generate(tenant: Tenant, form: forms.GeneratedForm, by: User) -> Credential:
    given = form.cleaned_data
    return services.generate_certificate(
        tenant=tenant,
        client_id=given["client_id"],
        bits=given["bits"],
        days=365 * given["years"],
        as_next=form.as_next,
        by=by,
    )


def _store_federated(tenant: Tenant, form: forms.FederatedForm, by: User) -> Credential:
    return services.store_federated(
        tenant=tenant,
        client_id=form.cleaned_data["client_id"],
        shown=assertion_facts(identity.workload_assertion()),
        as_next=form.as_next,
        by=by,
    )


def _store_federated_identity(
    tenant: Tenant, form: forms.FederatedIdentityForm, by: User
) -> Credential:
    given = form.cleaned_data
    assertion = identity.assertion_of(given["identity_id"], CLOUDS[tenant.cloud].exchange)
    return services.store_federated(
        tenant=tenant,
        client_id=given["client_id"],
        identity_id=given["identity_id"],
        shown=assertion_facts(assertion()),
        as_next=form.as_next,
        by=by,
    )


def _store_identity(tenant: Tenant, form: forms.ManagedIdentityForm, by: User) -> Credential:
    return services.store_managed_identity(
        tenant=tenant,
        client_id=form.cleaned_data["client_id"],
        user_assigned=form.cleaned_data["user_assigned"],
        as_next=form.as_next,
        by=by,
    )


KINDS = {
    "secret": Kind("Client secret", forms.SecretForm, _store_secret),
    "generated": Kind("New certificate", forms.GeneratedForm, _generate),
    "certificate": Kind("Your certificate", forms.CertificateForm, _store_certificate),
    "federated": Kind("Workload identity", forms.FederatedForm, _store_federated),
    "federated-identity": Kind(
        "Managed identity, federated", forms.FederatedIdentityForm, _store_federated_identity
    ),
    "identity": Kind("Managed identity", forms.ManagedIdentityForm, _store_identity),
}


# Some kinds ask this host's identity endpoint when they are stored.
@outside_transaction
@allowed(Action.EDIT_TENANT)
def tenant_credential(request: PortalRequest, slug: str) -> HttpResponse:
    """The tenant's credentials, and a form for another one of the chosen kind."""
    tenant = visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)
    name = request.GET.get("kind", "secret")
    if name not in KINDS:
        raise Http404
    kind, current = KINDS[name], active_credential(tenant)
    known = {"client_id": _known_application(tenant, current)}
    form = kind.form(request.POST or None, request.FILES or None, initial=known, current=current)
    if request.method == "POST" and form.is_valid():
        try:
            stored = kind.store(tenant, form, request.user)
        except (BadCertificate, identity.NoIdentity, identity.IdentityUnreachable) as refused:
            form.add_error("file" if "file" in form.fields else None, str(refused))
        else:
            messages.success(request, _stored_words(stored))
            return redirect("tenant_credential", slug=tenant.slug)
    context = {"form": form, "tenant": tenant, "name": name, "kinds": KINDS, "kind": kind}
    return render(request, "tenants/credential_form.html", context | _listed(tenant, name))


_STORED = {
    "client_secret": "The secret is stored, encrypted. It will not be shown again.",
    "certificate": "The certificate is stored, its private key encrypted.",
}


def _stored_words(stored: Credential) -> str:
    what = _STORED.get(stored.kind, "The credential is stored; nothing secret is kept for it.")
    return what if stored.active else f"{what} Test it, then switch to it."


def _known_application(tenant: Tenant, current: Credential | None) -> str:
    if current is not None:
        return current.client_id
    noted = Readiness.objects.filter(tenant=tenant).first()
    return noted.client_id if noted else ""


def _listed(tenant: Tenant, name: str) -> dict[str, Any]:
    rows = tenant.credentials.select_related("created_by").order_by("-created_at", "-pk")
    current = next(iter(rows.filter(active=True)), None)
    standby = next(iter(rows.filter(standby=True)), None)
    return {
        "current": current,
        "standby": standby,
        "lacking": _lacking(current, standby),
        "former": rows.filter(active=False, standby=False)[:_FORMER],
        "assertion": _workload_facts() if name == "federated" else None,
        "exchange": CLOUDS[tenant.cloud].exchange,
    }


def _lacking(current: Credential | None, standby: Credential | None) -> list[str]:
    """Permissions that the credential in use was last given, and the other one was not."""
    if current is None or standby is None or current.roles is None or standby.roles is None:
        return []
    return sorted(set(current.roles) - set(standby.roles))


def _workload_facts() -> AssertionFacts | str | None:
    try:
        return assertion_facts(identity.workload_assertion())
    except identity.NoIdentity as error:
        return str(error)


@outside_transaction
@allowed(Action.EDIT_TENANT)
@require_POST
def tenant_credential_test(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Ask for a token with one credential, which is free."""
    credential = _credential(request, slug, pk, kept=True)
    try:
        roles = services.try_credential(credential=credential, by=request.user)
    except NoToken as error:
        messages.error(request, str(error))
    else:
        shown = "it does not show its permissions" if roles is None else ", ".join(sorted(roles))
        messages.success(request, f"Entra gave a token: {shown}.")
    return redirect("tenant_credential", slug=slug)


@allowed(Action.EDIT_TENANT)
@require_POST
def tenant_credential_switch(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Use the credential that stands by."""
    credential = _credential(request, slug, pk)
    try:
        services.switch_credential(credential=credential, by=request.user)
    except services.CredentialBusy as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "From now on tokens are got with it. The other one stands by.")
    return redirect("tenant_credential", slug=slug)


@allowed(Action.EDIT_TENANT)
@require_POST
def tenant_credential_remove(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    """Erase the credential that stands by."""
    credential = _credential(request, slug, pk)
    try:
        services.remove_credential(credential=credential, by=request.user)
    except services.CredentialBusy as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Its secret is erased. Remove it in Entra as well.")
    return redirect("tenant_credential", slug=slug)


@allowed(Action.EDIT_TENANT)
@require_safe
def tenant_credential_file(request: PortalRequest, slug: str, pk: int, ending: str) -> HttpResponse:
    """The public part of a certificate, to upload to the app registration: .cer or .pem."""
    credential = _credential(request, slug, pk)
    if not credential.certificate or ending not in ("cer", "pem"):
        raise Http404
    binary = ending == "cer"
    return HttpResponse(
        as_der(credential.certificate) if binary else credential.certificate,
        content_type="application/pkix-cert" if binary else "application/x-pem-file",
        headers={"Content-Disposition": f'attachment; filename="{slug}-{pk}.{ending}"'},
    )


def _credential(request: PortalRequest, slug: str, pk: int, *, kept: bool = False) -> Credential:
    """A credential of a tenant that is seen; `kept`: not one whose secret is erased."""
    tenant = visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)
    rows = tenant.credentials.select_related("tenant__customer")
    return visible(rows.filter(Q(active=True) | Q(standby=True)) if kept else rows, pk=pk)
