import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.row_security import protect


class Migration(migrations.Migration):
    """Who is told of what, and the messages on their way."""

    dependencies = [("tenants", "0012_audit_trail")]

    operations = [
        migrations.CreateModel(
            name="Destination",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=[("email", "E-mail"), ("webhook", "Webhook")], max_length=10)),
                ("address", models.CharField(max_length=500)),
                ("events", models.JSONField(default=list)),
                ("enabled", models.BooleanField(default=True)),
                ("sealed_secret", models.BinaryField(default=b"", help_text="Signs what goes to a webhook.")),
                ("sealed_previous", models.BinaryField(default=b"", help_text="Signs too, until `previous_until`, so that it can be exchanged.")),
                ("previous_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ("customer", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="tenants.customer")),
            ],
            options={"ordering": ["customer__name", "channel", "address"]},
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=uuid.uuid4, help_text="For receivers: have I seen it?", unique=True)),
                ("event", models.CharField(max_length=60)),
                ("channel", models.CharField(choices=[("email", "E-mail"), ("webhook", "Webhook")], max_length=10)),
                ("recipient", models.CharField(max_length=500)),
                ("headline", models.CharField(max_length=300)),
                ("payload", models.JSONField(default=dict)),
                ("state", models.CharField(choices=[("waiting", "Waiting"), ("sent", "Sent"), ("given_up", "Given up")], default="waiting", max_length=10)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("claim", models.UUIDField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("customer", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to="tenants.customer")),
                ("destination", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="messages", to="tenants.destination")),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [models.Index(condition=models.Q(("state", "waiting")), fields=["next_try_at"], name="messages_waiting")],
            },
        ),
        protect("tenants_destination", shared=True),
        protect("tenants_message", shared=True),
    ]
