"""Pauses a job, or lets it go on: `python -m tests.support.pause JOB` or `... JOB resume`."""

import os
import sys

import django


def main() -> None:
    """Decide as the engineer."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from provisioning.models import Job
    from provisioning.services import pausing
    from tenants.models import User
    from tests.support.portal import ENGINEER

    job, by = Job.objects.get(pk=sys.argv[1]), User.objects.get(email=ENGINEER)
    decide = pausing.resume if "resume" in sys.argv else pausing.pause
    decide(job=job, by=by)


if __name__ == "__main__":
    main()
