"""What can be done to the sandbox from outside SCIM; both control API and control page call it."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from msp_portal.sandbox import seeding
from msp_portal.sandbox.applications import parse_application
from msp_portal.sandbox.custom_attributes import check_sets
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.store import Store
from msp_portal.sandbox.switches import parse_switches
from msp_portal.sandbox.tenants import Config, Tenant
from msp_portal.sandbox.values import is_guid

_NEW: Json = {
    "name": "",
    "domains": [],
    "federated_domains": [],
    "applications": [],
    "scim_enabled": True,
    "custom_attributes": {},
    "settings": {},
}
_TYPES = {name: type(value) for name, value in _NEW.items()}
_LAST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


class Service:
    """Directories, applications, people, usage and clock. Every refusal is a ControlError."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def tenants(self) -> list[Tenant]:
        """Every directory, in order of creation."""
        return list(self.store.tenants.values())

    def find(self, tenant_id: str) -> Tenant:
        """A directory by its id."""
        tenant = self.store.tenants.get(tenant_id.lower())
        if tenant is None:
            raise ControlError(404, f"No directory {tenant_id}.")
        return tenant

    def create(self, tenant_id: str, given: Json) -> Tenant:
        """Create a directory; 409 when the id is taken."""
        if tenant_id.lower() in self.store.tenants:
            raise ControlError(409, f"There is a directory {tenant_id} already.")
        return self.configure(tenant_id, given)

    def configure(self, tenant_id: str, given: Json) -> Tenant:
        """Create a directory, or change the given parts of one; people stay."""
        tenant_id = tenant_id.lower()
        if not is_guid(tenant_id):
            raise ControlError(400, "The tenant id must be a GUID.")
        known = self.store.tenants.get(tenant_id)
        stored = {**_NEW, **(known.stored if known else {}), **_checked(given)}
        Config.load(stored)
        return self.store.configure(tenant_id, stored)

    def delete(self, tenant: Tenant) -> None:
        """Forget a directory, its people and its counts."""
        self.store.delete(tenant.id)

    def set_switches(self, tenant: Tenant, **values: Any) -> None:
        """Change some switches of a directory."""
        self.configure(tenant.id, {"settings": {**tenant.stored["settings"], **values}})

    def add_application(self, tenant: Tenant, given: Json) -> None:
        """Register one more application."""
        added = parse_application(given)
        if added["client_id"].lower() in tenant.config.applications:
            raise ControlError(409, f"There is an application {added['client_id']} already.")
        self._set_applications(tenant, [*tenant.stored["applications"], added])

    def change_application(self, tenant: Tenant, client_id: str, **changes: Any) -> None:
        """Change fields of an application in their stored form."""
        self._edit(tenant, client_id, lambda app: {**app, **changes})

    def add_secret(self, tenant: Tenant, client_id: str, value: str) -> None:
        """Give an application one more client secret; those it has stay good."""
        fresh = parse_application({"client_id": client_id, "client_secret": value})["secrets"]
        self._edit(tenant, client_id, lambda app: {**app, "secrets": _secrets(app) + fresh})

    def remove_application(self, tenant: Tenant, client_id: str) -> None:
        """Delete an application."""
        self._edit(tenant, client_id, lambda _: None)

    def usage(self, tenant_id: str | None) -> Json:
        """Usage of one directory, or of all."""
        wanted = [self.find(tenant_id).id] if tenant_id else list(self.store.tenants)
        return self.store.meter.report(wanted)

    def deleted(self, tenant: Tenant) -> Json:
        """Groups that could still be restored, though not through SCIM."""
        kept = tenant.switches.soft_delete_days * 86400
        groups = tenant.directory.deleted_groups.values()
        return {"groups": [group for group, at in groups if self.store.now() < at + kept]}

    def advance_clock(self, seconds: Any) -> datetime:
        """Move the sandbox's clock and give its new time."""
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise ControlError(400, "'advance_seconds' must be a number.")
        if not 0 < self.store.now() + seconds < _LAST:
            raise ControlError(400, "The clock must stay between the years 1970 and 9000.")
        self.store.advance_clock(seconds)
        return self.now()

    def now(self) -> datetime:
        """The sandbox's time, UTC."""
        return datetime.fromtimestamp(self.store.now(), UTC)

    def seed(self, tenant: Tenant, given: Json) -> Json:
        """Put people and groups into a directory, uncounted; their ids."""
        events = seeding.events_of(tenant, given, self.store.now())
        self.store.commit(tenant, events, None)
        return {
            "users": [event[2]["id"] for event in events if event[0] == "user"],
            "groups": [event[2]["id"] for event in events if event[0] == "group"],
        }

    def _edit(self, tenant: Tenant, client_id: str, change: Callable[[Json], Json | None]) -> None:
        if client_id.lower() not in tenant.config.applications:
            raise ControlError(404, f"No application {client_id}.")
        edited = [
            change(each) if each["client_id"].lower() == client_id.lower() else each
            for each in tenant.stored["applications"]
        ]
        self._set_applications(tenant, [each for each in edited if each is not None])

    def _set_applications(self, tenant: Tenant, stored: list[Json]) -> None:
        self.store.configure(tenant.id, {**tenant.stored, "applications": stored})


def new_id() -> str:
    """An id for a directory or an application."""
    return str(uuid.uuid4())


def _secrets(application: Json) -> list[Json]:
    """An application's stored secrets; older state files hold one."""
    old = application.get("secret_sha256")
    return application.get("secrets") or ([{"sha256": old}] if old else [])


def _checked(given: Json) -> Json:
    """The fields of a configuration in the form that is stored."""
    for key, value in given.items():
        if key not in _TYPES or not isinstance(value, _TYPES[key]):
            raise ControlError(400, f"Field {key!r} of a directory cannot be {value!r}.")
    checked = dict(given)
    for key in ("domains", "federated_domains"):
        if key in given:
            checked[key] = [str(each).lower() for each in given[key]]
    if "custom_attributes" in given:
        checked["custom_attributes"] = check_sets(given["custom_attributes"])
    if "applications" in given:
        checked["applications"] = [parse_application(each) for each in given["applications"]]
    parse_switches(given.get("settings", {}))
    return checked
