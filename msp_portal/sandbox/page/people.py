"""The people of one directory: a list to search, and everything about one."""

import json
from collections.abc import Iterable
from itertools import islice

from msp_portal.sandbox.directory import Entry
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Json, Response
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.layout import document, tenant_head
from msp_portal.sandbox.page.parts import badge, card, code, empty, facts, link, pager, table
from msp_portal.sandbox.page.visit import Visit
from msp_portal.sandbox.page.words import address, count
from msp_portal.sandbox.tenants import Tenant

SIZE = 50
_HEADS = (("Name", ""), ("User name", ""), ("External id", ""), ("State", ""))
_STATES = (("", "All"), ("active", "Active"), ("disabled", "Disabled"))


def show(visit: Visit) -> Response:
    """A page of people whose name or user name contains what was searched for."""
    tenant = visit.tenant()
    sought, state = visit.query.get("q", "").strip(), visit.query.get("state", "")
    found = [each for each in tenant.directory.users.since(0) if _fits(each, sought, state)]
    pages = max(1, -(-len(found) // SIZE))
    page = visit.number("page", pages)
    rows = [_row(tenant, each) for each in islice(found, (page - 1) * SIZE, page * SIZE)]
    shown = table("People", _HEADS, rows) if rows else empty(_nobody(tenant))
    parts = ("tenants", tenant.id, "people")
    listed = card(
        count(len(found), "person", "people"),
        search_form(address(*parts), sought, state),
        shown,
        pager(parts, page, pages, q=sought, state=state),
        lede=_lag(tenant),
    )
    title = f"People of {tenant.config.name}"
    return document(visit, title, tenant_head(tenant, "people"), listed)


def show_one(visit: Visit) -> Response:
    """Everything about one person."""
    tenant = visit.tenant()
    entry = tenant.directory.users.by_id.get(visit.path[3].lower())
    if entry is None:
        raise ControlError(404, "This directory has no such person any more.")
    resource = entry.resource
    name = str(resource.get("displayName") or resource.get("userName") or resource["id"])
    rows: list[tuple[str, Child]] = list(flat(resource))
    rows.append(("Password", "set" if entry.password_set else "none"))
    back = link("All people", address("tenants", tenant.id, "people"))
    heading = element("div", state_of(resource), back, class_="title")
    columns = element(
        "div",
        card(name, heading, facts(rows)),
        element("div", _groups(tenant, resource["id"]), raw(resource)),
        class_="columns",
    )
    return document(visit, name, tenant_head(tenant, "people"), columns)


def search_form(action: str, sought: str, state: str | None = None) -> Markup:
    """Search without a script; `state` None: there is no state to choose."""
    options = [
        element("option", words, value=value, selected=value == state) for value, words in _STATES
    ]
    chosen = element("select", options, name="state", aria_label="State")
    typed = element("input", type="search", name="q", value=sought, aria_label="Search by name",
                    placeholder="Search by name")  # fmt: skip
    button = element("button", "Search")
    return element("form", typed, None if state is None else chosen, button, method="get",
                   action=action, class_="search", role="search")  # fmt: skip


def flat(value: Json, prefix: str = "") -> Iterable[tuple[str, str]]:
    """Attributes with their paths, as SCIM writes them: name.familyName, emails[1].value."""
    for key, each in value.items():
        if isinstance(each, dict):
            yield from flat(each, f"{prefix}{_short(key)}.")
        elif isinstance(each, list) and any(isinstance(one, dict) for one in each):
            for number, one in enumerate(each, start=1):
                yield from flat(one, f"{prefix}{key}[{number}].")
        else:
            yield f"{prefix}{_short(key)}", _text(each)


def raw(resource: Json) -> Markup:
    """A resource as JSON."""
    text = json.dumps(resource, indent=2, ensure_ascii=False)
    block = element("pre", element("code", text), tabindex="0")
    return element("details", element("summary", "As JSON"), block, class_="card fold", open=True)


def state_of(resource: Json) -> Markup:
    """Active or disabled."""
    return badge("Active", "good") if resource.get("active") else badge("Disabled")


def _short(key: str) -> str:
    """An extension by what tells it from the others in its URN: enterprise, Entra."""
    if not key.startswith("urn:"):
        return key
    parts = key.split(":")
    return parts[-3] if parts[-1] in ("User", "Group") and len(parts) > 3 else parts[-1]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return str(value)


def _fits(entry: Entry, sought: str, state: str) -> bool:
    resource = entry.resource
    if state and bool(resource.get("active")) != (state == "active"):
        return False
    names = f"{resource.get('displayName', '')}\n{resource.get('userName', '')}"
    return sought.casefold() in names.casefold()


def _row(tenant: Tenant, entry: Entry) -> list[Child]:
    resource = entry.resource
    name = str(resource.get("displayName") or resource.get("userName") or resource["id"])
    there = address("tenants", tenant.id, "people", resource["id"])
    external = resource.get("externalId")
    return [
        link(name, there),
        str(resource.get("userName", "")),
        code(str(external)) if external else "none",
        state_of(resource),
    ]


def _groups(tenant: Tenant, user_id: str) -> Markup:
    directory = tenant.directory
    ids = [each for each in directory.member_of.get(user_id, {}) if each in directory.groups.by_id]
    links = [
        element("li", link(str(directory.groups.by_id[each].resource.get("displayName")),
                           address("tenants", tenant.id, "groups", each)))
        for each in ids
    ]  # fmt: skip
    shown = element("ul", links, class_="plain") if links else empty("Member of no group.")
    return card("Groups", shown)


def _nobody(tenant: Tenant) -> str:
    return "Nobody fits." if len(tenant.directory.users) else "Nobody is in this directory yet."


def _lag(tenant: Tenant) -> str | None:
    if not tenant.switches.read_lag_seconds:
        return None
    seconds = f"{tenant.switches.read_lag_seconds:g}"
    return f"What was written; SCIM clients read it {seconds} seconds later (read_lag_seconds)."
