from django.db import migrations

from tenants.row_security import protect


class Migration(migrations.Migration):
    """Row-level security on what belongs to customers; on other databases than PostgreSQL nothing."""

    dependencies = [("tenants", "0003_time_zone")]

    operations = [
        protect("tenants_customer", column="id"),
        protect("tenants_tenant"),
        protect("tenants_credential"),
        protect("tenants_auditevent", shared=True),
    ]
