"""From an answer to what becomes of the operation and of the shadow.

Nothing here talks to the service or the database: an operation and an exchange go in, the
operation comes out changed, with the shadow row to write and the counter to move.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioning.domain.attributes import MAIL_NICKNAME, MANAGER, is_custom
from provisioning.domain.planner import USER_NAME
from provisioning.domain.retry import (
    MAX_ATTEMPTS,
    Again,
    Decision,
    GiveUp,
    Gone,
    Halt,
    LookUp,
    backoff,
)
from provisioning.models import DirectoryGroup, DirectoryObject, Operation
from provisioning.scim.errors import (
    NotFound,
    NotSent,
    Rejected,
    ScimError,
    Transient,
    UnknownOutcome,
)
from provisioning.scim.resources import created_id, resources_of
from provisioning.services.renaming import open_circle, temporary_of
from provisioning.services.shadow_rows import changed_row, created_row, doubted_row, known_of

_TALLY = {
    Operation.Kind.CREATE: "created",
    Operation.Kind.UPDATE: "updated",
    Operation.Kind.DISABLE: "disabled",
    Operation.Kind.ENABLE: "enabled",
    Operation.Kind.ADOPT: "adopted",
    Operation.Kind.TRANSFER: "transferred",
    Operation.Kind.DELETE: "deleted",
    Operation.Kind.RELEASE: "updated",
}
_DUPLICATE_STATUSES = (400, 409)
_MAX_LOOKUPS = 6
_WARNING = 300
_DELETED_BEFORE = (
    "Entra says the user name is taken but shows no such account. An account deleted within the"
    " last 30 days keeps its user name: restore it, or wait, or map another user name."
)


@dataclass(slots=True)
class Outcome:
    """What one exchange did: the counter to move, shadow rows, and what the whole lane must do."""

    operation: Operation
    tally: str = ""
    shadow: DirectoryObject | None = None
    gone: DirectoryObject | None = None
    pause: float = 0.0
    halt: str = ""
    kind: str = ""
    """What kind of trouble halts the lane."""
    goes_on: bool = False
    """The account was created; a second call brings it what the creation could not carry."""
    renamed: bool = False
    """The operation carries another value now."""
    opens: bool = False
    """The account has a temporary name now, and whoever waited for the old one may go on."""
    manager_refused: bool = False
    """The directory lets no creation name a manager."""
    group: DirectoryGroup | None = None
    """The group as it is now, to be written; one without a primary key is new."""
    gone_group: DirectoryGroup | None = None
    joined: tuple[str, ...] = ()
    """Object ids of members added, in the group of the operation."""
    parted: str = ""
    """Object id of the member removed."""
    added: int = 0
    """People added, for the job's counter."""
    shown: bool = False
    """A lookup showed what the creation was to make, as it was to make it."""


def looks_up(operation: Operation) -> bool:
    """Whether the next call for this operation is a lookup rather than the write itself."""
    return operation.state == Operation.State.UNKNOWN


def creates(operation: Operation) -> bool:
    """Whether the operation's account does not exist yet."""
    return operation.kind == Operation.Kind.CREATE and operation.target is None


def changes_of(operation: Operation) -> dict[str, Any]:
    """What the operation's next call carries: a creation no custom security attributes (nor a
    manager, where it may not name one), and the call after it nothing else. Who opens a circle of
    names first gets the temporary ones alone.
    """
    if operation.kind != Operation.Kind.CREATE:
        return temporary_of(operation) or dict(operation.after)
    later = not creates(operation)
    return {
        path: value
        for path, value in operation.after.items()
        if _comes_later(operation, path) is later
    }


def _comes_later(operation: Operation, path: str) -> bool:
    """Whether a creation cannot carry this path."""
    return is_custom(path) or (path == MANAGER and not operation.carries_manager)


def has_second_call(operation: Operation) -> bool:
    """Whether a creation is followed by a call with what it cannot carry."""
    if operation.manager and not operation.carries_manager:
        return True
    return any(_comes_later(operation, path) for path in operation.after)


def answered_duplicate(operation: Operation) -> bool:
    """Whether the lookup is due to a duplicate answer (then by user name, else by externalId)."""
    return operation.status in _DUPLICATE_STATUSES


def warn(operation: Operation, text: str) -> None:
    """Add a sentence before what the operation warns of already."""
    operation.warning = f"{text} {operation.warning}".strip()[:_WARNING]


def written(operation: Operation, body: Any, now: datetime) -> Outcome:
    """A write that succeeded."""
    operation.message = ""
    if operation.kind == Operation.Kind.DELETE:
        return _deleted(operation, now)
    if temporary_of(operation):
        return _opened(operation)
    if not creates(operation):
        return _done(operation, now, shadow=changed_row(operation, changes_of(operation)))
    entra_id = created_id(body)
    if entra_id is None:
        operation.uncertain_since = operation.uncertain_since or now
        return _unknown(operation, now, 0.0)
    return _exists(operation, now, entra_id)


def failed_write(
    operation: Operation, error: ScimError, decision: Decision, now: datetime
) -> Outcome:
    """A write that did not succeed, and what was decided about it."""
    note_error(operation, error, now)
    if other := _without_manager(operation, error):
        return other
    match decision:
        case Again(after, everyone):
            operation.state = Operation.State.PENDING
            operation.not_before = now + timedelta(seconds=after)
            return Outcome(operation, pause=after if everyone else 0.0)
        case LookUp(after):
            return _unknown(operation, now, after)
        case Halt():
            operation.state, operation.attempts = Operation.State.PENDING, operation.attempts - 1
            return Outcome(operation, halt=str(error), kind=error.trouble.value)
        case Gone():
            operation.message = "The account had been deleted already."
            return _deleted(operation, now)
        case GiveUp():
            return _gave_up(operation, error, now)


def note_error(operation: Operation, error: ScimError, now: datetime) -> None:
    """Keep what the service said, and whether the write may have happened all the same."""
    operation.status, operation.detail = error.status, error.detail
    operation.message = str(error)  # why it waits, if it does
    if isinstance(error, UnknownOutcome | Transient):
        # A 500 is no promise either: the write may have come before the failure.
        operation.uncertain_since = operation.uncertain_since or now
    if isinstance(error, NotSent):
        operation.attempts -= 1


def _without_manager(operation: Operation, error: ScimError) -> Outcome | None:
    """Send the rest without a manager that was refused, if it was that; None if it was not.

    A creation that may not name one is followed by a call that does.
    """
    manager = changes_of(operation).get(MANAGER)
    if not isinstance(error, Rejected | NotFound):
        return None
    said = error.detail.lower()
    if manager and str(manager) in said:
        operation.after = {path: each for path, each in operation.after.items() if path != MANAGER}
        warn(operation, "The manager's account is gone; set when there is one.")
        refused = False
    elif manager and creates(operation) and "manager" in said:
        operation.carries_manager = False
        refused = True
    else:
        return None
    operation.state, operation.not_before = Operation.State.PENDING, None
    operation.status, operation.detail, operation.message = None, "", ""
    return Outcome(operation, renamed=True, manager_refused=refused)


def looked_up(
    operation: Operation, body: Any, now: datetime, free: Callable[[str, str], bool]
) -> Outcome:
    """The directory was asked whether the account exists; only an equal externalId is ours.

    `free` says of a path and a value whether nothing we know of has it.
    """
    operation.lookups += 1
    found = resources_of(body)
    ours = [user for user in found if str(user.get("externalId", "")) == operation.key]
    if len(ours) == 1:
        return _is_there(operation, ours[0], now)
    if found:
        another = _another_choice(operation, free) if len(found) == 1 else None
        return another or _conflict(operation, found, now)
    if not answered_duplicate(operation):
        return _absent(operation, now)
    if operation.uncertain_since and operation.lookups < _MAX_LOOKUPS:
        # Written by an attempt nobody heard of, and not yet visible: the directory lags.
        return _unknown(operation, now, backoff(operation.lookups, 0.0))
    # While an attempt is uncertain, whoever has the name may be our own account, not yet visible.
    another = None if operation.uncertain_since else _another_choice(operation, free)
    return another or _fail(operation, now, _DELETED_BEFORE)


def _is_there(operation: Operation, resource: dict[str, Any], now: datetime) -> Outcome:
    """The account is there and ours, by this operation or by an earlier one."""
    entra_id, known = str(resource["id"]), known_of(resource)
    shown = _as_sent(known, changes_of(operation))
    if operation.uncertain_since:
        outcome = _exists(operation, now, entra_id)
    else:
        operation.message = ""
        outcome = _done(operation, now, shadow=created_row(operation, entra_id, known))
    outcome.shown = shown
    return outcome


def _as_sent(known: dict[str, Any], sent: dict[str, Any]) -> bool:
    """Whether an account carries what its creation carried; user names have no capitals."""
    names = str(known.get(USER_NAME, "")), str(sent.get(USER_NAME, ""))
    others = known.keys() & sent.keys() - {USER_NAME}
    return names[0].casefold() == names[1].casefold() and all(
        known[path] == sent[path] for path in others
    )


def _another_choice(operation: Operation, free: Callable[[str, str], bool]) -> Outcome | None:
    """Have the creation sent with the next value the profile proposes, if there is one."""
    if not answered_duplicate(operation):
        return None
    path = MAIL_NICKNAME if "mailnickname" in operation.detail.lower() else USER_NAME
    left = [value for value in operation.choices.get(path, ()) if free(path, value)]
    if not left:
        return None
    operation.after = {**operation.after, path: left[0]}
    operation.choices = {**operation.choices, path: left[1:]}
    if path == USER_NAME:
        operation.user_name = left[0]
    operation.state, operation.not_before = Operation.State.PENDING, None
    operation.attempts, operation.lookups = 0, 0
    operation.status, operation.detail, operation.message = None, "", ""
    return Outcome(operation, renamed=True)


def failed_lookup(
    operation: Operation, error: ScimError, decision: Decision, now: datetime
) -> Outcome:
    """A lookup that did not succeed: the outcome stays unknown until one does."""
    operation.message = str(error)
    if not isinstance(decision, Again):
        operation.not_before = now
        return Outcome(operation, halt=str(error), kind=error.trouble.value)
    operation.not_before = now + timedelta(seconds=decision.after)
    return Outcome(operation, pause=decision.after if decision.everyone else 0.0)


def stale(operation: Operation, now: datetime, reason: str) -> Outcome:
    """The account is not what the plan was made for, and what is left was not approved."""
    outcome = _fail(operation, now, reason)
    if operation.uncertain_since:
        outcome.shadow = doubted_row(operation, changes_of(operation))
    return outcome


def done_already(operation: Operation, now: datetime, reason: str) -> Outcome:
    """There was nothing left to do, so that nothing was sent."""
    operation.message = reason
    return _done(operation, now)


def skipped(operation: Operation, now: datetime, reason: str) -> Outcome:
    """It is not needed any more, and something else was not approved."""
    operation.state, operation.settled_at = Operation.State.SKIPPED, now
    operation.message = reason
    return Outcome(operation, "skipped")


def refused(operation: Operation, reason: str, now: datetime) -> Outcome:
    """The request cannot be built, because Entra would refuse it."""
    return _fail(operation, now, f"{reason} Correct the record or the mapping profile.")


def name_held(operation: Operation, why: str, now: datetime) -> Outcome:
    """The name it was to get is not given up; what it has by now stays."""
    return _fail(operation, now, why)


def untouched(operation: Operation, why: str, now: datetime) -> Outcome:
    """The account must not be written, as is known since the plan was made."""
    shadow = doubted_row(operation, changes_of(operation)) if operation.uncertain_since else None
    operation.state, operation.settled_at = Operation.State.SKIPPED, now
    operation.message = why
    return Outcome(operation, "skipped", shadow=shadow)


def nobody_left(operation: Operation, now: datetime) -> Outcome:
    """Whom the operation waited for has no account, so that nothing is left to send."""
    if operation.kind == Operation.Kind.CREATE:
        return _done(operation, now)  # the account is there; only its manager is not
    operation.state, operation.settled_at = Operation.State.SKIPPED, now
    return Outcome(operation, "skipped")


def is_stale(operation: Operation) -> bool:
    """Whether the shadow has moved since the operation was planned."""
    if operation.kind == Operation.Kind.CREATE:
        return False  # its second call follows the first at once
    target = operation.target
    return target is None or target.revision != operation.target_revision


def _exists(operation: Operation, now: datetime, entra_id: str) -> Outcome:
    """The account was created: done, unless a second call has to follow."""
    operation.message = ""
    shadow = created_row(operation, entra_id, changes_of(operation))
    if not has_second_call(operation):
        shadow.record_digest = operation.record_digest
        return _done(operation, now, shadow=shadow)
    operation.state, operation.not_before = Operation.State.PENDING, None
    operation.attempts, operation.uncertain_since = 0, None
    operation.status, operation.detail = None, ""
    return Outcome(operation, shadow=shadow, goes_on=True)


def _opened(operation: Operation) -> Outcome:
    """The account has its temporary name: the operation goes on when its own is free."""
    shadow = changed_row(operation, changes_of(operation))
    if shadow is not None:
        # What it was last written for is written by the call that follows.
        shadow.record_digest = ""
        operation.target_revision = shadow.revision
    open_circle(operation)
    operation.state, operation.not_before = Operation.State.PENDING, None
    operation.attempts, operation.uncertain_since = 0, None
    operation.status, operation.detail = None, ""
    return Outcome(operation, shadow=shadow, goes_on=True, opens=True)


def _absent(operation: Operation, now: datetime) -> Outcome:
    """It was not created: send it again, unless that was tried often enough."""
    if operation.attempts >= MAX_ATTEMPTS:
        return _fail(
            operation, now, "Entra did not answer the creation, however often it was sent."
        )
    operation.state, operation.not_before = Operation.State.PENDING, None
    operation.status = None
    return Outcome(operation)


def _unknown(operation: Operation, now: datetime, after: float) -> Outcome:
    operation.state = Operation.State.UNKNOWN
    operation.not_before = now + timedelta(seconds=after)
    return Outcome(operation)


def _gave_up(operation: Operation, error: ScimError, now: datetime) -> Outcome:
    second = operation.kind == Operation.Kind.CREATE and not creates(operation)
    if second and isinstance(error, NotFound) and operation.attempts < _MAX_LOOKUPS:
        # Just created, and not yet visible: the directory reads behind its writes.
        operation.state = Operation.State.PENDING
        operation.not_before = now + timedelta(seconds=backoff(operation.attempts, 0.0))
        return Outcome(operation)
    if second or not isinstance(error, NotFound):
        outcome = _fail(operation, now, f"{_created_only(operation) if second else ''}{error}")
        outcome.shadow = (
            doubted_row(operation, changes_of(operation)) if operation.uncertain_since else None
        )
        return outcome
    gone, operation.target = operation.target, None
    if operation.kind == Operation.Kind.DISABLE:
        operation.message = "The account had been deleted outside the portal."
        return _done(operation, now, gone=gone)
    outcome = _fail(operation, now, f"{error} The next sync plans to create it again.")
    outcome.gone = gone
    return outcome


def _created_only(operation: Operation) -> str:
    """What the account has not got, whose second call was refused."""
    left = changes_of(operation)
    custom = ["custom security attributes"] if any(map(is_custom, left)) else []
    missing = " and ".join([*custom, *(["manager"] if MANAGER in left else [])])
    return f"The account was created, but without its {missing}. "


def _deleted(operation: Operation, now: datetime) -> Outcome:
    gone, operation.target = operation.target, None
    return _done(operation, now, gone=gone)


def _conflict(operation: Operation, found: list[dict[str, Any]], now: datetime) -> Outcome:
    if len(found) > 1:
        message = "Several accounts carry this person's key; a person has to decide."
    else:
        message = (
            f"The user name belongs to an account that this portal did not create"
            f" (object id {found[0].get('id')}); it was not touched."
        )
    return _fail(operation, now, message)


def _done(
    operation: Operation,
    now: datetime,
    *,
    shadow: DirectoryObject | None = None,
    gone: DirectoryObject | None = None,
) -> Outcome:
    operation.state, operation.settled_at = Operation.State.DONE, now
    operation.detail = ""
    return Outcome(operation, _TALLY[Operation.Kind(operation.kind)], shadow=shadow, gone=gone)


def _fail(operation: Operation, now: datetime, message: str) -> Outcome:
    operation.state, operation.settled_at = Operation.State.FAILED, now
    operation.message = message
    return Outcome(operation, "failed")
