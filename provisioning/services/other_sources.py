"""What the other sources of a tenant say of their people; opened only when a plan asks."""

from collections.abc import Sequence
from datetime import datetime

from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, USER_NAME
from provisioning.domain.definition import ProfileError
from provisioning.domain.keys import refused_keys
from provisioning.domain.mapping import CompiledProfile, MappingError, published_profile
from provisioning.domain.ownership import OtherSources, Owner, SourceRead
from provisioning.domain.people import SourcePeople
from provisioning.domain.records import Record, fold_key
from provisioning.models import Job, Snapshot, Source
from provisioning.selectors import profile_in, sources_of, targets_of
from provisioning.services import snapshots

_SLOW_RECORDS = 5


def others_of(source: Source, matching: Sequence[str], now: datetime) -> OtherSources | None:
    """The other sources as the plan of this one sees them; None where it is the only one."""
    rows = {each.pk: each for each in sources_of(source.tenant)}
    mine = Owner(source.pk, source.name, source.position)
    others = [Owner(each.pk, each.name, each.position) for each in rows.values() if each != source]
    if not others:
        return None
    known: dict[int, SourceRead | None] = {}

    def read(owner: Owner, snapshot: Snapshot | None) -> SourceRead | None:
        if snapshot is None or snapshot.erased_at is not None:
            return None
        if snapshot.pk not in known:
            known[snapshot.pk] = read_by(rows[owner.pk], snapshot, now)
        return known[snapshot.pk]

    return OtherSources(
        mine,
        others,
        accepted=lambda owner: read(owner, rows[owner.pk].snapshot),
        newest=lambda owner: read(owner, _newest(rows[owner.pk])),
        matching=matching,
    )


def read_by(source: Source, snapshot: Snapshot, now: datetime) -> SourceRead | None:
    """A read as the source's current profile maps it; None when that is not possible."""
    profile = profile_in(source.tenant, source)
    version = profile.current if profile else None
    if version is None:
        return None
    try:
        compiled = published_profile(version.definition, targets_of(source.tenant))
        return _told(compiled, snapshot, source, now)
    except (ProfileError, _TooSlow):
        return None


def _newest(source: Source) -> Snapshot | None:
    """The newest whole read whose records are kept, but none that the guard has stopped."""
    kept = Snapshot.objects.filter(source=source, complete=True, erased_at=None)
    return kept.exclude(job__state=Job.State.STOPPED).order_by("-created_at", "-pk").first()


class _TooSlow(Exception):
    """Regular expressions take too long to find out who is in this source."""


class _People(SourcePeople):
    """People of another source's read; gives up where its expressions take too long."""

    slow = 0

    def _failed(self, record: Record, error: MappingError) -> None:
        self.slow += error.slow
        if self.slow >= _SLOW_RECORDS:
            raise _TooSlow


def _told(
    profile: CompiledProfile, snapshot: Snapshot, source: Source, now: datetime
) -> SourceRead:
    found = snapshots.people_of(snapshot, profile.definition.key_column)
    today = now.astimezone(source.tenant.zone).date()
    people = _People(profile, found.records, found.refused, today=today, now=now)
    paths = {USER_NAME, *profile.definition.matching} - {EXTERNAL_ID}
    values: dict[str, set[str]] = {path: set() for path in paths}
    present, away = set(), set()
    for person in people:
        key = fold_key(person.key)
        if person.values.get(ACTIVE, True) is False:
            away.add(key)
            continue
        present.add(key)
        known = {**person.values, **person.initial}
        for path, of_path in values.items():
            if value := known.get(path):
                of_path.add(fold_key(str(value)))
    rows = snapshots.refused_of(snapshot)
    refused, doubtful = refused_keys(filter(None, rows), own=found.own)
    return SourceRead(
        present,
        away | people.outside,
        people.held | refused,
        people.unreadable + doubtful + rows.count(""),
        values,
    )
