"""Seeds a portal under test: `python -m tests.support.seed_portal '[url, [slug, ...]]'`."""

import json
import os
import sys
import uuid

import django


def main() -> None:
    """Add each tenant with its customer, credential, profile and directory, and the people."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from msp_portal.demo import seeding
    from msp_portal.demo.generator import DemoCustomer
    from msp_portal.demo.table import Table
    from tenants.row_security import everything

    url, *tenants = json.loads(sys.argv[1])
    nothing = Table((), (), ())
    customers = tuple(
        DemoCustomer(
            slug, slug.title(), domain, str(uuid.uuid5(uuid.NAMESPACE_DNS, slug)), nothing, profile
        )
        for slug, domain, profile in tenants
    )
    with everything():
        seeding.seed(customers, url, "a-password-for-tests")


if __name__ == "__main__":
    main()
