"""Names that are given up in the same job: who waits for whom, and what happens when that fails."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from provisioning.domain.planner import Change
from provisioning.domain.records import fold_key
from provisioning.models import Job, Operation

_CHUNK = 500


def waits_of(change: Change) -> list[str]:
    """Names of the operations that have to come to their end before a change's first call."""
    return [] if change.temporary else [f"person:{fold_key(key)}" for key in change.after_keys]


def naming_of(change: Change) -> dict[str, Any]:
    """What the operation has to know of the names it gets and gives up; empty for most.

    `after` and `followers` are folded keys, of whom it waits for and of those that may go on when
    its `temporary` values (by path) are written; `circle` is the folded key of who opens it.
    """
    said: dict[str, Any] = {
        "after": [fold_key(key) for key in change.after_keys],
        "temporary": dict(change.temporary),
        "followers": [fold_key(key) for key in change.followers],
        "circle": fold_key(change.circle) if change.circle else "",
    }
    return {name: value for name, value in said.items() if value}


def temporary_of(operation: Operation) -> dict[str, str]:
    """Values by path that the operation's next call writes, before anything else."""
    return dict(operation.naming.get("temporary", {}))


def open_circle(operation: Operation) -> None:
    """Its temporary values are written: now it waits for the values it is to have."""
    naming = dict(operation.naming)
    naming["opened"] = naming.pop("temporary")
    operation.naming = naming
    operation.waits_for = [f"person:{key}" for key in naming.get("after", ())]


def release_followers(job: Job, opened: Iterable[Operation]) -> None:
    """Let those go on whose values were given up with the first call of a circle's opener."""
    for opener in opened:
        followers = opener.naming.get("followers", [])
        for row in job.operations.filter(folded_key__in=followers).only("naming", "waits_for"):
            key = opener.folded_key
            after = [each for each in row.naming.get("after", ()) if each != key]
            row.naming = {**row.naming, "after": after}
            row.waits_for = [each for each in row.waits_for if each != f"person:{key}"]
            row.save(update_fields=["naming", "waits_for"])


def still_held(job: Job, operations: Sequence[Operation]) -> Mapping[int, str]:
    """By primary key of who cannot get a name any more: why, as a sentence."""
    waiting = {
        each.pk: each.naming["after"]
        for each in operations
        if each.naming.get("after") and not temporary_of(each)
    }
    if not waiting:
        return {}
    lost = _not_done(job, {key for keys in waiting.values() for key in keys})
    found: dict[int, str] = {}
    for operation in operations:
        holder = next((key for key in waiting.get(operation.pk, ()) if key in lost), None)
        if holder is not None:
            found[operation.pk] = _sentence(operation, lost[holder])
    return found


def begun_circles(job: Job) -> QuerySet[Operation]:
    """Operations of circles of names whose opener has its temporary name already.

    Left where they are, that account would keep a name that nobody chose.
    """
    openers = job.operations.filter(
        naming__has_key="opened", state__in=Operation.UNSETTLED
    ).values_list("folded_key", flat=True)
    circles = Q(pk__in=())
    for key in openers:
        circles |= Q(naming__circle=key)
    return job.operations.filter(circles)


def _not_done(job: Job, keys: Iterable[str]) -> dict[str, str]:
    """Of these folded keys those whose operation was not carried out, with the key as written."""
    listed = sorted(keys)
    found: dict[str, str] = {}
    for at in range(0, len(listed), _CHUNK):
        rows = job.operations.filter(folded_key__in=listed[at : at + _CHUNK])
        rows = rows.exclude(kind__in=Operation.ON_GROUPS).exclude(state=Operation.State.DONE)
        found |= dict(rows.values_list("folded_key", "key"))
    return found


def _sentence(operation: Operation, holder: str) -> str:
    told = (
        f"The user name is still held by the account of the person with key {holder}, whose own"
        " change was not carried out."
    )
    opened = operation.naming.get("opened")
    if opened:
        names = ", ".join(map(str, opened.values()))
        told = f"{told} Until then this account has the temporary name {names}."
    return f"{told} The next sync plans both anew."
