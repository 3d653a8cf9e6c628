"""People of a job's snapshot as the planner takes them."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from hashlib import blake2b

from django.utils import timezone
from django.utils.crypto import salted_hmac

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.keys import refused_keys
from provisioning.domain.mapping import CompiledProfile, MappingError
from provisioning.domain.people import SourcePeople
from provisioning.domain.plan_values import Absences
from provisioning.domain.problems import Problem
from provisioning.domain.records import Record, fold_key
from provisioning.models import DirectoryObject, Drift, HeldRecord, Job, Operation
from provisioning.services import snapshots

_SLOW_RECORDS = 20


class PatternTooSlow(Exception):
    """Too many records met a regular expression's time limit; str() says whose and what to do."""

    def __init__(self, targets: Counter[str]) -> None:
        ((target, _),) = targets.most_common(1)
        attribute = CATALOGUE.get(target)
        label = attribute.label if attribute else target or "The scope"
        super().__init__(
            f"{label}: a regular expression took too long on {_SLOW_RECORDS} records, so planning"
            " was stopped; nothing was sent. Make it simpler in the profile: begin it with ^, and"
            " repeat no group that repeats something itself, as in (a+)+."
        )


class ReadErased(Exception):
    """The records that a job was queued for are gone; str() says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "The records of this read were erased before they could be planned; nothing was sent."
            " Upload the file again."
        )


def digest_of(job: Job, profile: CompiledProfile) -> Callable[[Record], str]:
    """Names what of a record the profile version reads, without telling what it is.

    Keyed, so that nobody can find out a cell's value by trying all there are.
    """
    key = salted_hmac("provisioning.record", str(job.tenant_id), algorithm="sha256").digest()[:32]
    started = blake2b(str(job.profile_version_id).encode(), digest_size=16, key=key)

    def digest(row: Record) -> str:
        named = started.copy()
        cell = row.values.get
        named.update("\x1f".join([cell(column, "") for column in profile.columns]).encode())
        return named.hexdigest()

    return digest


def keys_of_retry(job: Job) -> frozenset[str] | None:
    """Folded keys of whom a job is about: those a retry's job failed on, the one on demand, those
    whose account a reconcile found drifted; None for every other job.
    """
    if job.kind == Job.Kind.ON_DEMAND:
        return frozenset({job.subject_key})
    if job.kind == Job.Kind.RECONCILE:
        if job.drift.filter(kind__in=Drift.GROUPS).exists():
            return None  # who belongs into a group, only all people together say
        return frozenset(job.drift.exclude(key="").values_list("key", flat=True))
    if job.kind != Job.Kind.RETRY:
        return None
    if job.retry_of is None:
        return frozenset()
    failed = job.retry_of.operations.filter(state=Operation.State.FAILED)
    return frozenset(map(fold_key, failed.values_list("key", flat=True)))


def _left_since(job: Job) -> dict[str, date]:
    """What earlier syncs noted: the first day as a leaver, by folded key."""
    noted = DirectoryObject.objects.filter(owner=job.source_id, left_since__isnull=False)
    return {
        key: since
        for key, since in noted.exclude(key="").values_list("key", "left_since")
        if since is not None
    }


class MappedPeople(SourcePeople):
    """People of a job's snapshot; a pilot's end with its last one, a retry's are those it is about.

    Reading raises PatternTooSlow. Without its records everybody would seem to be missing, so that
    a job whose read was erased raises ReadErased.
    """

    def __init__(self, job: Job, profile: CompiledProfile) -> None:
        if job.snapshot is None or job.snapshot.erased_at is not None:
            raise ReadErased
        found = snapshots.people_of(job.snapshot, profile.definition.key_column)
        # A job that is planned anew after a crash sees the same clock.
        today, now = timezone.localdate(job.created_at, job.tenant.zone), job.created_at
        super().__init__(
            profile,
            found.records,
            found.refused,
            today=today,
            now=now,
            most=job.pilot_size,
            only=keys_of_retry(job),
            left_since=_left_since(job),
        )
        self._job = job
        self._digest_of = digest_of(job, profile)
        self._slow = 0
        self._slow_targets: Counter[str] = Counter()
        refused = job.held_records.exclude(key="").values_list("key", flat=True)
        held, unreadable = refused_keys(refused, own=found.own)
        self.held |= held
        self.unreadable += unreadable + job.unreadable_keys
        mapping = HeldRecord.Stage.MAPPING
        self._failures = [
            self._held_record(mapping, each.line, each.key or "", each.code, each.message)
            for each in found.refused
        ]

    def take_failures(self) -> list[HeldRecord]:
        """Records held since the last call."""
        taken, self._failures = self._failures, []
        return taken

    def _digest(self, record: Record) -> str:
        return self._digest_of(record)

    def _failed(self, record: Record, error: MappingError) -> None:
        stage = HeldRecord.Stage.MAPPING
        held = self._held_record(stage, record.line, record.key, "mapping", str(error))
        self._failures.append(held)
        if error.slow:
            self._note_slow(each.target for each in error.problems if each.slow)

    def _ungrouped(self, record: Record, problems: Sequence[Problem]) -> None:
        stage, said = HeldRecord.Stage.GROUPS, "; ".join(map(str, problems))
        self._failures.append(self._held_record(stage, record.line, record.key, "groups", said))
        if any(each.slow for each in problems):
            self._note_slow(each.target for each in problems if each.slow)

    def _held_record(
        self, stage: HeldRecord.Stage, line: int, key: str, code: str, message: str
    ) -> HeldRecord:
        return HeldRecord(
            customer_id=self._job.customer_id,
            job=self._job,
            stage=stage,
            line=line,
            key=key[:255],
            code=code,
            message=message,
        )

    def _note_slow(self, targets: Iterable[str]) -> None:
        """Every such record takes the whole time limit: a large file would hold the lane."""
        self._slow += 1
        self._slow_targets.update(targets)
        if self._slow >= _SLOW_RECORDS:
            raise PatternTooSlow(self._slow_targets)


def absences_of(job: Job, people: MappedPeople) -> Absences | None:
    """How people missing from a job's read are taken; None where that says nothing.

    A pilot reads a part of the source, and without a kept read nobody knows who is in it.
    """
    if job.kind == Job.Kind.PILOT or job.snapshot is None:
        return None
    return people.absences(timezone.now())
