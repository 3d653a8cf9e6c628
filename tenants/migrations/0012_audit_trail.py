import json
import secrets

import django.db.models.deletion
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import migrations, models

from tenants import append_only, seals
from tenants.domain.audit_chain import EventFacts, PayloadFacts, digest_of
from tenants.domain.masking import masked
from tenants.row_security import protect


def part_payloads(apps, schema_editor):
    """Events from before get a payload and a seal; they are linked with the next one, in their order."""
    events = apps.get_model("tenants", "AuditEvent").objects
    payloads = apps.get_model("tenants", "AuditPayload")
    for event in events.select_related("actor").order_by("pk").iterator(1000):
        salt = secrets.token_hex(16)
        facts = PayloadFacts(
            customer=event.customer_id,
            actor=event.actor_id,
            actor_email=event.actor.email if event.actor else "",
            subject=event.subject,
            detail=json.dumps(masked(event.detail), sort_keys=True, cls=DjangoJSONEncoder),
            request_id="",
        )
        digest = digest_of(salt, facts)
        what = EventFacts(event.at, event.customer_id, event.action, digest)
        events.filter(pk=event.pk).update(
            digest=digest, mac=seals.seal("event", *what.content())
        )
        payloads.objects.create(
            event=event,
            customer_id=facts.customer,
            salt=salt,
            actor_id=facts.actor,
            actor_email=facts.actor_email,
            subject=facts.subject,
            detail=facts.detail,
        )


def settle(apps, schema_editor):
    """PostgreSQL alters no table whose foreign keys wait to be checked."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    """Events in a chain, their payloads beside them."""

    dependencies = [("tenants", "0011_access")]

    operations = [
        migrations.CreateModel(
            name="AuditAnchor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("events", models.BigIntegerField(unique=True)),
                ("link", models.CharField(max_length=64)),
                ("mac", models.CharField(max_length=330)),
            ],
            options={"ordering": ["-events"]},
        ),
        migrations.CreateModel(
            name="AuditCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("events", models.BigIntegerField()),
                ("problems", models.PositiveIntegerField(default=0)),
                ("examples", models.JSONField(default=list)),
            ],
            options={"ordering": ["-at"]},
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField(default=0)),
                ("link", models.CharField(max_length=64)),
                ("mac", models.CharField(max_length=330)),
            ],
        ),
        migrations.AddField(
            model_name="auditevent",
            name="digest",
            field=models.CharField(default="", help_text="Salted hash of the payload.", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditevent",
            name="erases",
            field=models.TextField(blank=True, default="", help_text="Ids of events whose payloads were erased with this one."),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="link",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="mac",
            field=models.CharField(default="", help_text="That the portal itself has written this.", max_length=330),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditevent",
            name="position",
            field=models.BigIntegerField(null=True, unique=True),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="at",
            field=models.DateTimeField(),
        ),
        migrations.CreateModel(
            name="AuditPayload",
            fields=[
                ("event", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="payload", serialize=False, to="tenants.auditevent")),
                ("salt", models.CharField(max_length=32)),
                ("actor_email", models.CharField(blank=True, db_index=True, max_length=254)),
                ("subject", models.CharField(max_length=200)),
                ("detail", models.TextField(help_text="JSON, as it was hashed.")),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("actor", models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("customer", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.customer")),
            ],
        ),
        migrations.RunPython(part_payloads, migrations.RunPython.noop),
        migrations.RunPython(settle, migrations.RunPython.noop),
        migrations.RemoveField(model_name="auditevent", name="actor"),
        migrations.RemoveField(model_name="auditevent", name="detail"),
        migrations.RemoveField(model_name="auditevent", name="subject"),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=models.Q(("position", None)), fields=["id"], name="audit_not_linked"),
        ),
        protect("tenants_auditpayload", shared=True),
        migrations.RunPython(append_only.guard, append_only.unguard),
    ]
