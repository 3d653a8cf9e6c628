"""The control page of the sandbox: its main job without JavaScript, and every section's looks."""

import csv
import io
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_pages import turn, violations
from tests.support.demo_portal import DemoPortal
from tests.support.sandbox import SCOPE

pytestmark = pytest.mark.xdist_group("browser")
SECTIONS = ("", "applications", "people", "groups", "switches", "faults", "usage")


@pytest.fixture
def page(portal: DemoPortal, browser: Browser) -> Iterator[Page]:
    """A page of a browser that runs no script."""
    context = browser.new_context(base_url=portal.sandbox_url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_a_rehearsal_from_directory_to_cost(page: Page, portal: DemoPortal, tmp_path: Path) -> None:
    _create_directory(page)
    tenant = page.locator(".ident").inner_text()
    client_id, secret = _create_application(page)
    _create_fault(page)
    assert _call(portal, tenant, client_id, secret) == [503, 200]

    page.get_by_role("link", name="Usage and cost").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the export").click()
    file = tmp_path / "costs.csv"
    download.value.save_as(file)
    (row,) = csv.DictReader(io.StringIO(file.read_text(), newline=""))
    assert (row["Quantity"], row["CostInBillingCurrency"]) == ("1", "0.002")
    assert tenant in row["ResourceId"]
    _refused_fault(page)


def _create_directory(page: Page) -> None:
    page.goto("/_sandbox/")
    page.get_by_label("Name", exact=True).fill("Rehearsal <b>& Söhne</b>")
    page.get_by_label("Verified domains").fill("rehearsal.example")
    page.get_by_role("button", name="Create the directory").click()
    expect(page.get_by_role("status")).to_contain_text("Next: an application")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rehearsal <b>& Söhne</b>")


def _create_application(page: Page) -> tuple[str, str]:
    page.get_by_role("link", name="Applications", exact=True).first.click()
    page.get_by_label("Name", exact=True).fill("Provisioning")
    form = page.locator("#application")
    form.get_by_role("checkbox", name=re.compile("^User.ReadWrite.All")).uncheck()
    form.get_by_role("checkbox", name=re.compile("^User.Read.All")).check()
    page.get_by_role("button", name="Create the application").click()
    client_id, secret = page.get_by_role("status").locator("code").all_inner_texts()
    page.goto(re.sub(r"\?.*", "", page.url))
    expect(page.get_by_text(secret)).to_have_count(0)
    expect(page.get_by_text(client_id)).to_have_count(1)
    return client_id, secret


def _create_fault(page: Page) -> None:
    page.get_by_role("link", name="Faults").click()
    page.get_by_label("Status", exact=True).fill("503")
    page.get_by_label("Retry-After").fill("2")
    page.get_by_role("button", name="Make the fault").click()
    expect(page.get_by_role("heading", name="1 fault waiting")).to_be_visible()


def _call(portal: DemoPortal, tenant: str, client_id: str, secret: str) -> list[int]:
    """Two calls by the application that was made."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
        "scope": SCOPE,
    }
    url = f"{portal.sandbox_url}/{tenant}/oauth2/v2.0/token"
    with httpx.Client(verify=False, trust_env=False) as client:
        token = client.post(url, data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        users = f"{portal.sandbox_url}/rp/scim/users"
        return [client.get(users, headers=headers).status_code for _ in range(2)]


def _refused_fault(page: Page) -> None:
    page.get_by_role("link", name="Faults").click()
    page.get_by_label("Rate").fill("2")
    page.get_by_role("button", name="Make the fault").click()
    expect(page.get_by_role("alert")).to_contain_text("'rate'")
    expect(page.get_by_label("Rate")).to_have_value("2")


def test_every_section_is_accessible_and_fits_a_phone(portal: DemoPortal, browser: Browser) -> None:
    tenant = _lively_directory(portal)
    context = browser.new_context(base_url=portal.sandbox_url)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in ("", *(f"page/tenants/{tenant}/{each}".rstrip("/") for each in SECTIONS)):
        _check_looks(page, f"/_sandbox/{path}")
    page.goto(f"/_sandbox/page/tenants/{tenant}/people")
    page.locator("tbody a").first.click()
    _check_looks(page, page.url)
    assert complaints == []
    context.close()


def _lively_directory(portal: DemoPortal) -> str:
    """A directory with something in every section."""
    tenant = str(uuid.uuid4())
    people = [
        {"userName": f"p{n}@lively.example", "displayName": f"P {n}", "active": n % 2 == 0}
        for n in range(60)
    ]
    app = {"client_id": "lively", "client_secret": "secret", "blocked": True}
    base = f"{portal.sandbox_url}/_sandbox/tenants/{tenant}"
    with httpx.Client(verify=False, trust_env=False) as client:
        client.put(base, json={"name": "Lively", "applications": [app]}).raise_for_status()
        seed = {"users": people, "groups": [{"displayName": "Readers"}]}
        client.post(f"{base}/seed", json=seed).raise_for_status()
        client.post(f"{base}/faults", json={"kind": "slow", "rate": 0.5}).raise_for_status()
    return tenant


def _check_looks(page: Page, address: str) -> None:
    turn(page, dark=False)
    page.goto(address)
    assert violations(page) == [], address
    turn(page, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
    assert violations(page) == [], address
