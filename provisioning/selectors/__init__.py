"""Reads about jobs and people; the person asking comes first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from provisioning.domain.attributes import MANAGER, USER_NAME
from provisioning.domain.definition import ProfileError
from provisioning.domain.lifecycle import way_in_sentence
from provisioning.domain.mapping import CompiledProfile, published_profile
from provisioning.domain.protection import protected_groups
from provisioning.domain.redaction import DISPLAY_NAME
from provisioning.domain.targets import Targets
from provisioning.models import (
    Directory,
    DirectoryObject,
    Drift,
    Job,
    MappingProfile,
    Operation,
    ProtectedMember,
    Quarantine,
    Source,
)
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import customers_for, tenants_for

_ENDED = (Job.State.FINISHED, Job.State.CANCELLED, Job.State.FAILED)


def jobs_for(viewer: User) -> QuerySet[Job]:
    """Jobs this person may see: every state for who works on them, ended ones as reports."""
    works_on = Q(customer__in=customers_for(viewer, Action.SEE_JOBS))
    reads = Q(customer__in=customers_for(viewer, Action.SEE_REPORTS), state__in=_ENDED)
    return Job.objects.filter(works_on | reads).select_related(
        "tenant__customer", "approved_by", "source"
    )


def reports_for(viewer: User) -> QuerySet[Job]:
    """Ended jobs this person may read."""
    return jobs_for(viewer).filter(
        state__in=_ENDED, customer__in=customers_for(viewer, Action.SEE_REPORTS)
    )


def resting_for(viewer: User, now: datetime) -> QuerySet[Quarantine]:
    """Tenants this person may see that rest after failures, the longest rest last."""
    tenants = tenants_for(viewer, Action.SEE_TENANT)
    rests = Quarantine.objects.filter(until__gt=now, tenant__in=tenants)
    return rests.select_related("tenant__customer").order_by("until", "pk")


def last_jobs(tenants: Iterable[Tenant]) -> Mapping[int, Job]:
    """Each tenant's latest job, by tenant; one query."""
    newest = (
        Job.objects.filter(tenant__in=[tenant.pk for tenant in tenants])
        .values("tenant")
        .annotate(newest=Max("pk"))
    )
    jobs = Job.objects.filter(pk__in=[row["newest"] for row in newest])
    return {job.tenant_id: job for job in jobs}


def operations_of(
    job: Job, *, text: str = "", kind: str = "", state: str = ""
) -> QuerySet[Operation]:
    """A job's operations, narrowed by a text in name, user name or key, by kind and by state.

    A redacted name finds nobody: whoever may not read it could guess it by asking.
    """
    found = job.operations.select_related("target")
    if text:
        found = found.filter(Q(key__icontains=text) | _named(job, text))
    if kind:
        found = found.filter(kind=kind)
    if state:
        found = found.filter(state=state)
    return found


def sources_of(tenant: Tenant) -> QuerySet[Source]:
    """The tenant's sources in their order of precedence, without those that were removed."""
    return tenant.sources.filter(removed_at=None)


def source_of(tenant: Tenant, slug: str = "") -> Source | None:
    """One source of the tenant; the first one without a slug."""
    found = sources_of(tenant)
    return found.filter(slug=slug).first() if slug else found.first()


def profile_in(tenant: Tenant, source: Source | None = None) -> MappingProfile | None:
    """The mapping profile of a source, of the tenant's first one unless another is given."""
    chosen = source or source_of(tenant)
    if chosen is None:
        return None
    profiles = MappingProfile.objects.filter(source=chosen)
    return profiles.select_related("draft_saved_by", "tenant", "source").first()


def adoptions_of(job: Job) -> QuerySet[Operation]:
    """Accounts that a waiting plan would take over after a yes."""
    return job.operations.filter(
        kind=Operation.Kind.ADOPT, state=Operation.State.WITHHELD
    ).select_related("target")


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Operations of a job by kind, and how many wait for an explicit yes."""

    create: int = 0
    update: int = 0
    disable: int = 0
    enable: int = 0
    adopt: int = 0
    transfer: int = 0
    delete: int = 0
    release: int = 0
    leave: int = 0
    group_adopt: int = 0
    group_create: int = 0
    group_change: int = 0
    member_add: int = 0
    member_remove: int = 0
    group_delete: int = 0
    group_leave: int = 0
    withheld: int = 0
    licences: int = 0
    """Removals and deletions that may take a licence away."""
    doubtful: int = 0
    """Operations of the plan that wait for a yes because a record or an answer is in doubt."""

    @property
    def on_groups(self) -> int:
        """Operations on groups and their members that are carried out."""
        groups = self.group_adopt + self.group_create + self.group_change + self.group_delete
        return groups + self.member_add + self.member_remove

    @property
    def deletes(self) -> int:
        """Deletions of accounts and groups."""
        return self.delete + self.group_delete


def names_in(operations: Iterable[Operation], redacted: frozenset[str]) -> Mapping[str, str]:
    """Names of the people whom operations name by object id, members and managers, by that id."""
    listed = list(operations)
    if DISPLAY_NAME in redacted or not listed:
        return {}
    ids = {entra_id for each in listed for _, entra_id in each.members if entra_id}
    for each in listed:
        ids |= {str(side[MANAGER]) for side in (each.before, each.after) if side.get(MANAGER)}
    rows = DirectoryObject.objects.filter(tenant_id=listed[0].tenant_id, entra_id__in=ids)
    names = rows.values_list("entra_id", "state", "user_name")
    return {
        entra_id.lower(): str(state.get("displayName") or user_name)
        for entra_id, state, user_name in names
    }


IN_DOUBT = (Operation.Kind.DISABLE, Operation.Kind.MEMBER_REMOVE, Operation.Kind.GROUP_CREATE)
"""Kinds that are withheld only where something is in doubt."""


def counts_of(job: Job) -> JobCounts:
    """How many operations of each kind the plan holds."""
    rows = job.operations.order_by().values("kind").annotate(number=Count("pk"))
    counts = {row["kind"]: row["number"] for row in rows}
    doubtful = 0
    if job.withheld:
        withheld = job.operations.filter(state=Operation.State.WITHHELD)
        doubtful = withheld.filter(kind__in=IN_DOUBT).count()
    licences = 0
    if counts.keys() & {Operation.Kind.MEMBER_REMOVE, Operation.Kind.GROUP_DELETE}:
        losing = (Operation.Kind.MEMBER_REMOVE, Operation.Kind.GROUP_DELETE)
        licences = job.operations.filter(kind__in=losing).exclude(warning="").count()
    return JobCounts(**counts, withheld=job.withheld, doubtful=doubtful, licences=licences)


def sure_calls(job: Job) -> int:
    """Calls the plan takes without a yes to anything that is withheld; exact since there are
    estimates."""
    if job.expected_calls is None:
        return max(job.planned_calls - job.withheld, 0)
    return job.expected_calls


@dataclass(frozen=True, slots=True)
class ProtectedGroup:
    """A protected group by object id: how many members it had when it was last read."""

    id: str
    members: int
    read_at: datetime | None


def protected_groups_of(tenant: Tenant) -> list[ProtectedGroup]:
    """The groups of a tenant's list whose members are protected."""
    read = Directory.objects.filter(tenant=tenant).values_list("protected_groups", flat=True)
    times = read.first() or {}
    rows = ProtectedMember.objects.filter(tenant=tenant).order_by().values("group_id")
    counts = dict(rows.annotate(number=Count("pk")).values_list("group_id", "number"))
    return [
        ProtectedGroup(
            group,
            counts.get(group, 0),
            datetime.fromisoformat(times[group]) if group in times else None,
        )
        for group in sorted(protected_groups(tenant.protected_accounts))
    ]


def possibly_privileged(tenant: Tenant) -> QuerySet[DirectoryObject]:
    """Accounts that Entra refused alone, the latest first."""
    found = DirectoryObject.objects.filter(tenant=tenant, possibly_privileged__isnull=False)
    return found.order_by("-possibly_privileged", "pk")


def targets_of(tenant: Tenant) -> Targets:
    """What the tenant's profile may write, as far as its directory was asked; costs no call."""
    found = Directory.objects.filter(tenant=tenant).values_list("discovery", flat=True).first()
    return Targets.of(found)


def profile_of(job: Job) -> CompiledProfile:
    """The profile a job was made with, ready to be applied.

    Raises ProfileError when the directory no longer has a custom security attribute it uses.
    """
    return published_profile(job.profile_version.definition, targets_of(job.tenant))


def way_in_of(job: Job) -> str:
    """How people get into the accounts that the job made, in a sentence or two."""
    entry = job.profile_version.definition.get("lifecycle") or {}
    return way_in_sentence(entry.get("way_in", ""))


def redacted_paths(job: Job) -> frozenset[str]:
    """Attributes whose values reports show as [Redact]."""
    try:
        return profile_of(job).redacted
    except ProfileError:
        # Nobody can say any more what was redacted, so everything the version maps is.
        rules = job.profile_version.definition["attributes"]
        return frozenset(rule["target"] for rule in rules)


def redacted_of(tenant: Tenant, source: Source | None) -> frozenset[str]:
    """Attributes that a source's current profile redacts; nothing without one."""
    profile = profile_in(tenant, source)
    version = profile.current if profile else None
    if version is None:
        return frozenset()
    try:
        return published_profile(version.definition, targets_of(tenant)).redacted
    except ProfileError:
        return frozenset(rule["target"] for rule in version.definition["attributes"])


def drift_paths(job: Job) -> list[str]:
    """Attributes that occur in a job's drift."""
    return list(job.drift.order_by("path").values_list("path", flat=True).distinct())


def decidable(job: Job) -> QuerySet[Drift]:
    """Differences of a job that ours or theirs can be taken for."""
    return job.drift.filter(writable=True)


def drift_of(
    job: Job, *, q: str = "", kind: str = "", path: str = "", decision: str = ""
) -> QuerySet[Drift]:
    """A job's drift, narrowed; people stay together. A redacted name finds nobody."""
    found = job.drift.all()
    if q:
        found = found.filter(Q(key__icontains=q) | Q(entra_id__iexact=q) | _named(job, q))
    if kind:
        found = found.filter(kind=kind)
    if path:
        found = found.filter(path=path)
    if decision == "none":
        found = found.filter(writable=False)
    elif decision:
        found = found.filter(writable=True, decision="" if decision == "open" else decision)
    return found.order_by("person", "entra_id", "path")


def _named(job: Job, text: str) -> Q:
    """Rows with a text in a name that the job's reports show; none if they show neither."""
    redacted, found = redacted_paths(job), Q(pk__in=())
    for path, column in ((DISPLAY_NAME, "person"), (USER_NAME, "user_name")):
        if path not in redacted:
            found |= Q(**{f"{column}__icontains": text})
    return found
