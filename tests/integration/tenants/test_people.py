"""Changing what people may do: who may change it, what is noted, and who is never locked out."""

import pytest
from django.test import Client

from tenants import services
from tenants.domain.reach import EVERYWHERE, Reach, Scope
from tenants.domain.roles import Action, Role
from tenants.models import AccessGrant, AuditEvent, Customer, User
from tenants.selectors import administrators, may
from tenants.services import AccessRefused
from tests.support.rows import reach_of


@pytest.fixture
def ann(person):
    """The administrator who acts."""
    return person((Role.ADMIN, None))


@pytest.fixture
def bo(person, northmoor):
    return person((Role.ENGINEER, northmoor.customer), name="bo")


def noted(action):
    """Actor, customer and detail of the one audit row of an action."""
    event = AuditEvent.objects.get(action=action)
    return event.actor, event.customer, event.detail


def without(customer):
    return Reach(Scope.ALL_EXCEPT, frozenset({customer.pk}))


def test_a_change_of_a_grant_is_noted_with_before_and_after(ann, bo, northmoor, southfen):
    reach = without(southfen.customer)
    services.give_role(user=bo, role=Role.ENGINEER, reach=reach, by=ann)
    grant = bo.grants.get()
    assert (grant.reach, grant.where) == (reach, "all customers but Southfen")
    assert noted("access.changed") == (
        ann,
        None,
        {
            "role": "engineer",
            "before": {"scope": "listed", "customers": ["northmoor"]},
            "after": {"scope": "all_except", "customers": ["southfen"]},
        },
    )


def test_the_same_again_is_no_change(ann, bo, northmoor):
    before = AuditEvent.objects.count()
    services.give_role(user=bo, role=Role.ENGINEER, reach=reach_of(northmoor.customer), by=ann)
    assert AuditEvent.objects.count() == before


def test_a_role_is_taken_away(ann, bo, northmoor):
    services.take_role(user=bo, role=Role.ENGINEER, by=ann)
    assert not bo.grants.exists()
    where = {"scope": "listed", "customers": ["northmoor"]}
    assert noted("access.revoked") == (
        ann,
        northmoor.customer,
        {"role": "engineer", "before": where, "after": None},
    )
    services.take_role(user=bo, role=Role.ENGINEER, by=ann)
    assert AuditEvent.objects.filter(action="access.revoked").count() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CUSTOMER_APPROVER])
def test_customers_people_list_their_customers(ann, bo, northmoor, role):
    for reach in (EVERYWHERE, without(northmoor.customer)):
        with pytest.raises(AccessRefused, match="list them"):
            services.give_role(user=bo, role=role, reach=reach, by=ann)


@pytest.mark.parametrize("scope", [Scope.LISTED, Scope.ALL_EXCEPT])
def test_a_list_without_customers_is_refused(ann, bo, scope):
    with pytest.raises(AccessRefused, match="at least one"):
        services.give_role(user=bo, role=Role.FINANCE, reach=Reach(scope), by=ann)
    assert [grant.role for grant in AccessGrant.objects.filter(user=bo)] == ["engineer"]


CHANGES = {
    "give": lambda user, by: services.give_role(
        user=user, role=Role.FINANCE, reach=EVERYWHERE, by=by
    ),
    "add": lambda user, by: services.add_person(
        email=user.email, name="", password=None, role=Role.FINANCE, reach=EVERYWHERE, by=by
    ),
    "take": lambda user, by: services.take_role(user=user, role=Role.ADMIN, by=by),
    "deactivate": lambda user, by: services.deactivate(user=user, by=by),
    "reactivate": lambda user, by: services.reactivate(user=user, by=by),
}


@pytest.mark.parametrize("name", CHANGES)
def test_nobody_changes_their_own_access(ann, name):
    with pytest.raises(AccessRefused, match="their own"):
        CHANGES[name](ann, ann)


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("who", ["engineer", "one customer", "all but one", "inactive", "auditor"])
def test_only_an_administrator_of_all_customers_changes_access(
    person, bo, northmoor, southfen, who, name
):
    roles = {"engineer": Role.ENGINEER, "auditor": Role.AUDITOR}
    acting = person((roles.get(who, Role.ADMIN), None), name="cy", is_active=who != "inactive")
    if who == "one customer":
        AccessGrant.objects.filter(user=acting).update(scope=Scope.LISTED)
        acting.grants.get().customers.add(northmoor.customer)
    if who == "all but one":
        reach = without(southfen.customer)
        AccessGrant.objects.filter(user=acting).update(scope=Scope.ALL_EXCEPT)
        acting.grants.get().customers.set(reach.customers)
    before = list(AccessGrant.objects.values())
    with pytest.raises(AccessRefused, match="may not edit people"):
        CHANGES[name](bo, acting)
    assert list(AccessGrant.objects.values()) == before
    assert not AuditEvent.objects.filter(payload__actor=acting).exists()


@pytest.mark.parametrize(
    "change",
    [
        CHANGES["take"],
        CHANGES["deactivate"],
        lambda user, by: services.give_role(
            user=user, role=Role.ADMIN, reach=without(Customer.objects.get()),
            by=by,
        ),
    ],
    ids=["take", "deactivate", "narrow"],
)  # fmt: skip
def test_the_last_administrator_stays(ann, person, northmoor, change):
    person((Role.ADMIN, None), name="gone", is_active=False)
    person((Role.ADMIN, northmoor.customer), name="narrow")
    with pytest.raises(AccessRefused, match="last administrator"):
        change(ann, None)
    assert list(administrators()) == [ann]
    person(name="root", is_superuser=True)
    change(ann, None)
    assert not administrators().filter(pk=ann.pk).exists()


def test_a_portal_without_an_administrator_can_be_filled(db):
    """By the command line: whoever comes first need not be the administrator."""
    services.add_person(
        email="bo@l.example", name="", password=None, role=Role.FINANCE, reach=EVERYWHERE, by=None
    )
    assert not administrators().exists()


def test_whoever_is_deactivated_is_signed_out_and_stays_so(ann, bo):
    here, elsewhere, mine = Client(), Client(), Client()
    bo.set_password("correct-horse-battery")
    bo.save()
    for client in (here, elsewhere):
        client.post("/accounts/login/", {"login": bo.email, "password": "correct-horse-battery"})
    mine.force_login(ann)
    assert here.get("/jobs/").status_code == 200
    services.deactivate(user=bo, by=ann)
    assert noted("person.deactivated")[2]["sessions_ended"] == 2
    for client in (here, elsewhere):
        assert client.get("/jobs/").status_code == 302
    assert mine.get("/jobs/").status_code == 200
    services.reactivate(user=bo, by=ann)
    assert here.get("/jobs/").status_code == 302, "an old session came back to life"
    assert noted("person.reactivated")[2] == {
        "before": {"active": False},
        "after": {"active": True},
    }
    assert may(User.objects.get(pk=bo.pk), Action.UPLOAD)


def test_twice_is_noted_once(ann, bo):
    for change in (services.deactivate, services.deactivate, services.reactivate):
        change(user=bo, by=ann)
    services.reactivate(user=bo, by=ann)
    actions = AuditEvent.objects.filter(action__startswith="person.").values_list("action")
    assert sorted(action for (action,) in actions) == ["person.deactivated", "person.reactivated"]
