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
        migrations.AddField(
            "operation",
            "choices",
            models.JSONField(
                default=dict,
                help_text="By path: what a creation tries next, should its value be taken.",
            ),
        ),
        migrations.AddField(
            "directoryobject",
            "record_digest",
            models.CharField(
                blank=True,
                default="",
                help_text="Names the record and profile version it was last written from.",
                max_length=32,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "operation",
            "record_digest",
            models.CharField(blank=True, default="", max_length=32),
            preserve_default=False,
        ),
        migrations.AddField(
            "job",
            "flapping",
            models.JSONField(
                default=dict,
                help_text="People by path whose value changes although their record did not.",
            ),
        ),
    ]
