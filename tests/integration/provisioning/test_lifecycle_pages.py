"""Joiners and leavers in the browser: the editor's section, the profile's page, the reports."""

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from msp_portal.demo.generator import people_profile
from provisioning.domain.editing import editor_of
from provisioning.domain.lifecycle import STEPS
from provisioning.models import MappingProfile
from tests.support.engine import Engine, people
from tests.support.form_fields import fields_of
from tests.support.lifecycles import LEAVE_DATE

ENTRY: dict[str, Any] = {
    "last_day": {"column": "Austritt"},
    "leavers": [
        {"after_days": 0, "do": "disable"},
        {"after_days": 0, "do": "set", "target": LEAVE_DATE, "expression": "[leaver.last_day]"},
        {"after_days": 14, "do": "clear", "target": "title"},
        {"after_days": 90, "do": "delete"},
    ],
    "way_in": "other: The office hands out a letter.",
}


@pytest.fixture
def browser(engine: Engine, client: Client) -> Client:
    client.force_login(engine.engineer)
    return client


def address(name: str, engine: Engine) -> str:
    return reverse(name, kwargs={"slug": engine.tenant.slug})


def form(definition: Any, **more: str) -> dict[str, str]:
    return {**fields_of(editor_of(definition)), "revision": "0", **more}


def draft(engine: Engine) -> Any:
    return MappingProfile.objects.get(tenant=engine.tenant).draft


def fields_in(page: str) -> dict[str, str]:
    """Names and values of the section as the page would send them."""
    found = dict(re.findall(r'<input[^>]*name="(life-[^"]+)"[^>]*?value="([^"]*)"', page, re.S))
    for name, inner in re.findall(r'<select[^>]*name="(life-[^"]+)".*?>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)"\s+selected', inner)
        found[name] = chosen[1] if chosen else ""
    for name, text in re.findall(
        r'<textarea name="(life-[^"]+)".*?>\n?(.*?)</textarea>', page, re.S
    ):
        found[name] = text
    return found


def test_the_section_shows_the_entry_and_sends_it_back(engine: Engine, browser: Client) -> None:
    wanted = {**people_profile(), "lifecycle": ENTRY}
    browser.post(address("profile_edit", engine), form(wanted, action="save"))
    assert draft(engine)["lifecycle"] == ENTRY
    page = browser.get(address("profile_edit", engine)).content.decode()
    sent = fields_in(page)
    assert sent["life-steps"] == "5"
    known = form(people_profile(), action="save", revision="1")
    browser.post(address("profile_edit", engine), known | sent)
    assert draft(engine)["lifecycle"] == ENTRY


def test_a_step_is_added_and_another_deleted(engine: Engine, browser: Client) -> None:
    wanted = {**people_profile(), "lifecycle": ENTRY}
    sent = form(wanted, action="save")
    sent |= {"life-steps": "5", "life-2-delete": "on", "life-4-do": "remove_from_groups"}
    browser.post(address("profile_edit", engine), sent)
    leavers = draft(engine)["lifecycle"]["leavers"]
    assert leavers[:2] == ENTRY["leavers"][:2]
    assert leavers[2:] == [ENTRY["leavers"][3], {"after_days": 0, "do": "remove_from_groups"}]


def test_what_is_wrong_is_said_and_stays_a_draft(engine: Engine, browser: Client) -> None:
    sent = form(people_profile(), action="publish")
    sent |= {"life-steps": "1", "life-0-do": "delete", "life-0-after_days": "soon"}
    answer = browser.post(address("profile_edit", engine), sent)
    assert answer.status_code == 422
    assert "leavers step 1: after_days is a number from 0 to 3650" in answer.content.decode()
    assert draft(engine)["lifecycle"] == {"leavers": [{"after_days": "soon", "do": "delete"}]}
    assert 'value="soon"' in browser.get(address("profile_edit", engine)).content.decode()


def test_without_an_entry_the_form_says_nothing(engine: Engine, browser: Client) -> None:
    page = browser.get(address("profile_edit", engine)).content.decode()
    sent = form(people_profile(), action="save") | fields_in(page)
    browser.post(address("profile_edit", engine), sent)
    assert "lifecycle" not in draft(engine)
    for words in STEPS.values():
        assert words.replace("'", "&#x27;") in page


def test_the_profile_and_a_comparison_say_it_in_words(engine: Engine, browser: Client) -> None:
    page = browser.get(address("profile_detail", engine)).content.decode()
    assert "at once: disable the account" in page
    engine.publish({**people_profile(), "lifecycle": {"leavers": ENTRY["leavers"]}})
    page = browser.get(address("profile_detail", engine)).content.decode()
    assert "after 14 days: clear Job title, then after 90 days: delete the account" in page
    compared = browser.get(address("profile_compare", engine) + "?old=1&new=2").content.decode()
    assert "Joiners and leavers" in compared


def test_a_file_without_the_columns_is_refused_by_name(engine: Engine, browser: Client) -> None:
    engine.apply(people(3))
    wanted = {**people_profile(), "lifecycle": ENTRY}
    answer = browser.post(
        address("profile_edit", engine), form(wanted, action="publish"), follow=True
    )
    assert "has no column Austritt" in answer.content.decode()


def test_reports_name_the_way_in_for_created_accounts(engine: Engine, browser: Client) -> None:
    engine.publish({**people_profile(), "lifecycle": {"way_in": ENTRY["way_in"]}})
    job = engine.plan(people(3))
    page = browser.get(reverse("job_detail", args=[job.pk])).content.decode()
    assert "The office hands out a letter." in page
    engine.serve(engine.approve(job))
    page = browser.get(reverse("job_detail", args=[job.pk])).content.decode()
    assert "How people get into the new accounts" in page
    assert "The office hands out a letter." in page
    answer = browser.get(reverse("job_csv", args=[job.pk])).content.decode()
    rows = list(csv.DictReader(io.StringIO(answer)))
    told = "Nobody knows the first password of a new account. The office hands out a letter."
    assert [row["message"] for row in rows] == [told] * 3


def test_a_job_that_created_nobody_does_not_speak_of_it(engine: Engine, browser: Client) -> None:
    engine.apply(people(3))
    job = engine.apply(people(3))
    page = browser.get(reverse("job_detail", args=[job.pk])).content.decode()
    assert "How people get into the new accounts" not in page
