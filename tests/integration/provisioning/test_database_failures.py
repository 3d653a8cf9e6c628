"""The database fails in the middle of a slice: what was sent is unknown, and the job goes on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from provisioning.models import Job, Lane
from provisioning.services import slices
from tests.support.engine import Engine, people

PEOPLE = people(30)


class Failing:
    """Fails the first statement that begins with `start`, as a connection that was cut does."""

    def __init__(self, start: str, error: type[Exception]) -> None:
        self.start, self.error, self.failed = start, error, False

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not self.failed and sql.startswith(self.start):
            self.failed = True
            raise self.error("server closed the connection unexpectedly")
        return execute(sql, *rest)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    "start",
    [
        'UPDATE "billing_call"',  # the answers are lost
        'INSERT INTO "provisioning_directoryobject"',
        'INSERT INTO "billing_call"',  # nothing has left
    ],
)
def test_a_job_goes_on_by_itself(engine: Engine, start: str, error: type[Exception]) -> None:
    job = engine.approve(engine.plan(PEOPLE))
    failing = Failing(start, error)
    with connection.execute_wrapper(failing):
        assert slices.serve_next()
    assert failing.failed
    job = engine.fresh(job)
    assert (job.state, job.problem) == (Job.State.APPLYING, "")
    lane = Lane.objects.get(tenant=engine.tenant)
    wait = (lane.wake_at - timezone.now()).total_seconds()
    assert (lane.holder, lane.wanted) == ("", True)
    assert wait <= settings.LANE_RETRY_SECONDS
    for _ in range(50):
        engine.hurry()
        slices.serve_next()
    assert engine.fresh(job).state == Job.State.FINISHED
    engine.check(engine.fresh(job), PEOPLE)
