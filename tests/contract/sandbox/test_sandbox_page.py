"""The control page over HTTP, as a browser without JavaScript uses it."""

import html
import re
import uuid
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import httpx
import pytest

from msp_portal.sandbox.page.switches import written
from msp_portal.sandbox.switches import Switches
from tests.contract.sandbox.helpers import Directory
from tests.support.sandbox import SCOPE, RunningSandbox

_DETAILS = (("people", "users"), ("groups", "groups"))
HOSTILE = "<script>alert('x')</script> & \"Söhne\""


@pytest.fixture
def web(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """A browser's view: relative addresses lie below the control page."""
    client = httpx.Client(base_url=f"{sandbox.url}/_sandbox", verify=False, trust_env=False)
    yield client
    client.close()


def _done(web: httpx.Client, path: str, form: dict[str, Any]) -> str:
    """Send a form, follow its redirect, give the page without markup escapes."""
    answer = web.post(path, data=form)
    assert answer.status_code == 303, answer.text
    shown = web.get(answer.url.join(answer.headers["location"]))
    assert shown.status_code == 200
    return html.unescape(shown.text)


def _page(web: httpx.Client, path: str) -> str:
    answer = web.get(path)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def _of(directory: Directory, *parts: str) -> str:
    return "/".join(["/page/tenants", directory.tenant, *parts])


def _note(page: str) -> str:
    found = re.search(r'<div class="note".*?<header', page)
    assert found
    return found[0]


def test_a_directory_and_an_application_are_made_and_open_the_scim_api(
    web: httpx.Client, sandbox: RunningSandbox
) -> None:
    tenant = str(uuid.uuid4())
    page = _done(
        web,
        "/page/tenants",
        {
            "tenant_id": tenant.upper(),
            "name": "Fabled",
            "domains": "Fabled.example\nfabled.test, third.example",
            "federated_domains": "",
        },
    )
    assert f"{sandbox.url}/rp/scim" in page
    assert f"{sandbox.url}/{tenant}/oauth2/v2.0/token" in page
    domains = sandbox.control.get(f"/tenants/{tenant}").json()["domains"]
    assert domains == ["fabled.example", "fabled.test", "third.example"]

    client_id = str(uuid.uuid4())
    page = _done(
        web,
        f"/page/tenants/{tenant}/applications",
        {
            "name": "Provisioning",
            "client_id": client_id,
            "permissions": ["User.Read.All", "Group.Read.All"],
            "consented": "1",
        },
    )
    secret = re.findall(r"<dd><code>([^<]+)</code>", _note(page))[1]
    with sandbox.client(sandbox.token(tenant, client_id, secret)) as scim:
        assert scim.get("/users").status_code == 200
        assert scim.post("/users", json={}).status_code == 403
    assert secret not in _page(web, f"/page/tenants/{tenant}/applications")


def test_a_fresh_id_is_offered_each_time(web: httpx.Client) -> None:
    offered = [
        re.findall(r'value="([0-9a-f-]{36})"[^>]*name="tenant_id"', web.get("/").text)
        for _ in range(2)
    ]
    assert [len(each) for each in offered] == [1, 1]
    assert offered[0] != offered[1]


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"tenant_id": "not-a-guid"}, 400, "must be a GUID"),
        ({"tenant_id": "00000000-0000-0000-0000-000000000000"}, 409, "already"),
        ({"name": " "}, 400, "needs a name"),
    ],
)
def test_a_refused_form_keeps_what_was_typed(
    web: httpx.Client, changes: dict[str, str], status: int, sentence: str
) -> None:
    form = {"name": HOSTILE, "tenant_id": str(uuid.uuid4()), "domains": "kept.example"}
    answer = web.post("/page/tenants", data={**form, **changes})
    assert answer.status_code == status
    problem = re.search(r'<p class="problem" role="alert">(.*?)</p>', answer.text)
    assert problem
    assert sentence in problem[1]
    for value in {**form, **changes}.values():
        assert html.escape(value.strip()) in answer.text


def test_hostile_names_are_text_everywhere(
    web: httpx.Client, directory: Directory, sandbox: RunningSandbox
) -> None:
    sandbox.put_tenant(
        directory.tenant,
        name=HOSTILE,
        domains=[HOSTILE],
        applications=[{"client_id": HOSTILE, "name": HOSTILE, "permissions": [HOSTILE]}],
    )
    made = sandbox.seed(
        directory.tenant,
        users=[{"userName": HOSTILE, "displayName": HOSTILE, "active": True, "title": HOSTILE}],
        groups=[{"displayName": HOSTILE}],
    )
    sandbox.fault(directory.tenant, kind="status", path=HOSTILE, retry_after=HOSTILE)
    sections = ("", "applications", "people", "groups", "switches", "faults", "usage")
    pages = [_of(directory, each) for each in sections]
    pages += [
        _of(directory, "people", made["users"][0]),
        _of(directory, "groups", made["groups"][0]),
    ]
    pages += ["/", f"{_of(directory, 'people')}?q={HOSTILE}&state={HOSTILE}"]
    for path in pages:
        text = web.get(path).text
        assert html.escape(HOSTILE) in text
        assert "<script" not in text


def test_every_page_is_sent_with_a_policy_and_asks_for_no_script(
    web: httpx.Client, directory: Directory
) -> None:
    for path in ("/", _of(directory), _of(directory, "faults"), "/page/nothing", "/page/base.css"):
        answer = web.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert " style=" not in answer.text
        assert " onclick" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:80"},
    ],
)
def test_a_web_page_elsewhere_cannot_drive_it(
    web: httpx.Client, directory: Directory, headers: dict[str, str]
) -> None:
    form = {"what": "feature", "on": "0"}
    assert web.post(_of(directory, "state"), data=form, headers=headers).status_code == 403
    path = f"/tenants/{directory.tenant}"
    changed = web.put(path, json={"scim_enabled": False}, headers=headers)
    assert (changed.status_code, "error" in changed.json()) == (403, True)
    advanced = web.post("/clock", content='{"advance_seconds": 9}', headers=headers)
    assert advanced.status_code == 403
    assert web.get(path).json()["scim_enabled"] is True


def test_a_rebound_name_reads_nothing(web: httpx.Client, directory: Directory) -> None:
    for path in ("/", "/usage", _of(directory), f"/tenants/{directory.tenant}/costs.csv"):
        assert web.get(path, headers={"Host": "rebound.example"}).status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.8.8.8"])
def test_its_own_page_and_programs_of_this_machine_may(
    web: httpx.Client, sandbox: RunningSandbox, name: str
) -> None:
    host = f"{name}:{sandbox.port}"
    own = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    form = {"amount": "1", "unit": "seconds"}
    assert web.post("/page/clock", data=form, headers=own).status_code == 303
    assert web.post("/clock", json={"advance_seconds": 1}, headers={"Host": host}).is_success


def test_feature_and_licence_are_turned_off_and_on(web: httpx.Client, directory: Directory) -> None:
    for what, status in (("feature", 400), ("licence", 403)):
        _done(web, _of(directory, "state"), {"what": what, "on": "0"})
        assert directory.scim.get("/users").status_code == status
        _done(web, _of(directory, "state"), {"what": what, "on": "1"})
        assert directory.scim.get("/users").status_code == 200


def test_an_applications_flags_permissions_and_secrets(
    web: httpx.Client, directory: Directory
) -> None:
    app = {"client_id": "app"}
    there = _of(directory, "applications")
    for flag, code in (("disabled", 7000112), ("blocked", 53003), ("secret_expired", 7000222)):
        _done(web, f"{there}/flag", {**app, "flag": flag, "on": "1"})
        assert _refusal(directory, "secret") == [code]
        _done(web, f"{there}/flag", {**app, "flag": flag, "on": "0"})
        assert _refusal(directory, "secret") == []
    _done(web, f"{there}/flag", {**app, "flag": "consented", "on": "0"})
    assert _status(directory, "secret") == 403
    _done(web, f"{there}/flag", {**app, "flag": "consented", "on": "1"})
    _done(web, f"{there}/permissions", {**app, "permissions": "Group.Read.All"})
    assert _status(directory, "secret") == 403
    _done(web, f"{there}/permissions", {**app, "permissions": "User.Read.All"})
    page = _done(web, f"{there}/secret", app)
    secret = re.findall(r"<dd><code>([^<]+)</code>", _note(page))[1]
    assert [_status(directory, each) for each in (secret, "secret")] == [200, 200]
    _done(web, f"{there}/delete", app)
    assert _refusal(directory, "secret") == [700016]


def _refusal(directory: Directory, secret: str) -> list[int]:
    form = {
        "grant_type": "client_credentials",
        "client_id": "app",
        "client_secret": secret,
        "scope": SCOPE,
    }
    url = f"{directory.sandbox.url}/{directory.tenant}/oauth2/v2.0/token"
    return directory.sandbox.control.post(url, data=form).json().get("error_codes", [])


def _status(directory: Directory, secret: str) -> int:
    token = directory.sandbox.token(directory.tenant, "app", secret)
    with directory.sandbox.client(token) as scim:
        return scim.get("/users").status_code


def test_an_application_is_registered_once(web: httpx.Client, directory: Directory) -> None:
    answer = web.post(_of(directory, "applications"), data={"client_id": "APP", "name": "Twice"})
    assert answer.status_code == 409
    assert "already" in answer.text
    assert 'value="Twice"' in answer.text


def test_switches_are_saved_and_only_what_differs_is_stored(
    web: httpx.Client, directory: Directory
) -> None:
    form = {each.name: written(each.default) for each in fields(Switches)}
    changed = {"duplicate_status": "400", "read_lag_seconds": "1.5", "throttle": "off"}
    page = _done(web, _of(directory, "switches"), {**form, **changed})
    assert "The switches are saved." in page
    stored = directory.sandbox.control.get(f"/tenants/{directory.tenant}").json()["settings"]
    assert stored == {"duplicate_status": 400, "read_lag_seconds": 1.5, "throttle": False}
    for name in form:
        assert f'name="{name}"' in page


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("soft_delete_days", "many"),
        ("unit_price", "0,002"),
        ("throttle_other_share", "2"),
        ("duplicate_status", "500"),
        ("token_lifetime_seconds", "1.5"),
    ],
)
def test_a_switch_that_cannot_be_so_is_named(
    web: httpx.Client, directory: Directory, name: str, text: str
) -> None:
    answer = web.post(_of(directory, "switches"), data={name: text})
    assert answer.status_code == 400
    problem = re.search(r'<p class="problem" role="alert">(.*?)</p>', answer.text)
    assert problem
    assert name in problem[1]
    assert directory.sandbox.control.get(f"/tenants/{directory.tenant}").json()["settings"] == {}


def test_people_are_searched_paged_and_shown_whole(web: httpx.Client, directory: Directory) -> None:
    directory.people(120)
    ada = directory.person("zoe", displayName="Ünal Zoë", active=False, title="Baker")
    first, last = (_page(web, _of(directory, f"people?page={n}")) for n in (1, 3))
    assert ("121 people" in first, "Page 1 of 3" in first, "Ünal Zoë" in first) == (
        True,
        True,
        False,
    )
    assert "Ünal Zoë" in last
    found = _page(web, _of(directory, "people?q=ÜNAL&state=disabled"))
    assert ("1 person" in found, ada in found) == (True, True)
    assert "Nobody fits." in _page(web, _of(directory, "people?q=ünal&state=active"))
    one = _page(web, _of(directory, "people", ada))
    for told in ("name.familyName", "Byron", '"title": "Baker"', "Disabled"):
        assert told in one
    assert web.get(_of(directory, "people", str(uuid.uuid4()))).status_code == 404
    for odd in ("page=0", "page=x", "page=99999999999999999999", "page=-1"):
        assert "121 people" in _page(web, _of(directory, f"people?{odd}"))


def test_a_group_shows_its_members(web: httpx.Client, directory: Directory) -> None:
    ids = directory.people(60)
    made = directory.sandbox.seed(
        directory.tenant, groups=[{"displayName": "Bakers", "members": ids}]
    )
    (group,) = made["groups"]
    listed = _page(web, _of(directory, "groups?q=bak"))
    assert ("1 group" in listed, group in listed) == (True, True)
    assert "No group fits." in _page(web, _of(directory, "groups?q=nothing"))
    shown = _page(web, _of(directory, "groups", f"{group}?page=2"))
    assert ("60 members" in shown, "P 59" in shown, "P 0<" in shown) == (True, True, False)
    assert "Bakers" in _page(web, _of(directory, "people", ids[0]))


def test_a_fault_is_made_strikes_and_is_cleared(web: httpx.Client, directory: Directory) -> None:
    form = {
        "kind": "status",
        "when": "before",
        "status": "429",
        "retry_after": "7",
        "method": "GET",
        "path": "/Users",
        "times": "2",
        "rate": "",
        "seed": "",
        "delay": "",
    }
    assert "2 times" in _done(web, _of(directory, "faults"), form)
    assert directory.scim.get("/groups").status_code == 200
    struck = directory.scim.get("/users")
    assert (struck.status_code, struck.headers["retry-after"]) == (429, "7")
    page = _done(web, _of(directory, "faults", "clear"), {})
    assert "No fault waits" in page
    assert directory.scim.get("/users").status_code == 200


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kind", "earthquake"),
        ("status", "many"),
        ("status", "99"),
        ("status", "600"),
        ("rate", "1.5"),
        ("rate", "nan"),
        ("times", "0"),
        ("delay", "-1"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_and_kept(
    web: httpx.Client, directory: Directory, name: str, text: str
) -> None:
    form = {"kind": "status", "path": "/kept", name: text}
    answer = web.post(_of(directory, "faults"), data=form)
    assert answer.status_code == 400
    problem = re.search(r'<p class="problem" role="alert">(.*?)</p>', answer.text)
    assert problem
    assert name in problem[1]
    assert 'value="/kept"' in answer.text
    shown = directory.sandbox.control.get(f"/tenants/{directory.tenant}/faults").json()
    assert shown == {"faults": []}


def test_a_header_cannot_be_smuggled_in_by_a_fault(directory: Directory) -> None:
    fault = {"kind": "status", "retry_after": "1\r\nSet-Cookie: a=b"}
    answer = directory.sandbox.control.post(f"/tenants/{directory.tenant}/faults", json=fault)
    assert answer.status_code == 400


def test_usage_shows_each_hour_by_status(web: httpx.Client, directory: Directory) -> None:
    assert "No SCIM call yet" in _page(web, _of(directory, "usage"))
    for path in ("/users", "/groups", "/users?count=x"):
        directory.scim.get(path)
    page = _page(web, _of(directory, "usage"))
    row = re.search(r"<tbody><tr>(.*?)</tr>", page)
    assert row
    cells = re.findall(r"<(?:td|th)[^>]*>(?:<[^>]+>)*([^<]*)", row[1])
    assert cells[1:] == ["3", "2", "2", "1"]
    assert "USD 0.004" in page
    home = _page(web, "/")
    assert re.search(rf"{directory.tenant}.*?USD 0\.004", home)


def test_the_export_is_downloaded_and_bad_days_are_kept(
    web: httpx.Client, directory: Directory
) -> None:
    directory.scim.get("/users")
    there = _of(directory, "costs.csv")
    answer = web.get(there, params={"from": "2000-01-01", "to": "2199-12-31"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.text.splitlines()) == 2
    refused = web.get(there, params={"from": "2026-03-09", "to": "2026-03-08"})
    assert refused.status_code == 400
    assert re.search(r'<p class="problem" role="alert">[^<]*before', refused.text)
    assert 'value="2026-03-09"' in refused.text
    assert web.get(_of(directory).replace(directory.tenant, "x") + "/costs.csv").status_code == 404


def test_the_clock_is_advanced(web: httpx.Client, sandbox: RunningSandbox) -> None:
    before = sandbox.control.get("/clock").json()["now"]
    page = _done(web, "/page/clock", {"amount": "2", "unit": "days"})
    assert "The sandbox's clock says" in page
    assert sandbox.control.get("/clock").json()["now"] > before
    for amount, unit in (("soon", "days"), ("1e300", "days"), ("nan", "days"), ("1", "eons")):
        answer = web.post("/page/clock", data={"amount": amount, "unit": unit})
        assert answer.status_code == 400
        assert f'value="{amount}"' in answer.text


def test_a_directory_is_deleted_only_when_that_is_meant(
    web: httpx.Client, directory: Directory
) -> None:
    refused = web.post(_of(directory, "delete"), data={})
    assert refused.status_code == 400
    assert "Tick the box" in refused.text
    assert "is forgotten" in _done(web, _of(directory, "delete"), {"sure": "1"})
    assert web.get(_of(directory)).status_code == 404


def test_a_note_is_shown_once(web: httpx.Client, directory: Directory) -> None:
    answer = web.post(_of(directory, "state"), data={"what": "feature", "on": "1"})
    there = answer.url.join(answer.headers["location"])
    assert 'class="note"' in web.get(there).text
    assert 'class="note"' not in web.get(there).text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/page/nothing", 404),
        ("GET", "/page/tenants/x", 404),
        ("POST", "/page/tenants/x/faults", 404),
        ("DELETE", "/page/tenants", 404),
        ("GET", "/page/", 303),
        ("GET", "", 303),
    ],
)
def test_other_addresses(sandbox: RunningSandbox, method: str, path: str, status: int) -> None:
    answer = sandbox.control.request(method, f"{sandbox.url}/_sandbox{path}")
    assert answer.status_code == status


def test_a_form_is_a_form(web: httpx.Client) -> None:
    assert web.post("/page/tenants", json={"name": "x"}).status_code == 415
    sent = web.post(
        "/page/tenants",
        content=b"name=\xff",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert sent.status_code == 400
