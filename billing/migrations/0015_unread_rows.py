from django.db import migrations, models


class Migration(migrations.Migration):
    """Rows of the API that cannot be read: which days lack them, and what a file says of them."""

    dependencies = [("billing", "0014_month_usage")]

    operations = [
        migrations.AddField(
            model_name="billday",
            name="unread",
            field=models.PositiveIntegerField(
                help_text="Line of a row that cannot be read; the others of its day stand apart.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="billfile",
            name="gaps",
            field=models.JSONField(
                default=list, help_text="What it lacks of the API, in sentences."
            ),
        ),
    ]
