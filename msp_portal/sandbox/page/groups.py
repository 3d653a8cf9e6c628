"""The groups of one directory, and who is in one."""

from itertools import islice

from msp_portal.sandbox.directory import Directory, Entry
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Response
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.layout import document, tenant_head
from msp_portal.sandbox.page.parts import card, empty, facts, link, pager, table
from msp_portal.sandbox.page.people import SIZE, flat, raw, search_form, state_of
from msp_portal.sandbox.page.visit import Visit
from msp_portal.sandbox.page.words import address, count
from msp_portal.sandbox.schemas import ENTRA_GROUP
from msp_portal.sandbox.tenants import Tenant

_HEADS = (("Name", ""), ("Kind", ""), ("Members", "num"), ("Owners", "num"))


def show(visit: Visit) -> Response:
    """A page of groups whose name contains what was searched for."""
    tenant = visit.tenant()
    sought = visit.query.get("q", "").strip()
    everything = tenant.directory.groups.since(0)
    found = [each for each in everything if sought.casefold() in _name(each).casefold()]
    pages = max(1, -(-len(found) // SIZE))
    page = visit.number("page", pages)
    rows = [_row(tenant, each) for each in islice(found, (page - 1) * SIZE, page * SIZE)]
    parts = ("tenants", tenant.id, "groups")
    listed = card(
        count(len(found), "group"),
        search_form(address(*parts), sought),
        table("Groups", _HEADS, rows) if rows else empty(_nothing(tenant)),
        pager(parts, page, pages, q=sought),
    )
    head = tenant_head(tenant, "groups")
    return document(visit, f"Groups of {tenant.config.name}", head, listed, _deleted(visit, tenant))


def show_one(visit: Visit) -> Response:
    """A group's attributes and members."""
    tenant = visit.tenant()
    entry = tenant.directory.groups.by_id.get(visit.path[3].lower())
    if entry is None:
        raise ControlError(404, "This directory has no such group any more.")
    rows: list[tuple[str, Child]] = list(flat(entry.resource))
    back = link("All groups", address("tenants", tenant.id, "groups"))
    columns = element(
        "div",
        element("div", card(_name(entry), back, facts(rows)), raw(entry.resource)),
        _members(visit, tenant, entry.resource["id"]),
        class_="columns",
    )
    return document(visit, _name(entry), tenant_head(tenant, "groups"), columns)


def _members(visit: Visit, tenant: Tenant, group_id: str) -> Markup:
    ids = list(tenant.directory.members.get(group_id, {}))
    pages = max(1, -(-len(ids) // SIZE))
    page = visit.number("page", pages)
    rows = [_member(tenant, each) for each in ids[(page - 1) * SIZE : page * SIZE]]
    return card(
        count(len(ids), "member"),
        table("Members", (("Name", ""), ("Kind", "")), rows) if rows else empty("No members."),
        pager(("tenants", tenant.id, "groups", group_id), page, pages),
    )


def _member(tenant: Tenant, member: str) -> list[Child]:
    directory: Directory = tenant.directory
    if user := directory.users.by_id.get(member):
        name = str(user.resource.get("displayName") or user.resource.get("userName") or member)
        return [link(name, address("tenants", tenant.id, "people", member)),
                state_of(user.resource)]  # fmt: skip
    if group := directory.groups.by_id.get(member):
        return [link(_name(group), address("tenants", tenant.id, "groups", member)), "Group"]
    return [element("code", member), "not in this directory"]


def _row(tenant: Tenant, entry: Entry) -> list[Child]:
    group_id = entry.resource["id"]
    directory = tenant.directory
    return [
        link(_name(entry), address("tenants", tenant.id, "groups", group_id)),
        _kind(entry),
        count(len(directory.members.get(group_id, {}))),
        count(len(directory.owners.get(group_id, {}))),
    ]


def _name(entry: Entry) -> str:
    return str(entry.resource.get("displayName") or entry.resource["id"])


def _kind(entry: Entry) -> str:
    extension = entry.resource.get(ENTRA_GROUP, {})
    kinds = extension.get("groupTypes") or ()
    if "Unified" in kinds:
        return "Microsoft 365"
    security = "Security" if extension.get("securityEnabled") else "Distribution"
    return f"{security}, dynamic" if "DynamicMembership" in kinds else security


def _nothing(tenant: Tenant) -> str:
    return "No group fits." if len(tenant.directory.groups) else "This directory has no group yet."


def _deleted(visit: Visit, tenant: Tenant) -> Markup | None:
    groups = visit.service.deleted(tenant)["groups"]
    if not groups:
        return None
    lede = "Microsoft 365 groups that Entra still keeps; SCIM cannot restore them."
    names = [element("li", str(each.get("displayName"))) for each in groups]
    return card("Deleted", element("ul", names, class_="plain"), lede=lede)
