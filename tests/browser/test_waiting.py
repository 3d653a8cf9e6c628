"""A blackout and a rest after failures, as an engineer meets them in a browser."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Page, expect

from msp_portal.demo.generator import DemoCustomer, demo_customers
from tests.browser.conftest import figure
from tests.support.demo_portal import DemoPortal

pytestmark = pytest.mark.xdist_group("browser")
NIGHT, OFF = demo_customers()[0], demo_customers()[1]
_END = 60_000
_KIRITIMATI = ZoneInfo("Pacific/Kiritimati")  # 14 hours ahead: no other clock shows its days


def _approve(page: Page, slug: str) -> None:
    page.goto(f"/tenants/{slug}/")
    page.get_by_role("link", name="Look at the plan").click()
    page.get_by_role("button", name=re.compile(r"^Approve .* changes")).click()


def _switch_feature(portal: DemoPortal, customer: DemoCustomer, *, on: bool) -> None:
    url = f"{portal.sandbox_url}/_sandbox/tenants/{customer.tenant_id}"
    httpx.request("PUT", url, json={"scim_enabled": on}).raise_for_status()


def _set_blackout(page: Page, slug: str) -> None:
    """From yesterday until the day after tomorrow, by the customer's clock."""
    page.goto(f"/tenants/{slug}/settings/")
    page.get_by_label("Time zone").select_option(_KIRITIMATI.key)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Schedules and blackouts").click()
    page.get_by_role("link", name="Add blackout").first.click()
    page.get_by_label("Once, between two days").check()
    today = datetime.now(_KIRITIMATI).date()
    page.get_by_label("First day").fill((today - timedelta(days=1)).isoformat())
    page.get_by_label("Last day").fill((today + timedelta(days=2)).isoformat())
    page.locator("input[name=begins]").fill("20:00")
    page.locator("input[name=ends]").fill("06:30")
    page.get_by_role("button", name="Save").click()


def test_an_approved_job_waits_for_the_end_of_a_blackout_and_goes_on_when_it_is_removed(
    page_of: Callable[[str], Page],
) -> None:
    page = page_of("engineer")
    _set_blackout(page, NIGHT.slug)
    expect(page.get_by_text("On now")).to_be_visible()
    _approve(page, NIGHT.slug)
    waits = page.locator("#progress .callout")
    expect(waits).to_contain_text("Blackout until", timeout=_END)
    expect(waits).to_contain_text("06:30 (Pacific/Kiritimati)")
    expect(page.locator("#progress")).to_contain_text(f"0 of {NIGHT.expected.created:,}")
    job = page.url

    waits.get_by_role("link", name="Schedules and blackouts").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_text("Delete this blackout").click()
    page.get_by_role("button", name="Yes, delete it").click()
    page.goto(job)
    expect(page.locator("#progress")).not_to_contain_text("Blackout", timeout=_END)
    expect(page.locator("#progress")).not_to_contain_text(" 0 of ", timeout=_END)
    page.get_by_text("Cancel this job").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.locator("main .badge").first).to_have_text("Cancelled", timeout=_END)
    assert int(figure(page, "Created").replace(",", "")) > 0


def test_a_tenant_rests_after_failures_and_a_person_lets_it_try_again(
    portal: DemoPortal, page_of: Callable[[str], Page]
) -> None:
    page = page_of("engineer")
    _switch_feature(portal, OFF, on=False)
    _approve(page, OFF.slug)
    expect(page.locator("#progress")).to_contain_text("tries again every minute", timeout=_END)
    job = page.url
    # The tries a minute apart are let pass.
    portal.run("tests.support.hasten", OFF.slug, "3")
    page.goto(job)
    rest = page.locator("#progress .callout")
    expect(rest).to_contain_text("At rest until", timeout=_END)
    expect(rest).to_contain_text("is not switched on")
    expect(rest).to_contain_text("It failed 4 times")
    for address in ("/customers/", f"/tenants/{OFF.slug}/", f"/tenants/{OFF.slug}/schedules/"):
        page.goto(address)
        expect(page.get_by_role("button", name="Try now").first).to_be_visible()
    page.goto("/customers/")
    named = page.get_by_text(re.compile(rf"^{OFF.name}.* rests until"))
    expect(named).to_be_visible()

    _switch_feature(portal, OFF, on=True)
    page.goto(job)
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("main .badge").first).to_have_text(re.compile("Finished"), timeout=2 * _END)
    assert figure(page, "Created") == f"{OFF.expected.created:,}"
    page.goto(f"/tenants/{OFF.slug}/")
    expect(page.get_by_role("button", name="Try now")).to_have_count(0)
    # Tenants of other tests may be at rest there; this one is not named among them.
    page.goto("/customers/")
    expect(named).to_have_count(0)


def test_a_schedule_is_set_without_a_script_in_sight(page_of: Callable[[str], Page]) -> None:
    page = page_of("engineer")
    page.goto(f"/tenants/{OFF.slug}/schedules/add/")
    expect(page.get_by_label("Monday")).to_be_hidden()
    page.get_by_label("On certain days of the week").check()
    page.get_by_label("Monday").check()
    page.get_by_label("Thursday").check()
    page.locator("input[name=times]").fill("6:00, 25:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“25:00” is no time of the day")).to_be_visible()
    page.locator("input[name=times]").fill("18:00, 6:00")
    page.get_by_role("button", name="Save").click()
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Every Monday and Thursday at 06:00 and 18:00")
    expect(row).to_contain_text("in ")
    page.get_by_role("button", name="Switch off").click()
    expect(row).to_contain_text("Switched off")
    page.get_by_role("link", name="Edit").click()
    expect(page.locator("input[name=times]")).to_have_value("06:00, 18:00")
    page.get_by_text("Delete this schedule").click()
    page.get_by_role("button", name="Yes, delete it").click()
    expect(page.get_by_text("No schedule yet")).to_be_visible()
