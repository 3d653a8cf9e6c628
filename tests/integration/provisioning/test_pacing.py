"""How much of a tenant's and an application's quota is left, whoever has spent it."""

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.models import Call
from provisioning.adapters import pacing
from provisioning.adapters.pacing import pacer_of, shared_bucket_of
from provisioning.domain.pacing import Quota
from provisioning.models import Job
from provisioning.scim.groups import delete_group
from tenants import services
from tenants.selectors import active_credential
from tests.support.engine import Engine, add_engine, people
from tests.support.sandbox import RunningSandbox

WRITE = delete_group("11111111-1111-4111-8111-111111111111")


def spend(engine: Engine, count: int, seconds_ago: float, **values: Any) -> None:
    """Rows of the meter, as another worker's calls have left them."""
    at = timezone.now() - timedelta(seconds=seconds_ago)
    row = {"method": "POST", "state": "answered", "status": 201} | values
    Call.objects.bulk_create(
        Call(
            id=uuid4(),
            customer=engine.tenant.customer,
            tenant=engine.tenant,
            job="job:0",
            purpose="create",
            resource="/users",
            started_at=at,
            **row,
        )
        for _ in range(count)
    )


def free(engine: Engine) -> int:
    """Writes that may leave at once."""
    pacer = pacer_of(engine.tenant)
    return next(count for count in range(4000) if pacer.enter(WRITE).wait > 0)


def test_a_tenant_nobody_wrote_to_has_its_whole_quota(engine: Engine) -> None:
    assert 2950 <= free(engine) <= 3000


def test_what_was_written_a_moment_ago_is_gone(engine: Engine) -> None:
    spend(engine, 2000, 100)
    spend(engine, 500, 1)
    # Before the first of them the bucket is taken for empty: 200 s at 20 a second filled it.
    assert 2300 <= free(engine) <= 2500


def test_what_was_written_long_ago_is_back(engine: Engine) -> None:
    spend(engine, 3000, 301)
    assert 2950 <= free(engine) <= 3000


@pytest.mark.parametrize(
    "row",
    [{"method": "GET", "status": 200}, {"state": "unsent", "status": None}],
    ids=["reads", "what never left"],
)
def test_only_writes_that_left_are_counted(engine: Engine, row: dict[str, Any]) -> None:
    spend(engine, 2000, 1, **row)
    assert 2950 <= free(engine) <= 3000


def test_a_write_whose_end_nobody_knows_is_counted(engine: Engine) -> None:
    spend(engine, 2900, 100)
    spend(engine, 900, 0, state="uncertain", status=None)
    assert free(engine) <= 2150


def test_an_application_of_one_tenant_shares_nothing(engine: Engine) -> None:
    credential = active_credential(engine.tenant)
    assert credential is not None
    assert shared_bucket_of(engine.tenant, credential) is None


def test_two_tenants_of_one_application_draw_from_one_bucket(
    engine: Engine, sandbox: RunningSandbox
) -> None:
    other = add_engine(sandbox, "ottershaw")
    buckets = []
    for each in (engine, other):
        credential = active_credential(each.tenant)
        assert credential is not None
        buckets.append(shared_bucket_of(each.tenant, credential))
    mine, theirs = buckets
    assert mine is not None
    assert theirs is not None
    assert mine.reserve(20_000, 1.0) == 0.0
    assert theirs.reserve(14_000, 1.0) == 0.0
    wait = theirs.reserve(2_000, 1.0)
    assert 8 <= wait <= 13  # 1,300 are missing, at 117 a second
    assert mine.reserve(2_000, 1.0) == pytest.approx(wait, abs=1)  # a refusal takes nothing
    assert mine.reserve(2_000, 60.0) == pytest.approx(wait, abs=1)  # promised
    assert theirs.reserve(2_000, 60.0) == pytest.approx(wait + 17, abs=1)


def test_an_own_application_is_not_slowed_by_others(
    engine: Engine, sandbox: RunningSandbox
) -> None:
    other = add_engine(sandbox, "ottershaw")
    services.store_secret(tenant=other.tenant, client_id="own", secret="s", by=None)
    credential = active_credential(engine.tenant)
    assert credential is not None
    assert shared_bucket_of(engine.tenant, credential) is None


def test_jobs_of_one_application_wait_for_its_quota(
    engine: Engine, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "APPLICATION_WRITES", Quota(20, 2))
    other = add_engine(sandbox, "ottershaw")
    jobs = [each.approve(each.plan(people(20))) for each in (engine, other)]
    began = time.monotonic()
    for each, job in zip((engine, other), jobs, strict=True):
        assert each.serve(job).state == Job.State.FINISHED
    # 40 writes, of which 20 are there at once and 10 come every second.
    assert time.monotonic() - began >= 1.8
