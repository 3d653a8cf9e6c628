"""The end of a tenant: what happens when, what to do in Entra, and what to take along."""

import tempfile

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from msp_portal.offboarding.archive import proof_of, write_archive
from provisioning.models import Job
from provisioning.services import offboarding
from provisioning.services.offboarding import LONGEST_DAYS, OffboardingRefused
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Offboarding, Tenant
from tenants.selectors import tenants_for

_IN_MEMORY = 8 * 1024 * 1024


class OffboardingForm(forms.Form):
    """When and why, and the tenant's short name so that nobody does it by mistake."""

    reason = forms.CharField(max_length=300, required=False)
    keep_days = forms.IntegerField(
        label="Days to keep people's data",
        min_value=0,
        max_value=LONGEST_DAYS,
        initial=30,
        help_text="Reports can be exported until then. Counts and costs are kept for the bill.",
    )
    confirm = forms.CharField(label="Tenant's short name", help_text="To make sure: type it.")

    def __init__(self, *args: object, tenant: Tenant, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._slug = tenant.slug
        self.fields["confirm"].help_text = f"To make sure, type {tenant.slug}."

    def clean_confirm(self) -> str:
        """The tenant's own short name."""
        text = str(self.cleaned_data["confirm"]).strip()
        if text != self._slug:
            raise ValidationError(f"This is not {self._slug}.")
        return text


@allowed(Action.SEE_TENANT, post=Action.OFFBOARD)
def tenant_offboarding(request: PortalRequest, slug: str) -> HttpResponse:
    """Begin an offboarding, or see how far it is."""
    tenant = visible(tenants_for(request.user, request.action), slug=slug)
    leaving = Offboarding.objects.filter(tenant=tenant).first()
    form = OffboardingForm(request.POST or None, tenant=tenant)
    if request.method == "POST" and form.is_valid():
        try:
            offboarding.begin(
                tenant=tenant,
                reason=form.cleaned_data["reason"],
                keep_days=form.cleaned_data["keep_days"],
                by=request.user,
            )
        except OffboardingRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "The offboarding has begun: no job begins any more.")
        return redirect("tenant_offboarding", slug=tenant.slug)
    context = {
        "tenant": tenant,
        "leaving": leaving,
        "form": form,
        "open_jobs": Job.objects.filter(tenant=tenant, state__in=Job.OPEN).count(),
        "rows": sorted((proof_of(tenant).get("rows_erased") or {}).items()),
        "now": timezone.now(),
    }
    return render(request, "msp_portal/offboarding.html", context)


@allowed(Action.OFFBOARD)
@require_POST
def offboarding_call_off(request: PortalRequest, slug: str) -> HttpResponse:
    """Keep the tenant after all."""
    tenant = visible(tenants_for(request.user, Action.OFFBOARD), slug=slug)
    try:
        offboarding.call_off(tenant=tenant, by=request.user)
    except OffboardingRefused as refused:
        messages.error(request, str(refused))
        return redirect("tenant_offboarding", slug=tenant.slug)
    messages.success(
        request, "The tenant stays. Store its credential and switch its schedules on again."
    )
    return redirect("tenant_detail", slug=tenant.slug)


@allowed(Action.SEE_AUDIT)
@require_safe
def offboarding_archive(request: PortalRequest, slug: str) -> FileResponse:
    """Reports, usage, profiles and audit trail as one archive, for who may see the latter."""
    tenant = visible(tenants_for(request.user, Action.SEE_AUDIT), slug=slug)
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by the response
    write_archive(tenant, file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{tenant.slug}.zip")
