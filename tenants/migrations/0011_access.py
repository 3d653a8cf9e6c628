"""A grant is of a role, with a scope and the customers that it lists or leaves out."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from tenants.row_security import everything

ROLES = [
    ("admin", "Administrator"),
    ("engineer", "Engineer"),
    ("approver", "Approver"),
    ("finance", "Finance"),
    ("auditor", "Auditor"),
    ("viewer", "Customer viewer"),
    ("customer_approver", "Customer approver"),
]
SCOPES = [("all", "All customers"), ("all_except", "All customers but"), ("listed", "Only")]


def merge(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """One grant of each role: over all where one had no customer, else with all the customers."""
    Grant = apps.get_model("tenants", "AccessGrant")
    found: dict[tuple[int, str], set[int | None]] = {}
    for user, role, customer in Grant.objects.values_list("user", "role", "customer"):
        found.setdefault((user, role), set()).add(customer)
    with everything():
        Grant.objects.all().delete()
        for (user, role), customers in found.items():
            scope = "all" if None in customers else "listed"
            grant = Grant.objects.create(user_id=user, role=role, scope=scope)
            if scope == "listed":
                grant.customers.set(customers)
        # PostgreSQL alters no table while a check of its rows is still to come.
        schema_editor.connection.check_constraints()


def split(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A grant for each customer; of all but some, for each of the others."""
    Grant = apps.get_model("tenants", "AccessGrant")
    with everything():
        known = set(apps.get_model("tenants", "Customer").objects.values_list("pk", flat=True))
        for grant in list(Grant.objects.all()):
            named = set(grant.customers.values_list("pk", flat=True))
            customers = {"all": {None}, "all_except": known - named, "listed": named}[grant.scope]
            grant.delete()
            for customer in customers:
                Grant.objects.create(user_id=grant.user_id, role=grant.role, customer_id=customer)
        schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [("tenants", "0010_offboarding")]

    operations = [
        migrations.RemoveConstraint("accessgrant", "one_grant"),
        migrations.RemoveConstraint("accessgrant", "one_grant_over_all"),
        migrations.RemoveConstraint("accessgrant", "a_viewer_has_a_customer"),
        migrations.AddField(
            "accessgrant", "scope", models.CharField(choices=SCOPES, default="all", max_length=10), preserve_default=False
        ),
        migrations.AddField(
            "accessgrant", "customers", models.ManyToManyField(blank=True, related_name="+", to="tenants.customer")
        ),
        migrations.RunPython(merge, split),
        migrations.RemoveField("accessgrant", "customer"),
        migrations.AlterField("accessgrant", "customers", models.ManyToManyField(blank=True, to="tenants.customer")),
        migrations.AlterField("accessgrant", "role", models.CharField(choices=ROLES, max_length=20)),
        migrations.AddConstraint(
            "accessgrant", models.UniqueConstraint(fields=("user", "role"), name="one_grant_of_a_role")
        ),
        migrations.AddConstraint(
            "accessgrant",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role__in", ["customer_approver", "viewer"]), _negated=True),
                    ("scope", "listed"),
                    _connector="OR",
                ),
                name="customers_people_have_customers",
            ),
        ),
    ]
