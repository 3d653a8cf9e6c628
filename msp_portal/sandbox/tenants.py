"""One directory with its configuration, what readers see of it, and its queued faults."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from msp_portal.sandbox.assertions import Certificate, Federated
from msp_portal.sandbox.custom_attributes import schemas_with
from msp_portal.sandbox.directory import Directory, Event
from msp_portal.sandbox.faults import FaultQueue
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.switches import Switches, parse_switches

FULL_PERMISSIONS = (
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "CustomSecAttributeAssignment.ReadWrite.All",
    "CustomSecAttributeDefinition.Read.All",
)


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret, of which only a digest is kept; `expires` in seconds since 1970."""

    sha256: str
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """An app registration: what proves it, and the permissions it was granted.

    Without admin consent (`consented`) its tokens carry no permission.
    """

    client_id: str
    name: str = ""
    secrets: tuple[Secret, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    federated: tuple[Federated, ...] = ()
    permissions: tuple[str, ...] = FULL_PERMISSIONS
    secret_expired: bool = False
    blocked: bool = False
    disabled: bool = False
    consented: bool = True

    @classmethod
    def load(cls, stored: Json) -> "Application":
        """From the journal; an older one holds one secret."""
        fields = dict(stored)
        old = fields.pop("secret_sha256", None)
        secrets = fields.pop("secrets", None) or ([{"sha256": old}] if old else [])
        return cls(
            **{
                **fields,
                "secrets": tuple(Secret(**each) for each in secrets),
                "certificates": tuple(Certificate(**c) for c in fields.get("certificates", ())),
                "federated": tuple(Federated(**each) for each in fields.get("federated", ())),
                "permissions": tuple(fields["permissions"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Config:
    """What the control API sets for a directory; domains are lower case."""

    name: str = ""
    domains: tuple[str, ...] = ()
    federated_domains: tuple[str, ...] = ()
    applications: dict[str, Application] = field(default_factory=dict)
    scim_enabled: bool = True
    custom_attributes: Json = field(default_factory=dict)
    settings: Json = field(default_factory=dict)

    @classmethod
    def load(cls, stored: Json) -> "Config":
        """From the journal."""
        applications = [Application.load(each) for each in stored["applications"]]
        return cls(
            name=stored["name"],
            domains=tuple(stored["domains"]),
            federated_domains=tuple(stored["federated_domains"]),
            applications={each.client_id.lower(): each for each in applications},
            scim_enabled=stored["scim_enabled"],
            custom_attributes=stored.get("custom_attributes", {}),
            settings=stored["settings"],
        )


class Tenant:
    """A directory of the sandbox."""

    def __init__(self, tenant_id: str, config: Json) -> None:
        self.id = tenant_id
        self.directory = Directory()
        self.faults = FaultQueue()
        self._view: Directory | None = None
        self._unseen: deque[tuple[float, Event]] = deque()
        self.configure(config)

    def configure(self, stored: Json) -> None:
        """Take a configuration; people stay."""
        self.stored = stored
        self.config = Config.load(stored)
        self.user_schemas = schemas_with(self.config.custom_attributes)
        self.switches: Switches = parse_switches(stored["settings"])
        if not self.switches.read_lag_seconds:
            self._view = None
            self._unseen.clear()

    def apply(self, event: Event, at: float) -> None:
        """Change the directory; with a read lag, its readers learn of it later."""
        if self.switches.read_lag_seconds and self._view is None:
            self._view = Directory()
            for each in self.directory.snapshot():
                self._view.apply(each)
        self.directory.apply(event)
        if self._view is not None:
            self._unseen.append((at, event))

    def reading(self, now: float) -> Directory:
        """The directory as lists and gets see it now."""
        if self._view is None:
            return self.directory
        seen = now - self.switches.read_lag_seconds
        while self._unseen and self._unseen[0][0] <= seen:
            self._view.apply(self._unseen.popleft()[1])
        return self._view

    def domain_kind(self, domain: str) -> str | None:
        """ "managed", "federated", or None for a domain that is not verified here."""
        if domain in self.config.federated_domains:
            return "federated"
        return "managed" if domain in self.config.domains else None

    def summary(self) -> dict[str, Any]:
        """Configuration for the control API, without secrets."""
        applications = [_shown(each) for each in self.stored["applications"]]
        return {
            "tenant_id": self.id,
            **self.stored,
            "applications": applications,
            "users": len(self.directory.users),
            "groups": len(self.directory.groups),
        }


def _shown(application: Json) -> Json:
    """An application without what proves it; secrets and certificates by their expiry."""
    hidden = ("secret_sha256", "secrets", "certificates", "federated")
    shown = {key: value for key, value in application.items() if key not in hidden}
    return {
        **shown,
        "secrets": [{"expires": each.get("expires")} for each in application.get("secrets", [])],
        "certificates": [
            {"sha256": each["sha256"], "expires": each["not_after"]}
            for each in application.get("certificates", [])
        ],
        "federated": [
            {name: each[name] for name in ("issuer", "subject", "audience")}
            for each in application.get("federated", [])
        ],
    }
