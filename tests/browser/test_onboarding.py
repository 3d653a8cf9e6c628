"""A customer from nothing to a finished pilot, with three mistakes that the pages lead out of."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from msp_portal.demo.generator import people_table
from tests.browser.conftest import WIDE, figure, sign_in
from tests.support.demo_portal import DemoPortal, start_demo

pytestmark = pytest.mark.xdist_group("browser")
_END = 60_000
_FILE = {"name": "people.csv", "mimeType": "text/csv", "buffer": people_table(12, 9).to_bytes()}
_LOCAL = 'ToLower(NormalizeDiacritics(StripSpaces(Join(".", [given_name], [family_name]))))'
_DIRECTORY, _CLIENT = str(uuid.uuid4()), str(uuid.uuid4())
_ADMINISTRATOR, _PASSWORD = "vera@lanternfield.example", "a-long-password-for-vera"
_SLUG, _DOMAIN, _SECRET = "tidewater", "tidewater.example", "the-right-secret"


class Directory:
    """What the customer's administrators do, at the sandbox's control API."""

    def __init__(self, portal: DemoPortal) -> None:
        self._url = f"{portal.sandbox_url}/_sandbox/tenants/{_DIRECTORY}"
        self.grant("User.Read.All", "Group.Read.All")
        self.put(domains=[_DOMAIN], scim_enabled=False)

    def put(self, **config: Any) -> None:
        httpx.put(self._url, json=config).raise_for_status()

    def grant(self, *permissions: str) -> None:
        app = {"client_id": _CLIENT, "client_secret": _SECRET, "permissions": list(permissions)}
        self.put(applications=[app])


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[DemoPortal]:
    """A portal without customers and people."""
    started = start_demo(tmp_path, empty=True)
    yield started
    started.stop()


def test_from_an_empty_portal_to_a_pilot_and_out_of_each_mistake(
    empty: DemoPortal, browser: Browser
) -> None:
    portal, directory = empty, Directory(empty)
    context = browser.new_context(base_url=empty.url, viewport=WIDE)  # type: ignore[arg-type]
    page = context.new_page()
    _become_administrator(page)
    _add_customer_and_tenant(page, portal)
    _note_a_contact(page)
    page.get_by_role("button", name=f"Look up {_DOMAIN}").click()
    expect(page.get_by_text(f"The directory's id is {_DIRECTORY}")).to_be_visible()

    page.get_by_label("Application (client) id").fill(_CLIENT)
    page.locator("#application").get_by_role("button", name="Note it").click()
    _store_secret(page, "the-id-of-the-secret")

    # A wrong secret: the page says that the value is wanted, not the id.
    _test(page)
    expect(page.get_by_text("Paste the secret's value, not its id")).to_be_visible()
    _store_secret(page, _SECRET)

    # A missing permission: the page names those that are needed, and why.
    _test(page)
    expect(page.get_by_text("Missing: User.Create")).to_be_visible()
    card = page.locator(".card", has_text="the least this tenant")
    wanted = [name.strip() for name in card.locator("dt").all_inner_texts()]
    assert "User.Create" in wanted
    expect(card.get_by_text("Missing").first).to_be_visible()
    directory.grant(*wanted)

    # A feature that is off: the page says where it is switched on, and by whom.
    _test(page)
    expect(page.get_by_text("ID Governance, Dashboard, SCIM Provisioning API")).to_be_visible()
    page.get_by_role("link", name="Onboarding").click()
    billing = page.locator("#billing")
    expect(billing).to_contain_text("not turned on")
    expect(billing).to_contain_text("Billing Administrator")
    directory.put(scim_enabled=True)
    _test(page)
    expect(page.get_by_text("The connection works.")).to_be_visible()

    _publish_a_profile(page)
    # The profile writes more than nothing: what it needs is said before anything is sent.
    _test(page)
    directory.grant(*[name.strip() for name in card.locator("dt").all_inner_texts()])
    _test(page)
    expect(page.get_by_text("The connection works.")).to_be_visible()
    _run_the_pilot(page)
    context.close()


def _become_administrator(page: Page) -> None:
    """The first-run page, which works once."""
    page.goto("/first-run/")
    page.get_by_label("E-mail address").fill(_ADMINISTRATOR)
    page.get_by_label("Name").fill("Vera Lind")
    page.get_by_label("Password", exact=True).fill(_PASSWORD)
    page.get_by_label("Password once more").fill(_PASSWORD)
    page.get_by_role("button", name="Begin").click()
    sign_in(page, _ADMINISTRATOR, _PASSWORD)
    page.goto("/first-run/")
    expect(page.get_by_role("button", name="Begin")).to_have_count(0)
    page.goto("/customers/")
    expect(page.get_by_text("No customers yet")).to_be_visible()


def _add_customer_and_tenant(page: Page, portal: DemoPortal) -> None:
    page.goto("/customers/")
    page.get_by_role("link", name="Add the first customer").click()
    page.get_by_label("Name", exact=True).fill("Tidewater Ropes")
    page.get_by_label("Slug").fill(_SLUG)
    page.get_by_role("button", name="Add customer").click()
    page.get_by_label("Name", exact=True).fill("Tidewater rehearsal")
    page.get_by_label("Slug").fill(_SLUG)
    page.get_by_label("Cloud").select_option("sandbox")
    page.get_by_label("Tenant id").fill(_DOMAIN)
    page.get_by_label("Sandbox address").fill(portal.sandbox_url)
    page.get_by_role("button", name="Add tenant").click()
    expect(page.get_by_role("heading", name="Onboarding")).to_be_visible()
    expect(page.locator(".progress")).to_contain_text("2 of 13 steps")


def _note_a_contact(page: Page) -> None:
    page.get_by_role("link", name="Contacts").click()
    page.get_by_label("Name", exact=True).fill("Ida Holm")
    page.get_by_label("E-mail address").fill(f"ida@{_DOMAIN}")
    page.get_by_role("button", name="Add contact").click()
    page.goto(f"/tenants/{_SLUG}/onboarding/")
    expect(page.locator("#customer")).to_contain_text("1 contact")


def _store_secret(page: Page, secret: str) -> None:
    page.goto(f"/tenants/{_SLUG}/onboarding/")
    credential = page.locator("#credential")
    if credential.locator("details:not([open])").count():
        credential.locator("summary").click()
    credential.get_by_role("link").click()
    page.get_by_label("Application (client) id").fill(_CLIENT)
    page.get_by_label("Client secret").fill(secret)
    page.get_by_role("button", name="Store the secret").click()
    expect(page.get_by_text("stored, encrypted")).to_be_visible()


def _test(page: Page) -> None:
    page.goto(f"/tenants/{_SLUG}/connection/")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("What the last test found")).to_be_visible()


def _publish_a_profile(page: Page) -> None:
    page.goto(f"/tenants/{_SLUG}/onboarding/")
    page.locator("#source").get_by_role("link", name="Upload an HR export").click()
    page.get_by_label("Drop the HR export here").set_input_files(_FILE)  # type: ignore[arg-type]
    page.get_by_role("button", name="Read the file").click()
    page.get_by_role("link", name="all very likely").click()
    page.get_by_role("button", name="Put what is ticked into the draft").click()
    _map(page, "User name", f'Join("@", {_LOCAL}, "{_DOMAIN}")', value="userName")
    _map(page, "Mail nickname", _LOCAL, label="Mail nickname (text, at most 64 characters)")
    page.get_by_role("button", name="Check everybody").click()
    expect(page.locator("#effect")).to_contain_text("12 calls")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()


def _map(page: Page, name: str, expression: str, **option: str) -> None:
    page.get_by_label("Another attribute").select_option(**option)  # type: ignore[arg-type]
    page.get_by_role("button", name="Add it").click()
    row = page.get_by_role("group", name=name)
    row.get_by_label("Kind of rule").select_option("expression")
    row.get_by_label(f"Value of {name}").fill(expression)
    expect(row.locator("output")).to_be_visible()


def _run_the_pilot(page: Page) -> None:
    page.goto(f"/tenants/{_SLUG}/onboarding/")
    page.locator("#pilot").get_by_role("link", name="Run a pilot").click()
    page.get_by_label("People").fill("3")
    page.get_by_role("button", name="Plan the pilot").click()
    page.get_by_role("button", name="Approve 3 changes").click(timeout=_END)
    expect(page.locator("main .badge").first).to_have_text("Finished", timeout=_END)
    assert figure(page, "Created") == "3"
    page.goto(f"/tenants/{_SLUG}/onboarding/")
    expect(page.locator("#pilot")).to_contain_text("3 created, none failed")
    expect(page.locator(".progress")).to_contain_text("12 of 13 steps")
