"""The frame around every page, and the headers it is sent with."""

from pathlib import Path

from msp_portal.sandbox.http import Headers, Response
from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.notes import Note
from msp_portal.sandbox.page.parts import badge, facts, link
from msp_portal.sandbox.page.visit import PAGES, ROOT, Visit
from msp_portal.sandbox.page.words import address, count, moment
from msp_portal.sandbox.tenants import Tenant

_FOLDER = Path(__file__).parent / "files"
POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'"
)
SECTIONS = (
    ("", "Overview"),
    ("applications", "Applications"),
    ("people", "People"),
    ("groups", "Groups"),
    ("switches", "Switches"),
    ("faults", "Faults"),
    ("usage", "Usage and cost"),
)
_SAFE: Headers = [
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # no-referrer would make the origin of a form "null"
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_STYLES = ("base.css", "frame.css", "lists.css", "forms.css")
_FILES = {"icon.svg": b"image/svg+xml", **dict.fromkeys(_STYLES, b"text/css; charset=utf-8")}


def static(name: str) -> Response | None:
    """A stylesheet or the icon."""
    if name not in _FILES:
        return None
    headers = [(b"content-type", _FILES[name]), (b"cache-control", b"no-cache"), *_SAFE]
    return Response(200, (_FOLDER / name).read_bytes(), headers)


def document(visit: Visit, title: str, *main: Child, status: int = 200) -> Response:
    """A whole page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} · Entra sandbox"),
        [element("link", rel="stylesheet", href=PAGES + each) for each in _STYLES],
        element("link", rel="icon", href=f"{PAGES}icon.svg", type="image/svg+xml"),
    )
    note = _note(visit.note)
    whole = element("main", note, *main, id="main")
    body = element("body", link("Skip to content", "#main", class_="skip"), _bar(visit), whole)
    text = f"<!doctype html>\n{element('html', head, body, lang='en')}"
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        *_SAFE,
    ]
    return Response(status, text.encode("utf-8", "replace"), headers)


def titled(title: str, *beside: Child, lede: Child = None) -> Markup:
    """The heading of a page."""
    told = element("p", lede, class_="lede") if lede else None
    return element("header", element("div", element("h1", title), *beside, class_="title"), told,
                   class_="head")  # fmt: skip


def tenant_head(tenant: Tenant, current: str) -> Markup:
    """Name, states and sections of a directory."""
    states = [
        badge("SCIM on", "good") if tenant.config.scim_enabled else badge("SCIM off", "bad"),
        None if tenant.switches.licensed else badge("No licence", "bad"),
        _faults(len(tenant.faults.shown())),
    ]
    tabs = [
        link(words, address("tenants", tenant.id, *([part] if part else [])),
             **({"aria_current": "page"} if part == current else {}))
        for part, words in SECTIONS
    ]  # fmt: skip
    back = link("Directories", ROOT)
    return element(
        "header",
        element("nav", back, class_="crumbs", aria_label="Breadcrumb"),
        element("div", element("h1", tenant.config.name or "Unnamed directory"),
                element("span", states, class_="badges"), class_="title"),
        element("p", element("code", tenant.id), class_="ident"),
        element("nav", tabs, class_="tabs", aria_label="Sections of the directory"),
        class_="head",
    )  # fmt: skip


def _faults(number: int) -> Markup | None:
    return badge(count(number, "fault") + " waiting", "warn") if number else None


def _bar(visit: Visit) -> Markup:
    now = moment(visit.service.now())
    mark = link([element("span", "S", class_="mark", aria_hidden="true"), "Entra sandbox"], ROOT,
                class_="brand")  # fmt: skip
    clock = link(now, f"{ROOT}#clock", class_="now", title="The sandbox's clock")
    return element("div", mark, clock, class_="bar", role="banner")


def _note(note: Note | None) -> Markup | None:
    if note is None:
        return None
    rows = facts([(name, element("code", value)) for name, value in note.rows])
    return element("div", element("p", note.text), rows if note.rows else None,
                   class_="note", role="status")  # fmt: skip
