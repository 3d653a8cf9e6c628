"""Group rules in the browser: the editor's section, the effect, the comparison, the file."""

import html
import io
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.domain.editing import editor_of
from provisioning.domain.profile_yaml import from_yaml
from provisioning.models import MappingProfile
from provisioning.services.drafts import save_draft
from tests.support.engine import Engine
from tests.support.form_fields import fields_of
from tests.support.group_rules import EXAMPLES
from tests.support.staff import DEPARTMENTS, PROJECTS, export, members, profile, record

STAFF = [record(f"{n:02}", department="Sales" if n % 2 else "Care") for n in range(6)]


@pytest.fixture
def browser(engine: Engine, client: Client) -> Client:
    engine.publish(profile())
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
    section = page.split('id="groups"')[1].split("</section>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", section, re.S):
        name, value = (re.search(rf'\b{each}="([^"]*)"', tag) for each in ("name", "value"))
        box = 'type="checkbox"' in tag
        if name and (not box or re.search(r"\bchecked\b", tag)):
            found[name[1]] = html.unescape(value[1]) if value else "on"
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)".*?>(.*?)</select>', section, re.S):
        chosen = re.search(r'value="([^"]*)"\s+selected', inner)
        first = re.search(r'value="([^"]*)"', inner)
        found[name] = chosen[1] if chosen else first[1] if first else ""
    for name, text in re.findall(
        r'<textarea[^>]*?name="([^"]+)"[^>]*>\n?(.*?)</textarea>', section, re.S
    ):
        found[name] = html.unescape(text)
    return found


def test_the_section_shows_every_rule_and_sends_it_back(engine: Engine, browser: Client) -> None:
    wanted = profile(*EXAMPLES, {"rule": "odd", "column": "a", "colour": ["red"]}, {"colour": 1})
    browser.post(address("profile_edit", engine), form(wanted, action="save"))
    assert draft(engine) == wanted
    page = browser.get(address("profile_edit", engine)).content.decode()
    sent = fields_in(page)
    assert sent["groups"] == "6"
    browser.post(
        address("profile_edit", engine), form(profile(), action="save", revision="1") | sent
    )
    assert draft(engine) == wanted


def test_rules_typed_into_the_form_are_published_and_applied(
    engine: Engine, browser: Client
) -> None:
    page = browser.get(address("profile_edit", engine)).content.decode()
    sent = form(profile()) | fields_in(page)
    first = sent | {
        "group-0-rule": "department",
        "group-0-source": "column",
        "group-0-text": "department",
        "group-0-name": 'Append("Dept ", [value])',
    }
    more = browser.post(address("profile_edit", engine), first | {"action": "more"})
    assert draft(engine) is None
    second = first | fields_in(more.content.decode())
    assert second["groups"] == "2"
    second |= {
        "group-1-rule": "staff",
        "group-1-source": "group",
        "group-1-text": "All staff",
        "group-1-when-count": "1",
        "group-1-when-0-column": "status",
        "group-1-when-0-value": "active",
        "group-1-fully_managed": "on",
    }
    done = browser.post(address("profile_edit", engine), second | {"action": "publish"})
    assert done.status_code == 302
    engine.apply(export(STAFF))
    everybody = {each["id"] for each in STAFF}
    assert members(engine) == {
        "Dept Sales": {"01", "03", "05"},
        "Dept Care": {"00", "02", "04"},
        "All staff": everybody,
    }
    page = browser.get(address("profile_detail", engine)).content.decode()
    assert "Group rule staff" in page
    assert "One group, All staff; when status is exactly active; nobody else is a member" in page


def test_a_rule_is_deleted_and_a_condition_nested(engine: Engine, browser: Client) -> None:
    sent = form(profile(*EXAMPLES))
    turned = browser.post(
        address("profile_edit", engine), sent | {"action": "turn:group-2-when:text"}
    )
    page = turned.content.decode()
    assert fields_in(page)["group-2-when-mode"] == "text"
    sent |= fields_in(page) | {"group-0-delete": "on", "action": "save"}
    browser.post(address("profile_edit", engine), sent)
    assert draft(engine)["groups"] == EXAMPLES[1:]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"rule": "1st"}, "Group rule 1: &quot;rule&quot; is a name of letters"),
        ({"name": "Append([valeu], 1)"}, "Name reads [valeu]"),
        ({"text": ""}, "Column must be text and not empty"),
        ({"adopt": "Sales"}, "Adopt: write value = id of the group on each line"),
        ({"adopt": "Sales = 12"}, "Adopt: &#x27;12&#x27; is not the id of a group"),
        ({"when-mode": "text", "when-text": "{"}, "The text of its condition is no JSON"),
        ({"when-mode": "text", "when-text": '{"rule": "x"}'}, "When: there is no rule x"),
        ({"source": "expression", "text": "Split("}, "(line 1, column 7)"),
    ],
)
def test_what_is_wrong_stands_at_its_rule_and_stays_a_draft(
    engine: Engine, browser: Client, fields: dict[str, str], told: str
) -> None:
    given = {"rule": "department", "source": "column", "text": "department"} | fields
    sent = form(profile(), action="publish", groups="1")
    sent |= {f"group-0-{name}": value for name, value in given.items()}
    answer = browser.post(address("profile_edit", engine), sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    wrong = page.split('id="group-0-wrong"')[1].split("<details")[0]
    assert told in wrong
    assert draft(engine)["groups"][0]["rule"] == given["rule"]
    checked = browser.post(address("profile_check", engine), sent).content.decode()
    assert told in checked.split('id="group-0-wrong"')[1]
    assert "Group rule" in checked.split('id="group-0-wrong"')[0]


def test_the_effect_and_the_comparison_count_what_is_done_to_groups(
    engine: Engine, browser: Client
) -> None:
    engine.apply(export(STAFF))
    before = engine.requests()
    wanted = profile(DEPARTMENTS, PROJECTS)
    page = browser.post(address("profile_check", engine), form(wanted)).content.decode()
    words = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "2 new groups" in words
    assert "2 calls that add members" in words
    assert words.startswith("4 calls")
    save_draft(tenant=engine.tenant, content=wanted, revision=0, by=engine.engineer)
    page = browser.get(address("profile_compare", engine)).content.decode()
    words = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "New groups 0 2" in words
    assert "Group rule department" in words
    assert "a group for each value of column department; named Append" in html.unescape(words)
    assert engine.requests() == before


def test_the_file_of_a_profile_keeps_its_group_rules(engine: Engine, browser: Client) -> None:
    engine.publish(profile(*EXAMPLES))
    text = browser.get(address("profile_export", engine)).content.decode()
    assert from_yaml(text).definition["groups"] == EXAMPLES
    file = io.BytesIO(text.replace("Dept ", "Team ").encode())
    file.name = "people.yaml"
    answer = browser.post(address("profile_import", engine), {"file": file})
    assert answer.status_code == 302
    assert draft(engine)["groups"][0]["name"] == 'Append("Team ", [value])'
    wrong = text.replace("emptied: delete", "emptied: burn")
    answer = browser.post(address("profile_import", engine), {"text": wrong})
    assert "emptied" in answer.content.decode()


def test_the_manager_row_says_what_its_value_is(engine: Engine, browser: Client) -> None:
    page = html.unescape(browser.get(address("profile_edit", engine)).content.decode())
    assert "the key of the manager's record" in page
