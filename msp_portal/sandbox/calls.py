"""One SCIM call after authentication, and what comes of it."""

import json
from dataclasses import dataclass, field

from msp_portal.sandbox.directory import Directory, Event
from msp_portal.sandbox.errors import bad_syntax
from msp_portal.sandbox.http import Headers, Json, Response
from msp_portal.sandbox.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the directory, application and permissions of the token."""

    tenant: Tenant
    app: str
    roles: frozenset[str]


@dataclass(slots=True)
class Call:
    """A call to one endpoint. `now` is seconds since 1970; `key` seals cursors."""

    caller: Caller
    method: str
    query: str
    headers: dict[str, str]
    body: bytes
    now: float
    key: bytes

    @property
    def tenant(self) -> Tenant:
        """The directory."""
        return self.caller.tenant

    @property
    def roles(self) -> frozenset[str]:
        """The application permissions in the token."""
        return self.caller.roles

    def reading(self) -> Directory:
        """The directory as reads see it now."""
        return self.tenant.reading(self.now)

    def json(self) -> Json:
        """The body, a JSON object of type JSON; ScimError 400 otherwise."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("application/scim+json", "application/json"):
            raise bad_syntax(f"Content-Type '{kind}' is not application/scim+json.")
        try:
            body = json.loads(self.body)
        except ValueError as error:
            raise bad_syntax("The request body is not valid JSON.") from error
        if not isinstance(body, dict):
            raise bad_syntax("The request body must be a JSON object.")
        return body


@dataclass(slots=True)
class Outcome:
    """The answer to a call and the changes that go with it."""

    response: Response
    events: list[Event] = field(default_factory=list)
    headers: Headers = field(default_factory=list)
