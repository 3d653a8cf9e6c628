"""The sources of a tenant: added, renamed, ordered, removed; each with pages and files."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from provisioning.management.sources import named_source
from provisioning.models import Job, MappingProfile, Snapshot, Source
from provisioning.selectors import profile_in, source_of, sources_of
from provisioning.services.drafts import save_draft
from provisioning.services.profiles import publish
from provisioning.services.samples import sample_of, take_sample
from provisioning.services.sharing import clone_profile, export
from provisioning.services.sources import (
    SourceRefused,
    add_source,
    move_source,
    own_source,
    remove_source,
    rename_source,
)
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tests.support.engine import Engine, only, people, person

TABLE = people(4)
PROFILE_PAGES = (
    "tenant_upload",
    "profile_detail",
    "profile_edit",
    "profile_suggestions",
    "profile_compare",
    "profile_share",
    "profile_import",
    "profile_template",
    "profile_drift",
)


@pytest.fixture
def browser(engine: Engine, client: Client) -> Client:
    client.force_login(engine.engineer)
    return client


def add(engine: Engine, name: str = "Contractors") -> Source:
    return add_source(tenant=engine.tenant, name=name, by=engine.engineer)


def order(engine: Engine) -> list[str]:
    return [each.slug for each in sources_of(engine.tenant)]


def at(name: str, engine: Engine, source: Source | None = None) -> str:
    place = f"{engine.tenant.slug}/sources/{source.slug}" if source else engine.tenant.slug
    return reverse(name, kwargs={"slug": place})


def test_the_first_source_is_made_with_the_profile(engine: Engine) -> None:
    main = source_of(engine.tenant)
    assert main is not None
    assert (main.name, main.slug, main.position) == ("People", "main", 0)
    assert profile_in(engine.tenant) == main.profile
    assert own_source(engine.tenant) == main


def test_a_source_is_added_at_the_end_with_an_address_of_its_name(engine: Engine) -> None:
    first, second = add(engine, "  Léa's  contractors "), add(engine, "Board")
    assert (first.name, first.slug) == ("Léa's contractors", "leas-contractors")
    assert order(engine) == ["main", "leas-contractors", "board"]
    assert second.position > first.position
    assert AuditEvent.objects.filter(action="source.added").count() == 2


@pytest.mark.parametrize("name", ["", "  ", "***", "x" * 61, "people"])
def test_a_name_that_is_none_or_taken_is_refused(engine: Engine, name: str) -> None:
    if name == "people":
        add(engine, "people")  # another address than main
    with pytest.raises(SourceRefused):
        add(engine, name)


def test_a_source_is_renamed_and_keeps_its_address(engine: Engine) -> None:
    source = add(engine)
    rename_source(source=source, name="Externals", by=engine.engineer)
    found = source_of(engine.tenant, "contractors")
    assert found is not None
    assert found.name == "Externals"
    with pytest.raises(SourceRefused, match="People"):
        rename_source(source=source, name="People", by=engine.engineer)


def test_sources_change_places(engine: Engine) -> None:
    source, last = add(engine), add(engine, "Board")
    move_source(source=last, earlier=True, by=engine.engineer)
    assert order(engine) == ["main", "board", "contractors"]
    move_source(source=last, earlier=True, by=engine.engineer)
    move_source(source=last, earlier=True, by=engine.engineer)
    move_source(source=source, earlier=False, by=engine.engineer)
    assert order(engine) == ["board", "main", "contractors"]


def test_only_what_owns_nothing_is_removed_and_its_records_are_erased(engine: Engine) -> None:
    source = add(engine)
    take_sample(
        tenant=engine.tenant,
        file=io.BytesIO(TABLE.to_bytes()),
        file_name="people.csv",
        by=engine.engineer,
        source=source,
    )
    engine.apply(TABLE)
    with pytest.raises(SourceRefused, match="4 accounts belong to People"):
        remove_source(source=engine.main, by=engine.engineer)
    remove_source(source=source, by=engine.engineer)
    assert order(engine) == ["main"]
    read = Snapshot.objects.get(source=source)
    assert read.erased_at is not None
    assert not read.chunks.exists()
    with pytest.raises(SourceRefused, match="only source"):
        remove_source(source=engine.main, by=engine.engineer)
    with pytest.raises(SourceRefused, match="removed meanwhile"):
        move_source(source=source, earlier=True, by=engine.engineer)
    # Its name and address are free again.
    assert add(engine).slug == "contractors"


def test_a_source_with_an_open_job_is_not_removed(engine: Engine) -> None:
    source = add(engine)
    publish(tenant=engine.tenant, definition=people_profile(), by=engine.engineer, source=source)
    engine.upload(TABLE, source=source)
    with pytest.raises(SourceRefused, match="job of Contractors is open"):
        remove_source(source=source, by=engine.engineer)


def test_who_may_not_edit_the_tenant_may_change_nothing(engine: Engine) -> None:
    source = add(engine)
    stranger = person(Role.FINANCE)
    with pytest.raises(SourceRefused, match="may not"):
        add_source(tenant=engine.tenant, name="X", by=stranger)
    with pytest.raises(SourceRefused, match="may not"):
        rename_source(source=source, name="X", by=stranger)
    with pytest.raises(SourceRefused, match="may not"):
        move_source(source=source, earlier=True, by=stranger)
    with pytest.raises(SourceRefused, match="may not"):
        remove_source(source=source, by=stranger)
    assert order(engine) == ["main", "contractors"]


def test_each_source_has_its_own_profile_draft_sample_and_guard(engine: Engine) -> None:
    source = add(engine)
    tenant, by = engine.tenant, engine.engineer
    save_draft(tenant=tenant, content={"mine": 1}, revision=0, by=by, source=source)
    main, other = profile_in(tenant), profile_in(tenant, source)
    assert main is not None
    assert other is not None
    assert (main.draft, other.draft) == (None, {"mine": 1})
    publish(tenant=tenant, definition=people_profile(), by=by, source=source)
    engine.apply(TABLE)
    assert sample_of(tenant, source) is None
    # A small file of the one is no loss of the other's people.
    job = engine.serve(engine.upload(only(TABLE, 0), source=source))
    assert (job.comparison, job.state) == (None, Job.State.FINISHED)
    found = sample_of(tenant, source)
    assert found is not None
    assert found.snapshot.people == 1
    assert engine.main.snapshot != source.snapshot


def test_a_clone_names_the_source_it_came_from(engine: Engine, other: Engine) -> None:
    source = add(engine)
    by = person(Role.ADMIN)
    publish(tenant=engine.tenant, definition=people_profile(), by=by, source=source)
    clone = clone_profile(
        source=engine.tenant, target=other.tenant, by=by, values={}, replaces=None, people=source
    )
    assert clone.origin == f"profile:{engine.tenant.pk}.{source.pk}"
    assert "key_column" in export(engine.tenant, None, source)


def test_the_command_line_names_a_source_by_name_or_address(engine: Engine) -> None:
    source = add(engine)
    assert named_source(engine.tenant, None) is None
    assert named_source(engine.tenant, "CONTRACTORS ") == source
    with pytest.raises(CommandError, match="Sources: People, Contractors"):
        named_source(engine.tenant, "nobody")
    with pytest.raises(CommandError, match="source Contractors has no mapping profile"):
        call_command("sync", engine.tenant.slug, "--source", "Contractors")


def test_with_one_source_no_page_speaks_of_sources(engine: Engine, browser: Client) -> None:
    for name in ("tenant_upload", "profile_detail", "profile_edit"):
        assert "/sources/" not in browser.get(at(name, engine)).content.decode(), name


def test_the_pages_of_a_source_stay_with_it(engine: Engine, browser: Client) -> None:
    source = add(engine)
    publish(tenant=engine.tenant, definition=people_profile(), by=engine.engineer, source=source)
    take_sample(
        tenant=engine.tenant,
        file=io.BytesIO(TABLE.to_bytes()),
        file_name="people.csv",
        by=engine.engineer,
        source=source,
    )
    main = f"/tenants/{engine.tenant.slug}/profile/"
    for name in PROFILE_PAGES:
        response = browser.get(at(name, engine, source))
        assert response.status_code == 200, name
        text = response.content.decode()
        # The way to the first source is the chooser and nothing else.
        strays = [line for line in text.split('"') if line.startswith(main)]
        chooser = [at(name, engine)] if name in PROFILE_PAGES[:6] else []
        assert [each for each in strays if each not in chooser] == [], name


def test_an_edited_draft_is_the_one_of_the_source(engine: Engine, browser: Client) -> None:
    source = add(engine)
    page = at("profile_edit", engine, source)
    fields: dict[str, Any] = {"action": "save", "revision": "0", "key_column": "No"}
    response = browser.post(page, fields)
    assert (response.status_code, response.headers["Location"]) == (302, page)
    assert MappingProfile.objects.get(source=source).draft["key_column"] == "No"
    assert MappingProfile.objects.get(source=engine.main).draft is None


def test_a_source_that_is_not_there_is_no_page(engine: Engine, browser: Client) -> None:
    address = reverse("profile_detail", kwargs={"slug": f"{engine.tenant.slug}/sources/gone"})
    assert browser.get(address).status_code == 404


def test_the_list_shows_what_each_owns_and_changes_it(engine: Engine, browser: Client) -> None:
    engine.apply(TABLE)
    page = reverse("source_list", args=[engine.tenant.slug])
    text = browser.get(page).content.decode()
    assert "people.csv" in text
    assert "Earlier" not in text
    response = browser.post(page, {"name": "Contractors"})
    source = source_of(engine.tenant, "contractors")
    assert source is not None
    assert response.headers["Location"] == at("profile_detail", engine, source)
    text = browser.get(page).content.decode()
    assert "Rename or remove" in text
    slug = [engine.tenant.slug, "contractors"]
    browser.post(reverse("source_move", args=slug), {"to": "earlier"})
    assert order(engine) == ["contractors", "main"]
    browser.post(reverse("source_rename", args=slug), {"name": "Externals"})
    assert "Externals" in browser.get(page).content.decode()
    browser.post(reverse("source_remove", args=[engine.tenant.slug, "main"]))
    assert "4 accounts belong to People" in browser.get(page).content.decode()
    browser.post(reverse("source_remove", args=slug))
    assert order(engine) == ["main"]
    assert browser.post(page, {"name": "***"}).status_code == 422
