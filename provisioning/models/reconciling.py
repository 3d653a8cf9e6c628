"""What reading a directory back has shown, and which differences people have accepted."""

from typing import ClassVar

from django.db import models

from provisioning.models.directory import DirectoryObject
from provisioning.models.job import Job
from provisioning.models.source import Source
from tenants.models import Customer, Tenant, User


class Reconciliation(models.Model):
    """How a reconcile job reads the directory, what was promised, and what it has found.

    With `read_at` the reading is complete: a job that goes on after a crash does not pay twice.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="reconciliations")
    job = models.OneToOneField(Job, models.CASCADE, related_name="reconciliation")
    sample = models.PositiveIntegerField(null=True, help_text="Accounts asked for; empty: all.")
    whole = models.BooleanField(help_text="Whether everything is read, as asked or as cheaper.")
    managers = models.BooleanField(default=False, help_text="Read managers: 100 a page, not 999.")
    promised_calls = models.PositiveIntegerField(help_text="Said before the job was started.")
    since = models.DateTimeField(null=True, help_text="When the directory was last read whole.")
    read_at = models.DateTimeField(null=True)
    users = models.PositiveIntegerField("accounts read", default=0)
    managed = models.PositiveIntegerField("managed accounts, of all", default=0)
    checked = models.PositiveIntegerField("managed accounts read", default=0)
    drifted = models.PositiveIntegerField("managed accounts changed or missing", default=0)
    missing = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField("missing before and here again", default=0)
    unmanaged = models.PositiveIntegerField(default=0)
    appeared = models.PositiveIntegerField("unmanaged accounts not seen before", default=0)
    vanished = models.PositiveIntegerField("unmanaged accounts gone", default=0)
    groups_drifted = models.PositiveIntegerField("groups of ours that differ", default=0)

    class Meta:
        indexes = [models.Index(fields=["tenant", "read_at"], name="reconciliation_by_read")]

    def __str__(self) -> str:
        return f"Reconciliation of {self.tenant_id} by job {self.job_id}"


class Drift(models.Model):
    """One difference between the directory and what we knew, and what is to become of it.

    `path` is empty where the account as such is meant. `ours` is what the shadow had, `theirs` what
    was read, `wanted` what the source says now; `writable` if "ours" is an operation of this job.
    Of a group, `record_key`, `person` and `user_name` are its key, name and nickname, and a member
    is named by its source key, user name and object id.
    """

    class Kind(models.TextChoices):
        CHANGED = "changed", "Changed outside"
        MISSING = "missing", "Missing"
        RETURNED = "returned", "Here again"
        DOUBT = "doubt", "In doubt before"
        CARRIER = "carrier", "Carries an external id"
        GROUP = "group", "Group changed outside"
        GROUP_GONE = "group_gone", "Group missing"
        PARTED = "parted", "Member removed outside"
        JOINED = "joined", "Member added outside"

    class Decision(models.TextChoices):
        OPEN = "", "Not decided"
        OURS = "ours", "Take ours"
        THEIRS = "theirs", "Take theirs"

    WHOLE: ClassVar = (Kind.MISSING, Kind.RETURNED)
    GROUPS: ClassVar = (Kind.GROUP, Kind.GROUP_GONE, Kind.PARTED, Kind.JOINED)

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE)
    job = models.ForeignKey(Job, models.CASCADE, related_name="drift")
    kind = models.CharField(max_length=10, choices=Kind)
    entra_id = models.CharField(max_length=64)
    target = models.ForeignKey(DirectoryObject, models.SET_NULL, null=True)
    key = models.CharField(max_length=255, blank=True, help_text="Folded source key; ours only.")
    record_key = models.CharField(max_length=320, blank=True, help_text="As its operation has it.")
    person = models.CharField(max_length=255, blank=True)
    user_name = models.CharField(max_length=255, blank=True)
    path = models.CharField(max_length=255, blank=True)
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    wanted = models.JSONField(null=True)
    writable = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    applied = models.BooleanField(default=False, help_text="The shadow knows it.")
    decision = models.CharField(max_length=6, choices=Decision, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["job", "entra_id", "path"], name="one_drift_per_path")
        ]
        indexes = [
            models.Index(fields=["job", "kind"], name="drift_by_kind"),
            models.Index(fields=["job", "key"], name="drift_by_key"),
            models.Index(fields=["job", "applied"], name="drift_by_applied"),
            models.Index(fields=["tenant", "kind", "entra_id"], name="drift_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user_name} {self.path}".strip()

    @property
    def member(self) -> tuple[str, str, str]:
        """A group's member: folded source key ("" for nobody of ours), user name, object id."""
        key, name, entra_id = self.ours or self.theirs or ("", "", "")
        return key, name, entra_id


class AcceptedDrift(models.Model):
    """A difference that stays: no plan writes it while both sides are what they were then.

    Without a path the account as such is meant: it was deleted outside, and is not created again.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="accepted_drift")
    source = models.ForeignKey(Source, models.CASCADE, related_name="accepted_drift")
    key = models.CharField(max_length=320, help_text="Folded source key, or a group's key.")
    on_group = models.BooleanField(default=False)
    path = models.CharField(max_length=255, blank=True)
    person = models.CharField(max_length=255, blank=True)
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "on_group", "key", "path"], name="one_acceptance_per_path"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.path}".strip()
