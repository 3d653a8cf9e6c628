"""A demo portal and a browser, shared by the tests of this package.

Package scope, not session: while Playwright's loop runs in a process, Django refuses to touch the
database there, so the browser has to be gone before another package's tests begin.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support import chromium, services
from tests.support.demo_portal import DemoPortal, start_demo

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
ADDRESSES = {
    "admin": "admin@lanternfield.example",
    "engineer": "engineer@lanternfield.example",
    "finance": "finance@lanternfield.example",
    "viewer": "viewer@brindlewick.example",
    "auditor": "auditor@lanternfield.example",
    "approver": "approver@lanternfield.example",
    "customer approver": "approver@brindlewick.example",
}


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPortal]:
    """A running demo."""
    services.require("Chromium")
    portal = start_demo(tmp_path_factory.mktemp("demo"))
    yield portal
    portal.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The installed Chromium; one for the package, since a process can hold one Playwright only."""
    services.require("Chromium")
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def states(portal: DemoPortal) -> dict[str, str]:
    """Addresses of jobs in each state, of tenants that no other test touches."""
    addresses: dict[str, str] = portal.run("tests.support.page_states", portal.sandbox_url)
    return addresses


@dataclass
class Desk:
    """Pages of signed-in people; each role signs in once."""

    portal: DemoPortal
    browser: Browser
    _cookies: dict[str, list[object]] = field(default_factory=dict)
    _pages: dict[str, Page] = field(default_factory=dict)

    def page(self, role: str = "") -> Page:
        """A page that is kept, of somebody with this role; of nobody without one."""
        if role not in self._pages:
            self._pages[role] = self.context(role).new_page()
        return self._pages[role]

    def context(self, role: str = "") -> BrowserContext:
        """A fresh context, signed in when a role is given."""
        context = self.browser.new_context(base_url=self.portal.url, viewport=WIDE)  # type: ignore[arg-type]
        if role:
            if role not in self._cookies:
                self._cookies[role] = self._sign_in(role)
            context.add_cookies(self._cookies[role])  # type: ignore[arg-type]
        return context

    def _sign_in(self, role: str) -> list[object]:
        context = self.browser.new_context(base_url=self.portal.url)
        sign_in(context.new_page(), ADDRESSES[role], self.portal.password)
        cookies: list[object] = list(context.cookies())
        context.close()
        return cookies


@pytest.fixture(scope="package")
def desk(portal: DemoPortal, browser: Browser) -> Desk:
    """Where the pages of signed-in people are."""
    return Desk(portal, browser)


@pytest.fixture
def page_of(desk: Desk) -> Iterator[Callable[[str], Page]]:
    """Gives a fresh page of somebody with a role, closed after the test."""
    contexts: list[BrowserContext] = []

    def open_page(role: str) -> Page:
        contexts.append(desk.context(role))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


def sign_in(page: Page, address: str, password: str) -> None:
    """Through the form, as people do."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/" not in url)


def figure(page: Page, label: str) -> str:
    """What a stat tile says."""
    tile = page.locator(".stat", has=page.locator("dt", has_text=label).first).first
    return tile.locator(".figure").inner_text().strip()
