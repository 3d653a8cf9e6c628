"""Clones and what they came from: how far they have drifted, and taking changes over."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from provisioning.domain.drift import Drift, apply_update, compare, drifted, keep_ours
from provisioning.domain.origin import Origin, read_origin
from provisioning.domain.profile_parameters import filled
from provisioning.models import MappingProfile, ProfileVersion, Source
from provisioning.services.library import Template, template_of
from provisioning.services.profiles import locked
from provisioning.services.sharing import (
    SharingRefused,
    keep_draft,
    may_edit,
    parse_for,
    profile_of,
)
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record


@dataclass(frozen=True, slots=True)
class Ancestor:
    """What a profile came from, as it is now."""

    name: str
    definition: Mapping[str, Any]
    template: Template | None = None
    tenant: Tenant | None = None


def ancestor_of(profile: MappingProfile, viewer: User) -> Ancestor | None:
    """What the profile came from; None when that is gone, or not for this person to see."""
    origin = read_origin(profile.origin)
    if origin is not None and origin.kind in ("promotion", "promoted"):
        version = ProfileVersion.objects.filter(pk=origin.name).select_related("profile").first()
        origin = read_origin(version.profile.origin) if version else None
    return _ancestor(origin, viewer) if origin else None


def _ancestor(origin: Origin, viewer: User) -> Ancestor | None:
    if origin.is_template:
        template = template_of(origin.kind, origin.name)
        return Ancestor(template.name, template.definition, template) if template else None
    if origin.kind != "profile":
        return None
    pk, _, source = origin.name.partition(".")
    tenant = tenants_for(viewer, Action.SEE_TENANT).filter(pk=pk).first()
    named = tenant.sources.filter(pk=source).first() if tenant and source else None
    profile = profile_of(tenant, named) if tenant else None
    version = profile.current if profile else None
    return Ancestor(str(tenant), version.definition, tenant=tenant) if version else None


def promoted_from(profile: MappingProfile, viewer: User) -> ProfileVersion | None:
    """The version of another tenant that was promoted to this one, for who may see that."""
    origin = read_origin(profile.origin)
    if origin is None or origin.kind not in ("promotion", "promoted"):
        return None
    seen = ProfileVersion.objects.filter(profile__tenant__in=tenants_for(viewer, Action.SEE_TENANT))
    return seen.filter(pk=origin.name).select_related("profile__tenant", "profile__source").first()


def says_now(profile: MappingProfile) -> Mapping[str, Any] | None:
    """What the profile says: its draft if there is one that can be read, else its version."""
    if isinstance(profile.draft, Mapping) and isinstance(profile.draft.get("attributes"), list):
        return profile.draft
    version = profile.current
    return version.definition if version else None


def drift_of(profile: MappingProfile, ancestor: Ancestor) -> list[Drift]:
    """Every part of the profile and its ancestor, moved or not."""
    here = says_now(profile)
    base = profile.origin_definition
    return compare(base, ancestor.definition, here) if base and here is not None else []


@dataclass(frozen=True, slots=True)
class Clone:
    """A profile that came from a template, and how many parts have moved."""

    profile: MappingProfile
    here: int
    template: int
    both: int


def clones_of(template: Template, viewer: User) -> list[Clone]:
    """All profiles from this template that the person may see, by customer and tenant."""
    key = str(template.origin)
    versions = ProfileVersion.objects.filter(profile__origin=key).values_list("pk", flat=True)
    promoted = [str(Origin("promoted", str(pk))) for pk in versions]
    profiles = (
        MappingProfile.objects.filter(tenant__in=tenants_for(viewer, Action.SEE_TENANT))
        .filter(Q(origin=key) | Q(origin__in=promoted))
        .select_related("tenant__customer", "source")
        .prefetch_related(Prefetch("versions", _latest()))
        .order_by("tenant__customer__name", "tenant__name")
    )
    ancestor = Ancestor(template.name, template.definition, template)
    return [_counted(profile, ancestor) for profile in profiles]


def _latest() -> QuerySet[ProfileVersion]:
    """Each profile's current version only."""
    newest = ProfileVersion.objects.filter(profile=OuterRef("profile")).order_by("-number")
    return ProfileVersion.objects.filter(pk=Subquery(newest.values("pk")[:1]))


def _counted(profile: MappingProfile, ancestor: Ancestor) -> Clone:
    moved = [each.moved.value for each in drifted(drift_of(profile, ancestor))]
    return Clone(profile, moved.count("here"), moved.count("template"), moved.count("both"))


@transaction.atomic
def take_over(
    *,
    tenant: Tenant,
    parts: Collection[str],
    values: Mapping[str, str],
    revision: int,
    by: User,
    source: Source | None = None,
) -> MappingProfile:
    """The chosen parts of the template go into the draft; values are for its new parameters.

    Raises SharingRefused, and ProfileError when what comes of it cannot be used.
    """
    profile, ancestor = _opened(tenant, revision, by, source)
    here = says_now(profile) or {}
    changed = filled(apply_update(here, ancestor.definition, parts), values)
    keep_draft(profile, parse_for(tenant)(changed).to_json(), by)
    record(
        "profile.template_changes_taken",
        by=by,
        customer=tenant.customer,
        subject=tenant,
        parts=sorted(parts),
    )
    return profile


@transaction.atomic
def keep(
    *,
    tenant: Tenant,
    parts: Collection[str],
    revision: int,
    by: User,
    source: Source | None = None,
) -> MappingProfile:
    """The chosen changes of the template are declined for good; raises SharingRefused."""
    profile, ancestor = _opened(tenant, revision, by, source)
    base = profile.origin_definition or {}
    profile.origin_definition = keep_ours(base, ancestor.definition, parts)
    profile.save(update_fields=["origin_definition"])
    record(
        "profile.template_changes_declined",
        by=by,
        customer=tenant.customer,
        subject=tenant,
        parts=sorted(parts),
    )
    return profile


def _opened(
    tenant: Tenant, revision: int, by: User, source: Source | None
) -> tuple[MappingProfile, Ancestor]:
    may_edit(by, tenant)
    profile = locked(tenant, source)
    if profile.draft_revision != revision:
        raise SharingRefused("Somebody changed the draft meanwhile. Look at the drift again.")
    ancestor = ancestor_of(profile, by)
    if ancestor is None or not profile.origin_definition:
        raise SharingRefused("What this profile came from is gone.")
    return profile, ancestor
