"""Samples: reads that previews and suggestions look at, and the first one, taken before a profile.

A sample is a snapshot that no job uses and nobody accepted. Its records hold every column, so that
its key column may still change; it is sealed, and erased, as every snapshot is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import BinaryIO

from django.db import transaction

from provisioning.domain.column_names import matches_of
from provisioning.domain.column_statistics import ColumnStatistics, statistics_of
from provisioning.domain.keys import Keyed, keyed, same_keys
from provisioning.domain.records import Record
from provisioning.models import Job, Snapshot, Source
from provisioning.selectors import source_of
from provisioning.services import snapshots
from provisioning.services.sources import own_source
from provisioning.services.uploads import UploadRefused
from provisioning.sources.base import UnusableSource
from provisioning.sources.csv_table import CsvTable, read_table
from tenants.models import Tenant, User
from tenants.services import record


@dataclass(frozen=True)
class Sample:
    """The newest records of a tenant, opened once for one request."""

    snapshot: Snapshot
    _keyed: dict[str, Keyed] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's columns, in its order."""
        return tuple(self.snapshot.columns)

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """All records, decrypted."""
        return tuple(snapshots.records_of(self.snapshot))

    @cached_property
    def statistics(self) -> dict[str, ColumnStatistics]:
        """What each column holds."""
        return statistics_of(self.columns, (each.values for each in self.records if each.values))

    def keyed(self, key_column: str) -> Keyed:
        """The records under a key column."""
        if key_column not in self._keyed:
            self._keyed[key_column] = keyed(self.records, key_column)
        return self._keyed[key_column]

    def read_by(self, key_column: str) -> bool:
        """Whether this is a read by this key column, as a plan asks it."""
        return self.snapshot.complete and same_keys(self.records, key_column)


def take_sample(
    *,
    tenant: Tenant,
    file: BinaryIO,
    file_name: str,
    by: User | None,
    source: Source | None = None,
) -> Snapshot:
    """Keep a CSV as a source's sample; an older unused one is erased. Raises UploadRefused."""
    try:
        return _keep(own_source(tenant, source), read_table(file), file_name[-255:], by)
    except UnusableSource as error:
        raise UploadRefused(str(error)) from error


def sample_of(tenant: Tenant, source: Source | None = None) -> Sample | None:
    """The newest read of a source (the tenant's first one) whose records are still there.

    Not one that the guard has stopped: nobody knows yet whether it is the right file.
    """
    newest = (
        Snapshot.objects.filter(erased_at=None, chunks__isnull=False)
        .filter(source=source or source_of(tenant))
        .exclude(job__state=Job.State.STOPPED)
        .order_by("-created_at", "-pk")
        .first()
    )
    return None if newest is None else Sample(newest)


@transaction.atomic
def _keep(source: Source, table: CsvTable, file_name: str, by: User | None) -> Snapshot:
    tenant = source.tenant
    for old in _unused(source):
        old.delete()
    snapshot = Snapshot.objects.create(
        customer_id=tenant.customer_id,
        tenant=tenant,
        source=source,
        file_name=file_name,
        people=0,
        columns=list(table.columns),
    )
    snapshot.people = _store(snapshot, table)
    if not snapshot.people:
        raise UploadRefused("The file has a header but no row that can be used.")
    snapshot.save(update_fields=["people"])
    record("upload.sampled", by=by, customer=tenant.customer, subject=snapshot, file=file_name)
    return snapshot


def _store(snapshot: Snapshot, table: CsvTable) -> int:
    usable = 0

    def counted() -> Iterator[Record]:
        nonlocal usable
        for each in table.records():
            usable += bool(each.values)
            yield each

    snapshots.store_records(snapshot, counted())
    return usable


def _unused(source: Source) -> list[Snapshot]:
    used = Job.objects.filter(source=source, snapshot__isnull=False).values("snapshot_id")
    found = Snapshot.objects.filter(source=source, accepted_at=None).exclude(pk__in=used)
    return list(found)


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """A record by its place in the sample, as people choose it."""

    position: int
    label: str


def people_matching(
    sample: Sample, text: str, key_column: str, limit: int = 20
) -> list[SamplePerson]:
    """Records in which a name, the key or any other value holds the text, without case."""
    wanted = text.strip().casefold()
    naming = naming_columns(sample.columns)
    hits = (
        SamplePerson(at, label_of(record, naming, key_column))
        for at, record in enumerate(snapshots.records_of(sample.snapshot))
        if record.values and (not wanted or holds(record, wanted))
    )
    return list(islice(hits, limit))


def label_of(record: Record, naming: Sequence[str], key_column: str) -> str:
    """A record's name and key, as far as its columns tell."""
    name = " ".join(filter(None, (record.values.get(column, "") for column in naming)))
    key = record.values.get(key_column, "")
    return f"{name} ({key})" if name and key else name or key or f"line {record.line}"


def person_at(sample: Sample, position: int, key_column: str) -> tuple[SamplePerson, Record] | None:
    """The record at a place, and what it is called; None past the end."""
    record = snapshots.record_at(sample.snapshot, position)
    if record is None:
        return None
    label = label_of(record, naming_columns(sample.columns), key_column)
    return SamplePerson(position, label), record


def holds(record: Record, wanted: str) -> bool:
    """Whether any value, or all of them as one text, holds what is wanted (case folded)."""
    if any(wanted in value.casefold() for value in record.values.values()):
        return True
    return wanted in " ".join(record.values.values()).casefold()


def naming_columns(columns: Sequence[str]) -> list[str]:
    """Columns that make a name: first and last, else a whole one, else the first two."""
    meant = {match.meaning: column for column in columns for match in matches_of(column)[:1]}
    parts = [meant[path] for path in ("name.givenName", "name.familyName") if path in meant]
    if parts:
        return parts
    return [meant["displayName"]] if "displayName" in meant else list(columns[:2])
