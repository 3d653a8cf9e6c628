"""Reading groups back and comparing them with their shadow: facts, and members of our groups.

Facts come 1,000 groups a call, or one by one where that is fewer calls; members by group or by
person, whichever calculation says is cheaper (`domain.groups.reading`). As with users, the shadow
of our groups stays as it is until everything was read.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count

from provisioning.domain.groups import (
    DESCRIPTION,
    DISPLAY_NAME,
    MembershipRead,
    ReadStrategy,
    cheapest_read,
)
from provisioning.domain.groups.reading import GROUPS_A_PAGE, pages
from provisioning.domain.groups.repairing import member_path
from provisioning.domain.groups.rules import rule_name
from provisioning.domain.mapping import CompiledProfile
from provisioning.models import DirectoryGroup, DirectoryObject, Drift, GroupMember, Job, Source
from provisioning.scim.client import ScimClient
from provisioning.scim.errors import NotFound
from provisioning.scim.groups import get_group
from provisioning.scim.messages import Purpose
from provisioning.services.group_reading import group_of, note_groups
from provisioning.services.lanes import HeldLane

_BATCH = 500
NICKNAME, TRAITS, KIND = "mailNickname", "traits", "kind"
_FACTS = {DISPLAY_NAME: "name", DESCRIPTION: "description", NICKNAME: "nickname"}
_FACTS |= {TRAITS: "traits", KIND: "kind"}
FIELDS: Mapping[str, str] = _FACTS
"""Fields of a group's shadow by path."""


@dataclass(frozen=True, slots=True)
class GroupForecast:
    """How our groups will be read back, and in how many calls."""

    one_by_one: bool
    facts: int
    members: MembershipRead

    @property
    def calls(self) -> int:
        """All of them."""
        return self.facts + self.members.calls


def forecast_groups(source: Source, profile: CompiledProfile) -> GroupForecast | None:
    """The fewest calls, as far as the groups are known; None without a group of ours."""
    ours = list(_ours(source).annotate(size=Count("members")))
    if not ours:
        return None
    known = DirectoryGroup.objects.filter(tenant=source.tenant_id).count()
    listed = pages([known], GROUPS_A_PAGE)
    loose = [group for group in ours if not _strict(group, profile)]
    members = cheapest_read(
        [group.size for group in loose],
        _people_in(loose).values(),
        [group.size for group in ours if _strict(group, profile)],
    )
    return GroupForecast(len(ours) < listed, min(len(ours), listed), members)


def _ours(source: Source) -> Any:
    return DirectoryGroup.objects.filter(source=source).exclude(key="").order_by("pk")


def _strict(group: DirectoryGroup, profile: CompiledProfile) -> bool:
    """Whether strangers in it matter, so that only reading the group itself will do."""
    rule = profile.groups.rules.get(rule_name(group.key))
    return not group.members_known or bool(rule and rule.fully_managed)


def _people_in(groups: Collection[DirectoryGroup]) -> Counter[str]:
    """Whom we put into these groups, by object id, with how many groups each is in."""
    rows = GroupMember.objects.filter(group__in=groups, ours=True).order_by()
    return Counter(rows.values_list("entra_id", flat=True).iterator(2000))


class GroupReading:
    """One reading of the groups; `seen` are the ids of all users that were read before."""

    def __init__(
        self, job: Job, profile: CompiledProfile, held: HeldLane, seen: Collection[str]
    ) -> None:
        self._job, self._held = job, held
        self._profile = profile
        self._seen = {each.lower() for each in seen}
        self._ours = {group.entra_id: group for group in _ours(job.source)}
        self._found: set[str] = set()

    def read(self, client: ScimClient) -> list[str]:
        """Read and compare; gives the names of our groups that are missing."""
        plan = forecast_groups(self._job.source, self._profile)
        if plan is None:
            return []
        self._read_facts(client, one_by_one=plan.one_by_one)
        there = [group for group in self._ours.values() if group.entra_id in self._found]
        by_group = [
            group
            for group in there
            if plan.members.strategy is ReadStrategy.BY_GROUP or _strict(group, self._profile)
        ]
        for group in by_group:
            self._compare(group, self._members(group, client), everybody=True)
        rest = {group.entra_id: group for group in there if group not in by_group}
        if rest:
            self._read_by_member(rest, client)
        gone = [group for group in self._ours.values() if group.entra_id not in self._found]
        self._write(self._row(Drift.Kind.GROUP_GONE, group, "") for group in gone)
        return [group.name for group in gone]

    def _read_facts(self, client: ScimClient, *, one_by_one: bool) -> None:
        if not one_by_one:
            for page in client.groups(Purpose.INVENTORY):
                self._note_facts(page)
            return
        for entra_id in self._ours:
            try:
                self._note_facts([client.read(get_group(entra_id, purpose=Purpose.INVENTORY))])
            except NotFound:
                continue

    def _note_facts(self, page: Iterable[dict[str, Any]]) -> None:
        """Groups of others into the shadow at once; ours are compared."""
        rows: list[Drift] = []
        others = []
        for resource in page:
            entra_id = str(resource.get("id") or "").lower()
            group = self._ours.get(entra_id)
            if group is None:
                others.append(resource)
            elif entra_id not in self._found:
                self._found.add(entra_id)
                rows += self._changed(group, group_of(self._job.tenant, resource))
        note_groups(self._job.tenant, others, self._held)
        self._write(rows)

    def _changed(self, group: DirectoryGroup, there: DirectoryGroup) -> Iterator[Drift]:
        for path, name in FIELDS.items():
            ours, theirs = getattr(group, name), getattr(there, name)
            if ours != theirs:
                yield self._row(Drift.Kind.GROUP, group, path, ours or None, theirs or None)

    def _members(self, group: DirectoryGroup, client: ScimClient) -> set[str]:
        return {
            str(each["id"]).lower()
            for page in client.members(group.entra_id, Purpose.INVENTORY)
            for each in page
            if each.get("id")
        }

    def _read_by_member(self, groups: Mapping[str, DirectoryGroup], client: ScimClient) -> None:
        found: dict[str, set[str]] = {entra_id: set() for entra_id in groups}
        for person in sorted(_people_in(groups.values())):
            if person not in self._seen:
                continue  # the account is gone, and its memberships with it
            for page in client.groups_of(person, Purpose.INVENTORY):
                for each in page:
                    if (entra_id := str(each.get("id") or "").lower()) in found:
                        found[entra_id].add(person)
        for entra_id, members in found.items():
            self._compare(groups[entra_id], members, everybody=False)

    def _compare(self, group: DirectoryGroup, there: set[str], *, everybody: bool) -> None:
        """Rows for who left and who joined; without `everybody` only ours were asked for."""
        rows = group.members.all() if everybody else group.members.filter(ours=True)
        known = dict(rows.values_list("entra_id", "ours"))
        parted, joined = known.keys() - there, there - known.keys()
        names = self._names(parted | joined)
        parts, joins = Drift.Kind.PARTED, Drift.Kind.JOINED
        drift = [
            self._row(parts, group, member_path(each), ours=names[each]) for each in sorted(parted)
        ]
        drift += [
            self._row(joins, group, member_path(each), theirs=names[each])
            for each in sorted(joined)
        ]
        self._write(drift)

    def _names(self, ids: Collection[str]) -> dict[str, list[str]]:
        """Members as rows name them: folded key, user name and object id, by the latter."""
        listed, found = sorted(ids), {each: ["", each, each] for each in ids}
        for at in range(0, len(listed), _BATCH):
            rows = DirectoryObject.objects.filter(
                tenant=self._job.tenant, entra_id__in=listed[at : at + _BATCH]
            )
            for entra_id, key, name in rows.values_list("entra_id", "key", "user_name"):
                found[entra_id.lower()] = [key, name, entra_id.lower()]
        return found

    def _row(
        self,
        kind: Drift.Kind,
        group: DirectoryGroup,
        path: str,
        ours: Any = None,
        theirs: Any = None,
    ) -> Drift:
        return Drift(
            customer_id=self._job.customer_id,
            tenant_id=self._job.tenant_id,
            job=self._job,
            kind=kind,
            entra_id=group.entra_id,
            record_key=group.key,
            person=group.name[:255],
            user_name=group.nickname,
            path=path,
            ours=ours,
            theirs=theirs,
        )

    def _write(self, rows: Iterable[Drift]) -> None:
        with transaction.atomic():
            self._held.confirm()
            Drift.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)


def take_over_groups(job: Job, held: HeldLane) -> None:
    """Let the shadow of our groups know what was read, a group a transaction."""
    left = job.drift.filter(applied=False, kind__in=Drift.GROUPS)
    for entra_id in sorted(set(left.values_list("entra_id", flat=True))):
        with transaction.atomic():
            held.confirm()
            rows = list(left.filter(entra_id=entra_id))
            group = DirectoryGroup.objects.filter(tenant=job.tenant, entra_id=entra_id).first()
            if group is not None:
                _take(group, rows)
            job.drift.filter(entra_id=entra_id).update(applied=True)


def _take(group: DirectoryGroup, rows: Iterable[Drift]) -> None:
    by_kind: dict[str, list[Drift]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    if Drift.Kind.GROUP_GONE in by_kind:
        group.delete()
        return
    for row in by_kind.get(Drift.Kind.GROUP, ()):
        empty: Any = [] if row.path == TRAITS else ""
        setattr(group, FIELDS[row.path], row.theirs or empty)
    parted = [row.member[2] for row in by_kind.get(Drift.Kind.PARTED, ())]
    for at in range(0, len(parted), _BATCH):
        group.members.filter(entra_id__in=parted[at : at + _BATCH]).delete()
    joined = (
        GroupMember(customer_id=group.customer_id, group=group, entra_id=row.member[2])
        for row in by_kind.get(Drift.Kind.JOINED, ())
    )
    GroupMember.objects.bulk_create(joined, batch_size=_BATCH, ignore_conflicts=True)
    group.revision += 1
    group.save()
