"""Small jobs beside a large one, counted in slices: no clock, so that no busy machine fails it."""

from typing import Any

import pytest

from provisioning.models import Job
from provisioning.services import slices
from provisioning.services.on_demand import send_on_demand
from tests.support.engine import Engine, add_engine, people
from tests.support.sandbox import RunningSandbox

SMALL, SIZE = 4, 8


@pytest.fixture(autouse=True)
def _one_round_a_slice(settings: Any) -> None:
    settings.LANE_SLICE_SECONDS, settings.SCIM_BATCH = 0.0, 4


def tenants(sandbox: RunningSandbox, name: str, first: Engine) -> list[Engine]:
    made = []
    for at in range(SMALL):
        engine = add_engine_of(sandbox, f"{name}-{at}", first)
        made.append(engine)
    return made


def add_engine_of(sandbox: RunningSandbox, slug: str, first: Engine) -> Engine:
    """A tenant of its own, with the engineer there is already."""
    return add_engine(sandbox, slug, engineer=first.engineer)


def slices_until_finished(jobs: list[Job]) -> int:
    served = 0
    while Job.objects.filter(pk__in=[job.pk for job in jobs], state=Job.State.APPLYING).exists():
        served += slices.serve_next()
        assert served < 500
    return served


def approved(engines: list[Engine]) -> list[Job]:
    return [engine.approve(engine.plan(people(SIZE))) for engine in engines]


def test_small_jobs_take_at_most_twice_the_slices_beside_a_large_one(
    engine: Engine, sandbox: RunningSandbox
) -> None:
    alone = slices_until_finished(approved(tenants(sandbox, "alone", engine)))
    large = engine.approve(engine.plan(people(200)))
    beside = slices_until_finished(approved(tenants(sandbox, "beside", engine)))
    assert engine.fresh(large).state == Job.State.APPLYING
    assert alone <= beside <= 2 * alone


def test_a_person_of_an_idle_tenant_is_next(engine: Engine, sandbox: RunningSandbox) -> None:
    idle = add_engine_of(sandbox, "idle", engine)
    plan = idle.plan(people(SIZE))
    large = engine.approve(engine.plan(people(100)))
    approved(tenants(sandbox, "beside", engine))
    slices.serve_next()
    person = send_on_demand(tenant=idle.tenant, key=people(SIZE).keys()[0], by=engine.engineer)
    slices.serve_next()
    slices.serve_next()
    person = idle.fresh(person)
    assert person.state == Job.State.PLANNED, "planned within two slices, whoever else waits"
    assert idle.fresh(plan).state == Job.State.PLANNED
    assert engine.fresh(large).state == Job.State.APPLYING
