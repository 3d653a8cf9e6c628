"""Templates: used, saved, changed; and who may."""

import pytest

from provisioning.domain.definition import ProfileError
from provisioning.domain.profile_yaml import from_yaml
from provisioning.models import MappingProfile, ProfileTemplate
from provisioning.selectors import source_of
from provisioning.services import library, sharing
from provisioning.services.sharing import DraftWaits, SharingRefused
from tenants.models import AuditEvent
from tests.integration.sharing.conftest import PROFILE, Place

VALUES = {"domain": "customer.example", "usage_location": "SE"}


def shipped(slug: str = "personio") -> library.Template:
    template = library.template_of(library.SHIPPED, slug)
    assert template is not None
    return template


def use(place: Place, **changes: object) -> MappingProfile:
    given: dict[str, object] = {
        "template": shipped(),
        "tenant": place.production,
        "values": VALUES,
        "by": place.engineer,
        "replaces": None,
    }
    return library.use_template(**{**given, **changes})  # type: ignore[arg-type]


def test_a_template_becomes_a_draft_with_its_origin(place: Place) -> None:
    profile = use(place)
    assert profile.current is None
    assert profile.draft["parameters"] == VALUES
    assert profile.draft["key_column"] == "ID"
    assert (profile.origin, profile.draft_revision) == ("shipped:personio", 1)
    assert profile.origin_definition == shipped().definition
    assert profile.draft_saved_by == place.engineer
    event = AuditEvent.objects.get(action="profile.begun_from_template")
    assert (event.actor, event.customer) == (place.engineer, place.production.customer)
    assert event.detail == {"origin": "shipped:personio", "before": ""}


def test_every_parameter_needs_a_value(place: Place) -> None:
    with pytest.raises(SharingRefused, match="domain"):
        use(place, values={"usage_location": "SE"})
    assert not MappingProfile.objects.filter(tenant=place.production).exists()


def test_a_draft_is_replaced_only_by_who_has_seen_it(place: Place) -> None:
    use(place)
    with pytest.raises(DraftWaits) as caught:
        use(place, template=shipped("successfactors"))
    assert caught.value.revision == 1
    assert MappingProfile.objects.get(tenant=place.production).draft["key_column"] == "ID"
    with pytest.raises(DraftWaits):
        use(place, replaces=0)
    profile = use(place, template=shipped("successfactors"), replaces=1)
    assert (profile.draft["key_column"], profile.draft_revision) == ("USERID", 2)


def test_nobody_reaches_a_tenant_of_a_customer_they_do_not_serve(place: Place) -> None:
    with pytest.raises(SharingRefused, match="may not edit"):
        use(place, by=place.outsider)
    with pytest.raises(SharingRefused, match="may not edit"):
        library.save_template(
            tenant=place.test, name="Ours", description="", blank=[], by=place.outsider
        )
    assert not ProfileTemplate.objects.exists()


def save(place: Place, name: str = "Our HR export") -> library.Template:
    return library.save_template(
        tenant=place.test, name=name, description="Ours.", blank=["domain"], by=place.engineer
    )


def test_a_profile_becomes_a_template_without_the_chosen_values(place: Place) -> None:
    template = save(place)
    assert (template.slug, template.asked) == ("our-hr-export", ("domain",))
    assert template.definition["parameters"] == {"domain": "", "usage_location": "SE"}
    assert [each.slug for each in library.templates()][-1] == "our-hr-export"
    again = from_yaml(template.to_yaml(), blanks=True)
    assert (again.definition, again.name) == (template.definition, "Our HR export")
    profile = use(place, template=template, values={"domain": "customer.example"})
    assert profile.draft["parameters"] == VALUES
    assert AuditEvent.objects.get(action="template.saved").detail == {"template": "our-hr-export"}


def test_a_name_is_given_once(place: Place) -> None:
    save(place)
    for name in ("Our HR export", "our hr-export", "Personio", "!"):
        with pytest.raises(SharingRefused):
            save(place, name)
    assert ProfileTemplate.objects.count() == 1


def test_a_template_is_changed_by_who_has_seen_its_revision(place: Place) -> None:
    save(place)
    change = {"slug": "our-hr-export", "tenant": place.test, "blank": [], "by": place.engineer}
    changed = library.change_template(**change, revision=1)  # type: ignore[arg-type]
    assert changed.revision == 2
    assert changed.definition["parameters"] == PROFILE["parameters"]
    with pytest.raises(SharingRefused, match="meanwhile"):
        library.change_template(**change, revision=1)  # type: ignore[arg-type]


def clone(place: Place, **changes: object) -> MappingProfile:
    given: dict[str, object] = {
        "source": place.test,
        "target": place.foreign,
        "by": place.everywhere,
        "values": {"domain": "foreign.example"},
        "replaces": None,
    }
    return sharing.clone_profile(**{**given, **changes})  # type: ignore[arg-type]


def test_a_clone_goes_to_another_tenant_with_its_own_values(place: Place) -> None:
    profile = clone(place)
    assert profile.draft["parameters"] == {"domain": "foreign.example", "usage_location": "SE"}
    main = source_of(place.test)
    assert main is not None
    assert profile.origin == f"profile:{place.test.pk}.{main.pk}"
    assert "test.customer.example" not in str(profile.origin_definition)


def test_a_clone_needs_the_right_on_both_sides(place: Place) -> None:
    for person in (place.engineer, place.outsider):
        with pytest.raises(SharingRefused, match="may not edit"):
            clone(place, by=person)
    with pytest.raises(SharingRefused, match="another tenant"):
        clone(place, target=place.test)
    with pytest.raises(SharingRefused, match="no published profile"):
        clone(place, source=place.production)
    with pytest.raises(ProfileError):
        clone(place, values={"domain": " "})
    assert MappingProfile.objects.filter(draft__isnull=False).count() == 0


def test_a_file_is_what_was_published_and_becomes_a_draft_again(place: Place) -> None:
    text = sharing.export(place.test)
    assert from_yaml(text).definition == PROFILE
    assert "Version 2 of Tenant test." in text
    assert "param.domain" not in sharing.export(place.test, 1)
    with pytest.raises(SharingRefused, match="no version 9"):
        sharing.export(place.test, 9)
    profile = sharing.import_profile(
        tenant=place.production, text=text, by=place.engineer, values=VALUES, replaces=None
    )
    assert profile.draft == {**PROFILE, "parameters": VALUES}
    assert profile.origin == ""
