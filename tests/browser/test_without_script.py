"""The main job without JavaScript: forms and links alone."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from msp_portal.demo.generator import people_table
from tests.browser.conftest import ADDRESSES, figure, sign_in
from tests.support.demo_portal import DemoPortal

pytestmark = pytest.mark.xdist_group("browser")


def test_a_file_becomes_accounts_without_a_script(
    portal: DemoPortal, browser: Browser, states: dict[str, str]
) -> None:
    context = browser.new_context(base_url=portal.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, ADDRESSES["engineer"], portal.password)
    page.goto("/tenants/blank/upload/")
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": people_table(6).to_bytes()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Read the file").click()
    _reload_until(page, "Waiting for approval")
    page.get_by_role("button", name="Approve 6 changes").click()
    _reload_until(page, "Finished")
    assert figure(page, "Created") == "6"
    expect(page.get_by_role("button", name="Print")).to_be_hidden()  # only a script could do it
    page.get_by_label("Search").fill("001003")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#operations tbody tr")).to_have_count(1)
    context.close()


def _reload_until(page: Page, state: str) -> None:
    """By the link that the page offers for it."""
    until = time.monotonic() + 60
    while page.locator("main .badge").first.inner_text().strip() != state:
        assert time.monotonic() < until
        page.wait_for_timeout(300)
        reload = page.get_by_role("link", name="Load this page again")
        if reload.count():
            reload.click()


def test_a_profile_goes_out_and_comes_in_as_a_file(
    portal: DemoPortal, browser: Browser, states: dict[str, str], tmp_path: Path
) -> None:
    context = browser.new_context(base_url=portal.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, ADDRESSES["engineer"], portal.password)
    page.goto("/tenants/calm/profile/share/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download version 1").click()
    path = tmp_path / "people.yaml"
    download.value.save_as(path)
    text = path.read_text()
    path.write_text(text.replace("target: displayName", "target: displayNam"))
    page.goto("/tenants/bare/profile/share/")
    page.get_by_role("link", name="Import a file").click()
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Check and keep as the draft").click()
    assert "did you mean displayName?" in page.get_by_role("alert").inner_text()
    assert "did you mean" in page.locator(f"#line-{_line_of(text)}").inner_text()
    page.get_by_label("Or its text").fill(text)
    page.get_by_role("button", name="Check and keep as the draft").click()
    assert "A draft waits" in page.locator("main").inner_text()
    context.close()


def _line_of(text: str) -> str:
    """Number of the line that the test spoils."""
    lines = text.split("\n")
    return str(next(at for at, line in enumerate(lines, 1) if line.endswith(": displayName")))
