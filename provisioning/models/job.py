"""Jobs, their operations, and the records they held back."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from provisioning.domain.approval_policy import Approvers
from provisioning.models.directory import DirectoryGroup, DirectoryObject
from provisioning.models.source import ProfileVersion, Snapshot, Source
from tenants.models import Customer, Tenant, User


class Job(models.Model):
    """One execution for one source of one tenant: planned, priced, approved, applied, settled."""

    class State(models.TextChoices):
        STOPPED = "stopped", "Stopped by the guard"
        PLANNING = "planning", "Planning"
        PLANNED = "planned", "Waiting for approval"
        APPLYING = "applying", "Applying"
        PAUSED = "paused", "Paused"
        FINISHED = "finished", "Finished"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    class Kind(models.TextChoices):
        SYNC = "sync", "Sync"
        PILOT = "pilot", "Pilot"
        RETRY = "retry", "Retry"
        RECONCILE = "reconcile", "Reconcile"
        ON_DEMAND = "on_demand", "On demand"
        UNDO = "undo", "Undo"

    OPEN: ClassVar = (State.STOPPED, State.PLANNING, State.PLANNED, State.APPLYING, State.PAUSED)
    IN_LANE: ClassVar = (State.PLANNING, State.APPLYING)

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="jobs")
    source = models.ForeignKey(Source, models.PROTECT)
    profile_version = models.ForeignKey(ProfileVersion, models.PROTECT)
    snapshot = models.ForeignKey(Snapshot, models.SET_NULL, null=True)
    file_name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SYNC)
    pilot_size = models.PositiveIntegerField(
        null=True, help_text="A pilot takes the first so many people of the source, nobody else."
    )
    retry_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, help_text="A retry takes whom this job failed on."
    )
    subject_key = models.CharField(
        max_length=255, blank=True, help_text="On demand: the folded key of the person it is about."
    )
    undo_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        related_name="undone_by",
        help_text="An undo takes back what this job did.",
    )
    undo_deletes = models.BooleanField(
        default=False, help_text="An undo deletes the accounts that were created."
    )
    state = models.CharField(max_length=10, choices=State)
    problem = models.TextField(blank=True, help_text="Why it waits or failed, and the next step.")
    cancel_requested = models.BooleanField(default=False)
    pause_requested = models.BooleanField(default=False)

    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    approved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    first_approved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    approval = models.JSONField(
        null=True, help_text="Who had to approve by the tenant's policy, and why, when planned."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    planned_at = models.DateTimeField(null=True)
    first_approved_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    comparison = models.JSONField(null=True, help_text="What the guard saw against the snapshot.")
    unreadable_keys = models.PositiveIntegerField(default=0)

    people = models.PositiveIntegerField("people read", default=0)
    held = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    inactive = models.PositiveIntegerField("inactive without an account", default=0)
    out_of_scope = models.PositiveIntegerField(default=0)
    withheld = models.PositiveIntegerField("disables that need an explicit yes", default=0)
    flapping = models.JSONField(
        default=dict, help_text="People by path whose value changes although their record did not."
    )
    planned_calls = models.PositiveIntegerField(default=0)
    expected_calls = models.PositiveIntegerField(
        null=True,
        help_text="Calls if nothing unforeseen happens, without what is not approved.",
    )
    least_calls = models.PositiveIntegerField(null=True)
    most_calls = models.PositiveIntegerField(null=True)
    reasons = models.JSONField(default=list, help_text="Why there may be fewer or more calls.")
    reading_calls = models.PositiveIntegerField(
        null=True, help_text="Calls made until the plan was there, to read the directory."
    )
    unit_price = models.DecimalField(max_digits=18, decimal_places=9, null=True)
    currency = models.CharField(max_length=3, blank=True)

    calls_made = models.PositiveIntegerField(
        default=0, help_text="Calls that applying has made so far; its reads while planning aside."
    )
    total = models.PositiveIntegerField("operations to apply", default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    disabled = models.PositiveIntegerField(default=0)
    enabled = models.PositiveIntegerField(default=0)
    adopted = models.PositiveIntegerField(default=0)
    transferred = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    groups_created = models.PositiveIntegerField(default=0)
    groups_changed = models.PositiveIntegerField("groups changed or adopted", default=0)
    groups_deleted = models.PositiveIntegerField(default=0)
    additions = models.PositiveIntegerField("calls that added members", default=0)
    members_added = models.PositiveIntegerField(default=0)
    members_removed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["tenant", "state"], name="job_by_tenant"),
            models.Index(fields=["customer", "-created_at"], name="job_by_customer"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(state__in=["stopped", "planning", "planned", "applying", "paused"])
                & ~Q(kind="on_demand"),
                name="one_open_job_per_tenant",
            ),
            models.UniqueConstraint(
                fields=["tenant", "subject_key"],
                condition=Q(
                    state__in=["stopped", "planning", "planned", "applying", "paused"],
                    kind="on_demand",
                ),
                name="one_open_on_demand_job_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"Job {self.pk} of {self.tenant}"

    @property
    def label(self) -> str:
        """How billing knows this job."""
        return f"job:{self.pk}"

    @property
    def title(self) -> str:
        """What kind of job it is, for people."""
        if self.kind == self.Kind.RETRY:
            return f"Retry of job {self.retry_of_id}" if self.retry_of_id else "Retry"
        if self.kind == self.Kind.RECONCILE:
            return self.file_name
        if self.kind == self.Kind.UNDO:
            return f"Undo of job {self.undo_of_id}" if self.undo_of_id else "Undo"
        if self.kind == self.Kind.ON_DEMAND:
            return "On demand"
        return f"Pilot of {self.pilot_size}" if self.kind == self.Kind.PILOT else "Sync"

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen."""
        return self.state in self.OPEN

    @property
    def is_urgent(self) -> bool:
        """Whether its lane is to be served before its turn: somebody waits for one person."""
        return self.kind == self.Kind.ON_DEMAND

    @property
    def automatic(self) -> bool:
        """Whether the tenant's policy approved it, and no person."""
        return self.approval is not None and self.approval["approvers"] == Approvers.NOBODY

    @property
    def more_calls(self) -> int:
        """How many calls above what is expected are to be reckoned with."""
        return (self.most_calls or 0) - (self.expected_calls or 0)

    def since_plan(self, calls: int) -> int | None:
        """Of all its calls so far those since its plan was there; None where nobody noted that."""
        return None if self.reading_calls is None else max(calls - self.reading_calls, 0)

    @property
    def settled(self) -> int:
        """Operations that have come to their end."""
        changed = self.created + self.updated + self.disabled + self.enabled
        groups = self.groups_created + self.groups_changed + self.groups_deleted
        members = self.additions + self.members_removed
        taken = self.adopted + self.transferred
        return changed + taken + self.deleted + groups + members + self.failed + self.skipped

    @property
    def done(self) -> int:
        """Operations that were carried out."""
        return self.settled - self.failed - self.skipped

    @property
    def left(self) -> int:
        """Operations that have not come to their end."""
        return max(self.total - self.settled, 0)


_ON_GROUPS = (
    "group_adopt",
    "group_create",
    "group_change",
    "member_add",
    "member_remove",
    "group_delete",
    "group_leave",
)


class Operation(models.Model):
    """One intended change of one account or group, with before and after; or one left alone.

    `phase` orders a job's operations, `waits_for` names those that have to come to their end
    first (see `name`). An operation on a group has the group's key, name and nickname as `key`,
    `person` and `user_name`; `members` are pairs of source key and object id ("" as long as the
    account is not created). `manager` is the key of a manager whose account this job creates.
    """

    class Kind(models.TextChoices):
        CREATE = "create", "Create"
        UPDATE = "update", "Update"
        DISABLE = "disable", "Disable"
        ENABLE = "enable", "Enable again"
        ADOPT = "adopt", "Adopt"
        TRANSFER = "transfer", "Transfer"
        DELETE = "delete", "Delete"
        RELEASE = "release", "Stop managing"
        LEAVE = "leave", "Leave alone"
        GROUP_ADOPT = "group_adopt", "Adopt group"
        GROUP_CREATE = "group_create", "Create group"
        GROUP_CHANGE = "group_change", "Change group"
        MEMBER_ADD = "member_add", "Add members"
        MEMBER_REMOVE = "member_remove", "Remove member"
        GROUP_DELETE = "group_delete", "Delete group"
        GROUP_LEAVE = "group_leave", "Leave group alone"

    class State(models.TextChoices):
        PROPOSED = "proposed", "Planned"
        WITHHELD = "withheld", "Needs an explicit yes"
        PENDING = "pending", "Waiting"
        SENT = "sent", "On its way"
        UNKNOWN = "unknown", "Outcome unknown"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Not applied"

    UNSETTLED: ClassVar = (State.PENDING, State.SENT, State.UNKNOWN)
    ON_GROUPS: ClassVar = _ON_GROUPS

    narrowed: bool = False
    """Whether it was planned again just now, and has to be saved before it leaves; not stored."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT)
    job = models.ForeignKey(Job, models.CASCADE, related_name="operations")
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=10, choices=State)
    phase = models.PositiveIntegerField(default=0)
    waits_for = models.JSONField(default=list)
    key = models.CharField(max_length=320, help_text="Source key as written in the source.")
    folded_key = models.CharField(max_length=320, blank=True)
    person = models.CharField(max_length=255, help_text="Name as shown to people.")
    user_name = models.CharField(max_length=255)
    target = models.ForeignKey(DirectoryObject, models.SET_NULL, null=True)
    target_revision = models.PositiveIntegerField(null=True)
    group = models.ForeignKey(DirectoryGroup, models.SET_NULL, null=True)
    group_kind = models.CharField(max_length=20, blank=True)
    members = models.JSONField(default=list)
    manager = models.CharField(max_length=255, blank=True)
    carries_manager = models.BooleanField(
        default=True, help_text="Whether a creation may name the manager."
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    choices = models.JSONField(
        default=dict, help_text="By path: what a creation tries next, should its value be taken."
    )
    naming = models.JSONField(
        default=dict,
        help_text="Whose user name it gets, and the temporary one in a circle of names.",
    )
    record_digest = models.CharField(max_length=32, blank=True)
    flapping = models.TextField(
        blank=True, help_text="Paths that flap, comma between, where it changes nothing else."
    )
    subject = models.CharField(
        max_length=64,
        null=True,
        help_text="How the meter knows whom it is about, where the waste report has to ask.",
    )
    reason = models.CharField(max_length=300, blank=True)
    warning = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    lookups = models.PositiveIntegerField(default=0)
    first_sent_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    uncertain_since = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    message = models.TextField(blank=True)
    detail = models.TextField(blank=True, help_text="Entra's own words.")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["job", "state", "phase", "id"], name="operation_by_state"),
            models.Index(fields=["job", "kind"], name="operation_by_kind"),
            models.Index(fields=["job", "folded_key"], name="operation_by_key"),
            models.Index(
                fields=["subject", "job"],
                condition=Q(subject__isnull=False),
                name="operation_by_subject",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "key"],
                condition=~Q(kind__in=_ON_GROUPS),
                name="one_operation_per_person",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.person}"

    @property
    def on_group(self) -> bool:
        """Whether it is about a group or its members."""
        return self.kind in self.ON_GROUPS

    @property
    def name(self) -> str:
        """How other operations of the job name this one's subject."""
        return f"group:{self.folded_key}" if self.on_group else f"person:{self.folded_key}"


class HeldRecord(models.Model):
    """A record that was refused or whose mapping failed: neither updated nor a leaver.

    Where only the person's groups (or manager) cannot be said, only those are left as they are.
    """

    class Stage(models.TextChoices):
        READ = "read", "Refused when read"
        MAPPING = "mapping", "Mapping failed"
        GROUPS = "groups", "Groups left as they are"
        MANAGER = "manager", "Manager left as it is"

    customer = models.ForeignKey(Customer, models.PROTECT)
    job = models.ForeignKey(Job, models.CASCADE, related_name="held_records")
    stage = models.CharField(max_length=10, choices=Stage)
    line = models.PositiveIntegerField()
    key = models.CharField(max_length=255, blank=True)
    code = models.CharField(max_length=40)
    message = models.TextField()

    class Meta:
        ordering = ["line", "pk"]

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"
