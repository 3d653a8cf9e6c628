"""When a tenant's jobs begin by themselves, when nothing is sent, and when it rests after failures.

Times and days are those of the customer's clock; instants are kept where the clock does not matter.
"""

from datetime import time

from django.db import models
from django.db.models import Q

from provisioning.domain import blackouts, schedules
from provisioning.domain.quarantine import Stage, Streak
from provisioning.domain.schedules import DAYS, At, Every, Unit
from provisioning.models.job import Job
from tenants.models import Customer, Tenant, User

_STEP = {Unit.MINUTES: 1, Unit.HOURS: 60}
_INTERVALS = [unit.value for unit in _STEP]
_UNITS = {
    Unit.MINUTES: "Every so many minutes",
    Unit.HOURS: "Every so many hours",
    Unit.DAILY: "Every day at",
    Unit.WEEKLY: "On days of the week at",
}
_STAGES = {Stage.CALL: "Calls", Stage.PLAN: "Plan", Stage.JOB: "Job"}


class Schedule(models.Model):
    """Starts a job of a tenant when `next_run_at` is reached; None while it is switched off.

    `every` is counted from `anchor` in the unit's minutes or hours; `times` ("06:00") and `days`
    (Monday is 0) are used by the other two units.
    """

    class What(models.TextChoices):
        EVALUATE = "evaluate", "Evaluate the newest read again"
        RECONCILE = "reconcile", "Reconcile with the directory"

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="schedules")
    what = models.CharField(max_length=10, choices=What, default=What.EVALUATE)
    unit = models.CharField(
        max_length=10, choices=[(unit.value, words) for unit, words in _UNITS.items()]
    )
    every = models.PositiveIntegerField(null=True)
    anchor = models.DateTimeField(null=True)
    times = models.JSONField(default=list)
    days = models.JSONField(default=list)
    enabled = models.BooleanField(default=True)
    next_run_at = models.DateTimeField(null=True)
    time_zone = models.CharField(max_length=64, help_text="In which the next run was computed.")
    last_run_at = models.DateTimeField(null=True)
    last_result = models.TextField(blank=True)
    last_job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["next_run_at"], condition=Q(enabled=True), name="schedule_due")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(unit__in=_INTERVALS, every__isnull=False, anchor__isnull=False)
                | (~Q(unit__in=_INTERVALS) & Q(every=None, anchor=None)),
                name="a_schedule_has_an_interval_or_times",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.sentence}"

    @property
    def rule(self) -> schedules.Schedule:
        """The schedule as a value, in the tenant's time zone."""
        unit, zone = Unit(self.unit), self.tenant.zone
        if unit in _STEP and self.every is not None and self.anchor is not None:
            return Every(self.every * _STEP[unit], self.anchor, zone)
        days = self.days if unit is Unit.WEEKLY else range(len(DAYS))
        return At(frozenset(map(time.fromisoformat, self.times)), frozenset(days), zone)

    @property
    def sentence(self) -> str:
        """When it runs, in words."""
        return schedules.sentence(self.rule)


class Blackout(models.Model):
    """A window in which nothing is sent: on days of the week (Monday is 0), or between two days."""

    class Kind(models.TextChoices):
        WEEKLY = "weekly", "Every week"
        DATED = "dated", "Once, between two days"

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="blackouts")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.WEEKLY)
    days = models.JSONField(default=list)
    first_day = models.DateField(null=True)
    begins = models.TimeField()
    last_day = models.DateField(null=True)
    ends = models.TimeField()
    note = models.CharField(max_length=200, blank=True)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="weekly", first_day=None, last_day=None)
                | Q(kind="dated", first_day__isnull=False, last_day__isnull=False),
                name="a_dated_blackout_has_days",
            )
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def window(self) -> blackouts.Window:
        """The blackout as a value."""
        if self.first_day is not None and self.last_day is not None:
            return blackouts.Dated(self.first_day, self.begins, self.last_day, self.ends)
        return blackouts.Weekly(frozenset(self.days), self.begins, self.ends)

    @property
    def sentence(self) -> str:
        """When nothing is sent, in words."""
        return f"{blackouts.sentence(self.window)} ({self.tenant.time_zone})"


class Quarantine(models.Model):
    """Failures of one kind in a row; the tenant rests until `until`, if that is set.

    `step` is how many rests it took so far; without one it is still tried again at once.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="quarantine")
    stage = models.CharField(
        max_length=10, choices=[(stage.value, words) for stage, words in _STAGES.items()]
    )
    kind = models.CharField(max_length=200)
    since = models.DateTimeField()
    failures = models.PositiveIntegerField()
    step = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    message = models.TextField(help_text="What failed last, and the next step.")

    class Meta:
        indexes = [models.Index(fields=["until"], name="quarantine_until")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.tenant}"

    @property
    def streak(self) -> Streak:
        """The failures as a value."""
        return Streak(Stage(self.stage), self.kind, self.since, self.failures)

    @property
    def holds_calls(self) -> bool:
        """Whether nothing is sent meanwhile; other rests only keep schedules from starting jobs."""
        return self.stage == Stage.CALL
