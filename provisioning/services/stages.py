"""A job for one person on demand, stage by stage, as far as it has come. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from billing.models import Call
from billing.selectors import attempts_of
from provisioning.domain.attributes import EXTERNAL_ID, USER_NAME
from provisioning.domain.definition import ProfileError
from provisioning.domain.expressions import Context
from provisioning.domain.mapping import CompiledProfile, MappingError
from provisioning.domain.records import Record, fold_key
from provisioning.domain.stages import RecordStages, matched_by, stages_of_record
from provisioning.models import DirectoryObject, HeldRecord, Job, Operation
from provisioning.selectors import profile_of
from provisioning.services import snapshots

LABELS = ("Read", "Scope", "Mapped", "Matched", "Plan", "Sent", "Answer")
_ATTEMPTS = 50
_SETTLED = (Operation.State.DONE, Operation.State.FAILED, Operation.State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Match:
    """The account that belongs to the person, and by which attribute (path, "key" or "")."""

    account: DirectoryObject | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Stages:
    """Everything that is known of a person's way; what has not come yet is empty.

    `missing` says why there is no record to show.
    """

    record: RecordStages | None = None
    missing: str = ""
    held: Sequence[HeldRecord] = ()
    match: Match = field(default_factory=Match)
    operation: Operation | None = None
    attempts: Sequence[Call] = ()
    current: str = "Plan"
    """One of LABELS, or "done"."""


def stages_of(job: Job) -> Stages:
    """The stages of a job on demand."""
    operation = job.operations.select_related("target").first()
    attempts = attempts_of(job.tenant, job.label, _ATTEMPTS)
    held = list(job.held_records.all()[:_ATTEMPTS])
    record, missing = _record_of(job)
    try:
        profile = profile_of(job)
    except ProfileError as error:
        told = f"The mapping profile cannot be used any more: {error}."
        return Stages(missing=told, held=held, operation=operation, attempts=attempts)
    staged, match = None, _match(job, profile, record, operation)
    if record is not None:
        today = timezone.localdate(job.created_at)
        staged = stages_of_record(profile, record, today, job.created_at)
    at = _current(job, operation)
    return Stages(staged, missing, held, match, operation, attempts, at)


def version_of(job: Job) -> str:
    """Changes whenever the page has something new to show; read from the job's row alone."""
    flags = f"{job.cancel_requested:d}{job.pause_requested:d}"
    return f"{job.state}-{job.settled}-{len(job.problem)}-{flags}"


def _record_of(job: Job) -> tuple[Record | None, str]:
    """The record as it was read, or why it cannot be shown."""
    if job.snapshot is None or job.snapshot.erased_at is not None:
        return None, "The records of this read have been erased."
    people = snapshots.people_of(job.snapshot, job.profile_version.definition["key_column"])
    for record in people.records:
        if fold_key(record.key) == job.subject_key:
            return record, ""
    return None, "The newest read has no usable row with this key."


def _match(
    job: Job, profile: CompiledProfile, record: Record | None, operation: Operation | None
) -> Match:
    account = operation.target if operation is not None else None
    if operation is not None and operation.kind == Operation.Kind.CREATE:
        return Match()
    if account is None:
        account = DirectoryObject.objects.filter(tenant=job.tenant, key=job.subject_key).first()
    if account is None or (account.key == job.subject_key and not _adopting(operation)):
        return Match(account, "key" if account else "")
    known = {**account.state, USER_NAME: account.user_name, EXTERNAL_ID: account.external_id}
    before = operation.before if operation is not None else {}
    known |= {path: value for path, value in before.items() if value is not None}
    wanted = _wanted(job, profile, record)
    return Match(account, matched_by(profile.definition.matching, wanted, known))


def _adopting(operation: Operation | None) -> bool:
    return operation is not None and operation.kind == Operation.Kind.ADOPT


def _wanted(job: Job, profile: CompiledProfile, record: Record | None) -> Mapping[str, Any]:
    if record is None:
        return {}
    try:
        mapped = profile.apply(record.values, Context(now=job.created_at))
    except MappingError:
        return {}
    return {**mapped.values, **mapped.initial, EXTERNAL_ID: record.key}


def _current(job: Job, operation: Operation | None) -> str:
    if not job.is_open:
        return "done"
    if job.state in (Job.State.STOPPED, Job.State.PLANNING, Job.State.PLANNED):
        return "Plan"
    settled = operation is not None and operation.state in _SETTLED
    return "Answer" if settled else "Sent"
