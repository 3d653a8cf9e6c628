"""Where an onboarding stands, computed from facts; pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from tenants.domain.guid import is_guid


class State(StrEnum):
    """Of a step: what comes LATER needs another step first."""

    DONE = "done"
    OPEN = "open"
    TROUBLE = "trouble"
    LATER = "later"


class Key(StrEnum):
    """The steps from nothing to daily work, in the order in which they are taken."""

    CUSTOMER = "customer"
    DIRECTORY = "directory"
    LICENCE = "licence"
    BILLING = "billing"
    APPLICATION = "application"
    CREDENTIAL = "credential"
    PERMISSIONS = "permissions"
    CONNECTION = "connection"
    SCHEMA = "schema"
    SOURCE = "source"
    PROFILE = "profile"
    PILOT = "pilot"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Probe:
    """The last connection test; `stale` once a newer credential was stored."""

    at: datetime
    worked: bool
    problem: str = ""
    feature_off: bool = False
    schema_read: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Permissions:
    """Advised permissions; `held` is None as long as no token has shown them."""

    advised: tuple[str, ...]
    held: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()
    excessive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pilot:
    """The last pilot that has ended, of the newest version of the profile or an earlier one."""

    created: int
    failed: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the portal knows of a tenant on its way."""

    customer: str
    contacts: int
    rehearsal: bool
    """The tenant is a sandbox: nobody has to buy a licence or link a subscription."""
    entra_id: str
    cloud: str
    permissions: Permissions
    licence: str = ""
    licence_confirmed_by: str = ""
    licence_confirmed_on: date | None = None
    subscription_id: str = ""
    resource_group: str = ""
    client_id: str = ""
    credential: str = ""
    credential_expired: bool = False
    credential_expires: str = ""
    """When it ends, in words, once that is soon."""
    tested: Probe | None = None
    people: int | None = None
    version: int | None = None
    pilot: Pilot | None = None
    pilot_waits: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its state, what is known (`fact`), and who can do it, as Entra names the role."""

    key: Key
    title: str
    who: str
    state: State
    fact: str
    needs: "tuple[Step, ...]" = ()

    @property
    def template(self) -> str:
        """What to do, as a part of the page."""
        return f"msp_portal/onboarding/{self.key}.html"


_ENGINEER = "You"
_APPLICATION = "Application Administrator or Cloud Application Administrator of the customer"
_CONSENT = "Privileged Role Administrator or Global Administrator of the customer"
_Judge = Callable[[Facts], tuple[State, str]]


def _customer(facts: Facts) -> tuple[State, str]:
    if not facts.contacts:
        return State.OPEN, "Nobody to ask is noted yet."
    plural = "s" if facts.contacts > 1 else ""
    return State.DONE, f"{facts.customer}, {facts.contacts} contact{plural}"


def _directory(facts: Facts) -> tuple[State, str]:
    if is_guid(facts.entra_id):
        return State.DONE, f"{facts.entra_id}, {facts.cloud}"
    return State.OPEN, f"Known by its domain {facts.entra_id}; the id is not looked up yet."


def _licence(facts: Facts) -> tuple[State, str]:
    if facts.rehearsal:
        return State.DONE, "A sandbox needs none."
    if not facts.licence:
        return State.OPEN, "Nobody has confirmed it yet."
    day = f" on {facts.licence_confirmed_on:%Y-%m-%d}" if facts.licence_confirmed_on else ""
    return State.DONE, f"{facts.licence}, confirmed by {facts.licence_confirmed_by}{day}"


def _billing(facts: Facts) -> tuple[State, str]:
    if facts.tested and facts.tested.feature_off and not facts.tested.stale:
        return State.TROUBLE, "The last connection test says that the feature is not turned on."
    if facts.rehearsal:
        return State.DONE, "A sandbox bills nobody."
    if not facts.subscription_id:
        return State.OPEN, "Not known yet."
    return State.DONE, f"{facts.subscription_id}, resource group {facts.resource_group}"


def _application(facts: Facts) -> tuple[State, str]:
    if facts.client_id:
        return State.DONE, facts.client_id
    return State.OPEN, "Not known yet."


def _credential(facts: Facts) -> tuple[State, str]:
    if not facts.credential:
        return State.OPEN, "None is stored yet."
    if facts.credential_expired:
        return State.TROUBLE, f"{facts.credential}: it has expired."
    if facts.credential_expires:
        return State.DONE, f"{facts.credential}; it {facts.credential_expires}"
    return State.DONE, facts.credential


def _permissions(facts: Facts) -> tuple[State, str]:
    known = facts.permissions
    if known.held is None:
        return State.OPEN, "The connection test shows which ones the application holds."
    if known.missing:
        return State.TROUBLE, f"Missing: {', '.join(known.missing)}"
    if known.excessive:
        return State.DONE, f"All there; more than needed: {', '.join(known.excessive)}"
    return State.DONE, ", ".join(known.held) or "None are needed."


def _connection(facts: Facts) -> tuple[State, str]:
    if facts.tested is None:
        return State.OPEN, "Not tried yet."
    if facts.tested.stale:
        return State.OPEN, "Not tried with the credential that is stored now."
    if not facts.tested.worked:
        return State.TROUBLE, facts.tested.problem or "It did not work."
    return State.DONE, f"Worked on {facts.tested.at:%Y-%m-%d at %H:%M} UTC"


def _schema(facts: Facts) -> tuple[State, str]:
    if facts.tested is not None and facts.tested.schema_read:
        return State.DONE, "Read by the connection test."
    return State.OPEN, "The connection test reads it."


def _source(facts: Facts) -> tuple[State, str]:
    if facts.people is None:
        return State.OPEN, "No HR export has been read yet."
    return State.DONE, f"{facts.people:,} people in the last export"


def _profile(facts: Facts) -> tuple[State, str]:
    if facts.version is None:
        return State.OPEN, "No version is published yet."
    return State.DONE, f"Version {facts.version}"


def _pilot(facts: Facts) -> tuple[State, str]:
    if facts.pilot is None:
        waits = "Its plan waits for a yes." if facts.pilot_waits else "None has been made yet."
        return (
            (State.DONE, "Skipped: everybody is in already.") if facts.live else (State.OPEN, waits)
        )
    if facts.pilot.failed:
        return State.TROUBLE, f"{facts.pilot.failed} failed in the last pilot."
    return State.DONE, f"{facts.pilot.created} created, none failed"


def _live(facts: Facts) -> tuple[State, str]:
    if facts.live:
        return State.DONE, "Everybody has been synchronised."
    return State.OPEN, "Not everybody has been synchronised yet."


_STEPS: tuple[tuple[Key, str, str, _Judge, tuple[Key, ...]], ...] = (
    (Key.CUSTOMER, "Customer and contacts", _ENGINEER, _customer, ()),
    (Key.DIRECTORY, "Directory and cloud", _ENGINEER, _directory, ()),
    (Key.LICENCE, "Licence", "License Administrator of the customer", _licence, ()),
    (Key.BILLING, "Azure subscription", "Billing Administrator of the customer", _billing, ()),
    (Key.APPLICATION, "App registration", _APPLICATION, _application, (Key.DIRECTORY,)),
    (Key.CREDENTIAL, "Credential", _ENGINEER, _credential, (Key.APPLICATION,)),
    (Key.PERMISSIONS, "Permissions", _CONSENT, _permissions, (Key.CREDENTIAL,)),
    (Key.CONNECTION, "Connection", _ENGINEER, _connection, (Key.CREDENTIAL,)),
    (Key.SCHEMA, "Schema", _ENGINEER, _schema, (Key.CREDENTIAL,)),
    (Key.SOURCE, "Source", _ENGINEER, _source, ()),
    (Key.PROFILE, "Mapping profile", _ENGINEER, _profile, (Key.SOURCE,)),
    (Key.PILOT, "Pilot", _ENGINEER, _pilot, (Key.CONNECTION, Key.PERMISSIONS, Key.PROFILE)),
    (Key.LIVE, "Go-live", _ENGINEER, _live, (Key.PILOT,)),
)


def steps_of(facts: Facts) -> tuple[Step, ...]:
    """Every step in order; an open one waits as LATER while one it needs is not done."""
    found: dict[Key, Step] = {}
    for key, title, who, judge, needs in _STEPS:
        state, fact = judge(facts)
        step = Step(key, title, who, state, fact)
        lacking = tuple(found[need] for need in needs if found[need].state is not State.DONE)
        if state is State.OPEN and lacking:
            step = replace(step, state=State.LATER, needs=lacking)
        found[key] = step
    return tuple(found.values())


def next_step(steps: tuple[Step, ...]) -> Step | None:
    """What to do now: trouble first, then the first open step; None when all is done."""
    for wanted in (State.TROUBLE, State.OPEN):
        for step in steps:
            if step.state is wanted:
                return step
    return None
