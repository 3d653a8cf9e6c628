"""The app registrations of one directory."""

from msp_portal.sandbox.http import Response
from msp_portal.sandbox.page.forms import Form, button
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.layout import document, tenant_head
from msp_portal.sandbox.page.parts import badge, card, code, empty, facts
from msp_portal.sandbox.page.permissions import BY_KIND, KNOWN, Pairs
from msp_portal.sandbox.page.visit import Visit
from msp_portal.sandbox.page.words import address, count, day_of
from msp_portal.sandbox.service import new_id
from msp_portal.sandbox.tenants import Application, Tenant

# Flag -> name, words for its two states, whether being set is the good state
FLAGS = {
    "consented": ("Admin consent", "Given", "Missing", True),
    "blocked": ("Conditional Access", "Blocks it", "Lets it pass", False),
    "disabled": ("Application", "Disabled", "Enabled", False),
    "secret_expired": ("Secrets", "All expired", "As dated", False),
}
_TURN = {
    "consented": ("Withdraw consent", "Give consent"),
    "blocked": ("Let it pass", "Block"),
    "disabled": ("Enable", "Disable"),
    "secret_expired": ("Undo", "Expire all"),
}
_USUAL = ("User.ReadWrite.All", "Group.ReadWrite.All")


def show(visit: Visit, status: int = 200) -> Response:
    """The applications of a directory, and a form for one more."""
    tenant = visit.tenant()
    apps = tenant.config.applications.values()
    none = empty("No application yet: nothing can get a token for this directory.")
    cards = [_card(visit, tenant, each) for each in apps] or [card("Applications", none)]
    columns = element("div", element("div", cards), _create(visit, tenant), class_="columns")
    title = f"Applications of {tenant.config.name}"
    return document(visit, title, tenant_head(tenant, "applications"), columns, status=status)


def _card(visit: Visit, tenant: Tenant, app: Application) -> Markup:
    there = address("tenants", tenant.id, "applications")
    rows: list[tuple[str, Child]] = [
        ("Client id", code(app.client_id)),
        *[(FLAGS[flag][0], _flag(there, app, flag)) for flag in FLAGS],
        ("Proofs", _proofs(app)),
        ("Permissions", [code(each) for each in app.permissions] or "none"),
    ]
    doings = element(
        "div",
        button(f"{there}/secret", "New secret", client_id=app.client_id),
        button(f"{there}/delete", "Delete", client_id=app.client_id,
               label=f"Delete {app.name or app.client_id}"),
        class_="actions",
    )  # fmt: skip
    return card(app.name or app.client_id, facts(rows), _change(visit, there, app), doings)


def _flag(there: str, app: Application, flag: str) -> Child:
    name, when_set, when_not, good = FLAGS[flag]
    value = bool(getattr(app, flag))
    words = _TURN[flag][0 if value else 1]
    state = badge(when_set if value else when_not, "good" if value == good else "bad")
    return [
        state,
        button(f"{there}/flag", words, label=f"{words}: {name} of {app.name or app.client_id}",
               client_id=app.client_id, flag=flag, on="0" if value else "1"),
    ]  # fmt: skip


def _proofs(app: Application) -> str:
    dated = [each.expires for each in app.secrets if each.expires is not None]
    until = f" (the last dated one until {day_of(max(dated))})" if dated else ""
    kinds = (
        (len(app.secrets), "secret"),
        (len(app.certificates), "certificate"),
        (len(app.federated), "federated credential"),
    )
    shown = ", ".join(count(number, word) for number, word in kinds if number)
    return f"{shown}{until}" if shown else "none"


def _change(visit: Visit, there: str, app: Application) -> Markup:
    form = Form(visit, f"permissions-{app.client_id}", f"{there}/permissions")
    other = tuple(each for each in app.permissions if each not in KNOWN)
    body = form.render(
        form.hidden("client_id", app.client_id),
        _permissions(form, app.permissions, other),
        submit="Save permissions",
    )
    summary = element("summary", "Change permissions")
    return element("details", summary, body, class_="fold", open=form.refused)


def _create(visit: Visit, tenant: Tenant) -> Markup:
    form = Form(visit, "application", address("tenants", tenant.id, "applications"))
    body = form.render(
        form.text("name", "Name", placeholder="MSP provisioning"),
        form.text("client_id", "Application (client) id", new_id(), class_="mono"),
        _permissions(form, _USUAL),
        form.check("consented", "Admin consent is given", "1", checked=True,
                   hint="Without it, tokens carry no permission."),
        submit="Create the application",
    )  # fmt: skip
    lede = "Its secret is made by the sandbox and shown once."
    return card("New application", body, lede=lede, ident="new")


def _permissions(form: Form, granted: tuple[str, ...], other: tuple[str, ...] = ()) -> Markup:
    kinds: list[tuple[str, Pairs]] = list(BY_KIND)
    if other:
        kinds.append(("Others", tuple((each, "") for each in other)))
    groups = [
        element(
            "fieldset",
            element("legend", title),
            [form.check("permissions", code(name), name, checked=name in granted, hint=told)
             for name, told in kind],
        )
        for title, kind in kinds
    ]  # fmt: skip
    return element("div", groups, class_="permissions")
