"""The right to write to one tenant; one holder at a time. No personal data in this table."""

from django.db import models

from tenants.models import Customer, Tenant


class Lane(models.Model):
    """A tenant's lane: wanted when there is work, held under a lease while a slice runs.

    After a holder died the lane is free again at `quiet_at`: its lease and the longest request
    have run out by then, so nothing of the old holder can still reach the service. Before
    `hushed_until` no call leaves, whoever holds the lane: Entra asked to slow down.
    """

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="lane")
    wanted = models.BooleanField(default=False)
    wake_at = models.DateTimeField()
    holder = models.CharField(max_length=36, blank=True)
    quiet_at = models.DateTimeField(null=True)
    served_at = models.DateTimeField(null=True)
    hushed_until = models.DateTimeField(null=True)
    threads = models.PositiveSmallIntegerField(
        null=True, help_text="Requests on their way at once that the last slice had come to."
    )
    urgent = models.BooleanField(default=False, help_text="Somebody waits for one person.")
    jumped = models.BooleanField(
        default=False, help_text="Last claimed for being urgent, and not in its turn."
    )

    class Meta:
        indexes = [
            models.Index(fields=["wanted", "wake_at"], name="lane_wanted"),
            models.Index(fields=["-served_at"], name="lane_last_served"),
        ]

    def __str__(self) -> str:
        return f"Lane of {self.tenant_id}"


class ApplicationPace(models.Model):
    """Writes left to one application over all tenants (Graph's quota), shared by the workers.

    `tokens` may be negative: promised to requests that wait. No personal data in this table.
    """

    application = models.CharField(max_length=300, unique=True)
    tokens = models.FloatField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Pace of {self.application}"
