"""What the planners decided, as rows of a job."""

from provisioning.adapters.journal import subject_of
from provisioning.domain.groups import GroupAct, GroupOperation
from provisioning.domain.phases import phase_of
from provisioning.domain.planner import Change, Kind
from provisioning.domain.records import fold_key
from provisioning.models import Job, Operation
from provisioning.services.renaming import naming_of, waits_of

_ACTS = {
    GroupAct.ADOPT: Operation.Kind.GROUP_ADOPT,
    GroupAct.CREATE: Operation.Kind.GROUP_CREATE,
    GroupAct.CHANGE: Operation.Kind.GROUP_CHANGE,
    GroupAct.ADD: Operation.Kind.MEMBER_ADD,
    GroupAct.REMOVE: Operation.Kind.MEMBER_REMOVE,
    GroupAct.DELETE: Operation.Kind.GROUP_DELETE,
    GroupAct.LEAVE: Operation.Kind.GROUP_LEAVE,
}


def person_row(job: Job, change: Change) -> Operation:
    """The operation of one person's change."""
    return Operation(
        customer_id=job.customer_id,
        tenant_id=job.tenant_id,
        job=job,
        kind=change.kind.value,
        state=_state(withheld=change.withheld, left=change.kind is Kind.LEAVE),
        phase=phase_of(change.kind),
        key=change.key[:255],
        folded_key=fold_key(change.key),
        person=change.person[:255],
        user_name=change.user_name[:255],
        target_id=change.account.pk if change.account else None,
        target_revision=change.account.revision if change.account else None,
        manager=change.manager[:255],
        carries_manager=change.carries_manager,
        waits_for=[*_awaited_manager(change), *waits_of(change)],
        naming=naming_of(change),
        before=dict(change.before),
        after=dict(change.after),
        record_digest=change.digest,
        flapping=", ".join(sorted(change.flapping)) if change.only_flaps else "",
        subject=subject_of(job.tenant, change.key[:255]) if change.only_flaps else None,
        choices={path: list(rest) for path, rest in change.choices.items() if rest},
        reason=change.reason[:300],
    )


def _awaited_manager(change: Change) -> list[str]:
    awaits = change.manager and change.account
    return [f"person:{fold_key(change.manager)}"] if awaits else []


ACTS = {kind: act for act, kind in _ACTS.items()}
"""What an operation on a group does, by its kind."""


def group_row(job: Job, planned: GroupOperation, group_pk: int | None) -> Operation:
    """The operation of one act on a group; whom it needs is named in `waits_for`."""
    waits_for: list[str] = []
    if planned.act is GroupAct.ADD:
        waits_for = [f"person:{member.key}" for member in planned.members if not member.id]
        waits_for += [] if planned.group_id else [f"group:{planned.key}"]
    return Operation(
        customer_id=job.customer_id,
        tenant_id=job.tenant_id,
        job=job,
        kind=_ACTS[planned.act],
        state=_state(withheld=planned.withheld, left=planned.act is GroupAct.LEAVE),
        phase=phase_of(planned.act),
        waits_for=waits_for,
        key=planned.key,
        folded_key=planned.key,
        person=planned.name[:255],
        user_name=planned.nickname,
        group_id=group_pk,
        group_kind=planned.kind.value,
        target_revision=planned.revision,
        members=[[member.key, member.id] for member in planned.members],
        before=dict(planned.before),
        after=dict(planned.after),
        reason=planned.reason[:300],
        warning=planned.warning[:300],
    )


def _state(*, withheld: bool, left: bool) -> Operation.State:
    if left:
        return Operation.State.SKIPPED
    return Operation.State.WITHHELD if withheld else Operation.State.PROPOSED
