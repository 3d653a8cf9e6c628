"""The price Microsoft published in March 2026; verify it against your agreement."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import migrations


def add_price(apps, schema_editor):
    apps.get_model("billing", "PriceBookEntry").objects.create(
        cloud="",
        unit_price=Decimal("0.002"),
        currency="USD",
        rule="2xx+404",
        effective_from=datetime(2026, 3, 1, tzinfo=UTC),
        note="Microsoft's published price of March 2026. Verify with your agreement.",
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_initial")]
    operations = [migrations.RunPython(add_price, migrations.RunPython.noop)]
