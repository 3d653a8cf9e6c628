"""The template library: what ships with the portal, and what was saved here."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from provisioning.adapters.library import shipped_template, shipped_templates
from provisioning.domain.origin import Origin
from provisioning.domain.profile_parameters import blanked, filled, open_parameters
from provisioning.domain.profile_yaml import ProfileFile, to_yaml
from provisioning.models import MappingProfile, ProfileTemplate, Source
from provisioning.services.sharing import SharingRefused, may_edit, place_draft, published
from tenants.models import Tenant, User
from tenants.services import record

SHIPPED, OWN = "shipped", "template"


@dataclass(frozen=True, slots=True)
class Template:
    """A starting point for profiles; `kind` is SHIPPED or OWN, `sample` a CSV that it maps."""

    kind: str
    slug: str
    name: str
    description: str
    definition: dict[str, Any]
    sample: bytes = b""
    text: str = ""
    revision: int = 1
    changed_at: datetime | None = None
    changed_by: User | None = None

    @property
    def origin(self) -> Origin:
        """What profiles made from it remember."""
        return Origin("shipped" if self.kind == SHIPPED else "template", self.slug)

    @property
    def asked(self) -> tuple[str, ...]:
        """Parameters that are asked for when it is used."""
        return open_parameters(self.definition)

    def to_yaml(self) -> str:
        """Its file."""
        return self.text or to_yaml(ProfileFile(self.name, self.definition, self.description))


def templates() -> list[Template]:
    """All of them: those that ship, then our own by name."""
    own = ProfileTemplate.objects.select_related("changed_by")
    return [*_shipped(), *map(_own, own)]


def template_of(kind: str, slug: str) -> Template | None:
    """One of them."""
    if kind == SHIPPED:
        return next((each for each in _shipped() if each.slug == slug), None)
    row = ProfileTemplate.objects.select_related("changed_by").filter(slug=slug).first()
    return _own(row) if row and kind == OWN else None


def _shipped() -> Iterable[Template]:
    for each in shipped_templates():
        yield Template(
            SHIPPED,
            each.slug,
            each.name,
            each.description,
            each.definition,
            each.sample,
            each.text,
        )


def _own(row: ProfileTemplate) -> Template:
    return Template(
        OWN,
        row.slug,
        row.name,
        row.description,
        row.definition,
        revision=row.revision,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def use_template(
    *,
    template: Template,
    tenant: Tenant,
    values: Mapping[str, str],
    by: User,
    replaces: int | None,
    source: Source | None = None,
) -> MappingProfile:
    """A template becomes the tenant's draft; raises SharingRefused, DraftWaits, ProfileError."""
    definition = filled(template.definition, values)
    if missing := open_parameters(definition):
        raise SharingRefused(f"A value is needed for {', '.join(missing)}.")
    return place_draft(
        tenant=tenant,
        definition=definition,
        by=by,
        replaces=replaces,
        how="begun_from_template",
        origin=template.origin,
        origin_definition=template.definition,
        source=source,
    )


@transaction.atomic
def save_template(
    *,
    tenant: Tenant,
    name: str,
    description: str,
    blank: Collection[str],
    by: User,
    source: Source | None = None,
) -> Template:
    """A tenant's published profile becomes a template; `blank` parameters lose their value.

    Raises SharingRefused, also when the name is taken: `change_template` is for that.
    """
    may_edit(by, tenant)
    slug = slugify(name)[:60]
    if not slug or shipped_template(slug):
        raise SharingRefused("Choose another name: this one belongs to a template of the portal.")
    definition = blanked(published(tenant, source).definition, blank)
    try:
        with transaction.atomic():
            row = ProfileTemplate.objects.create(
                slug=slug, name=name, description=description, definition=definition, changed_by=by
            )
    except IntegrityError:
        raise SharingRefused("There is a template of this name already.") from None
    record("template.saved", by=by, customer=tenant.customer, subject=tenant, template=slug)
    return _own(row)


@transaction.atomic
def change_template(
    *,
    slug: str,
    tenant: Tenant,
    blank: Collection[str],
    by: User,
    revision: int,
    source: Source | None = None,
) -> Template:
    """Replace what a template says by a tenant's published profile; its clones see it as drift.

    Raises SharingRefused, also when somebody else has changed it since `revision`.
    """
    may_edit(by, tenant)
    row = ProfileTemplate.objects.select_for_update().filter(slug=slug).first()
    if row is None or row.revision != revision:
        raise SharingRefused("Somebody else changed this template meanwhile. Look at it again.")
    row.definition = blanked(published(tenant, source).definition, blank)
    row.revision, row.changed_by = row.revision + 1, by
    row.save()
    record("template.changed", by=by, customer=tenant.customer, subject=tenant, template=slug)
    return _own(row)
