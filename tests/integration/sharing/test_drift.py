"""Drift of clones: seen, taken over, declined; only by who may."""

from typing import Any

import pytest

from provisioning.domain.definition import ProfileError
from provisioning.domain.drift import Drift, drifted
from provisioning.domain.profile_parts import with_part
from provisioning.models import MappingProfile
from provisioning.services import drift, library, sharing
from provisioning.services.profiles import publish
from provisioning.services.sharing import SharingRefused
from tests.integration.sharing.conftest import PROFILE, Place, fresh
from tests.support.rows import add_tenant

VALUES = {"domain": "customer.example", "usage_location": "SE"}
TITLE = "attributes:title"


@pytest.fixture
def clone(place: Place) -> MappingProfile:
    """Production's profile, published from a template that was made of the test tenant's."""
    template = library.save_template(
        tenant=place.test,
        name="Ours",
        description="",
        blank=PROFILE["parameters"],
        by=place.engineer,
    )
    profile = library.use_template(
        template=template, tenant=place.production, values=VALUES, by=place.engineer, replaces=None
    )
    publish(tenant=place.production, definition=profile.draft, by=place.engineer)
    MappingProfile.objects.filter(pk=profile.pk).update(draft=None)
    return MappingProfile.objects.get(pk=profile.pk)


def titled(column: str, definition: dict[str, Any] = PROFILE) -> dict[str, Any]:
    return with_part(definition, TITLE, {"target": "title", "column": column})


def change_template(place: Place, definition: dict[str, Any], revision: int = 1) -> None:
    publish(tenant=fresh(place.test), definition=definition, by=None)
    library.change_template(
        slug="ours",
        tenant=fresh(place.test),
        blank=definition["parameters"],
        by=place.engineer,
        revision=revision,
    )


def moved(profile: MappingProfile, place: Place) -> list[Drift]:
    profile = MappingProfile.objects.get(pk=profile.pk)
    ancestor = drift.ancestor_of(profile, place.engineer)
    assert ancestor is not None
    return drifted(drift.drift_of(profile, ancestor))


def test_a_new_clone_has_not_drifted(place: Place, clone: MappingProfile) -> None:
    assert moved(clone, place) == []


def test_changes_of_the_template_are_taken_over_into_a_draft(
    place: Place, clone: MappingProfile
) -> None:
    more = titled("role") | {"parameters": {**PROFILE["parameters"], "office": "X"}}
    change_template(place, more)
    assert {each.part for each in moved(clone, place)} == {TITLE, "parameters:office"}
    profile = drift.take_over(
        tenant=place.production,
        parts=[TITLE, "parameters:office"],
        values={"office": "Kiruna"},
        revision=clone.draft_revision,
        by=place.engineer,
    )
    assert profile.draft["parameters"] == {**VALUES, "office": "Kiruna"}
    assert {"target": "title", "column": "role"} in profile.draft["attributes"]
    assert profile.current is not None
    assert profile.current.number == 1
    assert moved(clone, place) == []


def test_what_would_be_wrong_is_refused_and_nothing_changes(
    place: Place, clone: MappingProfile
) -> None:
    change_template(place, PROFILE | {"parameters": {**PROFILE["parameters"], "office": "X"}})
    take = {"tenant": place.production, "values": {}, "by": place.engineer}
    with pytest.raises(ProfileError, match="office has no value"):
        drift.take_over(**take, parts=["parameters:office"], revision=clone.draft_revision)  # type: ignore[arg-type]
    with pytest.raises(SharingRefused, match="meanwhile"):
        drift.take_over(**take, parts=[], revision=clone.draft_revision + 1)  # type: ignore[arg-type]
    assert MappingProfile.objects.get(pk=clone.pk).draft is None


def test_a_declined_change_counts_as_ours(place: Place, clone: MappingProfile) -> None:
    change_template(place, titled("role"))
    drift.keep(
        tenant=place.production, parts=[TITLE], revision=clone.draft_revision, by=place.engineer
    )
    assert [each.moved.value for each in moved(clone, place)] == ["here"]


def test_clones_of_a_template_are_counted_for_who_may_see_them(
    place: Place, clone: MappingProfile
) -> None:
    change_template(place, titled("role"))
    template = library.template_of(library.OWN, "ours")
    assert template is not None
    (counted,) = drift.clones_of(template, place.engineer)
    assert (counted.profile.pk, counted.here, counted.template, counted.both) == (clone.pk, 0, 1, 0)
    assert drift.clones_of(template, place.outsider) == []


def test_many_clones_are_counted_with_few_queries(
    place: Place, clone: MappingProfile, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        tenant = add_tenant(f"more-{number}")
        MappingProfile.objects.filter(tenant=tenant).update(
            origin="template:ours", origin_definition=PROFILE
        )
        publish(tenant=fresh(tenant), definition=titled("role"), by=None)
    template = library.template_of(library.OWN, "ours")
    assert template is not None
    with django_assert_max_num_queries(8):
        clones = drift.clones_of(template, place.everywhere)
    assert [each.here for each in clones] == [1, 1, 1, 1, 1, 1, 0]


def test_a_clone_of_a_profile_is_compared_only_by_who_may_see_that(place: Place) -> None:
    profile = sharing.clone_profile(
        source=place.test,
        target=place.foreign,
        by=place.everywhere,
        values=VALUES,
        replaces=None,
    )
    assert drift.ancestor_of(profile, place.outsider) is None
    with pytest.raises(SharingRefused, match="is gone"):
        drift.take_over(tenant=place.foreign, parts=[], values={}, revision=1, by=place.outsider)
    publish(tenant=fresh(place.test), definition=titled("role"), by=None)
    ancestor = drift.ancestor_of(profile, place.everywhere)
    assert ancestor is not None
    assert [each.part for each in drifted(drift.drift_of(profile, ancestor))] == [TITLE]


def test_a_group_rule_of_the_template_is_taken_over_without_its_ids(
    place: Place, clone: MappingProfile
) -> None:
    rule = {"rule": "department", "column": "department", "licensing": True}
    adopted = rule | {"adopt": {"sales": "5a1c3f0e-2b7d-4c55-9d66-7e8899aabbcc"}}
    change_template(place, PROFILE | {"groups": [adopted]})
    assert [each.part for each in moved(clone, place)] == ["groups:department"]
    profile = drift.take_over(
        tenant=place.production,
        parts=["groups:department"],
        values={},
        revision=clone.draft_revision,
        by=place.engineer,
    )
    assert profile.draft["groups"] == [rule]
    assert moved(clone, place) == []
