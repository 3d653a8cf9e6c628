"""Profiles that come from elsewhere: each becomes the draft of a tenant, never a version by itself.

A draft that waits is replaced only by somebody who has seen it: `replaces` is its revision.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.domain.definition import parse_definition
from provisioning.domain.origin import Origin
from provisioning.domain.profile_parameters import blanked, filled, parameters_of
from provisioning.domain.profile_yaml import Parse, ProfileFile, from_yaml, to_yaml
from provisioning.models import MappingProfile, ProfileVersion, Source
from provisioning.selectors import profile_in, targets_of
from provisioning.services.profiles import locked
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record


class SharingRefused(Exception):
    """Nothing was changed; str() says why and what to do."""


class DraftWaits(SharingRefused):
    """The tenant has a draft that would be lost; `revision` is the one to replace."""

    def __init__(self, profile: MappingProfile) -> None:
        who = profile.draft_saved_by or "somebody"
        super().__init__(
            f"{profile.tenant} has a draft, saved by {who}, that was not published yet."
            " Publish it first, or say that it may be replaced."
        )
        self.profile = profile
        self.revision = profile.draft_revision


def parse_for(tenant: Tenant) -> Parse:
    """Reads a definition for a tenant: the one place that knows what its directory has."""
    return partial(parse_definition, targets=targets_of(tenant))


def profile_of(tenant: Tenant, source: Source | None = None) -> MappingProfile | None:
    """A source's profile, if one was begun; that of the first source unless one is given."""
    return profile_in(tenant, source)


def published(tenant: Tenant, source: Source | None = None) -> ProfileVersion:
    """The version that can be shared; raises SharingRefused."""
    profile = profile_of(tenant, source)
    version = profile.current if profile else None
    if version is None:
        raise SharingRefused(f"{tenant} has no published profile yet. Publish one first.")
    return version


def export(tenant: Tenant, number: int | None = None, source: Source | None = None) -> str:
    """A version as YAML, the current one unless a number is given; raises SharingRefused."""
    version = published(tenant, source)
    if number is not None:
        found = version.profile.versions.filter(number=number).first()
        if found is None:
            raise SharingRefused(
                f"{tenant} has no version {number}; the current one is {version.number}."
            )
        version = found
    said = f"Version {version.number} of {tenant}."
    return to_yaml(ProfileFile(version.profile.name, version.definition, said))


def import_profile(
    *,
    tenant: Tenant,
    text: str,
    by: User,
    values: Mapping[str, str],
    replaces: int | None,
    source: Source | None = None,
) -> MappingProfile:
    """A file becomes the draft; raises FileError, DraftWaits, SharingRefused."""
    file = from_yaml(text, values, parse=parse_for(tenant))
    return place_draft(
        tenant=tenant,
        definition=file.definition,
        by=by,
        replaces=replaces,
        how="imported",
        source=source,
    )


def clone_profile(
    *,
    source: Tenant,
    target: Tenant,
    by: User,
    values: Mapping[str, str],
    replaces: int | None,
    people: Source | None = None,
) -> MappingProfile:
    """Another tenant's published profile becomes the draft; raises SharingRefused, ProfileError.

    It is the profile of its source `people`, the first one unless that is given.
    """
    may_edit(by, source)
    if source.pk == target.pk:
        raise SharingRefused("A profile is cloned to another tenant.")
    version = published(source, people)
    definition = version.definition
    return place_draft(
        tenant=target,
        definition=filled(definition, values),
        by=by,
        replaces=replaces,
        how="cloned",
        origin=Origin("profile", f"{source.pk}.{version.profile.source_id}"),
        origin_definition=blanked(definition, parameters_of(definition)),
    )


@transaction.atomic
def place_draft(
    *,
    tenant: Tenant,
    definition: Mapping[str, Any],
    by: User,
    replaces: int | None,
    how: str,
    origin: Origin | None = None,
    origin_definition: Mapping[str, Any] | None = None,
    source: Source | None = None,
) -> MappingProfile:
    """Make a definition the tenant's draft and remember its origin, if it has one.

    Raises ProfileError when it is wrong, DraftWaits when a draft waits that is not `replaces`.
    """
    may_edit(by, tenant)
    data = parse_for(tenant)(definition).to_json()
    profile = locked(tenant, source)
    if profile.draft is not None and profile.draft_revision != replaces:
        raise DraftWaits(profile)
    before = profile.origin
    if origin is not None:
        if profile.origin_before is None:
            profile.origin_before = [profile.origin, profile.origin_definition]
        profile.origin = str(origin)
        profile.origin_definition = dict(origin_definition or {})
    keep_draft(profile, data, by)
    detail = {"origin": profile.origin, "before": before} if origin else {}
    record(f"profile.{how}", by=by, customer=tenant.customer, subject=tenant, **detail)
    return profile


def keep_draft(profile: MappingProfile, data: Mapping[str, Any], by: User) -> None:
    """Store the draft as a new revision."""
    profile.draft = dict(data)
    profile.draft_revision += 1
    profile.draft_saved_at, profile.draft_saved_by = timezone.now(), by
    profile.save()


def may_edit(person: User, tenant: Tenant) -> None:
    """Refuse whoever may not edit this tenant's profile."""
    if not tenants_for(person, Action.EDIT_PROFILE).filter(pk=tenant.pk).exists():
        raise SharingRefused("You may not edit the profile of that tenant.")
