"""Publishing mapping profiles: every publication is a new, immutable version."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from provisioning.domain.definition import parse_definition
from provisioning.domain.origin import read_origin
from provisioning.models import MappingProfile, ProfileVersion, Source
from provisioning.selectors import targets_of
from provisioning.services.queueing import pilot_due
from provisioning.services.sources import own_source
from tenants.models import Tenant, User
from tenants.services import record


@transaction.atomic
def publish(
    *,
    tenant: Tenant,
    definition: Any,
    by: User | None,
    note: str = "",
    source: Source | None = None,
) -> ProfileVersion:
    """Publish a definition as a source's next version; raises ProfileError with all problems.

    Publishing what is current already changes nothing and returns the current version. While a
    promoted draft waits, or the pilot of the current version is due, whatever is published asks
    for a pilot.
    """
    data = parse_definition(definition, targets_of(tenant)).to_json()
    profile = locked(tenant, source)
    origin = read_origin(profile.origin)
    promoted = profile.draft is not None and origin is not None and origin.asks_for_a_pilot
    if origin and promoted and definition == profile.draft:
        profile.origin = str(origin.published())
        profile.save(update_fields=["origin"])
    current = profile.current
    if current is not None and current.definition == data:
        return current
    highest = profile.versions.aggregate(highest=Max("number"))["highest"] or 0
    version = ProfileVersion.objects.create(
        customer_id=tenant.customer_id,
        profile=profile,
        number=highest + 1,
        definition=data,
        note=note,
        published_by=by,
        # A correction of what nobody has tried yet is not tried either.
        needs_pilot=promoted or (current is not None and pilot_due(current)),
    )
    record(
        "profile.published",
        by=by,
        customer=tenant.customer,
        subject=tenant,
        version=version.number,
        source=profile.source.slug,
    )
    return version


def locked(tenant: Tenant, source: Source | None = None) -> MappingProfile:
    """The profile of a source, for a change of it; made when there is none.

    Without a source it is that of the tenant's first one, which is made, too.
    """
    own = own_source(tenant, source)
    MappingProfile.objects.get_or_create(
        source=own, defaults={"customer_id": tenant.customer_id, "tenant": tenant}
    )
    found = MappingProfile.objects.select_for_update(of=("self",)).select_related("source")
    return found.get(source=own)
