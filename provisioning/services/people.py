"""People of a job's snapshot as the planner takes them."""

from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import blake2b

from django.utils import timezone
from django.utils.crypto import salted_hmac

from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.expressions import Context
from provisioning.domain.mapping import CompiledProfile, MappingError
from provisioning.domain.planner import Person
from provisioning.domain.records import Record, RefusedRow, fold_key
from provisioning.models import HeldRecord, Job, Operation
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
    """Folded keys of whom a retry is about, those its job failed on; None for every other job."""
    if job.kind != Job.Kind.RETRY:
        return None
    if job.retry_of is None:
        return frozenset()
    failed = job.retry_of.operations.filter(state=Operation.State.FAILED)
    return frozenset(map(fold_key, failed.values_list("key", flat=True)))


class MappedPeople:
    """People of a job's snapshot with their desired state; a failed mapping holds its record.

    `held`, `outside` and `inside` the scope (folded keys) grow while this is read: the planner
    asks them after the last person. Whom the profile is not for is passed over, and held if the
    profile says so. A pilot ends with its last person; with `only` (folded keys) nobody else is
    mapped. Reading raises PatternTooSlow.
    """

    def __init__(self, job: Job, profile: CompiledProfile) -> None:
        self._job = job
        self._profile = profile
        self.only = keys_of_retry(job)
        self._today = timezone.localdate(job.created_at)
        # A job that is planned anew after a crash sees the same clock.
        self._context = Context(now=job.created_at)
        self.outside: set[str] = set()
        self.inside: set[str] = set()
        self.passed_over = self.unreadable = 0
        refused = job.held_records.exclude(key="").values_list("key", flat=True)
        self.held = {fold_key(key) for key in refused}
        self._failures: list[HeldRecord] = []
        self._digest = digest_of(job, profile)
        self._slow = 0
        self._slow_targets: Counter[str] = Counter()
        if job.snapshot is None:
            raise RuntimeError(f"{job} has lost its snapshot.")
        self._rows, unkeyed = snapshots.people_of(job.snapshot, profile.definition.key_column)
        for each in unkeyed:
            self._refuse(each)

    def __iter__(self) -> Iterator[Person]:
        taken, most = 0, self._job.pilot_size
        for row in self._rows:
            if most is not None and taken >= most:
                return
            if self.only is not None and fold_key(row.key) not in self.only:
                continue
            try:
                if not self._profile.covers(row.values, self._today):
                    self._pass_over(row)
                    continue
                taken += 1
                self.inside.add(fold_key(row.key))
                mapped = self._profile.apply(row.values, self._context)
            except MappingError as error:
                self._hold(row, error)
            else:
                yield Person(
                    row.key,
                    mapped.values,
                    mapped.ignored,
                    mapped.initial,
                    {path: [*map(str, found)] for path, found in mapped.candidates.items()},
                    self._digest(row),
                )

    def take_failures(self) -> list[HeldRecord]:
        """Records held since the last call."""
        taken, self._failures = self._failures, []
        return taken

    def _pass_over(self, row: Record) -> None:
        self.passed_over += 1
        keeps = self._profile.definition.out_of_scope == "skip"
        (self.held if keeps else self.outside).add(fold_key(row.key))

    def _refuse(self, row: RefusedRow) -> None:
        """Hold a row that the profile's key column cannot tell apart from others."""
        if row.key is not None:
            self.held.add(fold_key(row.key))
        self.unreadable += row.key is None
        self._failures.append(self._held_record(row.line, row.key or "", row.code, row.message))

    def _hold(self, row: Record, error: MappingError) -> None:
        self.held.add(fold_key(row.key))
        self._failures.append(self._held_record(row.line, row.key, "mapping", str(error)))
        if error.slow:
            self._note_slow(error)

    def _held_record(self, line: int, key: str, code: str, message: str) -> HeldRecord:
        return HeldRecord(
            customer_id=self._job.customer_id,
            job=self._job,
            stage=HeldRecord.Stage.MAPPING,
            line=line,
            key=key[:255],
            code=code,
            message=message,
        )

    def _note_slow(self, error: MappingError) -> None:
        """Every such record takes the whole time limit: a large file would hold the lane."""
        self._slow += 1
        self._slow_targets.update(each.target for each in error.problems if each.slow)
        if self._slow >= _SLOW_RECORDS:
            raise PatternTooSlow(self._slow_targets)
