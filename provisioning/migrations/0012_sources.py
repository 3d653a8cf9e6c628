"""Several sources per tenant: what there was belongs to each tenant's first one."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def give_sources(apps, schema_editor):
    """Every profile gets its tenant's source, every managed account that source as its owner."""
    Source = apps.get_model("provisioning", "Source")
    Profile = apps.get_model("provisioning", "MappingProfile")
    Account = apps.get_model("provisioning", "DirectoryObject")
    Tenant = apps.get_model("tenants", "Tenant")
    mapped = Profile.objects.values("tenant_id")
    managed = Account.objects.exclude(key="").values("tenant_id")
    having = Source.objects.values("tenant_id")
    lacking = Tenant.objects.filter(Q(pk__in=mapped) | Q(pk__in=managed)).exclude(pk__in=having)
    Source.objects.bulk_create(
        Source(customer_id=tenant.customer_id, tenant_id=tenant.pk) for tenant in lacking
    )
    own = Source.objects.filter(tenant_id=OuterRef("tenant_id")).values("pk")[:1]
    Profile.objects.update(source_id=Subquery(own))
    Account.objects.exclude(key="").update(owner_id=Subquery(own))
    if schema_editor.connection.vendor == "postgresql":
        # Tables with rows that still wait to be checked cannot be altered.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0011_groups_and_order"),
        ("tenants", "0003_time_zone"),
    ]

    operations = [
        migrations.AlterModelOptions(name="source", options={"ordering": ["position", "pk"]}),
        migrations.AddField("source", "name", models.CharField(default="People", max_length=60)),
        migrations.AddField("source", "slug", models.SlugField(default="main", max_length=60)),
        migrations.AddField(
            "source",
            "position",
            models.PositiveIntegerField(default=0, help_text="Precedence: the lowest wins."),
        ),
        migrations.AddField("source", "removed_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "directoryobject",
            "owner",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="accounts",
                to="provisioning.source",
            ),
        ),
        migrations.AddField(
            "directoryobject",
            "offered_to",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="provisioning.source",
            ),
        ),
        migrations.AddField(
            "mappingprofile",
            "source",
            models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="profile",
                to="provisioning.source",
            ),
        ),
        migrations.RunPython(give_sources, migrations.RunPython.noop),
        migrations.AlterField(
            "mappingprofile",
            "source",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="profile",
                to="provisioning.source",
            ),
        ),
        migrations.AlterField(
            "mappingprofile",
            "tenant",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="profiles",
                to="tenants.tenant",
            ),
        ),
        migrations.AlterField(
            "source",
            "tenant",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="sources",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField("job", "transferred", models.PositiveIntegerField(default=0)),
        migrations.RemoveConstraint("directoryobject", "one_account_per_person"),
        migrations.AddConstraint(
            "directoryobject",
            models.UniqueConstraint(
                condition=~Q(key=""),
                fields=("tenant", "owner", "key"),
                name="one_account_per_person",
            ),
        ),
        migrations.AddConstraint(
            "directoryobject",
            models.CheckConstraint(
                condition=Q(key="") | Q(owner__isnull=False), name="managed_by_a_source"
            ),
        ),
        migrations.AddConstraint(
            "source",
            models.UniqueConstraint(
                condition=Q(removed_at=None),
                fields=("tenant", "slug"),
                name="one_source_per_address",
            ),
        ),
        migrations.AddConstraint(
            "source",
            models.UniqueConstraint(
                condition=Q(removed_at=None), fields=("tenant", "name"), name="one_source_per_name"
            ),
        ),
    ]
