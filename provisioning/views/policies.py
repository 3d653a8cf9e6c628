"""The page on which a tenant's approval policy is set."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from provisioning.forms import ApprovalPolicyForm
from provisioning.models import ApprovalPolicy
from provisioning.services.policies import change_policy
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.selectors import tenants_for


@allowed(Action.SEE_TENANT, post=Action.EDIT_POLICY)
def approval_policy(request: PortalRequest, slug: str) -> HttpResponse:
    """Which plans of a tenant go without a person, and which take two; administrators set it."""
    tenant = visible(tenants_for(request.user, request.action), slug=slug)
    row = ApprovalPolicy.objects.filter(tenant=tenant).select_related("changed_by").first()
    changed = (row.changed_at, row.changed_by) if row else None
    form = ApprovalPolicyForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        change_policy(tenant=tenant, policy=form.policy(), by=request.user)
        messages.success(request, "The approval policy is saved. It holds for the next plan.")
        return redirect("tenant_detail", slug=tenant.slug)
    context = {"form": form, "tenant": tenant, "changed": changed}
    status = 422 if form.errors else 200
    return render(request, "provisioning/approval_policy.html", context, status=status)
