"""A tenant of its own for each row, and the requests of its steps, one by one and raw."""

import json
import socket
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from tests.contract.rules.checks import Like, differences, filled
from tests.contract.rules.rows import JSON, SCIM_JSON, Ask, Change, Json, Later, Row, Step
from tests.support.sandbox import RunningSandbox

SECRET = "secret of the application"
_ERROR = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
    "detail": Like(".+"),
}
_PREFIXES = {"login": "", "control": "/_sandbox"}


@dataclass
class World:
    """The tenant of a row, its neighbour, and what is known by name."""

    sandbox: RunningSandbox
    row: Row
    names: dict[str, str] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    def play(self) -> list[str]:
        """Set the row up and do its steps; gives what differs."""
        self._set_up()
        problems: list[str] = []
        for number, step in enumerate(self.row.steps, 1):
            problems += [f"step {number}: {each}" for each in self._do(step)]
        return problems

    def _set_up(self) -> None:
        tenant, abroad = str(uuid.uuid4()), str(uuid.uuid4())
        self.names = {
            "tenant": tenant,
            "abroad": abroad,
            "app": f"app-{tenant[:13]}",
            "second": f"second-{tenant[:13]}",
        }
        config = {"domains": ["fabled.example"], "federated_domains": ["fed.example"]}
        domains = [*config["domains"], f"{tenant}.example"]
        settings = {"settings": self.row.switches, **self.row.config}
        self.sandbox.put_tenant(
            tenant, **{**config, "domains": domains}, applications=self._applications(), **settings
        )
        if self.row.abroad is not None:
            applications = self._applications()
            self.sandbox.put_tenant(
                abroad, **config, applications=applications, settings=self.row.abroad
            )
        if self.row.people or self.row.groups:
            self.sandbox.seed(tenant, users=self.row.people, groups=self.row.groups)

    def now(self) -> float:
        """The sandbox's clock, in seconds since 1970."""
        answer = self.sandbox.control.post("/clock", json={"advance_seconds": 0})
        return datetime.fromisoformat(answer.json()["now"]).timestamp()

    def _applications(self, **changes: Any) -> list[Json]:
        permissions = self.row.permissions
        given = {**self.row.application, **changes}
        timed = {key: value(self.now()) for key, value in given.items() if callable(value)}
        first = {
            "client_id": self.names["app"],
            "client_secret": SECRET,
            **({} if permissions is None else {"permissions": list(permissions)}),
            **given,
            **timed,
        }
        return [first, {"client_id": self.names["second"], "client_secret": SECRET}]

    def _do(self, step: Step) -> list[str]:
        match step:
            case Later(seconds, renew):
                self.sandbox.advance_clock(seconds)
                if renew:
                    self._tokens.clear()
                else:
                    self.names["stale"] = self._token("app")
            case Change(config, application):
                applications = {"applications": self._applications(**application)}
                self.sandbox.put_tenant(
                    self.names["tenant"], **config, **(applications if application else {})
                )
            case Ask():
                return [each for _ in range(step.times) for each in self._ask(step)]
        return []

    def _ask(self, step: Ask) -> list[str]:
        answer = _on_the_wire(self._request(step)) if step.raw else self._send(step)
        shown = self._shown(step, answer)
        for name, key in step.keep.items():
            self.names[name] = shown[key]
        if answer.status_code != step.status:
            return [f"{step.method} {step.path}: {answer.status_code} {answer.text[:400]}"]
        problems = [*differences(filled(step.shows, self.names), shown, "body")]
        problems += differences(filled(step.answers, self.names), answer.headers, "headers")
        return problems + self._of_error(step, shown)

    def _of_error(self, step: Ask, shown: Any) -> list[str]:
        """Every refusal of the SCIM side has the shape of section 8."""
        if step.status < 400 or ":" in step.path.partition("/")[0] or step.raw:
            return []
        return [*differences({**_ERROR, "status": str(step.status)}, shown, "error")]

    @staticmethod
    def _shown(step: Ask, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            return answer.text

    def _send(self, step: Ask) -> httpx.Response:
        return self.sandbox.control.send(self._request(step))

    def _request(self, step: Ask) -> httpx.Request:
        scheme, separator, path = step.path.partition(":/")
        prefix = _PREFIXES[scheme] + "/" if separator else "/rp/scim"
        path = path if separator else step.path
        query = filled(step.query, self.names)
        if isinstance(query, dict):
            query = urlencode(query, quote_via=quote)
        target = filled(prefix + path, self.names) + (f"?{query}" if query else "")
        if step.raw:
            request = httpx.Request(step.method, self.sandbox.url, headers=self._headers(step))
            request.extensions["target"] = target.encode()
            return request
        content = self._content(step)
        return httpx.Request(
            step.method, self.sandbox.url + target, headers=self._headers(step), content=content
        )

    def _content(self, step: Ask) -> bytes | None:
        if step.form is not None:
            return urlencode(self._form(step.form)).encode()
        if step.body is None or isinstance(step.body, bytes):
            return step.body
        return json.dumps(filled(step.body, self.names)).encode()

    def _form(self, given: dict[str, Any]) -> dict[str, str]:
        """None leaves a field out; an assertion is signed for this tenant and moment."""
        form = {key: value for key, value in given.items() if value is not None}
        signed = {
            key: value(self.names, self.now()) for key, value in form.items() if callable(value)
        }
        return {**filled(form, self.names), **signed}

    def _headers(self, step: Ask) -> dict[str, str]:
        """What a careful client sends, and what the step says instead; None leaves a header out."""
        headers: dict[str, str | None] = {}
        if step.method != "DELETE":
            headers["accept"] = JSON
        if step.body is not None:
            headers["content-type"] = SCIM_JSON
        if step.form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        if ":" not in step.path.partition("/")[0] and step.by != "nobody":
            headers["authorization"] = f"Bearer {self._token(step.by)}"
        headers |= {key.lower(): value for key, value in step.headers.items()}
        return {
            key: filled(value, self.names) for key, value in headers.items() if value is not None
        }

    def _token(self, by: str) -> str:
        if by == "stale":
            return self.names["stale"]
        if by not in self._tokens:
            tenant = self.names["abroad" if by == "abroad" else "tenant"]
            client = self.names["second" if by == "second" else "app"]
            self._tokens[by] = self.sandbox.token(tenant, client, SECRET)
        return self._tokens[by]


def _on_the_wire(request: httpx.Request) -> httpx.Response:
    """The request with its target as it is, blanks included, by a bare socket."""
    lines = [f"{request.method} {request.extensions['target'].decode()} HTTP/1.1"]
    lines += [f"{key}: {value}" for key, value in request.headers.items()]
    with socket.create_connection((request.url.host, request.url.port)) as connection:
        connection.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return httpx.Response(int(head.split()[1]), content=body)
