"""Causes of waste and the settings that avoid it, as people read them."""

from collections.abc import Mapping

from billing.domain.waste import Kind, Setting

CAUSES: Mapping[Kind, tuple[str, str]] = {
    Kind.FLAPPING: (
        "Attribute that flaps",
        "An update wrote nothing but a value that comes out different in every run, although"
        " neither the record nor the profile has changed.",
    ),
    Kind.RETRY: (
        "Sent again",
        "An attempt came to nothing and had to be repeated. Lookups that did not find what became"
        " of it belong to it.",
    ),
    Kind.MISSING: (
        "Not found",
        "Entra answered 404: what the call was about is not there (any more).",
    ),
    Kind.IDLE_JOB: (
        "Job that found nothing",
        "A job read the directory and ended without anything to do.",
    ),
    Kind.NO_OP_READ: (
        "Read in vain",
        "What a call read led to no change.",
    ),
}
"""What each cause is called, and what it means."""

ADVICE: Mapping[Setting, tuple[str, str]] = {
    Setting.RULE: (
        "Profile",
        "Map a value that stays the same as long as the record does: nothing that hangs on the"
        " time or on chance.",
    ),
    Setting.GROUPS: (
        "Profile",
        "Take the group that is not there any more out of the rule that names it by its id.",
    ),
    Setting.MATCHING: (
        "Profile",
        "Say by which attributes existing accounts are found, so that they are known before a"
        " creation is refused.",
    ),
    Setting.PACE: (
        "Schedules and blackouts",
        "Move runs to hours in which fewer tenants share the quota.",
    ),
    Setting.CREDENTIAL: (
        "Credential",
        "Renew the credential before it ends, and grant the permissions that the connection test"
        " misses.",
    ),
    Setting.BLACKOUT: (
        "Schedules and blackouts",
        "Add a blackout for the hours in which Entra fails.",
    ),
    Setting.READ_ALL: (
        "Reconcile",
        "Reconcile after somebody has cleaned up in Entra, so that the portal learns what was"
        " deleted there.",
    ),
    Setting.INTERVAL: (
        "Schedules and blackouts",
        "Let more time pass between two runs.",
    ),
    Setting.CHECKS: (
        "Schedules and blackouts",
        "Reconcile monthly instead: the first reconcile of a month is a check and is not counted"
        " here, the others found nothing.",
    ),
    Setting.SAMPLE: (
        "Reconcile",
        "Let a reading come to its end, or read a sample: one that breaks off is paid for, too.",
    ),
}
"""On which page it is set, and what to do there."""

TROUBLES: Mapping[str, str] = {
    "throttled": "Too many requests (429)",
    "refused": "Token or permission refused (401, 403)",
    "failed": "Failed in Entra or not answered",
}
"""What made an attempt be repeated."""
