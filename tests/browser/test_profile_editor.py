"""A profile from a fresh file to a pilot, in a browser; and the editor by keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from msp_portal.demo.generator import people_table
from tests.browser.conftest import ADDRESSES, figure, sign_in
from tests.support.demo_portal import DemoPortal

pytestmark = pytest.mark.xdist_group("browser")
_END = 60_000
_FILE = {"name": "people.csv", "mimeType": "text/csv", "buffer": people_table(12).to_bytes()}
_LOCAL = 'ToLower(NormalizeDiacritics(StripSpaces(Join(".", [given_name], [family_name]))))'


def test_a_fresh_file_becomes_a_profile_and_a_pilot(
    states: dict[str, str], page_of: Callable[[str], Page]
) -> None:
    page = page_of("engineer")
    page.goto("/tenants/fresh/")
    page.get_by_role("link", name="Upload an HR export").first.click()
    page.get_by_label("Drop the HR export here").set_input_files(_FILE)  # type: ignore[arg-type]
    page.get_by_role("button", name="Read the file").click()

    expect(page.get_by_role("heading", name="Suggestions from the columns")).to_be_visible()
    assert page.get_by_role("checkbox", checked=True).count() == 0
    assert page.get_by_label("Key column").input_value() == "employee_id"
    page.get_by_role("link", name="all very likely").click()
    page.get_by_role("button", name="Put what is ticked into the draft").click()

    foot = page.locator("#effect")
    expect(foot).to_contain_text("User name is not mapped")
    expect(foot).to_contain_text("Mail nickname is not mapped")
    _add_user_name(page)
    _add_nickname(page)
    expect(foot).to_contain_text("12 calls, USD 0.024")
    expect(page.get_by_text("Something was changed since")).to_be_hidden()

    page.get_by_label("Note for those who come after you").fill("first version")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    page.get_by_label("People").fill("3")
    page.get_by_role("button", name="Plan the pilot").click()
    page.get_by_role("button", name="Approve 3 changes").click(timeout=_END)
    expect(page.locator("main .badge").first).to_have_text("Finished", timeout=_END)
    assert figure(page, "Created") == "3"


def _add_user_name(page: Page) -> None:
    """With a misspelt function, which is underlined and then corrected."""
    page.get_by_label("Another attribute").select_option("userName")
    page.get_by_role("button", name="Add it").click()
    row = page.get_by_role("group", name="User name")
    row.get_by_label("Kind of rule").select_option("expression")
    row.get_by_label("Value of User name").fill(f'Join("@", {_LOCAL}, Lowre("X.example"))')
    expect(row.locator(".result-wrong")).to_contain_text("unknown function Lowre", ignore_case=True)
    expect(row.locator(".expression-mirror mark")).to_have_text("Lowre")
    row.get_by_label("Value of User name").fill(f'Join("@", {_LOCAL}, "brindlewick.example")')
    expect(row.locator("output")).to_contain_text("@brindlewick.example")
    expect(row.locator(".expression-mirror mark")).to_have_count(0)


def _add_nickname(page: Page) -> None:
    """With a misspelt column."""
    label = "Mail nickname (text, at most 64 characters)"
    page.get_by_label("Another attribute").select_option(label=label)
    page.get_by_role("button", name="Add it").click()
    row = page.get_by_role("group", name="Mail nickname")
    row.get_by_label("Kind of rule").select_option("expression")
    text = row.get_by_label("Value of Mail nickname")
    text.fill(_LOCAL.replace("[given_name]", "[givn_name]"))
    expect(row.locator(".result-wrong")).to_contain_text("did you mean given_name?")
    text.fill(_LOCAL)
    expect(row.locator("output")).to_be_visible()
    page.get_by_role("button", name="Check everybody").click()


def test_the_editor_by_keyboard_alone(
    states: dict[str, str], page_of: Callable[[str], Page]
) -> None:
    page = page_of("engineer")
    page.goto("/tenants/calm/profile/edit/")
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "text-1":
            break
    name = page.evaluate("document.activeElement.labels[0].textContent")
    page.keyboard.press("Control+a")
    page.keyboard.type("Join(", delay=5)
    expect(page.locator("#function-help b")).to_have_text("separator")
    page.keyboard.type('"-", ')
    page.keyboard.press("Control+Space")
    page.keyboard.type("family")
    page.keyboard.press("Enter")
    page.keyboard.type(")")
    assert page.evaluate("document.activeElement.value") == 'Join("-", [family_name])'
    row = page.get_by_role("group", name=name.removeprefix("Value of "))
    expect(row.locator("output")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"


def test_a_parameter_tries_every_row_anew_and_marks_the_effect_as_old(
    portal: DemoPortal, page_of: Callable[[str], Page]
) -> None:
    page = page_of("engineer")
    page.goto("/tenants/brindlewick/profile/edit/")
    expect(page.locator("#effect")).to_contain_text("calls, USD", timeout=_END)
    old = page.get_by_text("Something was changed since")
    row = page.get_by_role("group", name="Display name")
    row.get_by_label("Kind of rule").select_option("expression")
    row.get_by_label("Value of Display name").fill("[param.motto]")
    expect(row.locator(".result-wrong")).to_contain_text("There is no parameter motto")
    page.get_by_role("button", name="Check everybody").click()
    expect(page.locator("#effect")).to_contain_text("Rules are wrong")
    expect(old).to_be_hidden()
    page.get_by_placeholder("Name", exact=True).first.fill("motto")
    page.get_by_placeholder("Value", exact=True).first.fill("per aspera")
    expect(row.locator("output")).to_contain_text("per aspera")
    expect(old).to_be_visible()


def test_people_are_found_and_rows_are_filtered(
    states: dict[str, str], page_of: Callable[[str], Page]
) -> None:
    page = page_of("engineer")
    page.goto("/tenants/edited/profile/edit/")
    page.get_by_label("Try it on").fill("001003")
    expect(page.get_by_label("Sample person")).to_contain_text("(001003)")
    employee = page.get_by_role("group", name="Employee number")
    expect(employee.locator("output")).to_have_text("001003")
    title = page.get_by_role("group", name="Job title")
    title.get_by_label("Kind of rule").select_option("expression")
    expect(title.get_by_label("Value of Job title")).to_have_value("[job_title]")
    expect(title.locator("output")).to_be_visible()
    page.get_by_label("has errors").check()
    expect(page.locator(".rule-row:visible")).to_have_count(1)
    expect(page.get_by_role("group", name="Employee type")).to_be_visible()


def test_a_draft_is_written_checked_and_kept_without_a_script(
    portal: DemoPortal, browser: Browser, states: dict[str, str]
) -> None:
    context = browser.new_context(base_url=portal.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, ADDRESSES["engineer"], portal.password)
    page.goto("/tenants/doubtful/profile/edit/")
    page.get_by_label("Value of Job title").fill("job_titel")
    page.get_by_role("button", name="Check everybody").click()
    title = page.get_by_role("group", name="Job title")
    expect(title).to_contain_text("did you mean job_title?")
    page.get_by_label("Value of Job title").fill("department")
    page.get_by_role("button", name="Check everybody").click()
    expect(page.locator("#effect")).to_contain_text("calls")
    page.get_by_role("button", name="Next person").click()
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert page.get_by_label("Value of Job title").input_value() == "department"
    context.close()
