"""What to do after an attempt that did not simply succeed: a value, decided by a pure function."""

from dataclasses import dataclass
from enum import StrEnum


class Intent(StrEnum):
    """What a request wants, as far as repeating it is concerned."""

    READ = "read"
    CREATE = "create"
    CHANGE = "change"


class Trouble(StrEnum):
    """What went wrong, named by what the caller must do about it."""

    NOT_SENT = "not_sent"
    TRANSIENT = "transient"
    THROTTLED = "throttled"
    UNKNOWN_OUTCOME = "unknown_outcome"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    PERMISSION_MISSING = "permission_missing"
    CREDENTIAL_REFUSED = "credential_refused"
    FEATURE_NOT_ENABLED = "feature_not_enabled"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class Again:
    """Send the same request after so many seconds; the whole tenant waits when `everyone`."""

    after: float
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class LookUp:
    """Find out, after so many seconds, what happened before sending again."""

    after: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """This one has failed; the others go on."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Nothing will succeed until a person acts: stop the tenant, keep what is pending."""


Decision = Again | LookUp | GiveUp | Halt

MAX_ATTEMPTS = 8
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 300.0
_GENERAL: dict[Trouble, Decision] = {
    Trouble.CREDENTIAL_REFUSED: Halt(),
    Trouble.FEATURE_NOT_ENABLED: Halt(),
    Trouble.MISCONFIGURED: Halt(),
    Trouble.PERMISSION_MISSING: Halt(),
    Trouble.NOT_FOUND: GiveUp(),
    Trouble.CONFLICT: GiveUp(),
    Trouble.REJECTED: GiveUp(),
}


def decide(
    intent: Intent,
    trouble: Trouble,
    *,
    attempts: int,
    retry_after: float | None,
    jitter: float,
    lookup_delay: float = 0.0,
) -> Decision:
    """Next step after `attempts` attempts; `jitter` in [0, 1), `retry_after` as the service asked.

    A write whose outcome is unknown is never repeated blindly when repeating could do it twice;
    changes of a known account may be (RFC 7644, 3.5.2: replacing a value is idempotent).
    """
    create = intent is Intent.CREATE
    pause = backoff(attempts, jitter)
    match trouble:
        case Trouble.PERMISSION_MISSING if intent is Intent.CHANGE:
            # One person's account may be privileged; that nobody can be created stops everyone.
            return GiveUp()
        case Trouble.CONFLICT if create:
            return LookUp(0.0)
        case Trouble.UNKNOWN_OUTCOME if create:
            return LookUp(lookup_delay)
        case Trouble.THROTTLED:
            return Again(pause if retry_after is None else retry_after, everyone=True)
        case Trouble.NOT_SENT:
            return Again(pause, everyone=True)
    return _GENERAL.get(trouble) or (Again(pause) if attempts < MAX_ATTEMPTS else GiveUp())


def backoff(attempts: int, jitter: float) -> float:
    """Seconds before the next attempt: doubling from 1 s to 5 min, less up to half by jitter."""
    # No more doublings than the longest delay needs: 2.0 ** 1024 is an OverflowError.
    full = min(_FIRST_DELAY * 2.0 ** min(max(attempts - 1, 0), 10), _LONGEST_DELAY)
    return full * (1 - jitter / 2)
