"""The profile's pages as forms: saved, checked, refused, published; without any script."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from provisioning.domain.editing import editor_of
from provisioning.models import Job, MappingProfile, ProfileVersion, Snapshot
from provisioning.services.drafts import save_draft
from tenants.domain.roles import Role
from tests.support.engine import Engine, people, person
from tests.support.form_fields import fields_of

TABLE = people(20)


@pytest.fixture
def browser(engine: Engine, client: Client) -> Client:
    client.force_login(engine.engineer)
    return client


def address(name: str, engine: Engine) -> str:
    return reverse(name, kwargs={"slug": engine.tenant.slug})


def form(definition: Any, **more: str) -> dict[str, str]:
    return {**fields_of(editor_of(definition)), "revision": "0", **more}


def changed_title(text: str) -> dict[str, Any]:
    profile = people_profile()
    rules = [
        {"target": "title", "expression": text} if rule["target"] == "title" else rule
        for rule in profile["attributes"]
    ]
    return {**profile, "attributes": rules}


def profile(engine: Engine) -> MappingProfile:
    return MappingProfile.objects.get(tenant=engine.tenant)


def test_a_draft_is_saved_right_or_wrong(engine: Engine, browser: Client) -> None:
    wrong = changed_title("Join(")
    response = browser.post(address("profile_edit", engine), form(wrong, action="save"))
    assert response.status_code == 302
    assert profile(engine).draft == wrong
    page = browser.get(address("profile_edit", engine)).content.decode()
    assert "Draft, saved" in page
    assert "Join(" in page


def test_publishing_what_is_wrong_keeps_the_draft_and_says_why(
    engine: Engine, browser: Client
) -> None:
    response = browser.post(
        address("profile_edit", engine), form(changed_title("Join("), action="publish", note="x")
    )
    assert response.status_code == 422
    assert "cannot be published yet" in response.content.decode()
    assert profile(engine).draft == changed_title("Join(")
    assert ProfileVersion.objects.count() == 1


def test_publishing_says_which_columns_the_newest_file_lacks(
    engine: Engine, browser: Client
) -> None:
    engine.plan(TABLE)
    sent = form(changed_title("[salary_band]"), action="publish")
    page = browser.post(address("profile_edit", engine), sent, follow=True).content.decode()
    assert "Version 2 is published." in page
    assert "has no column salary_band. Nothing can be planned from such a file." in page
    again = form(changed_title("[job_title]"), action="publish", revision="1")
    page = browser.post(address("profile_edit", engine), again, follow=True).content.decode()
    assert "has no column" not in page


def test_the_profile_says_that_a_pilot_is_due(engine: Engine, browser: Client) -> None:
    assert "Due first." not in browser.get(address("profile_detail", engine)).content.decode()
    engine.publish(changed_title("[job_title]"), needs_pilot=True)
    assert "Due first." in browser.get(address("profile_detail", engine)).content.decode()


def test_publishing_makes_a_version_with_its_note(engine: Engine, browser: Client) -> None:
    sent = form(changed_title("ToUpper([job_title])"), action="publish", note="louder")
    response = browser.post(address("profile_edit", engine), sent)
    assert response.headers["Location"] == address("profile_detail", engine)
    version = profile(engine).current
    assert version is not None
    assert (version.number, version.note) == (2, "louder")
    assert profile(engine).draft is None
    page = browser.get(address("profile_detail", engine)).content.decode()
    assert "louder" in page
    assert "?old=1&amp;new=2" in page


def test_two_people_at_once_lose_nothing(engine: Engine, browser: Client) -> None:
    theirs, mine = changed_title("ToLower([job_title])"), changed_title("ToUpper([job_title])")
    other = person(Role.ENGINEER, "second@lanternfield.example")
    save_draft(tenant=engine.tenant, content=theirs, revision=0, by=other)
    response = browser.post(address("profile_edit", engine), form(mine, action="save"))
    page = response.content.decode()
    assert response.status_code == 409
    assert profile(engine).draft == theirs
    assert "ToUpper([job_title])" in page
    assert "ToLower([job_title])" in page
    assert 'value="over:1"' in page
    browser.post(address("profile_edit", engine), form(mine, action="over:1"))
    assert profile(engine).draft == mine


def test_a_check_answers_with_calls_and_price_and_saves_nothing(
    engine: Engine, browser: Client
) -> None:
    engine.apply(TABLE)
    before = engine.requests()
    sent = form(changed_title('Append([job_title], "!")'), action="check")
    page = browser.post(address("profile_edit", engine), sent).content.decode()
    assert "<b>20</b> calls" in " ".join(page.split())
    assert "USD 0.04" in page
    assert "20 change" in page
    fragment = browser.post(address("profile_check", engine), sent).content.decode()
    assert "20 change" in fragment
    assert engine.requests() == before
    assert profile(engine).draft is None


def test_a_row_is_tried_on_the_chosen_person(engine: Engine, browser: Client) -> None:
    engine.apply(TABLE)
    sent = form(changed_title('Append([job_title], "!")'), person="1")
    number = next(
        str(at)
        for at, rule in enumerate(people_profile()["attributes"])
        if rule["target"] == "title"
    )
    page = browser.post(address("profile_preview", engine), {**sent, "row": number})
    title = dict(zip(TABLE.fields, TABLE.rows[1].values, strict=True))["job_title"]
    assert f"{title}!" in page.content.decode()
    everyone = browser.post(address("profile_preview", engine), sent).content.decode()
    assert everyone.count("hx-swap-oob") == len(people_profile()["attributes"]) + 11
    nonsense = browser.post(
        address("profile_preview", engine), {**sent, "row": "99", "person": "x"}
    )
    assert nonsense.status_code == 200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Join(", "line 1, column"),
        ('Joinn(" ", [job_title])', "Joinn"),
        ("ToUpper([job_titel])", "did you mean job_title?"),
        ("ToUpper([param.tail])", "no parameter tail"),
        (f'Append([job_title], "{"x" * 128}")', "would be held"),
    ],
)
def test_what_is_wrong_with_a_row_stands_beside_it(
    engine: Engine, browser: Client, text: str, told: str
) -> None:
    engine.plan(TABLE)
    page = browser.post(address("profile_edit", engine), form(changed_title(text), action="check"))
    assert told in page.content.decode()


def test_rows_are_added_and_removed_without_saving(engine: Engine, browser: Client) -> None:
    sent = form(people_profile(), action="add", new_target="userType")
    added = browser.post(address("profile_edit", engine), sent)
    rows = added.context["page"].editor.rows
    assert rows[-1].target == "userType"
    removed = browser.post(
        address("profile_edit", engine), form(people_profile(), action="remove:0")
    )
    kept = [row.target for row in removed.context["page"].editor.rows]
    assert kept == [rule["target"] for rule in people_profile()["attributes"]][1:]
    assert profile(engine).draft is None


def test_what_is_read_only_cannot_be_chosen(engine: Engine, browser: Client) -> None:
    page = browser.get(address("profile_edit", engine)).content.decode()
    option = page[page.index('value="externalId"') :][:200]
    assert "disabled" in option
    assert "Always the record" in option


def test_people_are_searched_by_name_or_key(engine: Engine, browser: Client) -> None:
    engine.plan(TABLE)
    values = dict(zip(TABLE.fields, TABLE.rows[7].values, strict=True))
    found = browser.get(
        address("profile_people", engine), {"q": values["employee_id"], "key_column": "employee_id"}
    ).content.decode()
    assert 'value="7"' in found
    assert values["family_name"] in found
    nobody = browser.get(address("profile_people", engine), {"q": "nobody at all"})
    assert "Nobody matches" in nobody.content.decode()


def test_the_comparison_counts_people_calls_and_price(engine: Engine, browser: Client) -> None:
    engine.apply(TABLE)
    engine.publish(changed_title('Append([job_title], "!")'))
    before = engine.requests()
    page = browser.get(address("profile_compare", engine), {"old": "1", "new": "2"})
    difference = page.context["found"].difference
    assert (difference.old.calls, difference.new.calls, len(difference.people)) == (0, 20, 20)
    assert "Job title" in page.content.decode()
    assert engine.requests() == before
    assert browser.get(address("profile_compare", engine), {"new": "9"}).status_code == 404


def test_the_comparison_hides_what_the_profile_hides(engine: Engine, browser: Client) -> None:
    engine.apply(TABLE)
    secret = changed_title('Append([job_title], " of secrets")')
    for rule in secret["attributes"]:
        rule["redact"] = rule["target"] == "title" or rule.get("redact", False)
    save_draft(tenant=engine.tenant, content=secret, revision=0, by=engine.engineer)
    page = browser.get(address("profile_compare", engine), {"old": "1", "new": "draft"})
    people_part = page.content.decode().split('id="people"')[1]
    assert "[Redact]" in people_part
    assert "of secrets" not in people_part


def test_a_wrong_draft_is_compared_word_by_word_only(engine: Engine, browser: Client) -> None:
    engine.plan(TABLE)
    wrong = changed_title("Join(")
    save_draft(tenant=engine.tenant, content=wrong, revision=0, by=engine.engineer)
    page = browser.get(address("profile_compare", engine)).content.decode()
    assert "One of the two cannot be used yet" in page
    assert "expression Join(" in page


def test_a_first_file_leads_to_suggestions_and_a_pilot(engine: Engine, browser: Client) -> None:
    MappingProfile.objects.all().delete()
    file = io.BytesIO(TABLE.to_bytes())
    file.name = "people.csv"
    response = browser.post(address("tenant_upload", engine), {"file": file})
    assert response.headers["Location"] == address("profile_suggestions", engine)
    assert Job.objects.count() == 0
    page = browser.get(address("profile_suggestions", engine))
    assert not any(row.ticked for row in page.context["rows"])
    targets = [row.suggestion.target for row in page.context["rows"]]
    sent = {
        "key_column": "employee_id",
        "domain": "brindlewick.example",
        "accept": targets,
        "revision": "0",
    }
    browser.post(address("profile_suggestions", engine), sent)
    draft = profile(engine).draft
    assert draft["parameters"] == {"domain": "brindlewick.example"}
    compared = browser.get(address("profile_compare", engine))
    assert "No profile" in compared.content.decode()
    assert len(compared.context["found"].difference.people) == 20
    browser.post(address("profile_edit", engine), form(draft, action="publish", revision="1"))
    response = browser.post(address("profile_pilot", engine), {"size": "3"})
    job = Job.objects.get()
    assert response.headers["Location"] == reverse("job_detail", kwargs={"pk": job.pk})
    job = engine.serve(engine.approve(engine.serve(job)))
    assert (job.kind, job.created, len(engine.users())) == ("pilot", 3, 3)


def test_accepting_keeps_the_rules_that_were_there(engine: Engine, browser: Client) -> None:
    engine.plan(TABLE)
    sent = {"key_column": "employee_id", "accept": ["title"], "revision": "0"}
    browser.post(address("profile_suggestions", engine), sent)
    rules = {rule["target"]: rule for rule in profile(engine).draft["attributes"]}
    assert len(rules) == len(people_profile()["attributes"])
    assert rules["title"] == {"target": "title", "column": "job_title"}


def test_a_draft_is_discarded_by_its_revision(engine: Engine, browser: Client) -> None:
    save_draft(tenant=engine.tenant, content={}, revision=0, by=engine.engineer)
    browser.post(address("profile_discard", engine), {"revision": "0"})
    assert profile(engine).draft == {}
    browser.post(address("profile_discard", engine), {"revision": "1"})
    assert profile(engine).draft is None


def test_a_first_file_that_is_none_says_so_and_keeps_nothing(
    engine: Engine, browser: Client
) -> None:
    MappingProfile.objects.all().delete()
    file = io.BytesIO(b"%PDF-1.7")
    file.name = "people.pdf"
    response = browser.post(address("tenant_upload", engine), {"file": file})
    assert response.status_code == 422
    assert "PDF" in response.content.decode()
    assert Snapshot.objects.count() == 0


def test_custom_attributes_are_asked_for_and_the_form_stays(
    engine: Engine, browser: Client
) -> None:
    badge = {"Staff": [{"name": "Badge", "type": "String"}]}
    engine.sandbox.put_tenant(engine.directory_id, custom_attributes=badge)
    sent = form(changed_title('Append([job_title], "?")'), action="schema")
    before = engine.requests()
    page = browser.post(address("profile_edit", engine), sent).content.decode()
    assert engine.requests() == before + 1
    assert "1 custom security attribute is defined" in page
    assert "Staff: Badge" in page
    assert "?&quot;)" in page
    engine.fault(kind="status", status=400, times=1, method="GET")
    refused = browser.post(address("profile_edit", engine), sent).content.decode()
    assert "could not be asked" in refused
    assert "?&quot;)" in refused
