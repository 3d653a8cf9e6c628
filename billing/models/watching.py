"""What a tenant's month is expected to come to, and hours with unusually many calls."""

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


class MonthForecast(models.Model):
    """The last forecast of a tenant's month, kept because making it for every page is too dear."""

    customer = models.ForeignKey(Customer, models.PROTECT)
    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="month_forecast")
    month = models.DateField(help_text="Its first day.")
    calls = models.PositiveBigIntegerField()
    low = models.PositiveBigIntegerField()
    high = models.PositiveBigIntegerField()
    amounts = models.JSONField(help_text="Least, expected and most by currency, as text.")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.calls} calls expected in {self.month:%Y-%m}"
