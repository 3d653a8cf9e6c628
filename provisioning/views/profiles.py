"""The mapping profile of a tenant: read it, publish a new version of it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.definition import Problem, ProfileError
from provisioning.domain.starter import STARTER
from provisioning.forms import ProfileForm, RuleFormSet, definition_of, rules_of
from provisioning.models import ProfileVersion
from provisioning.services.profiles import publish
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Tenant
from tenants.selectors import tenants_for


@allowed(Action.SEE_TENANT)
def profile_detail(request: PortalRequest, slug: str) -> HttpResponse:
    """The current version and the history."""
    tenant = visible(tenants_for(request.user, Action.SEE_TENANT), slug=slug)
    version = _current(tenant)
    rules = rules_of(version.definition) if version else []
    context = {
        "tenant": tenant,
        "version": version,
        "rules": [(CATALOGUE[rule["target"]], rule) for rule in rules],
        "versions": version.profile.versions.select_related("published_by") if version else [],
    }
    return render(request, "provisioning/profile_detail.html", context)


@allowed(Action.EDIT_PROFILE)
def profile_edit(request: PortalRequest, slug: str) -> HttpResponse:
    """Edit the rules and publish them as the next version."""
    tenant = visible(tenants_for(request.user, Action.EDIT_PROFILE), slug=slug)
    version = _current(tenant)
    given: dict[str, Any] = version.definition if version else STARTER
    form = ProfileForm(request.POST or None, initial={"key_column": given["key_column"]})
    rules = RuleFormSet(request.POST or None, initial=rules_of(given), prefix="rules")
    problems: list[Problem] = []
    if request.method == "POST" and form.is_valid() and rules.is_valid():
        try:
            published = publish(
                tenant=tenant,
                definition=definition_of(form, rules),
                by=request.user,
                note=form.cleaned_data["note"],
            )
        except ProfileError as error:
            problems = _attach(rules, error)
        else:
            messages.success(request, f"Version {published.number} is published.")
            return redirect("profile_detail", slug=tenant.slug)
    context = {
        "tenant": tenant,
        "version": version,
        "form": form,
        "rules": rules,
        "problems": problems,
    }
    failed = request.method == "POST"
    return render(request, "provisioning/profile_form.html", context, status=422 if failed else 200)


def _current(tenant: Tenant) -> ProfileVersion | None:
    profile = getattr(tenant, "profile", None)
    return profile.current if profile else None


def _attach(rules: Any, error: ProfileError) -> list[Problem]:
    """Put each problem beside the row of its target; what belongs to none comes back."""
    rows = {form.cleaned_data.get("target"): form for form in rules.forms}
    rest = []
    for problem in error.problems:
        row = rows.get(problem.target) if problem.target else None
        if row is None:
            rest.append(problem)
            continue
        row.problem = problem
        row.add_error("value", capfirst(problem.message))
    return rest
