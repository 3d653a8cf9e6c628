"""A budget that is used up stops a job, and never the closing of a leaver's account."""

from decimal import Decimal

from billing.models import Budget
from provisioning.models import Job, Operation
from provisioning.services import slices
from tests.support.engine import Engine, only, people

EVERYONE = people(6)


def test_a_disable_goes_whatever_stands_before_it(engine: Engine) -> None:
    """Behind an outcome to be looked up, and a problem after which one request is tried."""
    engine.apply(only(EVERYONE, 0, 1, 2, 3))
    job = engine.approve(engine.plan(only(EVERYONE, 0, 1, 2, 4, 5)))
    Budget.objects.create(amount=Decimal(0), stop="hard")
    creations = job.operations.filter(kind=Operation.Kind.CREATE)
    Operation.objects.filter(pk=creations.order_by("pk")[0].pk).update(state="unknown")
    Job.objects.filter(pk=job.pk).update(problem="Something was wrong.")
    assert slices.serve_next()
    states = dict(job.operations.values_list("kind", "state").exclude(state="unknown"))
    assert states == {"disable": "done", "create": "pending"}
    assert not engine.user(EVERYONE.keys()[3])["active"]
    assert engine.fresh(job).problem.startswith("A budget of this month is used up")
    Budget.objects.update(amount=Decimal(5))
    engine.hurry()
    ended = engine.serve(engine.fresh(job))
    assert (ended.state, ended.created, ended.disabled) == (Job.State.FINISHED, 2, 1)
