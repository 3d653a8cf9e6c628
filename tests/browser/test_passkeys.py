"""Passkeys in Chromium with a virtual authenticator, under the portal's content security policy."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.conftest import sign_in
from tests.support.demo_portal import DemoPortal
from tests.support.sandbox import ROOT

pytestmark = pytest.mark.xdist_group("browser")
ADDRESS, PASSWORD = "passkeys@lanternfield.example", "a-horse-of-glass"


@dataclass
class Visitor:
    """A browser that holds an authenticator; `complaints` is what its console said."""

    page: Page
    cdp: CDPSession
    authenticator: str
    complaints: list[str]

    def credentials(self) -> list[dict[str, object]]:
        """What the authenticator holds."""
        asked = {"authenticatorId": self.authenticator}
        found: list[dict[str, object]] = self.cdp.send("WebAuthn.getCredentials", asked)[
            "credentials"
        ]
        return found


@pytest.fixture(scope="module")
def person(portal: DemoPortal) -> str:
    """Somebody whom no other test signs in."""
    subprocess.run(
        [sys.executable, "manage.py", "add_person", ADDRESS, "--role", "finance"],
        cwd=ROOT,
        env=portal.environment,
        input=PASSWORD + "\n",
        text=True,
        check=True,
        capture_output=True,
    )
    return ADDRESS


@pytest.fixture
def visitor(portal: DemoPortal, browser: Browser, person: str) -> Iterator[Visitor]:
    # By name: a passkey belongs to a domain, and an IP address is none.
    context = browser.new_context(base_url=portal.url.replace("127.0.0.1", "localhost"))
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield Visitor(page, cdp, made["authenticatorId"], complaints)
    assert complaints == []
    context.close()


def leave(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


def confirm(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def test_a_passkey_signs_in_alone_and_as_second_factor(visitor: Visitor) -> None:
    page = visitor.page
    sign_in(page, ADDRESS, PASSWORD)
    page.goto("/accounts/two-factor/webauthn/add/")
    confirm(page)
    page.get_by_label("Name").fill("This laptop")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add", exact=True).click()
    # The first factor brings recovery codes, shown once.
    expect(page.locator(".codes li")).to_have_count(10)
    (credential,) = visitor.credentials()
    assert credential["isResidentCredential"] is True
    leave(page)

    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/costs/")
    leave(page)

    page.get_by_label("Email").fill(ADDRESS)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/costs/")

    page.goto("/accounts/two-factor/webauthn/")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("link", name="Use a security key").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No passkey yet")).to_be_visible()
    leave(page)

    # The authenticator still holds it; the portal does not know it any more.
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/accounts/login/")
    expect(page.get_by_text("Incorrect code.")).to_be_visible()


def test_without_a_passkey_the_page_says_so(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/accounts/login/")
    visitor.cdp.send(
        "WebAuthn.removeVirtualAuthenticator", {"authenticatorId": visitor.authenticator}
    )
    made = visitor.cdp.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": False,
                "automaticPresenceSimulation": True,
            }
        },
    )
    visitor.authenticator = made["authenticatorId"]
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
