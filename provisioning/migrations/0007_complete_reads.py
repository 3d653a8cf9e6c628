from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0006_profiles_drafts_templates_pilots")]

    operations = [
        # Until now every read was one of the whole source.
        migrations.AddField("snapshot", "complete", models.BooleanField(default=True)),
        migrations.AlterField(
            "snapshot",
            "complete",
            models.BooleanField(
                default=False, help_text="All of the source, refused rows known; a sample is not."
            ),
        ),
    ]
