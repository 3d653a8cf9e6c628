"""Every page, in each state worth looking at: accessible, no wider than a phone, no complaints."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

from tests.browser.conftest import PHONE, WIDE, Desk

pytestmark = pytest.mark.xdist_group("browser")
_AXE = Axe().axe_script
# Role and address; an address without a slash names a job by its state.
PAGES = {
    "sign in": ("", "/accounts/login/"),
    "change password": ("engineer", "/accounts/password/change/"),
    "second factors": ("engineer", "/accounts/two-factor/"),
    "passkeys": ("engineer", "/accounts/two-factor/webauthn/"),
    "confirm it is you": ("engineer", "/accounts/reauthenticate/"),
    "sessions": ("engineer", "/accounts/sessions/"),
    "invitation that is over": ("", "/invitation/nothing/"),
    "overview": ("engineer", "/customers/"),
    "overview of an administrator": ("admin", "/customers/"),
    "tenant": ("engineer", "/tenants/calm/"),
    "tenant without a credential": ("engineer", "/tenants/bare/"),
    "people to send": ("engineer", "/tenants/calm/person/"),
    "nobody to send yet": ("engineer", "/tenants/bare/person/"),
    "person stage by stage": ("engineer", "person"),
    "undo": ("engineer", "undo"),
    "upload": ("engineer", "/tenants/calm/upload/"),
    "upload without a profile": ("engineer", "/tenants/bare/upload/"),
    "profile": ("engineer", "/tenants/calm/profile/"),
    "no profile": ("engineer", "/tenants/bare/profile/"),
    "profile with a draft": ("engineer", "/tenants/edited/profile/"),
    "profile editor": ("engineer", "/tenants/calm/profile/edit/"),
    "profile editor with a mistake": ("engineer", "/tenants/edited/profile/edit/"),
    "profile editor without a file": ("engineer", "/tenants/bare/profile/edit/"),
    "suggestions": ("engineer", "/tenants/calm/profile/suggestions/?tick=all"),
    "comparison": ("engineer", "/tenants/calm/profile/compare/"),
    "comparison with a wrong draft": ("engineer", "/tenants/edited/profile/compare/"),
    "share": ("engineer", "/tenants/calm/profile/share/"),
    "import": ("engineer", "/tenants/calm/profile/import/"),
    "clone": ("engineer", "/tenants/calm/profile/clone/?to=bare"),
    "save as a template": ("engineer", "/tenants/calm/profile/template/"),
    "no drift": ("engineer", "/tenants/calm/profile/drift/"),
    "nowhere to promote to": ("engineer", "/tenants/calm/profile/promote/"),
    "templates": ("engineer", "/templates/?for=bare"),
    "template": ("engineer", "/templates/shipped/personio/"),
    "template for a tenant": ("engineer", "/tenants/bare/profile/from/shipped/personio/"),
    "tenant settings": ("engineer", "/tenants/calm/settings/"),
    "approval policy": ("engineer", "/tenants/expired/approvals/"),
    "sources": ("engineer", "/tenants/doubled/sources/"),
    "no source": ("engineer", "/tenants/bare/sources/"),
    "upload of a second source": ("engineer", "/tenants/doubled/sources/contractors/upload/"),
    "profile of a second source": ("engineer", "/tenants/doubled/sources/contractors/profile/"),
    "plan with a transfer": ("engineer", "transfer"),
    "schedules and blackouts": ("engineer", "/tenants/night/schedules/"),
    "no schedules": ("engineer", "/tenants/calm/schedules/"),
    "another schedule": ("engineer", "/tenants/night/schedules/add/"),
    "another blackout": ("engineer", "/tenants/night/blackouts/add/"),
    "tenant in a blackout": ("engineer", "/tenants/night/"),
    "job in a blackout": ("engineer", "night"),
    "tenant that rests": ("engineer", "/tenants/resting/"),
    "schedules of a tenant that rests": ("engineer", "/tenants/resting/schedules/"),
    "job that rests": ("engineer", "resting"),
    "domains": ("engineer", "/tenants/calm/domains/"),
    "protected accounts": ("engineer", "/tenants/calm/protection/"),
    "credential": ("engineer", "/tenants/calm/credential/"),
    "credential, certificate": ("engineer", "/tenants/calm/credential/?kind=certificate"),
    "credential, new certificate": ("engineer", "/tenants/calm/credential/?kind=generated"),
    "credential, workload identity": ("engineer", "/tenants/calm/credential/?kind=federated"),
    "credential, managed identity": ("engineer", "/tenants/calm/credential/?kind=identity"),
    "credentials in roll-over": ("engineer", "/tenants/doubtful/credential/"),
    "onboarding": ("engineer", "/tenants/calm/onboarding/"),
    "onboarding from nothing": ("engineer", "/tenants/bare/onboarding/"),
    "connection": ("engineer", "/tenants/calm/connection/"),
    "contacts": ("engineer", "/customers/calm/contacts/"),
    "offboarding": ("admin", "/tenants/bare/offboarding/"),
    "another tenant": ("engineer", "/customers/calm/tenants/add/"),
    "another customer": ("admin", "/customers/add/"),
    "people": ("admin", "/people/"),
    "another person": ("admin", "/people/add/"),
    "one person": ("admin", "/people/2/"),
    "access of a person": ("admin", "/people/2/role/?role=engineer"),
    "people to an auditor": ("auditor", "/people/"),
    "tenant to an auditor": ("auditor", "/tenants/calm/"),
    "approval policy to an auditor": ("auditor", "/tenants/expired/approvals/"),
    "jobs to an approver": ("approver", "/jobs/"),
    "jobs to a customer's approver": ("customer approver", "/jobs/"),
    "jobs": ("engineer", "/jobs/"),
    "plan": ("engineer", "plan"),
    "plan with disables in doubt": ("engineer", "withheld"),
    "stopped by the guard": ("engineer", "stopped"),
    "plan that has expired": ("engineer", "expired"),
    "job that is paused": ("engineer", "paused"),
    "tenant with a paused job": ("engineer", "/tenants/paused/"),
    "job in trouble": ("engineer", "trouble"),
    "report": ("engineer", "report"),
    "nothing found": ("engineer", "/jobs/?page=99"),
    "report with failures": ("finance", "failures"),
    "reports of a customer": ("viewer", "/reports/"),
    "costs": ("finance", "/costs/"),
    "month without calls": ("finance", "/costs/?month=2026-03"),
    "costs of a customer": ("finance", "/costs/customers/calm/"),
    "costs, largest budget first": ("finance", "/costs/?sort=budget&q=a"),
    "costs of a tenant": ("finance", "/costs/tenants/calm/"),
    "costs of a day": ("finance", "day"),
    "statements": ("finance", "/costs/statements/"),
    "open statement": ("finance", "statement"),
    "budgets": ("finance", "/costs/budgets/"),
    "another budget": ("finance", "/costs/budgets/add/"),
    "budget": ("finance", "budget"),
    "terms": ("finance", "/costs/customers/calm/terms/"),
    "exchange rates": ("finance", "/costs/rates/"),
    "another rate": ("admin", "/costs/rates/add/"),
    "reconciliation": ("finance", "/costs/reconciliation/"),
    "reconciliation of an imported month": ("admin", "/costs/reconciliation/?month=2026-04"),
    "reconciliation of a tenant": ("finance", "/costs/reconciliation/tenants/calm/?month=2026-04"),
    "imported bills": ("finance", "/costs/reconciliation/imports/"),
    "an imported bill": ("admin", "bill"),
    "waste of a customer": ("finance", "/costs/customers/failing/waste/"),
    "waste of a tenant": ("engineer", "/costs/tenants/failing/waste/"),
    "nothing wasted": ("finance", "/costs/tenants/calm/waste/"),
    "what if": ("finance", "/costs/tenants/aged/simulator/"),
    "what if, asked": (
        "engineer",
        "/costs/tenants/aged/simulator/?sync=60&growth=20&people=500&memberships=3&new_groups=on",
    ),
    "what if, asked wrongly": ("finance", "/costs/tenants/aged/simulator/?growth=x&groups=2"),
    "what if without a history": ("finance", "/costs/tenants/bare/simulator/"),
    "price book": ("finance", "/costs/prices/"),
    "another price": ("admin", "/costs/prices/add/"),
    "API tokens": ("finance", "/api-tokens/"),
    "audit trail": ("admin", "/audit/"),
    "audit trail without a match": ("admin", "/audit/?q=nothing-like-this&since=x"),
    "notifications": ("engineer", "/notifications/"),
    "another destination": ("engineer", "/notifications/add/"),
    "not allowed": ("viewer", "/customers/"),
    "not there": ("engineer", "/jobs/999999/"),
}


@pytest.fixture(params=PAGES)
def shown(request: pytest.FixtureRequest, desk: Desk, states: dict[str, str]) -> Iterator[Page]:
    """A page of the table, in light colours on a wide window."""
    role, address = PAGES[request.param]
    page = desk.page(role)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.extend(_complaint(message)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    turn(page, dark=False)
    page.goto(states.get(address, address))
    yield page
    # The content security policy complains on the console.
    assert complaints == []


def _complaint(message: ConsoleMessage) -> list[str]:
    """A warning or error; that a 403 or 404 page is one is no complaint."""
    harmless = "the server responded with a status of 40" in message.text
    return [] if harmless or message.type not in ("error", "warning") else [message.text]


def turn(page: Page, *, dark: bool) -> None:
    """Light and wide, or dark and on a phone."""
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size(PHONE if dark else WIDE)  # type: ignore[arg-type]


def violations(page: Page) -> list[str]:
    """What axe finds: rule, and the elements it is about."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [f"{each['id']}: {[node['html'][:200] for node in each['nodes'][:3]]}" for each in found]


def test_a_page_is_accessible_and_fits_a_phone(shown: Page) -> None:
    assert violations(shown) == []
    turn(shown, dark=True)
    assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(shown) == []


def test_pages_with_errors_are_accessible_too(desk: Desk, states: dict[str, str]) -> None:
    page = desk.page("engineer")
    turn(page, dark=False)
    page.goto("/tenants/edited/profile/edit/")
    page.get_by_role("button", name="Publish").click()
    assert page.get_by_role("alert").inner_text().startswith("This cannot be published yet")
    assert page.locator(".expression-mirror mark").count() == 1
    assert violations(page) == []
    page.goto("/tenants/calm/upload/")
    refused = {"name": "x.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    page.locator("input[type=file]").set_input_files(refused)  # type: ignore[arg-type]
    page.get_by_role("button", name="Read the file").click()
    assert page.get_by_role("alert").inner_text().startswith("Nothing of this file was kept")
    turn(page, dark=True)
    assert violations(page) == []


def test_a_token_of_the_api_is_shown_once(desk: Desk, states: dict[str, str]) -> None:
    page = desk.context("finance").new_page()
    turn(page, dark=False)
    page.goto("/api-tokens/add/")
    page.get_by_label("Password").fill(desk.portal.password)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Books")
    page.get_by_label("All customers, also those that come").check()
    assert violations(page) == []
    page.get_by_role("button", name="Make the token").click()
    token = page.locator(".copyable code").first.inner_text()
    assert re.fullmatch("mspapi_[0-9A-Za-z]{49}", token)
    turn(page, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(page) == []
    page.get_by_role("link", name="Done").click()
    assert "Books" in page.content()
    assert token not in page.content()
    page.context.close()
