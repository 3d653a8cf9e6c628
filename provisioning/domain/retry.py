"""What to do after an attempt that did not simply succeed: a value, decided by a pure function."""

from dataclasses import dataclass
from enum import StrEnum


class Intent(StrEnum):
    """What a request wants, as far as repeating it is concerned."""

    READ = "read"
    CREATE = "create"
    CREATE_GROUP = "create_group"
    CHANGE = "change"
    REMOVE = "remove"
    REMOVE_MEMBER = "remove_member"


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


@dataclass(frozen=True, slots=True)
class Gone:
    """What was to be removed is not there: done."""


Decision = Again | LookUp | GiveUp | Halt | Gone

MAX_ATTEMPTS = 8
LONGEST_TRYING = 3600.0
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
# It may have happened, and repeating it could make it happen twice. A user's name is unique, so a
# failed creation of one may be repeated: Entra itself says if it had happened. A group's is not.
_UNKNOWN = {
    (Intent.CREATE, Trouble.UNKNOWN_OUTCOME),
    (Intent.CREATE_GROUP, Trouble.UNKNOWN_OUTCOME),
    (Intent.CREATE_GROUP, Trouble.TRANSIENT),
}
# What an answer means for one kind of request only.
_SPECIAL: dict[tuple[Intent, Trouble], Decision] = {
    # One person's account may be privileged; that nobody can be created stops everyone.
    (Intent.CHANGE, Trouble.PERMISSION_MISSING): GiveUp(),
    (Intent.REMOVE, Trouble.PERMISSION_MISSING): GiveUp(),
    (Intent.CREATE, Trouble.CONFLICT): LookUp(0.0),
    (Intent.REMOVE, Trouble.NOT_FOUND): Gone(),
    # The answer names the group, also when the person only was no member.
    (Intent.REMOVE_MEMBER, Trouble.NOT_FOUND): LookUp(0.0),
}


def decide(
    intent: Intent,
    trouble: Trouble,
    *,
    attempts: int,
    retry_after: float | None,
    jitter: float,
    lookup_delay: float = 0.0,
    elapsed: float = 0.0,
    limit: float = LONGEST_TRYING,
) -> Decision:
    """Next step after `attempts` attempts; `jitter` in [0, 1), `retry_after` as the service asked.

    A creation whose outcome is unknown is never repeated blindly, because it could happen twice;
    changes and removals may be repeated (RFC 7644, 3.5.2: replacing a value is idempotent). What
    ails one request is tried for `limit` seconds (`elapsed`: since its first attempt); what ails
    the whole tenant (no connection, no quota) is waited out.
    """
    pause = backoff(attempts, jitter)
    if (intent, trouble) in _UNKNOWN:
        return LookUp(lookup_delay)
    if trouble is Trouble.THROTTLED:
        return Again(pause if retry_after is None else retry_after, everyone=True)
    if trouble is Trouble.NOT_SENT:
        return Again(pause, everyone=True)
    settled = _SPECIAL.get((intent, trouble)) or _GENERAL.get(trouble)
    if settled:
        return settled
    wait = max(pause, retry_after or 0.0)
    return Again(wait) if attempts < MAX_ATTEMPTS and elapsed + wait <= limit else GiveUp()


def backoff(attempts: int, jitter: float) -> float:
    """Seconds before the next attempt: doubling from 1 s to 5 min, less up to half by jitter."""
    # No more doublings than the longest delay needs: 2.0 ** 1024 is an OverflowError.
    full = min(_FIRST_DELAY * 2.0 ** min(max(attempts - 1, 0), 10), _LONGEST_DELAY)
    return full * (1 - jitter / 2)
