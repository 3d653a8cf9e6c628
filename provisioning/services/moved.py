"""Operations whose accounts moved after planning: planned again right before they are sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from provisioning.domain.plan_values import Kind
from provisioning.domain.records import fold_key
from provisioning.domain.replanning import Again, Current, Intended, Verdict, plan_again
from provisioning.models import DirectoryObject, Operation
from provisioning.services import outcomes
from provisioning.services.outcomes import Outcome, creates

_SAVED = ("before", "after", "target_revision", "record_digest")


def created_meanwhile(source: int, batch: Iterable[Operation]) -> dict[str, DirectoryObject]:
    """Accounts by folded key of people whom the batch is about to create; one query by index."""
    keys = {fold_key(each.key) for each in batch if _is_first_try(each)}
    if not keys:
        return {}
    found = DirectoryObject.objects.filter(owner=source, key__in=keys)
    return {account.key: account for account in found}


def settle(
    operation: Operation, created: Mapping[str, DirectoryObject], now: datetime
) -> Outcome | None:
    """What becomes of an operation that need not or must not be sent; None: it is to be sent.

    One of which only a part is left carries that part then, and is saved by `save_narrowed`.
    """
    account = operation.target
    if operation.kind == Operation.Kind.CREATE:
        account = created.get(fold_key(operation.key)) if _is_first_try(operation) else None
        if account is None:
            return None
    elif not outcomes.is_stale(operation):
        return None
    again = plan_again(_intended(operation), _current(account))
    if again.verdict is Verdict.SEND and account is not None:
        _narrow(operation, again, account)
        return None
    end = {
        Verdict.DONE: outcomes.done_already,
        Verdict.SKIP: outcomes.skipped,
        Verdict.WAIT: outcomes.stale,
    }[again.verdict]
    return end(operation, now, again.reason)


def save_narrowed(operations: Iterable[Operation]) -> None:
    """Inside the transaction before they leave: what operations carry by now."""
    narrowed = [each for each in operations if each.narrowed]
    if narrowed:
        Operation.objects.bulk_update(narrowed, _SAVED)


def _is_first_try(operation: Operation) -> bool:
    """Whether a creation has surely not been carried out, and nobody waits for its outcome."""
    pending = operation.state == Operation.State.PENDING and not operation.uncertain_since
    return pending and creates(operation) and operation.kind == Operation.Kind.CREATE


def _intended(operation: Operation) -> Intended:
    return Intended(Kind(operation.kind), operation.key, operation.before, operation.after)


def _current(account: DirectoryObject | None) -> Current | None:
    return None if account is None else Current(account.key, account.active, account.state)


def _narrow(operation: Operation, again: Again, account: DirectoryObject) -> None:
    operation.before, operation.after = dict(again.before), dict(again.after)
    operation.target_revision = account.revision
    operation.record_digest = operation.record_digest if again.whole else ""
    operation.narrowed = True
