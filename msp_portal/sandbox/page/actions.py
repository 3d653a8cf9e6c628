"""What the forms do. Each gives where to go next and what to say there."""

import re
import secrets

from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.page import faults, switches
from msp_portal.sandbox.page.applications import FLAGS
from msp_portal.sandbox.page.home import UNITS
from msp_portal.sandbox.page.notes import Note
from msp_portal.sandbox.page.visit import ROOT, Visit
from msp_portal.sandbox.page.words import address, moment

Done = tuple[str, Note]
_BETWEEN = re.compile(r"[\s,;]+")


def create(visit: Visit) -> Done:
    """Create a directory."""
    given = {**_configuration(visit), "settings": {}}
    tenant = visit.service.create(visit.field("tenant_id"), given)
    text = f"{tenant.config.name} is there. Next: an application, so that a client gets in."
    return address("tenants", tenant.id), Note(text)


def configure(visit: Visit) -> Done:
    """Change name and domains."""
    tenant = visit.service.configure(visit.tenant().id, _configuration(visit))
    return address("tenants", tenant.id), Note("Saved.")


def delete(visit: Visit) -> Done:
    """Forget a directory."""
    tenant = visit.tenant()
    if not visit.field("sure"):
        raise ControlError(400, "Tick the box if the directory is to be forgotten.")
    visit.service.delete(tenant)
    return ROOT, Note(f"{tenant.config.name or tenant.id} is forgotten.")


def turn(visit: Visit) -> Done:
    """Turn the SCIM feature or the licence on or off."""
    tenant, on = visit.tenant(), visit.field("on") == "1"
    state = "on" if on else "off"
    match visit.field("what"):
        case "feature":
            visit.service.configure(tenant.id, {"scim_enabled": on})
            note = Note(f"The SCIM Provisioning API is {state}.")
        case "licence":
            visit.service.set_switches(tenant, licensed=on)
            note = Note(f"The licence is {state}.")
        case other:
            raise ControlError(400, f"Nothing named {other!r} can be turned on or off.")
    return address("tenants", tenant.id), note


def set_switches(visit: Visit) -> Done:
    """Take every switch of the form."""
    tenant = visit.tenant()
    visit.service.configure(tenant.id, {"settings": switches.settings_of(visit)})
    return address("tenants", tenant.id, "switches"), Note("The switches are saved.")


def add_application(visit: Visit) -> Done:
    """Register an application; its secret is in the note and nowhere else."""
    tenant, secret = visit.tenant(), _secret()
    client_id = visit.field("client_id")
    if not client_id:
        raise ControlError(400, "An application needs a client id.")
    given = {
        "client_id": client_id,
        "name": visit.field("name"),
        "client_secret": secret,
        "permissions": visit.form.get("permissions", []),
        "consented": visit.field("consented") == "1",
    }
    visit.service.add_application(tenant, given)
    rows = (("Client id", client_id), ("Client secret", secret))
    text = "The application is there. Copy its secret now: it is not shown again."
    return _applications(visit), Note(text, rows)


def set_flag(visit: Visit) -> Done:
    """Consent, blocked, disabled, expired: on or off."""
    flag, client_id = visit.field("flag"), visit.field("client_id")
    if flag not in FLAGS:
        raise ControlError(400, f"An application has no flag {flag!r}.")
    on = visit.field("on") == "1"
    visit.service.change_application(visit.tenant(), client_id, **{flag: on})
    name, when_set, when_not, _ = FLAGS[flag]
    words = when_set if on else when_not
    text = f"{name} of {client_id}: {words.lower()}. Tokens that were issued stay as they are."
    return _applications(visit), Note(text)


def set_permissions(visit: Visit) -> Done:
    """Grant exactly the ticked permissions."""
    chosen = visit.form.get("permissions", [])
    visit.service.change_application(visit.tenant(), visit.field("client_id"), permissions=chosen)
    return _applications(visit), Note("Saved. The next token carries these permissions.")


def add_secret(visit: Visit) -> Done:
    """One more secret."""
    secret, client_id = _secret(), visit.field("client_id")
    visit.service.add_secret(visit.tenant(), client_id, secret)
    rows = (("Client id", client_id), ("Client secret", secret))
    return _applications(visit), Note("Copy the new secret now: it is not shown again.", rows)


def remove_application(visit: Visit) -> Done:
    """Delete an application."""
    client_id = visit.field("client_id")
    visit.service.remove_application(visit.tenant(), client_id)
    return _applications(visit), Note(f"Application {client_id} is deleted.")


def add_fault(visit: Visit) -> Done:
    """Queue a fault."""
    kind = faults.add(visit)
    return address("tenants", visit.tenant().id, "faults"), Note(f"A fault waits: {kind}.")


def clear_faults(visit: Visit) -> Done:
    """Drop every queued fault."""
    visit.tenant().faults.clear()
    return address("tenants", visit.tenant().id, "faults"), Note("No fault waits any more.")


def advance(visit: Visit) -> Done:
    """Move the clock."""
    unit = UNITS.get(visit.field("unit"))
    try:
        amount = float(visit.field("amount"))
    except ValueError:
        raise ControlError(400, "Say by how much, as a number.") from None
    if unit is None:
        raise ControlError(400, "Choose a unit.")
    now = visit.service.advance_clock(amount * unit)
    return f"{ROOT}#clock", Note(f"The sandbox's clock says {moment(now)}.")


def _configuration(visit: Visit) -> dict[str, object]:
    if not visit.field("name"):
        raise ControlError(400, "A directory needs a name.")
    return {
        "name": visit.field("name"),
        "domains": _words(visit.field("domains")),
        "federated_domains": _words(visit.field("federated_domains")),
    }


def _words(text: str) -> list[str]:
    return [each for each in _BETWEEN.split(text) if each]


def _secret() -> str:
    return secrets.token_urlsafe(30)


def _applications(visit: Visit) -> str:
    return address("tenants", visit.tenant().id, "applications")
