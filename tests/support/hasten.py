"""Lets the pauses of a tenant's lane pass: `python -m tests.support.hasten SLUG FAILURES`.

Waits until the tenant has failed so many times more; needs a running worker. Prints the failures.
"""

import json
import os
import sys
import time

import django


def main() -> None:
    """Wake the lane as soon as it sleeps, until the failures have been counted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from provisioning.models import Quarantine
    from provisioning.services import lanes
    from tenants.models import Tenant

    tenant = Tenant.objects.get(slug=sys.argv[1])
    reached, until = Quarantine.objects.get(tenant=tenant).failures, time.monotonic() + 60
    for _ in range(int(sys.argv[2])):
        lanes.want(tenant)
        reached += 1
        while Quarantine.objects.get(tenant=tenant).failures < reached:
            assert time.monotonic() < until, f"{tenant} has not failed {reached} times"
            time.sleep(0.1)
    print(json.dumps(reached))


if __name__ == "__main__":
    main()
