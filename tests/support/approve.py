"""Approves jobs at one stroke: `python -m tests.support.approve JOB JOB ...`."""

import os
import sys

import django


def main() -> None:
    """Approve every job named, in one transaction, as the engineer."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from django.db import transaction

    from provisioning.models import Job
    from provisioning.services import approval
    from tenants.models import User
    from tenants.row_security import everything
    from tests.support.portal import ENGINEER

    with everything(), transaction.atomic():
        for job in Job.objects.filter(pk__in=sys.argv[1:]):
            approval.approve(job=job, by=User.objects.get(email=ENGINEER))


if __name__ == "__main__":
    main()
