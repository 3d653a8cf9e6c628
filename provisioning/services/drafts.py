"""A profile's draft: kept right or wrong, never overwritten unseen, published as a version."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.models import MappingProfile, ProfileVersion, Source
from provisioning.services.profiles import locked, publish
from tenants.models import Tenant, User
from tenants.services import record


class DraftConflict(Exception):
    """Somebody else changed the draft since it was opened; `profile` holds what is stored now.

    Nothing was written: theirs is still stored, and the caller still holds what was to be saved.
    """

    def __init__(self, profile: MappingProfile) -> None:
        who = profile.draft_saved_by or "somebody"
        gone = "" if profile.draft is not None else " (it was published or discarded)"
        super().__init__(f"{who} changed this draft after you had opened it{gone}.")
        self.profile = profile


@transaction.atomic
def save_draft(
    *,
    tenant: Tenant,
    content: Any,
    revision: int,
    by: User | None,
    source: Source | None = None,
) -> MappingProfile:
    """Keep any JSON value as the draft; `revision` is the one that was opened.

    Raises DraftConflict when the draft is another by now.
    """
    profile = _opened(tenant, revision, source)
    if profile.draft == content:
        return profile
    profile.draft = content
    _settle(profile, by)
    record("profile.draft_saved", by=by, customer=tenant.customer, subject=tenant)
    return profile


@transaction.atomic
def discard_draft(
    *, tenant: Tenant, revision: int, by: User | None, source: Source | None = None
) -> None:
    """Forget the draft; the published versions stay. Raises DraftConflict."""
    profile = _opened(tenant, revision, source)
    if profile.draft is None:
        return
    profile.draft = None
    if profile.origin_before is not None:
        profile.origin, profile.origin_definition = profile.origin_before
        profile.save(update_fields=["origin", "origin_definition"])
    _settle(profile, by)
    record("profile.draft_discarded", by=by, customer=tenant.customer, subject=tenant)


@transaction.atomic
def publish_draft(
    *,
    tenant: Tenant,
    revision: int,
    by: User | None,
    note: str = "",
    source: Source | None = None,
) -> ProfileVersion:
    """Publish the draft as the next version and clear it.

    Raises ProfileError with all that is wrong with it (the draft stays) and DraftConflict.
    """
    profile = _opened(tenant, revision, source)
    version = publish(
        tenant=tenant, definition=profile.draft, by=by, note=note, source=profile.source
    )
    profile.draft = None
    _settle(profile, by)
    return version


def _opened(tenant: Tenant, revision: int, source: Source | None) -> MappingProfile:
    """The source's profile, locked, if its draft is still the one that was opened."""
    profile = locked(tenant, source)
    if profile.draft_revision != revision:
        raise DraftConflict(profile)
    return profile


def _settle(profile: MappingProfile, by: User | None) -> None:
    profile.draft_revision += 1
    profile.draft_saved_at, profile.draft_saved_by = timezone.now(), by
    if profile.draft is None:
        profile.origin_before = None
    fields = ["draft", "draft_revision", "draft_saved_at", "draft_saved_by", "origin_before"]
    profile.save(update_fields=fields)
