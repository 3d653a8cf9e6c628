from django.db import migrations


def rename(apps, schema_editor):
    changed = apps.get_model("tenants", "Tenant").objects.update(name="Renamed")
    print(f"{changed} rows changed")


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_row_security"), ("provisioning", "0020_row_security")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
