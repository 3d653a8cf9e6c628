"""Fairness of a running portal: `python -m tests.support.fairness OPERATIONS TENANTS SIZE`.

Small jobs alone, the same beside one of OPERATIONS, and a person on demand in an idle tenant while
both workers are busy. Prints the figures as JSON; needs the worker and beat of this portal.
"""

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import django

LARGE, SECOND, IDLE = "large", "second", "idle"
_PATIENCE = float(os.environ.get("FAIRNESS_PATIENCE", "3600"))


def slugs(tenants: int) -> list[str]:
    """Every tenant that the measurement needs."""
    sets = [f"{name}-{at:02d}" for name in ("alone", "beside") for at in range(tenants)]
    return [*sets, LARGE, SECOND, IDLE]


def main() -> None:
    """Measure, and print the figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    operations, tenants, size = map(int, sys.argv[1:4])
    print(json.dumps(_Measurement(operations, tenants, size).figures()))


class _Measurement:
    def __init__(self, operations: int, tenants: int, size: int) -> None:
        from tenants.models import User
        from tests.support.portal import ADMIN, ENGINEER

        self._operations, self._tenants, self._size = operations, tenants, size
        self._engineer = User.objects.get(email=ENGINEER)
        self._admin = User.objects.get(email=ADMIN)

    def figures(self) -> dict[str, Any]:
        alone = self._apply_all("alone")
        large, second = self._plan((LARGE, self._operations), (SECOND, self._operations // 4))
        self._approve(large)
        beside_plans = self._plan_all("beside")
        self._wait(lambda: self._fresh(large).settled > 0)
        beside = self._timed(beside_plans)
        left_large = self._fresh(large).left
        delay = self._on_demand(large, second)
        return {
            "alone_seconds": round(alone, 2),
            "beside_seconds": round(beside, 2),
            "ratio": round(beside / alone, 2),
            "large_left_then": left_large,
            **delay,
        }

    def _apply_all(self, name: str) -> float:
        return self._timed(self._plan_all(name))

    def _plan_all(self, name: str) -> list[Any]:
        return self._plan(*((f"{name}-{at:02d}", self._size) for at in range(self._tenants)))

    def _timed(self, jobs: list[Any]) -> float:
        """Seconds from approving all of them until the last has finished."""
        began = time.monotonic()
        for job in jobs:
            self._approve(job)
        self._wait(lambda: not self._in_lane(jobs))
        return time.monotonic() - began

    def _on_demand(self, large: Any, second: Any) -> dict[str, Any]:
        """A person of an idle tenant, while both workers apply something else."""
        from django.conf import settings
        from django.utils import timezone

        from provisioning.domain.approval_policy import Limit, Policy
        from provisioning.models import Lane
        from provisioning.services.on_demand import send_on_demand
        from provisioning.services.policies import change_policy

        (plan,) = self._plan((IDLE, self._size))
        tenant = plan.tenant
        wide = Policy(automatic=True, creations=Limit(1, Decimal(100)))
        change_policy(tenant=tenant, policy=wide, by=self._admin)
        self._approve(second)
        lanes = Lane.objects.filter(tenant__in=[large.tenant, second.tenant])
        busy = lanes.exclude(holder="")
        self._wait(lambda: busy.count() == 2 or not self._in_lane([large, second]))
        workers_busy = busy.count()
        asked = timezone.now()
        key = self._table(IDLE, self._size).keys()[0]
        job = send_on_demand(tenant=tenant, key=key, by=self._engineer)
        lane = Lane.objects.filter(tenant=tenant, served_at__gt=asked)
        self._wait(lane.exists)
        began = lane.get().served_at
        assert began is not None
        self._wait(lambda: not self._in_lane([job]))
        return {
            "workers_busy": workers_busy,
            "started_after_seconds": round((began - asked).total_seconds(), 2),
            "slice_seconds": settings.LANE_SLICE_SECONDS,
            "on_demand_created": self._fresh(job).created,
        }

    def _plan(self, *wanted: tuple[str, int]) -> list[Any]:
        """Upload a file for each tenant and wait until all are planned."""
        from provisioning.services.uploads import accept_upload
        from tenants.models import Tenant

        jobs = [
            accept_upload(
                tenant=Tenant.objects.get(slug=slug),
                file=io.BytesIO(self._table(slug, size).to_bytes()),
                file_name=f"{slug}.csv",
                by=self._engineer,
            )
            for slug, size in wanted
        ]
        self._wait(lambda: not self._in_lane(jobs))
        return [self._fresh(job) for job in jobs]

    def _table(self, slug: str, size: int) -> Any:
        from tests.support.portal import people

        return people(size, seed=1 + slugs(self._tenants).index(slug))

    def _approve(self, job: Any) -> None:
        from provisioning.services import approval

        approval.approve(job=job, by=self._engineer)

    def _fresh(self, job: Any) -> Any:
        from provisioning.models import Job

        return Job.objects.select_related("tenant__customer").get(pk=job.pk)

    def _in_lane(self, jobs: Iterable[Any]) -> bool:
        from provisioning.models import Job

        found = Job.objects.filter(pk__in=[job.pk for job in jobs], state__in=Job.IN_LANE)
        return found.exists()

    @staticmethod
    def _wait(reached: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE
        while not reached():
            assert time.monotonic() < until, "waited in vain; is the worker running?"
            time.sleep(0.05)


if __name__ == "__main__":
    main()
