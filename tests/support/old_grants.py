"""Grants as they were when each named one customer: `python -m tests.support.old_grants`.

Runs on the database of DATABASE_URL, migrated to just before grants had a scope; migrates it
onwards and back, and prints what became of the rows each time as JSON.
"""

import json
import os
from typing import Any

import django

BEFORE, AFTER = ("tenants", "0010_offboarding"), ("tenants", "0011_access")
OLD = [
    # person, role, customer
    ("one", "viewer", "a"),
    ("two", "engineer", "a"),
    ("two", "engineer", "b"),
    ("two", "finance", "b"),
    ("all", "admin", None),
    ("both", "engineer", None),
    ("both", "engineer", "a"),
]


def main() -> None:
    """Insert, migrate, print, migrate back, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    def migrate(to: tuple[str, str]) -> Any:
        MigrationExecutor(connection).migrate([to])
        return MigrationExecutor(connection).loader.project_state([to]).apps

    old = migrate(BEFORE)
    customers = {
        slug: old.get_model("tenants", "Customer").objects.create(name=slug, slug=slug)
        for slug in "abc"
    }
    people = {
        name: old.get_model("tenants", "User").objects.create(email=f"{name}@l.example")
        for name in ("one", "two", "all", "both")
    }
    for name, role, customer in OLD:
        old.get_model("tenants", "AccessGrant").objects.create(
            user=people[name], role=role, customer=customers.get(customer or "")
        )
    new = migrate(AFTER).get_model("tenants", "AccessGrant")
    found = sorted(_told(grant) for grant in new.objects.all())
    nearly = new.objects.create(user_id=people["one"].pk, role="auditor", scope="all_except")
    nearly.customers.add(customers["b"].pk)
    back = migrate(BEFORE).get_model("tenants", "AccessGrant").objects
    rows = back.values_list("user__email", "role", "customer__slug")
    print(json.dumps([found, sorted([email[:3], role, slug or ""] for email, role, slug in rows)]))


def _told(grant: Any) -> list[str]:
    slugs = sorted(grant.customers.values_list("slug", flat=True))
    return [grant.user.email[:3], grant.role, grant.scope, *slugs]


if __name__ == "__main__":
    main()
