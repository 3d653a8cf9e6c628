"""The template library: what there is, what it says, whose profiles came from it, its use."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst

from provisioning.domain.definition import ProfileError
from provisioning.domain.profile_parameters import parameters_of, question
from provisioning.domain.profile_parts import parts_of
from provisioning.services import drift, library
from provisioning.services.library import Template
from provisioning.services.sharing import SharingRefused, profile_of
from provisioning.sharing_forms import DraftForm, TenantChoice
from provisioning.views.places import located
from provisioning.views.sharing import editable, posted, to_draft, yaml_response
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action


@allowed(Action.SEE_TENANT)
def template_list(request: PortalRequest) -> HttpResponse:
    """Every template; `?for=` keeps the tenant it is chosen for."""
    wanted = request.GET.get("for", "")
    tenant = editable(request).filter(slug=wanted.partition("/")[0]).first()
    found = library.templates()
    context = {
        "tenant": tenant,
        "place": wanted if tenant else "",
        "shipped": [each for each in found if each.kind == library.SHIPPED],
        "own": [each for each in found if each.kind == library.OWN],
    }
    return render(request, "provisioning/template_list.html", context)


@allowed(Action.SEE_TENANT)
def template_detail(request: PortalRequest, kind: str, template: str) -> HttpResponse:
    """What a template says, its clones with their drift, and for whom to use it (`?for=`)."""
    found, wanted = _template(kind, template), request.GET.get("for", "")
    choice = TenantChoice(
        request.GET if "to" in request.GET else None,
        tenants=editable(request),
        initial={"to": wanted.partition("/")[0]},
    )
    if choice.is_bound and choice.is_valid():
        slug = choice.cleaned_data["to"].slug
        slug = wanted if wanted.startswith(f"{slug}/") else slug
        return redirect("template_use", slug=slug, kind=kind, template=template)
    context = {
        "template": found,
        "asked": [question(name) for name in found.asked],
        "parts": list(parts_of(found.definition).items()),
        "clones": drift.clones_of(found, request.user),
        "choice": choice,
    }
    return render(request, "provisioning/template_detail.html", context)


@allowed(Action.SEE_TENANT)
def template_file(request: PortalRequest, kind: str, template: str) -> HttpResponse:
    """A template as a file."""
    found = _template(kind, template)
    return yaml_response(found.to_yaml(), found.slug)


@allowed(Action.SEE_TENANT)
def template_sample(request: PortalRequest, kind: str, template: str) -> HttpResponse:
    """An export of invented people that a shipped template maps."""
    found = _template(kind, template)
    if not found.sample:
        raise Http404("This template has no sample.")
    response = HttpResponse(found.sample, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}.csv"'
    return response


@allowed(Action.EDIT_PROFILE)
def template_use(request: PortalRequest, slug: str, kind: str, template: str) -> HttpResponse:
    """Give a template's parameters their values; it becomes the tenant's draft."""
    place = located(editable(request), slug)
    tenant = place.tenant
    found = _template(kind, template)
    profile = profile_of(tenant, place.source)
    form = DraftForm(posted(request), profile=profile, parameters=_asked(found, profile))
    if request.method == "POST" and form.is_valid():
        try:
            library.use_template(
                template=found,
                tenant=tenant,
                values=form.values,
                by=request.user,
                replaces=form.replaces,
                source=place.source,
            )
        except (SharingRefused, ProfileError) as error:
            form.add_error(None, capfirst(str(error)))
        else:
            return to_draft(request, slug, f"{found.name} is the draft of {tenant}.")
    context = {"tenant": tenant, "template": found, "form": form}
    status = 422 if form.errors else 200
    return render(request, "provisioning/template_use.html", context, status=status)


def _asked(template: Template, profile: Any) -> dict[str, str]:
    """Every parameter, with the value it begins with."""
    version = profile.current if profile else None
    known = parameters_of(version.definition) if version else {}
    return {
        name: value or known.get(name, "")
        for name, value in parameters_of(template.definition).items()
    }


def _template(kind: str, slug: str) -> Template:
    found = library.template_of(kind, slug)
    if found is None:
        raise Http404("There is no such template.")
    return found
