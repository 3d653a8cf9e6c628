"""The pages of sharing, as people use them."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from provisioning.domain.profile_parts import with_part
from provisioning.domain.profile_yaml import from_yaml
from provisioning.domain.yaml_tree import MAX_BYTES
from provisioning.models import DirectoryGroup, MappingProfile, ProfileTemplate
from provisioning.services import library, sharing
from provisioning.services.profiles import publish
from tests.integration.sharing.conftest import PROFILE, Place, fresh, profile_of

VALUES = {"param-domain": "customer.example", "param-usage_location": "SE"}


@pytest.fixture
def desk(client: Client, place: Place) -> Client:
    """Signed in as the engineer of the customer with two tenants."""
    client.force_login(place.engineer)
    return client


def page(name: str, slug: str, **more: str) -> str:
    return reverse(name, kwargs={"slug": slug, **more})


def draft(place: Place) -> Any:
    return MappingProfile.objects.get(tenant=place.production).draft


def test_the_hub_says_what_can_be_done(desk: Client, place: Place) -> None:
    text = desk.get(page("profile_share", "test")).content.decode()
    for words in ("Download version 2", "Import a file", "Clone", "Promote", "Save as a template"):
        assert words in text
    text = desk.get(page("profile_share", "production")).content.decode()
    assert "Download version" not in text
    assert "nothing to hand on" in text


def test_a_version_is_downloaded(desk: Client, place: Place) -> None:
    response = desk.get(page("profile_export", "test"))
    assert response["Content-Disposition"] == 'attachment; filename="test-profile.yaml"'
    assert from_yaml(response.content.decode()).definition == PROFILE
    assert desk.get(page("profile_export", "test") + "?version=9").status_code == 302
    assert desk.get(page("profile_export", "production")).status_code == 302


def test_a_file_is_imported(desk: Client, place: Place) -> None:
    file = SimpleUploadedFile("people.yaml", sharing.export(place.test).encode())
    response = desk.post(page("profile_import", "production"), {"file": file}, follow=True)
    text = response.content.decode()
    assert "The file is the draft now" in text
    assert "A draft waits" in text
    assert draft(place) == PROFILE


def test_mistakes_are_shown_in_the_text_which_stays(desk: Client, place: Place) -> None:
    wrong = sharing.export(place.test).replace("column: job_title", "colum: job_title")
    file = SimpleUploadedFile("people.yaml", wrong.encode())
    response = desk.post(page("profile_import", "production"), {"file": file})
    assert response.status_code == 422
    line = wrong.split("\n").index("    colum: job_title") + 1
    text = response.content.decode()
    assert f'href="#line-{line}"' in text
    assert f'id="line-{line}"' in text
    assert "did you mean column?" in text
    assert response.context["form"]["text"].value() == wrong
    assert not MappingProfile.objects.filter(tenant=place.production).exists()
    again = wrong.replace("colum:", "column:").replace("\n", "\r\n")
    assert desk.post(page("profile_import", "production"), {"text": again}).status_code == 302
    assert draft(place) == PROFILE


def test_a_file_that_is_too_large_or_missing_is_refused(desk: Client, place: Place) -> None:
    file = SimpleUploadedFile("people.yaml", b"x" * (MAX_BYTES + 1))
    response = desk.post(page("profile_import", "production"), {"file": file})
    assert "larger than 512 KiB" in response.content.decode()
    response = desk.post(page("profile_import", "production"), {})
    assert "Choose a file, or paste its text" in response.content.decode()
    response = desk.post(page("profile_import", "production"), {"text": "x" * (MAX_BYTES + 1)})
    assert response.status_code == 422


def test_a_draft_is_replaced_only_after_a_yes_to_that_very_draft(
    desk: Client, place: Place
) -> None:
    address = page("template_use", "production", kind="shipped", template="personio")
    assert desk.post(address, VALUES).status_code == 302
    assert draft(place)["key_column"] == "ID"
    other = page("template_use", "production", kind="shipped", template="successfactors")
    response = desk.post(other, VALUES)
    assert response.status_code == 422
    assert "has a draft, saved by" in response.content.decode()
    assert desk.post(other, VALUES | {"replace-0": "on"}).status_code == 422
    assert draft(place)["key_column"] == "ID"
    assert desk.post(other, VALUES | {"replace-1": "on"}).status_code == 302
    assert draft(place)["key_column"] == "USERID"


def test_values_of_a_template_are_checked(desk: Client, place: Place) -> None:
    address = page("template_use", "production", kind="shipped", template="personio")
    text = desk.post(address, {"param-domain": "nonsense"}).content.decode()
    assert "no domain name" in text
    assert "This field is required" in text


def test_the_library_leads_to_a_tenant(desk: Client, place: Place) -> None:
    text = desk.get(reverse("template_list") + "?for=production").content.decode()
    assert text.count("/tenants/production/profile/from/shipped/") == 6
    detail = reverse("template_detail", kwargs={"kind": "shipped", "template": "personio"})
    assert f'href="{detail}?for=production"' in text
    for slug in ("production", "test"):
        chosen = desk.get(f"{detail}?for={slug}").content.decode()
        assert f'<option value="{slug}" selected>' in chosen
    response = desk.get(detail + "?to=production")
    assert response["Location"] == page(
        "template_use", "production", kind="shipped", template="personio"
    )
    assert "Tenant foreign" not in desk.get(detail).content.decode()
    assert desk.get(detail + "?to=foreign").status_code == 200
    for kind, template in (("shipped", "nothing"), ("template", "personio"), ("x", "personio")):
        absent = reverse("template_detail", kwargs={"kind": kind, "template": template})
        assert desk.get(absent).status_code == 404


def test_a_profile_is_saved_as_a_template_and_changed(desk: Client, place: Place) -> None:
    address = page("profile_template", "test")
    form = {"name": "Ours", "description": "", "blank": ["domain", "usage_location"]}
    response = desk.post(address, form)
    assert response["Location"].endswith("/templates/template/ours/")
    row = ProfileTemplate.objects.get()
    assert row.definition["parameters"] == {"domain": "", "usage_location": ""}
    assert "already" in desk.post(address, form).content.decode()
    changes = f"{address}?changes=ours"
    assert desk.post(changes, {"blank": ["domain"], "revision": "7"}).status_code == 422
    assert desk.post(changes, {"blank": ["domain"], "revision": "1"}).status_code == 302
    row.refresh_from_db()
    assert (row.revision, row.definition["parameters"]["usage_location"]) == (2, "SE")


def test_what_names_a_directory_goes_into_a_template_only_after_a_yes(
    desk: Client, place: Place
) -> None:
    form: dict[str, Any] = {"name": "Ours", "blank": ["usage_location"]}
    response = desk.post(page("profile_template", "test"), form)
    assert "test.customer.example" in response.content.decode()
    assert response.status_code == 422
    assert not ProfileTemplate.objects.exists()
    response = desk.post(page("profile_template", "test"), form | {"agreed": "on"})
    assert response.status_code == 302


def test_a_profile_is_cloned(client: Client, place: Place) -> None:
    client.force_login(place.everywhere)
    address = page("profile_clone", "test")
    assert "Customer foreign: Tenant foreign" in client.get(address).content.decode()
    response = client.get(f"{address}?to=foreign")
    # Another customer's values are not offered.
    assert response.context["form"]["param-domain"].value() == ""
    assert client.post(f"{address}?to=foreign", VALUES).status_code == 302
    profile = profile_of(place.foreign)
    assert profile.draft["parameters"]["domain"] == "customer.example"
    assert "is the draft of Tenant foreign" in client.get(address).content.decode()
    client.force_login(place.engineer)
    assert "Tenant foreign" not in client.get(address).content.decode()
    response = client.post(f"{address}?to=foreign", VALUES)
    assert response.status_code == 200
    assert "target" not in response.context


def test_a_profile_is_promoted_after_each_doubt_is_settled(desk: Client, place: Place) -> None:
    constant = {"target": "title", "constant": "ask it@old.example"}
    publish(
        tenant=fresh(place.test),
        definition=with_part(PROFILE, "attributes:title", constant),
        by=None,
    )
    address = f"{page('profile_promote', 'test')}?to=production"
    response = desk.get(address)
    left = [each.value for each in response.context["left"]]
    assert left == ["test.customer.example", "old.example"]
    form = response.context["form"]
    number = [value for _, value in form.found].index("test.customer.example")
    given = {f"to-{number}": "customer.example"}
    checked = desk.post(address, given | {"action": "check"})
    assert [each.value for each in checked.context["left"]] == ["old.example"]
    refused = desk.post(address, given | {"action": "promote"})
    assert refused.status_code == 422
    assert "1 value of the other tenant could not be remapped" in refused.content.decode()
    wrong = desk.post(address, {f"to-{number}": "nonsense"})
    assert "no domain name" in wrong.content.decode()
    assert not MappingProfile.objects.filter(tenant=place.production).exists()
    yes = {"stays": [each.key for each in checked.context["left"]], "action": "promote"}
    response = desk.post(address, given | yes, follow=True)
    text = response.content.decode()
    assert "its publication asks for a pilot" in text
    assert "Promoted from" in text
    assert "version 3" in text
    assert draft(place)["parameters"]["domain"] == "customer.example"


def test_adopted_groups_are_remapped_by_name_or_confirmed(desk: Client, place: Place) -> None:
    mine, other = str(uuid4()), str(uuid4())
    theirs = str(uuid4())
    for tenant, entra_id in ((place.test, mine), (place.production, theirs)):
        DirectoryGroup.objects.create(
            tenant=tenant, customer=tenant.customer, entra_id=entra_id, name="Sales"
        )
    rule = {"rule": "department", "column": "department", "adopt": {"sales": mine, "it": other}}
    publish(tenant=fresh(place.test), definition=PROFILE | {"groups": [rule]}, by=None)
    address = f"{page('profile_promote', 'test')}?to=production"
    response = desk.get(address)
    assert "Group rule department" in response.content.decode()
    number = [value for _, value in response.context["form"].found].index("test.customer.example")
    fields = {each.name: each.initial for _, _, each in response.context["form"].counterparts()}
    checked = desk.post(address, fields | {f"to-{number}": "customer.example", "action": "check"})
    assert [each.value for each in checked.context["left"]] == [other]
    yes = {"stays": [each.key for each in checked.context["left"]], "action": "promote"}
    desk.post(address, fields | {f"to-{number}": "customer.example"} | yes)
    assert draft(place)["groups"][0]["adopt"] == {"sales": theirs, "it": other}


def test_drift_is_shown_taken_over_and_declined(desk: Client, place: Place) -> None:
    assert "Nothing to compare with" in desk.get(page("profile_drift", "test")).content.decode()
    template = library.save_template(
        tenant=place.test, name="Ours", description="", blank=["domain"], by=place.engineer
    )
    desk.post(page("template_use", "production", kind="template", template="ours"), VALUES)
    assert "No drift" in desk.get(page("profile_drift", "production")).content.decode()
    changed = with_part(PROFILE, "attributes:title", {"target": "title", "column": "role"})
    changed["parameters"] = {**PROFILE["parameters"], "office": "X"}
    changed["key_column"] = "number"
    publish(tenant=fresh(place.test), definition=changed, by=None)
    library.change_template(
        slug="ours", tenant=fresh(place.test), blank=["office"], by=place.engineer, revision=1
    )
    address = page("profile_drift", "production")
    text = desk.get(address).content.decode()
    assert "column role" in text
    assert "column job_title" in text
    detail = reverse("template_detail", kwargs={"kind": "template", "template": template.slug})
    (clone,) = desk.get(detail).context["clones"]
    assert clone.template == 3
    take = {"revision": "1", "action": "take"}
    nothing = desk.post(address, take)
    assert "Choose at least one" in nothing.content.decode()
    parts = ["attributes:title", "parameters:office"]
    unfilled = desk.post(address, take | {"part": parts})
    assert "office has no value" in unfilled.content.decode()
    assert desk.post(address, take | {"part": parts, "param-office": "Kiruna"}).status_code == 302
    assert draft(place)["parameters"]["office"] == "Kiruna"
    keep = {"revision": "2", "action": "keep", "part": ["key_column"]}
    assert desk.post(address, keep).status_code == 302
    moved = desk.get(address).context["moved"]
    assert [(each.part, each.moved.value) for each in moved] == [("key_column", "here")]
