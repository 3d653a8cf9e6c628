"""One request for the control page: what was asked, what was typed, what went wrong."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Request
from msp_portal.sandbox.page.notes import Note
from msp_portal.sandbox.service import Service
from msp_portal.sandbox.tenants import Tenant

ROOT = "/_sandbox/"
PAGES = "/_sandbox/page/"
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 500


@dataclass(slots=True)
class Draft:
    """A form that was refused: its name, what was typed, and why."""

    form: str
    typed: dict[str, list[str]]
    error: str


@dataclass(slots=True)
class Visit:
    """A request with what the pages need. `path` lies below PAGES, in parts."""

    service: Service
    request: Request
    path: list[str]
    static_token: bool = False
    draft: Draft | None = None
    note: Note | None = None
    _form: dict[str, list[str]] | None = field(default=None)

    @property
    def host(self) -> str:
        """Scheme, host and port of this sandbox as the visitor calls it."""
        return f"http://{self.request.headers['host']}"

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one the last."""
        return dict(parse_qsl(self.request.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, list[str]]:
        """The submitted fields."""
        if self._form is None:
            self._form = _parsed(self.request)
        return self._form

    def field(self, name: str) -> str:
        """A submitted field without white space around it; empty when it is missing."""
        return self.form.get(name, [""])[0].strip()

    def tenant(self) -> Tenant:
        """The directory in the path; ControlError 404."""
        return self.service.find(self.path[1])

    def number(self, name: str, most: int) -> int:
        """A query parameter between 1 and `most`; 1 for anything else."""
        text = self.query.get(name, "")
        whole = text.isascii() and text.isdigit() and len(text) < 10
        return min(max(int(text), 1), most) if whole else 1


def _parsed(request: Request) -> dict[str, list[str]]:
    if not request.body:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise ControlError(415, f"A form is sent as {_FORM}.")
    found: dict[str, list[str]] = {}
    try:
        text = request.body.decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise ControlError(400, "The form cannot be read.") from error
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
