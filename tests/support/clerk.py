"""Does what people do in a portal under test: `python -m tests.support.clerk`.

Orders and answers are JSON, a line each; `Clerk` is the other end.
"""

import json
import os
import subprocess
import sys
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.portal import ENGINEER, Portal
from tests.support.sandbox import ROOT


@dataclass
class Clerk:
    """A process of the portal that is never killed: people are not what is tested here."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, portal: Portal) -> "Clerk":
        """Begin, in the portal's environment; what it logs goes into its folder."""
        usual = {"DATABASE_TIMEOUT_SECONDS": "20", "PGAPPNAME": "clerk"}
        with (portal.folder / "clerk.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.clerk"],
                cwd=ROOT,
                env={**portal.environment, **usual},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return cls(process)

    def do(self, act: str, **what: Any) -> Any:
        """Give an order and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"act": act, **what}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["done"]

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def upload(tenant: str, path: str) -> int:
    """Hand in a file; gives the job."""
    from provisioning.models import Job
    from provisioning.services import approval
    from provisioning.services.uploads import accept_upload

    with Path(path).open("rb") as file:
        job = accept_upload(tenant=_tenant(tenant), file=file, file_name="people.csv", by=_who())
    if job.state == Job.State.STOPPED:
        approval.accept_loss(job=job, by=_who())
    return job.pk


def queue(tenant: str) -> int:
    """Ask for a job from the last file; gives the job."""
    from provisioning.models import Job
    from provisioning.services.queueing import queue_from_snapshot

    return queue_from_snapshot(tenant=_tenant(tenant), kind=Job.Kind.SYNC, size=None, by=_who()).pk


def publish(tenant: str, definition: Any) -> None:
    """Publish a version of the profile."""
    from provisioning.services.profiles import publish as publish_version

    publish_version(tenant=_tenant(tenant), definition=definition, by=_who())


def withheld(job: int) -> list[dict[str, str]]:
    """What of a plan waits for a yes of its own."""
    from provisioning.models import Operation

    found = Operation.objects.filter(job_id=job, state=Operation.State.WITHHELD)
    return list(found.values("kind", "person", "user_name"))


def approve(job: int) -> None:
    """Approve a plan with all that waits for a yes."""
    from provisioning.models import Job
    from provisioning.services import approval

    approval.approve(
        job=Job.objects.get(pk=job), by=_who(), include_withheld=True, include_deletes=True
    )


def report(job: int) -> dict[str, Any]:
    """How a job ended, with its failures."""
    from provisioning.models import Job, Operation

    found = Job.objects.get(pk=job)
    failed = found.operations.filter(state=Operation.State.FAILED)
    unsettled = found.operations.filter(state__in=Operation.UNSETTLED)
    return {
        "state": found.state,
        "problem": found.problem,
        "total": found.total,
        "settled": found.settled,
        "unsettled": unsettled.count(),
        "failed": list(failed.values("kind", "key", "person", "message", "detail")),
    }


def books(tenant: str) -> dict[str, Any]:
    """What the portal believes of a directory, and its calls."""
    from django.db.models import Sum

    from billing.models import Call, Usage
    from provisioning.models import DirectoryGroup, DirectoryObject

    there = _tenant(tenant)
    groups = DirectoryGroup.objects.filter(tenant=there).prefetch_related("members")
    people = DirectoryObject.objects.filter(tenant=there)
    return {
        "people": list(people.values("entra_id", "key", "user_name", "active", "state")),
        "groups": [
            {
                "id": group.entra_id,
                "name": group.name,
                "nickname": group.nickname,
                "members_known": group.members_known,
                "members": sorted(each.entra_id for each in group.members.all()),
            }
            for group in groups
        ],
        "calls": Counter(Call.objects.filter(tenant=there).values_list("state", flat=True)),
        "usage": Usage.objects.filter(tenant=there).aggregate(all=Sum("calls"))["all"] or 0,
        "bill": _bill(there),
    }


def _bill(tenant: Any) -> tuple[int, int]:
    """Calls that were surely billed, and with those in doubt."""
    from billing.domain.pricing import UsageLine, cost_of
    from billing.models import Usage
    from billing.selectors.costs import price_book

    rows = Usage.objects.filter(tenant=tenant).values_list("hour", "status", "calls")
    cost = cost_of([UsageLine(*row) for row in rows], price_book(), tenant.cloud)
    return cost.billable - cost.found, cost.billable + cost.uncertain


def _tenant(slug: str) -> Any:
    from tenants.models import Tenant

    return Tenant.objects.select_related("customer").get(slug=slug)


def _who() -> Any:
    from tenants.models import User

    return User.objects.get(email=ENGINEER)


_ACTS = {each.__name__: each for each in (upload, queue, publish, withheld, approve, report, books)}


def main() -> None:
    """Carry out orders until there are none."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    import django

    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"done": _ACTS[order.pop("act")](**order)}
        except Exception:  # noqa: BLE001 - the other end fails with it
            answer = {"error": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
