"""The control page in the browser: which address shows what, which form does what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from msp_portal.sandbox import guard
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Request, Response
from msp_portal.sandbox.page import (
    actions,
    applications,
    faults,
    groups,
    home,
    overview,
    people,
    switches,
    usage,
)  # fmt: skip
from msp_portal.sandbox.page.html import element
from msp_portal.sandbox.page.layout import document, static, titled
from msp_portal.sandbox.page.notes import Notes
from msp_portal.sandbox.page.parts import link
from msp_portal.sandbox.page.visit import PAGES, ROOT, Draft, Visit
from msp_portal.sandbox.service import Service

_View = Callable[..., Response]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Post:
    """What a form does, the page that shows it again when it is refused, and its name there."""

    act: Callable[[Visit], actions.Done]
    view: _View
    form: str


# Path below PAGES; "*" stands for any part.
_PAGES: dict[tuple[str, ...], _View] = {
    ("tenants", "*"): overview.show,
    ("tenants", "*", "applications"): applications.show,
    ("tenants", "*", "people"): people.show,
    ("tenants", "*", "people", "*"): people.show_one,
    ("tenants", "*", "groups"): groups.show,
    ("tenants", "*", "groups", "*"): groups.show_one,
    ("tenants", "*", "switches"): switches.show,
    ("tenants", "*", "faults"): faults.show,
    ("tenants", "*", "usage"): usage.show,
    ("tenants", "*", "costs.csv"): usage.download,
}
_APPS = ("tenants", "*", "applications")
_POSTS: dict[tuple[str, ...], _Post] = {
    ("tenants",): _Post(actions.create, home.show, "create"),
    ("clock",): _Post(actions.advance, home.show, "clock"),
    ("tenants", "*"): _Post(actions.configure, overview.show, "configuration"),
    ("tenants", "*", "state"): _Post(actions.turn, overview.show, ""),
    ("tenants", "*", "delete"): _Post(actions.delete, overview.show, "removal"),
    _APPS: _Post(actions.add_application, applications.show, "application"),
    (*_APPS, "flag"): _Post(actions.set_flag, applications.show, ""),
    (*_APPS, "permissions"): _Post(actions.set_permissions, applications.show, ""),
    (*_APPS, "secret"): _Post(actions.add_secret, applications.show, ""),
    (*_APPS, "delete"): _Post(actions.remove_application, applications.show, ""),
    ("tenants", "*", "switches"): _Post(actions.set_switches, switches.show, "switches"),
    ("tenants", "*", "faults"): _Post(actions.add_fault, faults.show, "fault"),
    ("tenants", "*", "faults", "clear"): _Post(actions.clear_faults, faults.show, ""),
}


def is_page(path: str) -> bool:
    """Whether a path belongs to the control page, not to the control API."""
    return path in (ROOT.rstrip("/"), ROOT) or path.startswith(PAGES)


class Site:
    """Answers the paths of `is_page`."""

    def __init__(self, service: Service, *, static_token: bool) -> None:
        self._service = service
        self._static_token = static_token
        self._notes = Notes()

    def answer(self, request: Request) -> Response:
        """A page, a redirect after a form, or a page that says what was wrong."""
        path = [each for each in request.path[len(PAGES) :].split("/") if each]
        visit = Visit(self._service, request, path, static_token=self._static_token)
        try:
            guard.check(request)
        except ControlError as error:
            return Response(
                error.status, error.message.encode(), [(b"content-type", b"text/plain")]
            )
        try:
            return self._route(visit)
        except ControlError as error:
            return _problem(visit, error)

    def _route(self, visit: Visit) -> Response:
        match visit.request.method, visit.path:
            case (("GET" | "HEAD"), [name]) if (found := static(name)) is not None:
                return found
            case (("GET" | "HEAD"), path):
                visit.note = self._notes.take(visit.query.get("note", ""))
                view = _found(_PAGES, path) if path else home.show
                if view is not None and (path or visit.request.path == ROOT):
                    return view(visit)
                if not path:
                    return _redirect(ROOT)
            case "POST", path:
                if (post := _found(_POSTS, path)) is not None:
                    return self._post(visit, post)
        raise ControlError(404, "There is no such page.")

    def _post(self, visit: Visit, post: _Post) -> Response:
        try:
            there, note = post.act(visit)
        except ControlError as error:
            if not post.form or error.status == 404:
                raise
            visit.draft = Draft(post.form, visit.form, error.message)
            return post.view(visit, error.status)
        return _redirect(_with_note(there, self._notes.put(note)))


def _found(table: dict[tuple[str, ...], _T], path: list[str]) -> _T | None:
    return next((value for pattern, value in table.items() if _fits(pattern, path)), None)


def _fits(pattern: tuple[str, ...], path: list[str]) -> bool:
    same = len(pattern) == len(path)
    return same and all(p in ("*", q) for p, q in zip(pattern, path, strict=True))


def _with_note(there: str, key: str) -> str:
    path, mark, fragment = there.partition("#")
    path, _, query = path.partition("?")
    asked = urlencode([*parse_qsl(query), ("note", key)])
    return f"{path}?{asked}{mark}{fragment}"


def _redirect(there: str) -> Response:
    return Response(303, b"", [(b"location", there.encode()), (b"cache-control", b"no-store")])


def _problem(visit: Visit, error: ControlError) -> Response:
    title = "Not found" if error.status == 404 else "Refused"
    back = element("p", link("All directories", ROOT))
    return document(visit, title, titled(title, lede=error.message), back, status=error.status)
