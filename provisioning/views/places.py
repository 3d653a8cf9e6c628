"""Where a page of a source is: `<tenant>` means its first source, `<tenant>/sources/<source>` any.

One converter and one resolver for all pages of uploads and profiles, so that links and redirects
that keep the `slug` of the page keep its source.
"""

from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from provisioning.models import Source
from provisioning.selectors import source_of
from tenants.access import visible
from tenants.models import Tenant

_BETWEEN = "/sources/"


class PlaceConverter:
    """A tenant's slug, alone or with the one of a source of it."""

    regex = rf"[-a-zA-Z0-9_]+(?:{_BETWEEN}[-a-zA-Z0-9_]+)?"

    def to_python(self, value: str) -> str:
        """As it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands in the address."""
        return value


class Place(NamedTuple):
    """A tenant and the source that a page is about; a tenant may have none yet."""

    tenant: Tenant
    source: Source | None
    slug: str


def located(tenants: QuerySet[Tenant], slug: str) -> Place:
    """The place among the tenants that the person may see; 404 for every other."""
    name, _, source_slug = slug.partition(_BETWEEN)
    tenant = visible(tenants, slug=name)
    source = source_of(tenant, source_slug)
    if source is None and source_slug:
        raise Http404(f"There is no source {source_slug} of this tenant.")
    return Place(tenant, source, slug)


def slug_of(tenant: Tenant, source: Source, *, first: bool = False) -> str:
    """The address of a source's pages; the `first` one is where the tenant's are."""
    return tenant.slug if first else f"{tenant.slug}{_BETWEEN}{source.slug}"


def place(request: HttpRequest) -> dict[str, Any]:
    """Context: the place of the page that is shown, for the links on it."""
    match = request.resolver_match
    return {"place": match.kwargs["slug"]} if match and "slug" in match.kwargs else {}
