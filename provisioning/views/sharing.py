"""Where a tenant's profile goes out and comes in: files, clones, templates."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.text import capfirst

from provisioning.domain.definition import ProfileError
from provisioning.domain.drift import drifted
from provisioning.domain.origin import read_origin
from provisioning.domain.profile_parameters import parameters_of
from provisioning.domain.profile_yaml import FileError
from provisioning.domain.promotion import mentions_of
from provisioning.models import MappingProfile
from provisioning.services import drift, library, sharing
from provisioning.services.sharing import SharingRefused, profile_of, published
from provisioning.sharing_forms import DraftForm, ImportForm, TemplateForm, TenantChoice
from provisioning.views.places import Place, located
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.models import Tenant
from tenants.selectors import tenants_for


def editable(request: PortalRequest) -> QuerySet[Tenant]:
    """Tenants whose profile this person may edit."""
    return tenants_for(request.user, Action.EDIT_PROFILE)


def posted(request: PortalRequest) -> QueryDict | None:
    """What a form is bound to: nothing before it was sent, even when it has no fields."""
    return request.POST if request.method == "POST" else None


@allowed(Action.EDIT_PROFILE)
def profile_share(request: PortalRequest, slug: str) -> HttpResponse:
    """Everything that can be done with a profile besides editing it."""
    place = located(editable(request), slug)
    tenant = place.tenant
    profile = profile_of(tenant, place.source)
    ancestor = drift.ancestor_of(profile, request.user) if profile else None
    moved = drifted(drift.drift_of(profile, ancestor)) if profile and ancestor else []
    context = {
        "tenant": tenant,
        "profile": profile,
        "version": profile.current if profile else None,
        "origin": read_origin(profile.origin) if profile else None,
        "promoted": drift.promoted_from(profile, request.user) if profile else None,
        "ancestor": ancestor,
        "moved": len(moved),
        "offered": sum(each.offered for each in moved),
        "siblings": editable(request).filter(customer=tenant.customer).exclude(pk=tenant.pk),
        "others": editable(request).exclude(pk=tenant.pk).exists(),
    }
    return render(request, "provisioning/profile_share.html", context)


@allowed(Action.SEE_TENANT)
def profile_export(request: PortalRequest, slug: str) -> HttpResponse:
    """A version as a file; `?version=` names another than the current one."""
    place = located(tenants_for(request.user, Action.SEE_TENANT), slug)
    number = request.GET.get("version", "")
    try:
        text = sharing.export(
            place.tenant, int(number) if number.isdecimal() else None, place.source
        )
    except SharingRefused as error:
        messages.error(request, str(error))
        return redirect("profile_detail", slug=slug)
    return yaml_response(text, f"{slug.replace('/sources/', '-')}-profile")


def yaml_response(text: str, name: str) -> HttpResponse:
    """A YAML file to be saved."""
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return response


@allowed(Action.EDIT_PROFILE)
def profile_import(request: PortalRequest, slug: str) -> HttpResponse:
    """A file becomes the draft; mistakes are shown in its text."""
    place = located(editable(request), slug)
    tenant = place.tenant
    profile = profile_of(tenant, place.source)
    form = ImportForm(posted(request), request.FILES or None, profile=profile)
    context: dict[str, Any] = {"tenant": tenant, "form": form, "problems": ()}
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"].replace("\r\n", "\n")
        try:
            sharing.import_profile(
                tenant=tenant,
                text=text,
                by=request.user,
                values={},
                replaces=form.replaces,
                source=place.source,
            )
        except FileError as error:
            context |= {"problems": error.problems, "lines": excerpt(text, error)}
        except SharingRefused as error:
            form.add_error(None, str(error))
        else:
            return to_draft(request, slug, "The file is the draft now.")
        # The text is what is corrected next; a file could not be given back.
        form.data = data = request.POST.copy()
        data["text"] = text
    status = 422 if context["problems"] or form.errors else 200
    return render(request, "provisioning/profile_import.html", context, status=status)


def excerpt(text: str, error: FileError) -> list[dict[str, Any]]:
    """Lines around each problem, with what is wrong in them; a gap where lines are left out."""
    lines = text.split("\n")
    wrong: dict[int, list[Any]] = {}
    for problem in error.problems:
        wrong.setdefault(min(problem.line, len(lines)), []).append(problem)
    shown = sorted({n for at in wrong for n in range(at - 2, at + 3) if 1 <= n <= len(lines)})
    return [
        {
            "number": number,
            "text": lines[number - 1],
            "problems": wrong.get(number, []),
            "gap": number - 1 not in shown and number > 1,
        }
        for number in shown
    ]


def to_draft(request: PortalRequest, slug: str, said: str) -> HttpResponse:
    """Say that a draft is ready, where it can be looked at: the slug is that of a place."""
    messages.success(request, f"{said} Nothing is used before it is published.")
    return redirect("profile_share", slug=slug)


@allowed(Action.EDIT_PROFILE)
def profile_clone(request: PortalRequest, slug: str) -> HttpResponse:
    """The published profile becomes the draft of another tenant."""
    place = located(editable(request), slug)
    source = place.tenant
    others = editable(request).exclude(pk=source.pk)
    choice = TenantChoice(request.GET if "to" in request.GET else None, tenants=others)
    context: dict[str, Any] = {"tenant": source, "choice": choice}
    version = _published(request, place)
    if version is None:
        return redirect("profile_share", slug=slug)
    target = choice.cleaned_data["to"] if choice.is_bound and choice.is_valid() else None
    if target is None:
        return render(request, "provisioning/profile_clone.html", context)
    form = DraftForm(
        posted(request),
        profile=profile_of(target),
        parameters=_asked(parameters_of(version), target, source),
    )
    if request.method == "POST" and form.is_valid():
        try:
            sharing.clone_profile(
                source=source,
                people=place.source,
                target=target,
                by=request.user,
                values=form.values,
                replaces=form.replaces,
            )
        except (SharingRefused, ProfileError) as error:
            form.add_error(None, capfirst(str(error)))
        else:
            return to_draft(
                request, target.slug, f"The profile of {source} is the draft of {target}."
            )
    parameters = tuple(f"parameter {name}" for name in parameters_of(version))
    mentions = [each for each in mentions_of(version) if each.place not in parameters]
    context |= {"form": form, "target": target, "mentions": mentions}
    status = 422 if form.errors else 200
    return render(request, "provisioning/profile_clone.html", context, status=status)


def _published(request: PortalRequest, place: Place) -> Mapping[str, Any] | None:
    """What the source's profile says, or a message that there is none."""
    try:
        definition: Mapping[str, Any] = published(place.tenant, place.source).definition
    except SharingRefused as error:
        messages.error(request, str(error))
        return None
    return definition


def _asked(parameters: Mapping[str, str], target: Tenant, source: Tenant) -> dict[str, str]:
    """Values to begin with: those of the target, else the source's where the customer is one."""
    profile: MappingProfile | None = profile_of(target)
    version = profile.current if profile else None
    known = parameters_of(version.definition) if version else {}
    same = source.customer_id == target.customer_id
    return {
        name: known.get(name, value if same and name != "domain" else "")
        for name, value in parameters.items()
    }


@allowed(Action.EDIT_PROFILE)
def profile_template(request: PortalRequest, slug: str) -> HttpResponse:
    """The published profile becomes a template, or what one of ours says from now on."""
    place = located(editable(request), slug)
    tenant = place.tenant
    version = _published(request, place)
    if version is None:
        return redirect("profile_share", slug=slug)
    replaced = library.template_of(library.OWN, request.GET.get("changes", ""))
    initial = {"name": replaced.name, "description": replaced.description} if replaced else {}
    mentions = mentions_of(version)
    form = TemplateForm(
        posted(request), parameters=parameters_of(version), mentions=mentions, initial=initial
    )
    if replaced:
        del form.fields["name"], form.fields["description"]
    if request.method == "POST" and form.is_valid():
        try:
            template = _save(request, form, place, replaced)
        except SharingRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The template {template.name} is saved.")
            return redirect("template_detail", kind=template.kind, template=template.slug)
    own = [each for each in library.templates() if each.kind == library.OWN]
    context = {
        "tenant": tenant,
        "form": form,
        "mentions": mentions,
        "replaced": replaced,
        "own": own,
    }
    status = 422 if form.errors else 200
    return render(request, "provisioning/profile_template.html", context, status=status)


def _save(
    request: PortalRequest, form: TemplateForm, place: Place, replaced: library.Template | None
) -> library.Template:
    data = form.cleaned_data
    if replaced is None:
        return library.save_template(
            tenant=place.tenant,
            source=place.source,
            name=data["name"],
            description=data["description"],
            blank=data["blank"],
            by=request.user,
        )
    seen = request.POST.get("revision", "")
    return library.change_template(
        slug=replaced.slug,
        tenant=place.tenant,
        source=place.source,
        blank=data["blank"],
        by=request.user,
        revision=int(seen) if seen.isdecimal() else 0,
    )
