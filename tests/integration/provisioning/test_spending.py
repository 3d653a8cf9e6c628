"""A budget that is used up stops a job, and never the closing of a leaver's account."""

from dataclasses import replace
from decimal import Decimal

from django.test import Client
from django.urls import reverse

from billing.models import Budget
from provisioning.models import Job, Operation
from provisioning.services import slices
from provisioning.services.policies import change_policy
from tenants.domain.roles import Role
from tenants.models import Message
from tests.integration.provisioning.test_approval_policy import OPEN
from tests.support.engine import Engine, only, people, person
from tests.support.rows import add_person, add_webhook

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


def told(engine: Engine) -> list[str]:
    messages = Message.objects.filter(event="budget.stops", customer=engine.tenant.customer)
    return [message.payload["text"] for message in messages.order_by("pk")]


def page(engine: Engine, job: Job, role: Role) -> str:
    client = Client()
    customer = engine.tenant.customer if role is Role.CUSTOMER_APPROVER else None
    client.force_login(add_person(role, customer))
    text = client.get(reverse("job_detail", args=[job.pk])).content.decode()
    return " ".join(text.split())


def test_a_hard_stop_is_told_once_and_the_page_says_who_can(engine: Engine) -> None:
    add_webhook(engine.tenant.customer)
    job = engine.approve(engine.plan(EVERYONE))
    budget = Budget.objects.create(amount=Decimal(0), stop="hard")
    for _ in range(3):
        engine.hurry()
        assert slices.serve_next()
    (text,) = told(engine)
    assert "A budget of this month is used up." in text
    assert "Who sets budgets can raise it." in text
    assert "USD" not in text  # customers' people may read it
    assert "Raise the budget</a>" in page(engine, job, Role.ADMIN)
    engineers = page(engine, job, Role.ENGINEER)
    assert "Finance or an administrator can raise the budget." in engineers
    assert reverse("budget_list") not in engineers
    budget.amount = Decimal(5)
    budget.save()
    engine.hurry()
    assert engine.serve(engine.fresh(job)).state == Job.State.FINISHED
    assert len(told(engine)) == 1


def test_a_soft_stop_is_told_and_the_plan_says_who_can(engine: Engine) -> None:
    add_webhook(engine.tenant.customer)
    change_policy(tenant=engine.tenant, policy=OPEN, by=person(Role.ADMIN))
    Budget.objects.create(amount=Decimal("0.01"), stop="soft", customer=engine.tenant.customer)
    job = engine.plan(EVERYONE)
    assert job.state == Job.State.PLANNED
    (text,) = told(engine)
    assert "A budget has less left than the plan costs" in text
    assert "USD" not in text
    assert "Raise the budget</a>, or approve below." in page(engine, job, Role.ADMIN)
    assert "Whoever may approve decides" in page(engine, job, Role.ENGINEER)
    theirs = page(engine, job, Role.CUSTOMER_APPROVER)
    assert "More than a budget has left" not in theirs
    assert "USD" not in theirs
    assert engine.serve(engine.approve(job)).state == Job.State.FINISHED


def test_a_plan_within_the_budget_is_not_told_of(engine: Engine) -> None:
    add_webhook(engine.tenant.customer)
    change_policy(
        tenant=engine.tenant, policy=replace(OPEN, automatic=False), by=person(Role.ADMIN)
    )
    Budget.objects.create(amount=Decimal(5), stop="soft", customer=engine.tenant.customer)
    assert engine.plan(EVERYONE).state == Job.State.PLANNED
    assert told(engine) == []
    assert Message.objects.filter(event="job.waits").count() == 1
