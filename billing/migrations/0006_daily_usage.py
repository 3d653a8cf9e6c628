from collections import Counter

from django.db import migrations
from django.db.models import Count
from django.db.models.functions import TruncHour

from tenants.row_security import everything


def fill(apps, _schema_editor):
    """Sum usage up by days, and tell it by jobs where the calls behind it are still kept."""
    usage = apps.get_model("billing", "Usage")
    with everything():
        for tenant in usage.objects.values_list("tenant", flat=True).distinct().order_by("tenant"):
            _tell_jobs(apps, usage.objects.filter(tenant=tenant), tenant)
            _sum_days(apps, usage.objects.filter(tenant=tenant))


def _tell_jobs(apps, rows, tenant):
    jobs = {}
    calls = apps.get_model("billing", "Call").objects.filter(tenant=tenant)
    for hour, purpose, status, job, number in (
        calls.filter(state__in=["answered", "uncertain"])
        .annotate(hour=TruncHour("started_at"))
        .values_list("hour", "purpose", "status", "job")
        .annotate(number=Count("pk"))
    ):
        jobs.setdefault((hour, purpose, status or 0), Counter())[job] += number
    for row in list(rows.filter(job="")):
        told = jobs.get((row.hour, row.purpose, row.status), Counter())
        if sum(told.values()) == row.calls:
            row.delete()
            rows.model.objects.bulk_create(
                rows.model(
                    customer_id=row.customer_id,
                    tenant_id=row.tenant_id,
                    hour=row.hour,
                    job=job,
                    purpose=row.purpose,
                    status=row.status,
                    calls=number,
                )
                for job, number in told.items()
            )


def _sum_days(apps, rows):
    days = Counter()
    for row in rows:
        days[row.customer_id, row.tenant_id, row.hour.date(), row.purpose, row.status] += row.calls
    names = ("customer_id", "tenant_id", "day", "purpose", "status")
    daily = apps.get_model("billing", "DailyUsage").objects
    daily.bulk_create(
        daily.model(**dict(zip(names, key, strict=True)), calls=number)
        for key, number in days.items()
    )


class Migration(migrations.Migration):
    """Usage known before: by job where that can be told, and by day."""

    dependencies = [("billing", "0005_usage_and_prices")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
