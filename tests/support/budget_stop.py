"""One budget of the MSP, two workers, several tenants: what was spent when it was used up.

`python -m tests.support.budget_stop AMOUNT` sets the budget of a portal; `stop` drives one.
"""

import os
import sys
import time
from decimal import Decimal

import django

from tests.support.portal import PROFILE, Portal, people

TENANTS = ("first", "second", "third")
THREADS = 8
UNIT = Decimal("0.002")


def stop(portal: Portal, size: int, calls: int) -> dict[str, int]:
    """Apply `size` creations in each tenant under a budget for so many calls in all, then raise it.

    Gives what the sandbox had billed when nothing went on, and in the end.
    """
    portal.seed(*((slug, "brindlewick.example", PROFILE) for slug in TENANTS))
    portal.start("worker", "beat")
    jobs = [portal.sync(slug, people(size, at))["job"] for at, slug in enumerate(TENANTS)]
    read = billed(portal)
    limit = (read + calls) // 5 * 5  # a budget has cents
    portal.python("tests.support.budget_stop", str(UNIT * limit))
    for job in jobs:
        portal.python("tests.support.approve", str(job))
    going_on = (
        "SELECT COUNT(*) = 0 FROM provisioning_job WHERE state = 'applying' AND problem NOT LIKE ?"
    )
    portal.wait(going_on, "A budget of%")
    time.sleep(1.0)  # longer than a call takes
    at_stop = billed(portal)
    left = portal.rows("SELECT COUNT(*) FROM billing_call WHERE state = 'open'")[0][0]
    portal.python("tests.support.budget_stop", str(UNIT * 5 * (read + 10 * size)))
    done = "SELECT COUNT(*) = 3 FROM provisioning_job WHERE state = 'finished'"
    portal.wait(done)
    return {"limit": limit, "stopped": at_stop, "open": left, "end": billed(portal) - read}


def billed(portal: Portal) -> int:
    """Billable calls by the sandbox's count."""
    usage = portal.sandbox.usage()
    return sum(int(tenant["billable"]) for tenant in usage["tenants"].values())


def main() -> None:
    """Set the MSP's budget."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from billing.models import Budget
    from tenants.row_security import everything

    with everything():
        Budget.objects.update_or_create(
            customer=None,
            tenant=None,
            span="month",
            defaults={"amount": Decimal(sys.argv[1]), "stop": "hard"},
        )


if __name__ == "__main__":
    main()
