"""One directory: where it is reached, what the portal needs to use it, and its configuration."""

from msp_portal.sandbox.http import Response
from msp_portal.sandbox.page.forms import Form, button
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.layout import document, tenant_head
from msp_portal.sandbox.page.parts import badge, card, code, facts, link
from msp_portal.sandbox.page.visit import Visit
from msp_portal.sandbox.page.words import address, count
from msp_portal.sandbox.scim import BASE
from msp_portal.sandbox.tenants import Application, Tenant
from msp_portal.sandbox.tokens import DEFAULT_TENANT

_SHOWN = 5


def show(visit: Visit, status: int = 200) -> Response:
    """The overview of a directory."""
    tenant = visit.tenant()
    columns = element(
        "div",
        element("div", _portal(visit, tenant), _addresses(visit, tenant)),
        element("div", _state(tenant), _configuration(visit, tenant), _removal(visit, tenant)),
        class_="columns",
    )
    name = tenant.config.name or tenant.id
    return document(visit, name, tenant_head(tenant, ""), columns, status=status)


def _portal(visit: Visit, tenant: Tenant) -> Markup:
    apps = list(tenant.config.applications.values())
    here = link("Applications", address("tenants", tenant.id, "applications"))
    named = [_named(each) for each in apps[:_SHOWN]]
    if len(apps) > _SHOWN:
        named.append(element("span", "and more under ", here))
    rows: list[tuple[str, Child]] = [
        ("Cloud", "Sandbox"),
        ("Tenant id", code(tenant.id)),
        ("Sandbox address", code(visit.host)),
        ("Application (client) id", named or element("span", "none yet: create one under ", here)),
        ("Client secret", "shown once, when the application or the secret was created"),
    ]
    lede = "Add a tenant to the customer in the portal, then store the secret under Credential."
    return card("Use it in the portal", facts(rows), lede=lede)


def _named(app: Application) -> Markup:
    return element("span", code(app.client_id), f" ({app.name})" if app.name else None)


def _addresses(visit: Visit, tenant: Tenant) -> Markup:
    token = f"{visit.host}/{tenant.id}/oauth2/v2.0/token"
    rows: list[tuple[str, Child]] = [
        ("SCIM base address", code(f"{visit.host}{BASE}")),
        ("Token endpoint", code(token)),
        ("Scope", code("https://graph.microsoft.com/.default")),
    ]
    if visit.static_token and tenant.id == DEFAULT_TENANT:
        told = "the one this sandbox was started with opens this directory, with every permission"
        rows.append(("Static token", told))
    lede = "For other SCIM clients, with client credentials."
    return card("Addresses", facts(rows), lede=lede)


def _state(tenant: Tenant) -> Markup:
    there = address("tenants", tenant.id, "state")
    feature, licence = tenant.config.scim_enabled, tenant.switches.licensed
    rows: list[tuple[str, Child]] = [
        ("SCIM Provisioning API", [_on(feature), _turn(there, "feature", feature, "SCIM")]),
        ("Entra ID P1 licence", [_on(licence), _turn(there, "licence", licence, "licence")]),
        ("People", count(len(tenant.directory.users))),
        ("Groups", count(len(tenant.directory.groups))),
    ]
    lede = "Without the feature or the licence every SCIM call is refused, as Entra refuses it."
    return card("State", facts(rows), lede=lede)


def _on(state: bool) -> Markup:
    return badge("On", "good") if state else badge("Off", "bad")


def _turn(action: str, what: str, state: bool, name: str) -> Markup:
    words = "Turn off" if state else "Turn on"
    return button(action, words, label=f"{words}: {name}", what=what, on="0" if state else "1")


def _configuration(visit: Visit, tenant: Tenant) -> Markup:
    form = Form(visit, "configuration", address("tenants", tenant.id))
    config = tenant.config
    body = form.render(
        form.text("name", "Name", config.name),
        form.lines("domains", "Verified domains", "\n".join(config.domains)),
        form.lines("federated_domains", "Federated domains", "\n".join(config.federated_domains)),
        submit="Save",
    )
    return card("Configuration", body)


def _removal(visit: Visit, tenant: Tenant) -> Markup:
    form = Form(visit, "removal", address("tenants", tenant.id, "delete"))
    body = form.render(
        form.check("sure", "Forget this directory, its people and its counts", "1", checked=False),
        submit="Delete the directory",
        danger=True,
    )
    summary = element("summary", "Delete this directory")
    return element("details", summary, body, class_="card fold", open=form.refused)
