"""Reading a directory back inside its lane, and comparing it with the shadow, page by page.

Two steps, each safe to begin anew. First everything is read: what differs becomes rows, and of
managed accounts the shadow stays as it is, so that a reading that breaks off leaves no trace. When
the last page is there and plausible, the shadow takes over what was read, in batches; from then on
nothing is read again, whatever happens.
"""

import logging
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.adapters.journal import subject_of
from provisioning.domain.attributes import ACTIVE, EXTERNAL_ID, MANAGER, USER_NAME
from provisioning.domain.guard import Comparison, GuardLimits
from provisioning.domain.mapping import CompiledProfile
from provisioning.domain.reconciling import Deviation, deviations, implausible
from provisioning.models import (
    Directory,
    DirectoryGroup,
    DirectoryObject,
    Drift,
    Job,
    Reconciliation,
)
from provisioning.scim.client import ScimClient
from provisioning.scim.errors import NotFound
from provisioning.scim.messages import Purpose
from provisioning.scim.users import INVENTORY, get_user, names_of
from provisioning.services.group_comparing import GroupReading, take_over_groups
from provisioning.services.inventory import account_of
from provisioning.services.lanes import HeldLane
from provisioning.services.notices import tell_of_job
from provisioning.services.taking_over import ON_PREMISES, USER_TYPE, take_over

logger = logging.getLogger(__name__)
_BATCH = 500
_SEEN_AGAIN = (Drift.Kind.CARRIER,)
_UNMANAGED = (
    "external_id",
    "user_name",
    "folded_user_name",
    "active",
    "on_premises",
    "guest",
    "state",
)


def read_back(job: Job, profile: CompiledProfile, client: ScimClient, held: HeldLane) -> bool:
    """Read the directory as the job says, note what differs, and let the shadow know it.

    False when so much is missing that a person has to look at it: the job is stopped then.
    """
    reading = job.reconciliation
    if reading.read_at is None:
        _begin(job, held)
        back = _Reading(job, reading, profile, held)
        found = back.everything(client) if reading.whole else back.sample(client)
        if not found:
            return False
    take_over(job, held)
    take_over_groups(job, held)
    return True


def paths_of(profile: CompiledProfile, *, managers: bool = False) -> frozenset[str]:
    """Paths that are compared: what the profile writes, and what an account is known by.

    The manager only if asked for: with it, Entra gives 100 users a call instead of 999.
    """
    paths = {*profile.managed, *profile.definition.matching, USER_NAME, EXTERNAL_ID, ACTIVE}
    return frozenset(paths if managers else paths - {MANAGER})


@transaction.atomic
def _begin(job: Job, held: HeldLane) -> None:
    held.confirm()
    job.drift.exclude(kind__in=_SEEN_AGAIN).delete()


class _Reading:
    """One reading: what was seen so far, and the rows it leaves."""

    def __init__(
        self, job: Job, reading: Reconciliation, profile: CompiledProfile, held: HeldLane
    ) -> None:
        self._job, self._reading, self._held = job, reading, held
        self._tenant = job.tenant
        self._profile = profile
        self._paths = paths_of(profile, managers=reading.managers)
        self._limits = GuardLimits(job.source.loss_share, job.source.loss_minimum)
        self._began = timezone.now()
        self._seen: set[str] = set()
        self._lost = _lost_before(job)
        self._first = not Directory.objects.filter(
            tenant=job.tenant, inventory_at__isnull=False
        ).exists()

    def everything(self, client: ScimClient) -> bool:
        """Every user, 999 a call; False when implausibly many managed ones are missing."""
        purpose = Purpose.INVENTORY if self._reading.sample is None else Purpose.VERIFY
        for page in client.users(purpose, names_of([*INVENTORY, *sorted(self._paths)])):
            fresh = {
                str(each["id"]): each
                for each in page
                if each.get("id") and str(each["id"]) not in self._seen
            }
            with transaction.atomic():
                self._held.confirm()
                self._note_page(fresh)
            self._seen.update(fresh)
        if self._reading.sample is None and not self._read_groups(client):
            return False
        return self._complete()

    def _read_groups(self, client: ScimClient) -> bool:
        reading = GroupReading(self._job, self._profile, self._held, self._seen)
        missing = reading.read(client)
        if self._job.comparison is not None:
            return True  # a person has looked at what is missing
        ours = DirectoryGroup.objects.filter(source=self._job.source_id).exclude(key="").count()
        return not self._stops(implausible(ours, missing, self._limits, noun="groups"))

    def sample(self, client: ScimClient) -> bool:
        """The accounts that were drawn, one by one, the same again after a crash."""
        names = names_of([*INVENTORY, *sorted(self._paths)])
        drawn = sample_of(self._job, self._reading)
        for row in drawn:
            subject = subject_of(self._tenant, str(row.state.get(EXTERNAL_ID, row.key)))
            try:
                found = client.read(get_user(row.entra_id, names, subject))
            except NotFound:
                found = None
            with transaction.atomic():
                self._held.confirm()
                self._note_page({row.entra_id: found} if found else {})
                if not found:
                    Drift.objects.bulk_create([self._missing(row)], ignore_conflicts=True)
        with transaction.atomic():
            self._held.confirm()
            self._finish(users=len(drawn), checked=len(drawn))
        return True

    def _note_page(self, page: Mapping[str, dict[str, Any]]) -> None:
        known = {
            row.entra_id: row
            for row in DirectoryObject.objects.filter(tenant=self._tenant, entra_id__in=[*page])
        }
        new, changed = [], []
        drift: list[Drift] = []
        for entra_id, resource in page.items():
            there = account_of(self._tenant, resource, self._paths)
            row = known.get(entra_id)
            if row is not None and row.key:
                # Another source's account is compared by a reconcile of that one.
                drift += self._compared(row, there) if row.owner_id == self._job.source_id else ()
                continue
            if entra_id in self._lost:
                drift.append(self._returned(there))
            elif self._carries(row, there):
                drift.append(self._row(Drift.Kind.CARRIER, there, theirs=there.external_id))
            if row is None:
                new.append(there)
            elif _unlike(row, there):
                _copy(there, row, _UNMANAGED)
                row.revision += 1
                changed.append(row)
        # A page that names an account twice would not get here; a crash before may have.
        DirectoryObject.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)
        DirectoryObject.objects.bulk_update(changed, [*_UNMANAGED, "revision"], _BATCH)
        Drift.objects.bulk_create(drift, batch_size=_BATCH, ignore_conflicts=True)

    def _compared(self, row: DirectoryObject, there: DirectoryObject) -> Iterable[Drift]:
        known: dict[str, Any] = {USER_NAME: row.user_name, ACTIVE: row.active}
        known |= {EXTERNAL_ID: row.external_id, **row.state}
        read: dict[str, Any] = {**there.state, USER_NAME: there.user_name, ACTIVE: there.active}
        if there.external_id:
            read[EXTERNAL_ID] = there.external_id
        if MANAGER in read:
            read[MANAGER] = str(read[MANAGER]).lower()
        found = deviations(known, read, self._paths)
        found += _flags(row, there, self._paths)
        for each in found:
            kind = Drift.Kind.DOUBT if each.doubtful else Drift.Kind.CHANGED
            yield self._row(kind, row, each)

    def _carries(self, row: DirectoryObject | None, there: DirectoryObject) -> bool:
        """Whether an account that is not ours has a new externalId; a first reading tells all."""
        before = row.external_id if row else ""
        return bool(there.external_id) and there.external_id != before and not self._first

    def _returned(self, there: DirectoryObject) -> Drift:
        before = self._lost[there.entra_id]
        back = self._row(Drift.Kind.RETURNED, there)
        back.key, back.person = before.key, before.person
        return back

    def _missing(self, row: DirectoryObject) -> Drift:
        return self._row(Drift.Kind.MISSING, row)

    def _row(
        self,
        kind: Drift.Kind,
        account: DirectoryObject,
        found: Deviation | None = None,
        theirs: Any = None,
    ) -> Drift:
        return Drift(
            customer_id=self._job.customer_id,
            tenant_id=self._job.tenant_id,
            job=self._job,
            kind=kind,
            entra_id=account.entra_id,
            target_id=account.pk,
            key=account.key,
            person=str(account.state.get("displayName") or account.user_name)[:255],
            user_name=account.user_name,
            path=found.path if found else "",
            ours=found.ours if found else None,
            theirs=found.theirs if found else theirs,
        )

    @transaction.atomic
    def _complete(self) -> bool:
        """After the last page: who is missing, and whether that can be."""
        self._held.confirm()
        known = DirectoryObject.objects.filter(tenant=self._tenant)
        # A list may lag behind a creation: who was created just now is not missing.
        settled = known.filter(
            created_at__lt=self._began - timedelta(seconds=settings.LOOKUP_DELAY_SECONDS)
        )
        mine = settled.filter(Q(owner=self._job.source_id) | Q(key=""))
        ids = mine.values_list("pk", "entra_id", "key").iterator(2000)
        gone = [(pk, key) for pk, entra_id, key in ids if entra_id not in self._seen]
        missing = {pk: key for pk, key in gone if key}
        managed = known.filter(owner=self._job.source_id).exclude(key="").count()
        if self._is_implausible(managed, [*missing.values()]):
            return False
        for rows in _batches([*missing]):
            lost = map(self._missing, DirectoryObject.objects.filter(pk__in=rows))
            Drift.objects.bulk_create(lost, ignore_conflicts=True)
        vanished = [pk for pk, key in gone if not key]
        for rows in _batches(vanished):
            DirectoryObject.objects.filter(pk__in=rows, key="").delete()
        Directory.objects.update_or_create(
            tenant=self._tenant,
            defaults={"customer_id": self._tenant.customer_id, "inventory_at": timezone.now()},
        )
        self._finish(
            users=len(self._seen),
            checked=managed,
            vanished=len(vanished),
            appeared=0 if self._first else _appeared(self._job),
        )
        return True

    def _is_implausible(self, managed: int, missing: Sequence[str]) -> bool:
        """Stop the job with the figures, unless a person has accepted as many missing before."""
        before = self._job.comparison
        accepted = before["missing"] if before else -1
        return self._stops(implausible(managed, missing, self._limits, accepted))

    def _stops(self, found: Comparison | None) -> bool:
        if found is None:
            return False
        stopped = {"state": Job.State.STOPPED, "comparison": found.to_json(), "problem": ""}
        with transaction.atomic():
            Job.objects.filter(pk=self._job.pk).update(people=len(self._seen), **stopped)
            tell_of_job("job.stopped", self._job)
        logger.warning("%s: %s", self._job.label, found.reasons[0])
        return True

    def _finish(self, **figures: int) -> None:
        rows = self._job.drift.all()
        drifted = rows.filter(kind__in=(Drift.Kind.CHANGED, Drift.Kind.MISSING))
        known = DirectoryObject.objects.filter(tenant=self._tenant)
        back = rows.filter(kind=Drift.Kind.RETURNED).count()
        values = figures | {
            "managed": known.filter(owner=self._job.source_id).exclude(key="").count(),
            "unmanaged": known.filter(key="").count() - back,
            "drifted": drifted.order_by().values("entra_id").distinct().count(),
            "missing": rows.filter(kind=Drift.Kind.MISSING).count(),
            "returned": back,
            "groups_drifted": rows.filter(kind__in=Drift.GROUPS)
            .order_by()
            .values("entra_id")
            .distinct()
            .count(),
        }
        for name, number in values.items():
            setattr(self._reading, name, number)
        self._reading.read_at = timezone.now()
        self._reading.save(update_fields=[*values, "read_at"])
        self._job.people = figures["users"]
        Job.objects.filter(pk=self._job.pk).update(people=figures["users"])


def sample_of(job: Job, reading: Reconciliation) -> list[DirectoryObject]:
    """Managed accounts drawn at random; the job's number is the seed, so that a job that begins
    anew draws the same and its predicted calls stay what they were.
    """
    managed = DirectoryObject.objects.filter(owner=job.source_id).exclude(key="").order_by("pk")
    pks = list(managed.filter(created_at__lt=job.created_at).values_list("pk", flat=True))
    drawn = random.Random(job.pk).sample(pks, min(reading.sample or 0, len(pks)))  # noqa: S311
    return list(managed.filter(pk__in=drawn))


def _lost_before(job: Job) -> dict[str, Drift]:
    """Accounts that an earlier job found missing and none found again, by id."""
    rows = Drift.objects.filter(job__source=job.source_id, kind__in=Drift.WHOLE).exclude(job=job)
    last = {row.entra_id: row for row in rows.order_by("pk").iterator(2000)}
    return {each: row for each, row in last.items() if row.kind == Drift.Kind.MISSING}


def _appeared(job: Job) -> int:
    new = DirectoryObject.objects.filter(tenant=job.tenant, key="", created_at__gte=job.created_at)
    return new.count() - job.drift.filter(kind=Drift.Kind.RETURNED).count()


def _flags(row: DirectoryObject, there: DirectoryObject, paths: Collection[str]) -> list[Deviation]:
    found = []
    if row.on_premises != there.on_premises:
        found.append(Deviation(ON_PREMISES, row.on_premises, there.on_premises))
    if row.guest != there.guest and USER_TYPE not in paths:
        words = {True: "Guest", False: "Member"}
        found.append(Deviation(USER_TYPE, words[row.guest], words[there.guest]))
    return found


def _unlike(row: DirectoryObject, there: DirectoryObject) -> bool:
    return any(getattr(row, name) != getattr(there, name) for name in _UNMANAGED)


def _copy(there: DirectoryObject, row: DirectoryObject, names: Iterable[str]) -> None:
    for name in names:
        setattr(row, name, getattr(there, name))


def _batches(rows: Sequence[int]) -> Iterable[Sequence[int]]:
    return (rows[at : at + _BATCH] for at in range(0, len(rows), _BATCH))
