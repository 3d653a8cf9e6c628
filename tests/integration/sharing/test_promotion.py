"""Promotion from test to production: remapped, confirmed, a draft, and a pilot when published."""

import pytest

from provisioning.domain.profile_parts import with_part
from provisioning.models import Directory, DirectoryObject, MappingProfile, ProfileVersion
from provisioning.services import library, promotion
from provisioning.services.drafts import discard_draft, publish_draft
from provisioning.services.drift import ancestor_of, clones_of
from provisioning.services.profiles import publish
from provisioning.services.promotion import NotConfirmed
from provisioning.services.sharing import DraftWaits, SharingRefused
from tests.integration.sharing.conftest import PROFILE, Place, fresh, profile_of

OLD, NEW = ("domain", "test.customer.example"), "customer.example"
TABLE = {OLD: NEW}


def promote(place: Place, **changes: object) -> MappingProfile:
    given: dict[str, object] = {
        "source": fresh(place.test),
        "target": fresh(place.production),
        "table": TABLE | {("domain", "example.com"): "example.com"},
        "confirmed": [],
        "by": place.engineer,
        "replaces": None,
    }
    return promotion.promote_profile(**{**given, **changes})  # type: ignore[arg-type]


def account(place: Place, name: str) -> None:
    tenant = place.production
    DirectoryObject.objects.create(
        customer=tenant.customer, tenant=tenant, entra_id=name, user_name=name
    )


def test_a_promotion_is_a_draft_and_its_publication_asks_for_a_pilot(place: Place) -> None:
    profile = promote(place)
    assert profile.current is None
    assert profile.draft["parameters"]["domain"] == NEW
    version = publish(tenant=place.production, definition=profile.draft, by=place.engineer)
    assert version.needs_pilot
    MappingProfile.objects.filter(pk=profile.pk).update(draft=None)
    profile.refresh_from_db()
    source = profile_of(place.test).current
    assert source is not None
    assert profile.origin == f"promoted:{source.pk}"
    # What has not come through a pilot yet is not rid of it by another publication.
    again = publish(tenant=fresh(place.production), definition=PROFILE, by=place.engineer)
    assert again.needs_pilot
    ProfileVersion.objects.filter(pk=again.pk).update(needs_pilot=False)
    last = publish(tenant=fresh(place.production), definition=version.definition, by=None)
    assert not last.needs_pilot


def test_while_a_promotion_waits_nothing_is_published_without_a_pilot(place: Place) -> None:
    profile = promote(place)
    other = publish(tenant=fresh(place.production), definition=PROFILE, by=None)
    profile.refresh_from_db()
    assert other.needs_pilot
    assert profile.origin.startswith("promotion:")


def test_an_ordinary_draft_asks_for_no_pilot(place: Place) -> None:
    template = library.templates()[0]
    values = {"domain": NEW, "usage_location": "SE"}
    profile = library.use_template(
        template=template, tenant=place.production, values=values, by=place.engineer, replaces=None
    )
    assert not publish(tenant=place.production, definition=profile.draft, by=None).needs_pilot


def test_a_discarded_draft_takes_its_origin_along(place: Place) -> None:
    template = library.templates()[0]
    values = {"domain": NEW, "usage_location": "SE"}
    profile = library.use_template(
        template=template, tenant=place.production, values=values, by=place.engineer, replaces=None
    )
    publish_draft(tenant=place.production, revision=profile.draft_revision, by=place.engineer)
    profile.refresh_from_db()
    cloned_from = (profile.origin, profile.origin_definition)
    promoted = promote(place)
    promoted = promote(place, replaces=promoted.draft_revision)
    assert promoted.origin.startswith("promotion:")
    tenant = fresh(place.production)
    discard_draft(tenant=tenant, revision=promoted.draft_revision, by=place.engineer)
    profile.refresh_from_db()
    assert (profile.origin, profile.origin_definition) == cloned_from
    assert not publish(tenant=tenant, definition=PROFILE, by=place.engineer).needs_pilot


def test_each_value_that_could_not_be_remapped_needs_a_yes(place: Place) -> None:
    with pytest.raises(NotConfirmed) as caught:
        promote(place, table={})
    (mention,) = caught.value.mentions
    assert (mention.value, mention.place) == ("test.customer.example", "parameter domain")
    assert not MappingProfile.objects.filter(tenant=place.production).exists()
    profile = promote(place, table={}, confirmed=[mention.key])
    assert profile.draft["parameters"]["domain"] == "test.customer.example"


def test_only_within_a_customer_and_never_over_a_draft(place: Place) -> None:
    for target in (place.foreign, place.test):
        with pytest.raises(SharingRefused, match="same customer"):
            promote(place, target=target, by=place.everywhere)
    with pytest.raises(SharingRefused, match="may not edit"):
        promote(place, by=place.outsider)
    promote(place)
    with pytest.raises(DraftWaits):
        promote(place)
    assert promote(place, replaces=1).draft_revision == 2


def test_the_table_is_suggested_from_what_the_portal_knows(place: Place) -> None:
    assert promotion.suggested(place.test, place.production) == {}
    for name in ("a@customer.example", "b@customer.example", "c@old.example"):
        account(place, name)
    for name in ("x", "y"):
        DirectoryObject.objects.create(
            customer=place.test.customer,
            tenant=place.test,
            entra_id=name,
            user_name=f"{name}@test.customer.example",
        )
    assert promotion.suggested(place.test, place.production) == TABLE
    publish(
        tenant=fresh(place.production),
        definition=PROFILE | {"parameters": {"domain": "main.example"}},
        by=None,
    )
    found = promotion.suggested(fresh(place.test), fresh(place.production))
    assert found == {OLD: "main.example"}


@pytest.mark.parametrize("listed", [True, False])
def test_sets_that_both_directories_have_are_known(place: Place, listed: bool) -> None:
    urn = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:CustomSecurityAttributes"
    schema = {"attributes": [{"name": "Engineering", "type": "complex"}]}
    documents = (
        {"/schemas": {"Resources": [schema | {"id": urn}]}}
        if listed
        else {f"/schemas/{urn}": schema}
    )
    Directory.objects.create(
        customer=place.production.customer,
        tenant=place.production,
        discovery=documents,
    )
    assert promotion.facts_of(place.production).sets == {"Engineering"}


def test_what_was_promoted_stays_a_clone_of_its_template(place: Place) -> None:
    template = library.save_template(
        tenant=place.test, name="Ours", description="", blank=[], by=place.engineer
    )
    library.use_template(
        template=template, tenant=place.test, values={}, by=place.engineer, replaces=None
    )
    changed = with_part(PROFILE, "attributes:title", None)
    publish(tenant=fresh(place.test), definition=changed, by=None)
    profile = promote(place)
    ancestor = ancestor_of(profile, place.engineer)
    assert ancestor is not None
    assert ancestor.name == "Ours"
    publish(tenant=place.production, definition=profile.draft, by=None)
    clones = {each.profile.tenant.slug: each.here for each in clones_of(template, place.engineer)}
    # The test tenant's draft is still the template, and production has no title.
    assert clones == {"test": 0, "production": 1}
