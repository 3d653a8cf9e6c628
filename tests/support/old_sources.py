"""Rows as they were when a tenant had one source: `python -m tests.support.old_sources`.

Runs on the database of DATABASE_URL, migrated to just before there were several sources; migrates
it onwards, and prints what became of the rows as JSON.
"""

import json
import os
from typing import Any

import django


def main() -> None:
    """Insert, migrate, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    (this,) = [node for node in graph.nodes if node[0] == "provisioning" and "_sources" in node[1]]
    before = [parent.key for parent in graph.node_map[this].parents]
    executor.migrate(before)
    _insert(executor.loader.project_state(before).apps)
    executor = MigrationExecutor(connection)
    executor.migrate([this])
    print(json.dumps(_found(executor.loader.project_state([this]).apps)))


def _insert(apps: Any) -> None:
    """A tenant with a file, one with only a profile, one that is bare."""
    customer = apps.get_model("tenants", "Customer").objects.create(name="Old", slug="old")
    tenants, source = {}, apps.get_model("provisioning", "Source")
    for slug in ("filed", "mapped", "bare"):
        tenants[slug] = apps.get_model("tenants", "Tenant").objects.create(
            customer=customer, name=slug, slug=slug, entra_id=slug, cloud="global"
        )
    source.objects.create(customer=customer, tenant=tenants["filed"])
    for slug in ("filed", "mapped"):
        profile = apps.get_model("provisioning", "MappingProfile")
        profile.objects.create(customer=customer, tenant=tenants[slug])
    for key in ("1", "2", ""):
        apps.get_model("provisioning", "DirectoryObject").objects.create(
            customer=customer,
            tenant=tenants["filed"],
            entra_id=f"id-{key}",
            key=key,
            user_name=f"u{key}",
            folded_user_name=f"u{key}",
        )


def _found(apps: Any) -> dict[str, Any]:
    names = ("Source", "MappingProfile", "DirectoryObject")
    sources, profiles, rows = (apps.get_model("provisioning", name).objects for name in names)
    accounts = rows.order_by("key")
    return {
        "sources": [[row.tenant.slug, row.slug, row.name] for row in sources.order_by("pk")],
        "profiles": sorted(row.source.tenant.slug for row in profiles.all()),
        "owners": [[row.key, row.owner.tenant.slug if row.owner else ""] for row in accounts],
    }


if __name__ == "__main__":
    main()
