"""From one tenant of a customer to another: remapped, checked by a person, and a draft again."""

from collections.abc import Collection, Mapping
from typing import Any

from provisioning.domain.origin import Origin
from provisioning.domain.profile_parameters import parameters_of
from provisioning.domain.promotion import (
    Mention,
    Promoted,
    Replacements,
    TenantFacts,
    domains_by_use,
    mentions_of,
    promote,
    suggest,
)
from provisioning.models import Directory, DirectoryGroup, DirectoryObject, MappingProfile, Source
from provisioning.scim.discovery import understood
from provisioning.scim.urns import CUSTOM_SECURITY
from provisioning.services.sharing import (
    SharingRefused,
    may_edit,
    place_draft,
    profile_of,
    published,
)
from tenants.models import Tenant, User


class NotConfirmed(SharingRefused):
    """Values of the old tenant would stay; `mentions` are those nobody has confirmed."""

    def __init__(self, mentions: Collection[Mention]) -> None:
        super().__init__(
            f"{len(mentions)} value{'s' if len(mentions) > 1 else ''} of the other tenant could"
            " not be remapped. Give each a counterpart, or confirm that it stays."
        )
        self.mentions = tuple(mentions)


def facts_of(tenant: Tenant, people: Source | None = None) -> TenantFacts:
    """What the portal knows of a tenant without asking its directory."""
    names = DirectoryObject.objects.filter(tenant=tenant, guest=False)
    directory = Directory.objects.filter(tenant=tenant).first()
    documents = directory.discovery if directory and directory.discovery else {}
    profile = profile_of(tenant, people)
    version = profile.current if profile else None
    return TenantFacts(
        domains=domains_by_use(names.values_list("user_name", flat=True).iterator()),
        groups={
            entra_id.lower(): name
            for entra_id, name in DirectoryGroup.objects.filter(tenant=tenant).values_list(
                "entra_id", "name"
            )
        },
        sets=_sets(documents),
        parameters=parameters_of(version.definition) if version else {},
    )


def _sets(documents: Mapping[str, Any]) -> frozenset[str]:
    """Sets of custom security attributes, from whichever of the two documents was read."""
    own = documents.get(f"/schemas/{CUSTOM_SECURITY}")
    listed = (
        {"/schemas": {"Resources": [{**own, "id": CUSTOM_SECURITY}]}}
        if isinstance(own, Mapping)
        else documents
    )
    return frozenset(understood(listed).schemas.get(CUSTOM_SECURITY, {}))


def mentions_in(source: Tenant, people: Source | None = None) -> tuple[Mention, ...]:
    """What the published profile says of its tenant; raises SharingRefused."""
    return mentions_of(published(source, people).definition)


def suggested(
    source: Tenant, target: Tenant, people: Source | None = None
) -> dict[tuple[str, str], str]:
    """A first table for the person to check."""
    return suggest(mentions_in(source, people), facts_of(source, people), facts_of(target))


def preview(source: Tenant, table: Replacements, people: Source | None = None) -> Promoted:
    """What the table makes of the published profile; raises SharingRefused."""
    return promote(published(source, people).definition, table)


def promote_profile(
    *,
    source: Tenant,
    target: Tenant,
    table: Replacements,
    confirmed: Collection[str],
    by: User,
    replaces: int | None,
    people: Source | None = None,
) -> MappingProfile:
    """The remapped profile becomes the target's draft, whose publication asks for a pilot.

    Raises SharingRefused, NotConfirmed, DraftWaits, and ProfileError for what came of it.
    """
    may_edit(by, source)
    if source.customer_id != target.customer_id or source.pk == target.pk:
        raise SharingRefused("A profile is promoted to another tenant of the same customer.")
    version = published(source, people)
    promoted = promote(version.definition, table)
    if open_ones := [each for each in promoted.left if each.key not in confirmed]:
        raise NotConfirmed(open_ones)
    return place_draft(
        tenant=target,
        definition=promoted.definition,
        by=by,
        replaces=replaces,
        how="promoted",
        origin=Origin("promotion", str(version.pk)),
        origin_definition=version.profile.origin_definition,
    )
