"""The main job at a real portal, as an engineer sees it in a browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from msp_portal.demo.generator import demo_customers
from msp_portal.demo.table import changed
from tests.browser.conftest import figure
from tests.support.demo_portal import DemoPortal

pytestmark = pytest.mark.xdist_group("browser")
CUSTOMER = demo_customers()[2]
_END = 60_000


def test_a_waiting_plan_is_approved_watched_and_reported_and_a_changed_file_is_planned(
    portal: DemoPortal, page_of: Callable[[str], Page]
) -> None:
    page, expected = page_of("engineer"), CUSTOMER.expected
    page.goto("/customers/")
    page.get_by_role("link", name=f"{CUSTOMER.name} sandbox").last.click()
    page.get_by_role("link", name="Look at the plan").click()
    assert figure(page, "Create") == str(expected.created)
    expect(page.get_by_text("plus 1 already made to read the directory")).to_be_visible()

    page.get_by_role("button", name=f"Approve {expected.created} changes").click()
    expect(page.locator("main .badge").first).to_have_text("Finished", timeout=_END)

    assert figure(page, "Created") == str(expected.created)
    assert figure(page, "Failed") == str(expected.failed)
    assert figure(page, "Held") == str(expected.held)
    assert figure(page, "Calls") == str(expected.created + 1)
    assert figure(page, "Cost") == "USD 0.172"
    _upload_a_change(page)


def _upload_a_change(page: Page) -> None:
    page.goto(f"/tenants/{CUSTOMER.slug}/")
    page.get_by_role("link", name="Upload an HR export").click()
    table = changed(CUSTOMER.table, 3, five_each=1)
    file = {"name": "changed.csv", "mimeType": "text/csv", "buffer": table.to_bytes()}
    page.get_by_label("Drop the HR export here").set_input_files(file)  # type: ignore[arg-type]
    expect(page.locator("output")).to_contain_text("changed.csv")
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_role("button", name="Approve 3 changes")).to_be_visible(timeout=_END)

    assert figure(page, "Update") == "3"
    assert figure(page, "Unchanged") == str(CUSTOMER.expected.created - 3)
    rows = page.locator("#operations tbody tr")
    expect(rows).to_have_count(3)
    five = rows.filter(has=page.locator(".diff-row:nth-child(5)"))
    expect(five).to_have_count(1)
    department = five.locator(".diff-row", has_text="Department")
    before, after = (department.locator(side).inner_text() for side in ("del", "ins"))
    assert before.removeprefix("before:").strip() != after.removeprefix("after:").strip()


def test_a_search_narrows_the_plan_without_loading_the_page_anew(
    page_of: Callable[[str], Page], states: dict[str, str]
) -> None:
    page = page_of("engineer")
    page.goto(states["plan"])
    page.evaluate("window.sameDocument = true")
    page.get_by_label("Change").select_option("disable")
    expect(page).to_have_url(re.compile("kind=disable"))
    expect(page.locator("#operations tbody tr")).to_have_count(4)
    page.get_by_label("Search").fill("nobody of this name")
    expect(page.locator("#operations")).to_contain_text("Nothing matches")
    assert page.evaluate("window.sameDocument")


def test_disables_in_doubt_have_a_box_of_their_own_that_is_not_ticked(
    page_of: Callable[[str], Page], states: dict[str, str]
) -> None:
    page = page_of("engineer")
    page.goto(states["withheld"])
    expect(page.locator("input[name=include_withheld]")).not_to_be_checked()
    expect(page.get_by_text("a key that cannot be read")).to_be_visible()
    page.goto(states["plan"])
    expect(page.locator("input[name=include_withheld]")).to_have_count(0)


def test_cancelling_asks_once_more(page_of: Callable[[str], Page], states: dict[str, str]) -> None:
    page = page_of("engineer")
    page.goto(states["stopped"])
    sure = page.get_by_role("button", name="Yes, cancel it")
    expect(sure).to_be_hidden()
    page.get_by_text("Cancel this job").click()
    expect(sure).to_be_visible()


def test_a_job_in_trouble_says_why_and_keeps_asking(
    page_of: Callable[[str], Page], states: dict[str, str]
) -> None:
    page = page_of("engineer")
    page.goto(states["trouble"])
    expect(page.locator("#progress")).to_contain_text("goes on by itself")
    for _ in range(2):  # each answer replaces the element, and the new one asks again
        with page.expect_response(re.compile(r"/progress/$")) as answer:
            pass
        assert answer.value.ok
    expect(page.locator("#progress")).to_have_count(1)


def test_what_failed_is_told_in_our_words_and_in_entras(
    page_of: Callable[[str], Page], states: dict[str, str]
) -> None:
    page = page_of("viewer")
    page.goto("/reports/")
    expect(page.get_by_text("failing-people.csv")).to_have_count(0)  # another customer's
    page = page_of("finance")
    page.goto(states["failures"])
    assert int(figure(page, "Failed")) >= 2
    failed = page.locator("#failed tbody tr")
    expect(failed.filter(has_text="did not create").first).to_be_visible()
    expect(failed.filter(has_text="already exists").first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Approve"))).to_have_count(0)
