"""A tenant whose newest file the guard has stopped: `python -m tests.support.decision_state URL`.

With `publish` instead of the sandbox's address its profile gets another version. Prints the
address of the stopped job.
"""

import io
import json
import os
import sys
import time
import uuid
from dataclasses import replace
from typing import Any

import django

SLUG, PEOPLE = "decided", 90
DIRECTORY = str(uuid.uuid5(uuid.NAMESPACE_DNS, SLUG))


def main() -> None:
    """Make the tenant, or change its profile."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    print(json.dumps(_publish() if sys.argv[1] == "publish" else _make(sys.argv[1])))


def _make(url: str) -> str:
    from django.conf import settings

    from msp_portal.demo import seeding
    from msp_portal.demo.generator import DemoCustomer, people_profile, people_table
    from provisioning.services import approval

    table = people_table(PEOPLE, 90)
    name, domain = "Decision Day Printers", "brindlewick.example"
    customer = DemoCustomer(SLUG, name, domain, DIRECTORY, table, people_profile())
    engineer = seeding.seed((customer,), url, seeding.demo_password(settings.VAR_DIR))
    job = _until(_upload(table, engineer), "planned")
    approval.approve(job=job, by=engineer)
    _until(job, "finished")
    half = replace(table, rows=table.rows[: PEOPLE // 2])
    return f"/jobs/{_until(_upload(half, engineer), 'stopped').pk}/"


def _publish() -> str:
    from msp_portal.demo.generator import people_profile
    from provisioning.services.profiles import publish
    from tenants.models import Tenant

    profile = people_profile()
    rule = {"target": "preferredLanguage", "constant": "en"}
    definition = {**profile, "attributes": [*profile["attributes"], rule]}
    return str(publish(tenant=Tenant.objects.get(slug=SLUG), definition=definition, by=None))


def _upload(table: Any, by: Any) -> Any:
    from provisioning.services.uploads import accept_upload
    from tenants.models import Tenant

    file = io.BytesIO(table.to_bytes())
    tenant = Tenant.objects.get(slug=SLUG)
    return accept_upload(tenant=tenant, file=file, file_name="people.csv", by=by)


def _until(job: Any, state: str) -> Any:
    ends = time.monotonic() + 90
    while job.state != state:
        assert time.monotonic() < ends, f"{job} is {job.state}, not {state}"
        time.sleep(0.1)
        job.refresh_from_db()
    return job


if __name__ == "__main__":
    main()
