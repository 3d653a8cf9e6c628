from django.db import migrations, models


class Migration(migrations.Migration):
    """An uncertain call may be found by what it made."""

    dependencies = [("billing", "0011_cost_imports")]

    operations = [
        migrations.AlterField(
            model_name="call",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "On its way"),
                    ("answered", "Answered"),
                    ("unsent", "Never left"),
                    ("uncertain", "Uncertain"),
                    ("found", "Found in the directory"),
                ],
                default="open",
                max_length=10,
            ),
        ),
    ]
