"""The sources of a tenant: what each last read and owns, their order, and changes of these."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from provisioning.forms import SourceForm
from provisioning.models import ProfileVersion, Snapshot, Source
from provisioning.selectors import profile_in, source_of, sources_of
from provisioning.services.sources import (
    SourceRefused,
    add_source,
    move_source,
    remove_source,
    rename_source,
)
from provisioning.views.places import slug_of
from tenants.access import PortalRequest, allowed, visible
from tenants.domain.roles import Action
from tenants.models import Tenant
from tenants.selectors import tenants_for


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source on the page; `place` is the address of its other pages."""

    source: Source
    place: str
    version: ProfileVersion | None
    snapshot: Snapshot | None
    owned: int
    rename: SourceForm
    first: bool
    last: bool


@allowed(Action.SEE_TENANT)
def source_list(request: PortalRequest, slug: str) -> HttpResponse:
    """All sources in their order of precedence; a post adds one."""
    tenant = visible(tenants_for(request.user, Action.SEE_TENANT), slug=slug)
    form = SourceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            source = add_source(tenant=tenant, name=form.cleaned_data["name"], by=request.user)
        except SourceRefused as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"The source {source} is added; write its profile next.")
            return redirect("profile_detail", slug=slug_of(tenant, source))
    context = {"tenant": tenant, "lines": _lines(tenant), "form": form}
    status = 422 if form.errors else 200
    return render(request, "provisioning/source_list.html", context, status=status)


def _lines(tenant: Tenant) -> list[SourceLine]:
    rows = list(sources_of(tenant).annotate(owned=Count("accounts")))
    found = []
    for at, row in enumerate(rows):
        profile = profile_in(tenant, row)
        found.append(
            SourceLine(
                row,
                slug_of(tenant, row, first=at == 0),
                profile.current if profile else None,
                row.snapshot,
                row.owned,
                SourceForm(initial={"name": row.name}, auto_id=f"id_{row.slug}_%s"),
                at == 0,
                at == len(rows) - 1,
            )
        )
    return found


@require_POST
@allowed(Action.EDIT_TENANT)
def source_move(request: PortalRequest, slug: str, source: str) -> HttpResponse:
    """Let a source come earlier or later."""
    earlier = request.POST.get("to") == "earlier"
    return _change(
        request,
        slug,
        source,
        lambda row: move_source(source=row, earlier=earlier, by=request.user),
    )


@require_POST
@allowed(Action.EDIT_TENANT)
def source_rename(request: PortalRequest, slug: str, source: str) -> HttpResponse:
    """Give a source another name."""
    name = request.POST.get("name", "")
    return _change(
        request, slug, source, lambda row: rename_source(source=row, name=name, by=request.user)
    )


@require_POST
@allowed(Action.EDIT_TENANT)
def source_remove(request: PortalRequest, slug: str, source: str) -> HttpResponse:
    """Take a source away that owns nothing."""
    return _change(request, slug, source, lambda row: remove_source(source=row, by=request.user))


def _change(
    request: PortalRequest, slug: str, source: str, change: Callable[[Source], None]
) -> HttpResponse:
    tenant = visible(tenants_for(request.user, Action.EDIT_TENANT), slug=slug)
    row = source_of(tenant, source)
    try:
        if row is None:
            raise SourceRefused(f"There is no source {source} any more.")
        change(row)
    except SourceRefused as error:
        messages.error(request, str(error))
    return redirect("source_list", slug=tenant.slug)
