"""What a reconcile job would write, and what people decide about each difference.

Undecided is "ours" once the plan is approved. "Theirs" takes the difference out of its operation at
once, so that calls and price are right, and is remembered at once, whatever becomes of the job.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from provisioning.domain.attributes import EXTERNAL_ID
from provisioning.domain.mapping import CompiledProfile
from provisioning.domain.people import SourcePeople
from provisioning.domain.phases import phase_of
from provisioning.domain.plan_values import CALLS, Change, Kind, Person
from provisioning.domain.protection import Protection
from provisioning.domain.reconciling import Drifted, drifted_only, kind_of
from provisioning.models import AcceptedDrift, DirectoryObject, Drift, Job, Operation
from provisioning.services import lanes
from provisioning.services.decisions import DecisionRefused, require
from provisioning.services.estimates import ESTIMATED, count_calls, note_estimate
from provisioning.services.group_repairs import group_keys_of, rewrite_groups
from provisioning.services.lanes import HeldLane
from provisioning.services.people import MappedPeople
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.services import record

_BATCH = 500
_OURS, _THEIRS = Drift.Decision.OURS, Drift.Decision.THEIRS
_TAKEN = "Theirs was taken."
_TAKEN_WITHHELD = "Theirs was taken; it would have needed a yes of its own."
_SAME = "The directory has what the source says."
_UNSAID = (
    "The source says nothing about it: the profile does not write it, the record is held back, or"
    " the person is not in the source any more."
)
_NO_READ = "No read of the source is kept; upload its file to have the account created again."
_FIELDS = ("record_key", "wanted", "writable", "note")


class RememberedPeople(MappedPeople):
    """Without a read of the source the shadow stands for it: people as we last wrote them."""

    def __init__(self, job: Job, profile: CompiledProfile) -> None:
        SourcePeople.__init__(self, profile, (), today=timezone.localdate(), now=timezone.now())
        self._job, self._failures = job, []
        self._targets = profile.managed
        self.memberships = None

    def __iter__(self) -> Iterator[Person]:
        rows = self._job.drift.filter(path__gt="").exclude(key="").exclude(target=None)
        before: dict[int, dict[str, Any]] = {}
        for target, path, ours in rows.values_list("target", "path", "ours"):
            before.setdefault(target, {})[path] = ours
        accounts = DirectoryObject.objects.filter(pk__in=[*before]).exclude(key="")
        for pk, key, state in accounts.values_list("pk", "key", "state").iterator(2000):
            values = {**state, **before[pk]}
            # "" was in doubt: nobody knows what it should be.
            unknown = frozenset(path for path, value in before[pk].items() if value == "")
            known = {
                path: value
                for path, value in values.items()
                if path in self._targets and value is not None and path not in unknown
            }
            yield Person(str(state.get(EXTERNAL_ID, key)), known, unknown)


def people_of(job: Job, profile: CompiledProfile) -> MappedPeople:
    """The people of a job; a reconcile without a kept read goes by the shadow alone."""
    erased = job.snapshot is None or job.snapshot.erased_at is not None
    if job.kind == Job.Kind.RECONCILE and erased:
        job.snapshot = None
        return RememberedPeople(job, profile)
    return MappedPeople(job, profile)


def repairs_of(job: Job, changes: Iterable[Change], held: HeldLane) -> Iterator[Change]:
    """Of a plan what undoes the drift; each difference is told what the source says of it."""
    notes = _Notes(job, held)
    protection = Protection(job.tenant.protected_accounts)
    yield from drifted_only(changes, _drifted(job), protection, notes.add)
    notes.end()


def _drifted(job: Job) -> dict[str, Drifted]:
    """By folded key; what was accepted before the plan was made anew is not looked at again."""
    theirs: dict[str, dict[str, Any]] = {}
    whole = set()
    rows = job.drift.exclude(key="").exclude(decision=_THEIRS)
    for key, kind, path, value in rows.values_list("key", "kind", "path", "theirs").iterator(2000):
        theirs.setdefault(key, {})
        if kind in Drift.WHOLE:
            whole.add(key)
        else:
            theirs[key][path] = value
    return {key: Drifted(values, key in whole) for key, values in theirs.items()}


class _Notes:
    """Writes beside each difference what the plan does about it, some people at a time."""

    def __init__(self, job: Job, held: HeldLane) -> None:
        self._job, self._held = job, held
        self._changes: dict[str, Change] = {}
        people = job.drift.exclude(kind__in=Drift.GROUPS)
        self._rows = people.exclude(decision=_THEIRS)
        self._rows.update(writable=False, wanted=None, note="", record_key="", decision="")
        people.filter(decision=_THEIRS).update(writable=False)
        job.drift.filter(kind__in=Drift.GROUPS).update(writable=False, note=_UNSAID)

    def add(self, key: str, change: Change) -> None:
        """Remember one person's repair."""
        self._changes[key] = change
        if len(self._changes) >= _BATCH:
            self._write()

    def end(self) -> None:
        """After the last person."""
        self._write()
        silent = self._rows.filter(writable=False, note="").exclude(kind=Drift.Kind.CARRIER)
        if self._job.snapshot is None:
            silent.filter(kind=Drift.Kind.MISSING).update(note=_NO_READ)
        silent.update(note=_UNSAID)

    @transaction.atomic
    def _write(self) -> None:
        self._held.confirm()
        rows = list(self._rows.filter(key__in=[*self._changes]))
        for row in rows:
            _tell(row, self._changes[row.key])
        Drift.objects.bulk_update(rows, _FIELDS, _BATCH)
        self._changes = {}


def _tell(row: Drift, change: Change) -> None:
    row.record_key = change.key[:255]
    if row.kind in Drift.WHOLE:
        row.writable = change.kind in CALLS
    else:
        row.writable = row.path in change.after
        row.wanted = change.after.get(row.path)
    if not row.writable:
        row.note = change.reason[:300] if change.kind is Kind.LEAVE else _SAME


def decide(*, job: Job, rows: QuerySet[Drift], decision: Drift.Decision, by: User) -> int:
    """Take ours or theirs, or leave open, for those of the rows that can be decided; how many.

    Of a cancelled job the differences stand as they were found, so that "theirs" is still possible.
    Raises DecisionRefused.
    """
    with transaction.atomic():
        require(job, by, Action.APPROVE)
        lanes.lock(job.tenant)
        state = Job.objects.select_for_update().get(pk=job.pk).state
        _require_open(Job.State(state), decision)
        rows = rows.filter(job=job, writable=True).exclude(decision=decision)
        if decision == _THEIRS:
            rows = rows.exclude(path=EXTERNAL_ID)  # by it the portal finds its people
        pks = list(rows.values_list("pk", flat=True))
        for at in range(0, len(pks), _BATCH):
            _decide(job, pks[at : at + _BATCH], decision, by, plan=state == Job.State.PLANNED)
        if state == Job.State.PLANNED:
            _recount(job)
        record(
            "drift.decided",
            by=by,
            customer=job.customer,
            subject=job,
            decision=decision.value or "open",
            rows=len(pks),
        )
    return len(pks)


def _require_open(state: Job.State, decision: Drift.Decision) -> None:
    late = state == Job.State.CANCELLED and decision == _THEIRS
    if state != Job.State.PLANNED and not late:
        raise DecisionRefused(
            f"The job is {state.label.lower()} by now. Differences are decided while its plan"
            " waits; of a cancelled job theirs can still be taken."
        )


def _decide(
    job: Job, pks: Sequence[int], decision: Drift.Decision, by: User, *, plan: bool
) -> None:
    now = timezone.now()
    chosen = list(Drift.objects.filter(pk__in=pks))
    Drift.objects.filter(pk__in=pks).update(decision=decision, decided_by=by, decided_at=now)
    keys = {row.record_key for row in chosen if row.kind not in Drift.GROUPS}
    on_people = job.operations.filter(key__in=keys).exclude(kind__in=Operation.ON_GROUPS)
    operations = {each.key: each for each in on_people}
    _remember(job, chosen, operations, decision, by, now)
    if not plan:
        return
    rows: dict[str, list[Drift]] = {}
    on_people_rows = job.drift.filter(record_key__in=keys, writable=True)
    for row in on_people_rows.exclude(kind__in=Drift.GROUPS):
        rows.setdefault(row.record_key, []).append(row)
    for key, operation in operations.items():
        _rewrite(operation, rows.get(key, []))
    fields = ("kind", "phase", "state", "before", "after", "message")
    Operation.objects.bulk_update(operations.values(), fields, _BATCH)
    rewrite_groups(job, group_keys_of(chosen))


def _remember(
    job: Job,
    rows: Sequence[Drift],
    operations: Mapping[str, Operation],
    decision: Drift.Decision,
    by: User,
    now: datetime,
) -> None:
    """What is accepted stays until either side changes; another decision takes it back."""
    found = [
        each for row in rows for each in _acceptances(job, row, operations.get(row.record_key))
    ]
    paths = {(each.on_group, each.key, each.path) for each in found}
    rows_there = AcceptedDrift.objects.filter(
        source=job.source, key__in={key for _, key, _ in paths}
    )
    there = rows_there.values_list("pk", "on_group", "key", "path")
    old = [pk for pk, *subject in there if tuple(subject) in paths]
    AcceptedDrift.objects.filter(pk__in=old).delete()
    if decision == _THEIRS:
        for each in found:
            each.by, each.at = by, now
        AcceptedDrift.objects.bulk_create(found, batch_size=_BATCH)


def _acceptances(job: Job, row: Drift, operation: Operation | None) -> list[AcceptedDrift]:
    """What taking theirs means: of a whole account that it is gone, or every value it has."""
    pairs = {row.path: (row.wanted, row.theirs)}
    if row.kind in (Drift.Kind.MISSING, Drift.Kind.GROUP_GONE):
        pairs = {"": (True, None)}
    elif row.kind == Drift.Kind.RETURNED and operation is not None:
        before = operation.before
        pairs = {path: (value, before.get(path)) for path, value in operation.after.items()}
    return [
        AcceptedDrift(
            customer_id=row.customer_id,
            tenant_id=row.tenant_id,
            source_id=job.source_id,
            on_group=row.kind in Drift.GROUPS,
            key=row.record_key if row.kind in Drift.GROUPS else row.key,
            path=path,
            person=row.person,
            ours=ours,
            theirs=theirs,
        )
        for path, (ours, theirs) in pairs.items()
    ]


def _rewrite(operation: Operation, rows: Sequence[Drift]) -> None:
    """The operation writes what is not left to the directory; nothing left: it is left alone."""
    kept = [row for row in rows if row.decision != _THEIRS]
    withheld = operation.state == Operation.State.WITHHELD or operation.message == _TAKEN_WITHHELD
    if not kept:
        operation.kind = Operation.Kind.LEAVE
        operation.state = Operation.State.SKIPPED
        operation.message = _TAKEN_WITHHELD if withheld else _TAKEN
        return
    if kept[0].kind == Drift.Kind.MISSING:
        adopts = operation.target_id is not None
        operation.kind = Operation.Kind.ADOPT if adopts else Operation.Kind.CREATE
    else:
        if kept[0].kind != Drift.Kind.RETURNED:
            operation.after = {row.path: row.wanted for row in kept}
            operation.before = {row.path: row.theirs for row in kept}
        kind = kind_of(operation.after)
        operation.kind, operation.phase = kind.value, phase_of(kind)
    operation.state = Operation.State.WITHHELD if withheld else Operation.State.PROPOSED
    operation.message = ""


def _recount(job: Job) -> None:
    """Calls and price of what is left of the plan."""
    waiting = job.operations.filter(state=Operation.State.PROPOSED).count()
    withheld = job.operations.filter(state=Operation.State.WITHHELD).count()
    job.total, job.withheld = waiting, withheld
    job.planned_calls = count_calls(job)
    note_estimate(job)
    job.save(update_fields=["total", "withheld", "planned_calls", *ESTIMATED])


@transaction.atomic
def take_back(*, tenant: Tenant, pks: Iterable[int], by: User) -> int:
    """Forget accepted differences: the next plan writes our values again. Gives how many."""
    found = AcceptedDrift.objects.filter(tenant=tenant, pk__in=[*pks])
    number, _ = found.delete()
    record("drift.taken_back", by=by, customer=tenant.customer, subject=tenant, rows=number)
    return number
