"""Hours in which a tenant made unusually many calls."""

from django.db import models

from tenants.models import Customer, Tenant


class UnusualHour(models.Model):
    """A UTC hour that stood out against the tenant's own pattern, with what most of it was for."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="unusual_hours")
    hour = models.DateTimeField()
    calls = models.PositiveIntegerField()
    usual = models.PositiveIntegerField()
    purpose = models.CharField(max_length=20)
    job = models.CharField(max_length=40, blank=True)
    sentence = models.CharField(max_length=300)
    noticed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-hour"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "hour"], name="one_notice_an_hour")
        ]

    def __str__(self) -> str:
        return f"{self.calls} calls at {self.hour:%Y-%m-%d %H:00}"
