"""The shadow's row of an account after a write: created, changed, or in doubt."""

from typing import Any

from provisioning.domain.planner import ACTIVE, EXTERNAL_ID, USER_NAME
from provisioning.domain.records import fold_key
from provisioning.models import DirectoryObject, Operation


def created_row(operation: Operation, entra_id: str, state: dict[str, Any]) -> DirectoryObject:
    """The account that a creation made, with what was written."""
    user_name = str(state.get(USER_NAME) or operation.user_name)
    return DirectoryObject(
        customer_id=operation.customer_id,
        tenant_id=operation.tenant_id,
        entra_id=entra_id,
        key=fold_key(operation.key),
        owner_id=operation.job.source_id,
        external_id=operation.key,
        user_name=user_name,
        folded_user_name=user_name.casefold(),
        active=bool(state.get(ACTIVE, True)),
        state={path: value for path, value in state.items() if value is not None},
    )


def changed_row(operation: Operation, written: dict[str, Any]) -> DirectoryObject | None:
    """The target as it is after a change was answered with success."""
    target = operation.target
    if target is None:
        return None
    state = {**target.state, **written}
    target.state = {path: value for path, value in state.items() if value is not None}
    # What an earlier change left in doubt is "" there: then the last that was known stays.
    active = target.state.get(ACTIVE)
    target.active = active if isinstance(active, bool) else target.active
    target.user_name = str(target.state.get(USER_NAME) or target.user_name)
    target.folded_user_name = target.user_name.casefold()
    target.record_digest = operation.record_digest
    target.revision += 1
    if operation.kind in (Operation.Kind.ADOPT, Operation.Kind.TRANSFER):
        target.key, target.external_id = fold_key(operation.key), operation.key
        target.owner_id, target.offered_to_id = operation.job.source_id, None
    elif operation.kind == Operation.Kind.RELEASE:
        target.key, target.external_id = "", str(target.state.get(EXTERNAL_ID, ""))
        target.owner_id = target.offered_to_id = None
    elif EXTERNAL_ID in operation.after:
        target.external_id = str(operation.after[EXTERNAL_ID])
    return target


def doubted_row(operation: Operation, written: dict[str, Any]) -> DirectoryObject | None:
    """The target after a change that may or may not have happened: its paths are written anew.

    No desired value equals "", so the next plan differs whatever the source says then.
    """
    target = operation.target
    if target is None or operation.kind == Operation.Kind.DELETE:
        return None
    # A transfer that comes to nothing leaves the account to its owner, under the key it had.
    doubted = [path for path in written if path != EXTERNAL_ID]
    target.state = {**target.state, **dict.fromkeys(doubted, "")}
    target.active = target.active or ACTIVE in operation.after
    target.record_digest = ""
    target.revision += 1
    return target


def known_of(resource: dict[str, Any]) -> dict[str, Any]:
    """What a lookup told of an account, as its state."""
    known = (USER_NAME, EXTERNAL_ID, ACTIVE, "displayName")
    return {name: resource[name] for name in known if resource.get(name) is not None}
