"""What a reconcile job would write of the groups, and what becomes of it by people's decisions."""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import QuerySet

from provisioning.domain.groups import ADD_PACK, GroupAct, GroupOperation
from provisioning.domain.groups.repairing import WHOLE, GroupDrift, repairs, subjects_of
from provisioning.models import Drift, Job, Operation

_BATCH = 500
_THEIRS = Drift.Decision.THEIRS
_TAKEN = "Theirs was taken."
_TAKEN_WITHHELD = "Theirs was taken; it would have needed a yes of its own."
_UNSAID = {
    Drift.Kind.GROUP: "The rules have nothing to say about it, or say the same.",
    Drift.Kind.GROUP_GONE: "No rule leads to this group any more.",
    Drift.Kind.PARTED: "No rule puts this account here any more.",
    Drift.Kind.JOINED: "Not added by this portal, so it is left.",
}
_OPERATION = Operation.Kind


def compares_groups(job: Job) -> bool:
    """Whether the job has to plan groups: something of them drifted."""
    return job.kind != Job.Kind.RECONCILE or job.drift.filter(kind__in=Drift.GROUPS).exists()


def group_repairs_of(job: Job, planned: Iterable[GroupOperation]) -> Iterator[GroupOperation]:
    """Of a plan of groups what undoes the drift; each difference is told what becomes of it."""
    subjects: dict[str, set[str]] = {}
    rows = job.drift.filter(kind__in=Drift.GROUPS)
    rows.exclude(decision=_THEIRS).update(writable=False, wanted=None, note="", decision="")
    rows.filter(decision=_THEIRS).update(writable=False)
    left = rows.exclude(decision=_THEIRS)
    for key, path in left.values_list("record_key", "path").iterator(2000):
        subjects.setdefault(key, set()).add(path)
    again = frozenset(
        job.drift.filter(kind=Drift.Kind.MISSING).exclude(key="").values_list("key", flat=True)
    )
    reasons: dict[str, str] = {}
    for operation in repairs(planned, GroupDrift(subjects, again)):
        if operation.act is GroupAct.LEAVE:
            reasons[operation.key] = operation.reason
        else:
            _tell(left, operation)
        yield operation
    for key, reason in reasons.items():
        left.filter(record_key=key, writable=False).update(note=reason[:300])
    for kind, note in _UNSAID.items():
        left.filter(kind=kind, writable=False, note="").update(note=note)


def _tell(rows: QuerySet[Drift], operation: GroupOperation) -> None:
    paths = subjects_of(operation)
    for row in rows.filter(record_key=operation.key, path__in=paths):
        row.writable, row.wanted = True, operation.after.get(row.path)
        row.save(update_fields=["writable", "wanted"])


def rewrite_groups(job: Job, keys: Iterable[str]) -> None:
    """Bring the operations on these groups in line with what was decided."""
    for key in keys:
        rows = list(
            job.drift.filter(kind__in=Drift.GROUPS, record_key=key, writable=True).order_by("pk")
        )
        operations = job.operations.filter(folded_key=key, kind__in=Operation.ON_GROUPS)
        listed = list(operations.exclude(kind=_OPERATION.GROUP_LEAVE).order_by("pk"))
        theirs = {row.path for row in rows if row.decision == _THEIRS}
        if any(row.path == WHOLE for row in rows):
            for each in listed:
                _switch(each, on=WHOLE not in theirs)
        else:
            _rewrite(listed, rows, theirs)
        fields = ("state", "message", "members", "before", "after")
        Operation.objects.bulk_update(listed, fields, _BATCH)


def _rewrite(operations: Sequence[Operation], rows: Sequence[Drift], theirs: set[str]) -> None:
    changes = [row for row in rows if row.kind == Drift.Kind.GROUP and row.path not in theirs]
    parted = [row for row in rows if row.kind == Drift.Kind.PARTED]
    back = [[row.member[0], row.member[2]] for row in parted if row.path not in theirs]
    ids = {row.member[2] for row in parted}
    additions = [each for each in operations if each.kind == _OPERATION.MEMBER_ADD]
    # Who comes for another reason stays; whoever was removed outside is packed anew.
    others = [pair for each in additions for pair in each.members if pair[1] not in ids]
    wanted = [*others, *back]
    for number, each in enumerate(additions):
        pack = wanted[number * ADD_PACK : (number + 1) * ADD_PACK]
        each.members = pack or each.members
        _switch(each, on=bool(pack))
    for each in operations:
        if each.kind == _OPERATION.GROUP_CHANGE:
            if changes:
                each.after = {row.path: row.wanted for row in changes}
                each.before = {row.path: row.theirs for row in changes}
            _switch(each, on=bool(changes))
        elif each.kind == _OPERATION.MEMBER_REMOVE:
            _switch(each, on=not {f"members:{pair[1]}" for pair in each.members} & theirs)


def _switch(operation: Operation, *, on: bool) -> None:
    """Carry it out as planned, or leave it; what needs a yes of its own still does."""
    withheld = operation.state == Operation.State.WITHHELD or operation.message == _TAKEN_WITHHELD
    if on:
        operation.state = Operation.State.WITHHELD if withheld else Operation.State.PROPOSED
        operation.message = ""
    else:
        operation.state = Operation.State.SKIPPED
        operation.message = _TAKEN_WITHHELD if withheld else _TAKEN


def group_keys_of(rows: Iterable[Drift]) -> list[str]:
    """Keys of the groups that rows are about."""
    return sorted({row.record_key for row in rows if row.kind in Drift.GROUPS})
