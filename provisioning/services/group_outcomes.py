"""From an answer about a group to what becomes of the operation and of the group's shadow.

As in `outcomes`, nothing here talks to the service or the database.

A creation nobody knows the end of is looked for by name, and recognised by the nickname we chose;
after several lookups a person decides. Adding and removing members may be repeated: adding a
present member succeeds, and a member that is not there is gone already.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from provisioning.domain.groups import DESCRIPTION, DISPLAY_NAME, mail_nickname
from provisioning.domain.retry import Again, Decision, GiveUp, Gone, Halt, LookUp, backoff
from provisioning.models import DirectoryGroup, Operation
from provisioning.scim.errors import NotFound, Rejected, ScimError
from provisioning.scim.resources import created_id, extension_value, resources_of
from provisioning.scim.urns import ENTRA_GROUP
from provisioning.services.outcomes import Outcome, note_error, warn

_MAX_LOOKUPS = 6
_TRUST = timedelta(minutes=10)
_KIND, _STATE = Operation.Kind, Operation.State
_TALLY = {
    _KIND.GROUP_ADOPT: "groups_changed",
    _KIND.GROUP_CREATE: "groups_created",
    _KIND.GROUP_CHANGE: "groups_changed",
    _KIND.MEMBER_ADD: "additions",
    _KIND.MEMBER_REMOVE: "members_removed",
    _KIND.GROUP_DELETE: "groups_deleted",
}
_UNDECIDED = (
    "Nobody knows whether Entra created this group: it did not answer, and shows none so far. The"
    " next plan asks a person before it is created again."
)
_GONE = "The group was deleted outside the portal; the next sync plans it anew."


def needs_no_call(operation: Operation) -> bool:
    """Whether the operation is only a note of ours."""
    return operation.kind == _KIND.GROUP_ADOPT


def is_stale(operation: Operation) -> bool:
    """Whether the group that the operation is about is not there (any more)."""
    return operation.kind != _KIND.GROUP_CREATE and operation.group is None


def stale(operation: Operation, now: datetime) -> Outcome:
    """The group was not created, or is gone."""
    return _fail(operation, now, "There is no such group (any more); the next sync plans it anew.")


def adopted(operation: Operation, now: datetime) -> Outcome:
    """Take a group that exists for ours, without a call."""
    group = operation.group
    if group is None:
        return stale(operation, now)
    group.key, group.source_id = operation.key, operation.job.source_id
    # One that carries the nickname we choose was created by us.
    chosen = mail_nickname(operation.key, str(operation.job.source_id))
    group.adopted = group.nickname.casefold() != chosen.casefold()
    group.revision += 1
    return _done(operation, now, group)


def written(operation: Operation, body: Any, now: datetime) -> Outcome:
    """A write that succeeded."""
    operation.message = ""
    if operation.kind == _KIND.GROUP_CREATE:
        entra_id = created_id(body)
        if entra_id is None:
            operation.uncertain_since = operation.uncertain_since or now
            return _unknown(operation, now, 0.0)
        return _created(operation, entra_id, now)
    group = operation.group
    if group is None:
        return stale(operation, now)
    group.seen_at, group.revision = now, group.revision + 1
    if operation.kind == _KIND.GROUP_CHANGE:
        group.name = str(operation.after.get(DISPLAY_NAME) or group.name)
        group.description = str(operation.after.get(DESCRIPTION, group.description) or "")
        return _done(operation, now, group)
    if operation.kind == _KIND.MEMBER_ADD:
        return _joined(operation, now, group)
    if operation.kind == _KIND.MEMBER_REMOVE:
        return _parted(operation, now, group)
    return _deleted(operation, now)


def failed_write(
    operation: Operation, error: ScimError, decision: Decision, now: datetime
) -> Outcome:
    """A write that did not succeed, and what was decided about it."""
    note_error(operation, error, now)
    if operation.kind == _KIND.MEMBER_ADD and isinstance(error, Rejected | NotFound):
        return _without(operation, error, now)
    match decision:
        case Again(after, everyone):
            operation.state = _STATE.PENDING
            operation.not_before = now + timedelta(seconds=after)
            return Outcome(operation, pause=after if everyone else 0.0)
        case LookUp(after):
            return _look(operation, now, after)
        case Halt():
            operation.state, operation.attempts = _STATE.PENDING, operation.attempts - 1
            return Outcome(operation, halt=str(error), kind=error.trouble.value)
        case Gone():
            operation.message = "The group had been deleted already."
            return _deleted(operation, now)
        case GiveUp():
            gone = isinstance(error, NotFound)
            return _group_gone(operation, now) if gone else _gave_up(operation, error, now)


def looked_up(operation: Operation, body: Any, now: datetime) -> Outcome:
    """The directory was asked whether the group is there."""
    operation.lookups += 1
    if operation.kind == _KIND.MEMBER_REMOVE:
        group = operation.group
        if group is None:
            return stale(operation, now)
        group.seen_at = now
        operation.message = "The person was no member (any more)."
        return _parted(operation, now, group)
    ours = [each for each in resources_of(body) if _is_ours(operation, each)]
    if len(ours) == 1:
        operation.message = ""
        outcome = _created(operation, str(ours[0]["id"]), now)
        outcome.shown = True
        return outcome
    if len(ours) > 1:
        message = f"{len(ours)} groups carry the nickname {operation.user_name}; none is picked."
        return _fail(operation, now, message)
    if operation.lookups < _MAX_LOOKUPS:
        return _unknown(operation, now, _until_seen(operation.lookups))
    return _fail(operation, now, _UNDECIDED)


def failed_lookup(
    operation: Operation, error: ScimError, decision: Decision, now: datetime
) -> Outcome:
    """A lookup that did not succeed; a group that is not found is gone."""
    if operation.kind == _KIND.MEMBER_REMOVE and isinstance(error, NotFound):
        operation.message = "The group had been deleted already."
        return _deleted(operation, now)
    operation.message = str(error)
    if not isinstance(decision, Again):
        operation.not_before = now
        return Outcome(operation, halt=str(error), kind=error.trouble.value)
    operation.not_before = now + timedelta(seconds=decision.after)
    return Outcome(operation, pause=decision.after if decision.everyone else 0.0)


def _until_seen(lookups: int) -> float:
    """Seconds before the next lookup: twice as long each time, 1 s first by the usual delay."""
    unit: float = settings.LOOKUP_DELAY_SECONDS / 5
    return backoff(lookups, 0.0) * unit


def _is_ours(operation: Operation, resource: dict[str, Any]) -> bool:
    nickname = str(extension_value(resource, ENTRA_GROUP, "mailNickname") or "")
    return nickname.casefold() == operation.user_name.casefold()


def _look(operation: Operation, now: datetime, after: float) -> Outcome:
    """Find out what happened; a group that answered lately need not be asked whether it is there.

    Entra's answer to a removal names the group, whatever is missing.
    """
    group = operation.group
    removes = operation.kind == _KIND.MEMBER_REMOVE
    if removes and group is not None and group.seen_at and now - group.seen_at < _TRUST:
        operation.message = "The person was no member (any more)."
        return _parted(operation, now, group)
    return _unknown(operation, now, after)


def _without(operation: Operation, error: ScimError, now: datetime) -> Outcome:
    """Add the others without the one that Entra names; the group is gone if it names nobody."""
    said = error.detail.lower()
    left = [pair for pair in operation.members if pair[1].lower() not in said]
    if len(left) == len(operation.members):
        group = operation.group
        if group is not None and group.entra_id.lower() in said:
            return _group_gone(operation, now)
        return _gave_up(operation, error, now)
    missing = len(operation.members) - len(left)
    who = "1 account is" if missing == 1 else f"{missing} accounts are"
    message = f"{who} not in the directory any more, and left out."
    if not left:
        return _fail(operation, now, message)
    operation.members, operation.message = left, ""
    warn(operation, message)
    operation.state, operation.not_before = _STATE.PENDING, None
    operation.attempts, operation.status, operation.detail = 0, None, ""
    return Outcome(operation, renamed=True)


def _created(operation: Operation, entra_id: str, now: datetime) -> Outcome:
    group = DirectoryGroup(
        customer_id=operation.customer_id,
        tenant_id=operation.tenant_id,
        source_id=operation.job.source_id,
        entra_id=entra_id.lower(),
        key=operation.key,
        name=str(operation.after[DISPLAY_NAME]),
        nickname=operation.user_name,
        kind=operation.group_kind,
        description=str(operation.after.get(DESCRIPTION) or ""),
        members_known=True,
        seen_at=now,
    )
    operation.uncertain_since = None
    return _done(operation, now, group)


def _joined(operation: Operation, now: datetime, group: DirectoryGroup) -> Outcome:
    outcome = _done(operation, now, group)
    outcome.joined = tuple(entra_id.lower() for _, entra_id in operation.members)
    outcome.added = len(outcome.joined)
    return outcome


def _parted(operation: Operation, now: datetime, group: DirectoryGroup) -> Outcome:
    outcome = _done(operation, now, group)
    outcome.parted = operation.members[0][1].lower()
    return outcome


def _deleted(operation: Operation, now: datetime) -> Outcome:
    outcome = _done(operation, now, None)
    outcome.gone_group, operation.group = operation.group, None
    return outcome


def _group_gone(operation: Operation, now: datetime) -> Outcome:
    outcome = _fail(operation, now, _GONE)
    outcome.gone_group, operation.group = operation.group, None
    return outcome


def _gave_up(operation: Operation, error: ScimError, now: datetime) -> Outcome:
    """A change that was refused; if an earlier attempt may have happened, the next plan reads the
    group. Whoever may have been added is one of ours until then.
    """
    outcome = _fail(operation, now, str(error))
    group = operation.group
    if operation.uncertain_since is None or group is None:
        return outcome
    group.members_known, group.revision = False, group.revision + 1
    outcome.group = group
    if operation.kind == _KIND.MEMBER_ADD:
        outcome.joined = tuple(entra_id.lower() for _, entra_id in operation.members)
    return outcome


def _unknown(operation: Operation, now: datetime, after: float) -> Outcome:
    operation.state = _STATE.UNKNOWN
    operation.not_before = now + timedelta(seconds=after)
    return Outcome(operation)


def _done(operation: Operation, now: datetime, group: DirectoryGroup | None) -> Outcome:
    operation.state, operation.settled_at = _STATE.DONE, now
    operation.detail = ""
    return Outcome(operation, _TALLY[_KIND(operation.kind)], group=group)


def _fail(operation: Operation, now: datetime, message: str) -> Outcome:
    operation.state, operation.settled_at = _STATE.FAILED, now
    operation.message = message
    return Outcome(operation, "failed")
