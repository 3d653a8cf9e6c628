from django.db import migrations

from tenants.row_security import protect


class Migration(migrations.Migration):
    """Row-level security on what belongs to customers; on other databases than PostgreSQL nothing."""

    dependencies = [("billing", "0003_first_price"), ("tenants", "0008_row_security")]

    operations = [
        protect("billing_call"),
        protect("billing_usage"),
    ]
