"""The guard, an expired plan and a pause, as an engineer meets them in a browser."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import figure
from tests.support.decision_state import DIRECTORY, PEOPLE
from tests.support.demo_portal import DemoPortal

pytestmark = pytest.mark.xdist_group("browser")
_END = 60_000
_HALF = PEOPLE // 2


def _slow_down(portal: DemoPortal) -> None:
    """Every change takes seconds, so that there is a moment to pause in."""
    url = f"{portal.sandbox_url}/_sandbox/tenants/{DIRECTORY}/faults"
    fault = {"kind": "slow", "delay": 2, "rate": 1, "method": "PATCH"}
    httpx.post(url, json=fault).raise_for_status()


def _hurry_up(portal: DemoPortal) -> None:
    url = f"{portal.sandbox_url}/_sandbox/tenants/{DIRECTORY}/faults"
    httpx.delete(url).raise_for_status()


def test_a_stopped_file_is_planned_expires_is_planned_again_paused_and_goes_on(
    portal: DemoPortal, page_of: Callable[[str], Page]
) -> None:
    job = portal.run("tests.support.decision_state", portal.sandbox_url)
    page = page_of("engineer")
    _let_through_the_guard(page, job)
    _plan_again(portal, page)
    _pause_and_go_on(portal, page)
    assert figure(page, "Disabled") == f"{_HALF}"
    assert figure(page, "Updated") == f"{_HALF}"


def _let_through_the_guard(page: Page, job: str) -> None:
    page.goto(job)
    expect(page.get_by_text("differs more from the last one")).to_be_visible()
    assert figure(page, "Missing") == f"{_HALF}"
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.get_by_role("button", name="Plan it anyway").click()
    expect(page.get_by_role("button", name=f"Approve {_HALF} changes")).to_be_visible(timeout=_END)
    assert figure(page, "Disable") == f"{_HALF}"


def _plan_again(portal: DemoPortal, page: Page) -> None:
    portal.run("tests.support.decision_state", "publish")
    page.reload()
    expect(page.get_by_text("This plan has expired")).to_be_visible()
    expect(page.get_by_text("The mapping profile has changed")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.get_by_role("button", name="Plan again").click()
    # Planned from the same file, which the guard asks about once more.
    again = page.get_by_role("button", name="Plan it anyway")
    approve = page.get_by_role("button", name=f"Approve {PEOPLE} changes")
    expect(again).to_be_visible(timeout=_END)
    again.click()
    expect(approve).to_be_visible(timeout=_END)


def _pause_and_go_on(portal: DemoPortal, page: Page) -> None:
    _slow_down(portal)
    page.get_by_role("button", name=f"Approve {PEOPLE} changes").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Nothing is sent while the job is paused")).to_be_visible(timeout=_END)
    expect(page.locator("main .badge").first).to_have_text("Paused")
    _hurry_up(portal)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("main .badge").first).to_have_text("Finished", timeout=_END)
