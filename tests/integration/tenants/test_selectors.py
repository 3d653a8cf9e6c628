"""A read gives what the person asking may see, and nothing of anybody else."""

import pytest
from django.contrib.auth.models import AnonymousUser

from tenants import services
from tenants.domain.reach import Reach, Scope
from tenants.domain.roles import CUSTOMERS_OWN, MAY, PORTAL_WIDE, Action, Role
from tenants.models import Customer
from tenants.selectors import actions_of, customers_for, may, reach_of, roles_of, tenants_for


def seen(viewer, action):
    """Slugs of the customers, which are those of the tenants too."""
    customers = [customer.slug for customer in customers_for(viewer, action)]
    assert [tenant.customer.slug for tenant in tenants_for(viewer, action)] == customers
    assert may(viewer, action) is bool(customers)
    return customers


@pytest.mark.parametrize("role", Role)
def test_a_role_at_one_customer_reaches_that_one_only(person, northmoor, southfen, role):
    ann = person((role, northmoor.customer))
    for action in Action:
        expected = ["northmoor"] if action in MAY[role] - PORTAL_WIDE else []
        assert seen(ann, action) == expected, action


@pytest.mark.parametrize("role", sorted(set(Role) - CUSTOMERS_OWN))
def test_a_role_over_all_reaches_every_customer(person, northmoor, southfen, role):
    ann = person((role, None))
    for action in Action:
        expected = ["northmoor", "southfen"] if action in MAY[role] else []
        assert seen(ann, action) == expected, action


def test_roles_at_two_customers_do_not_lend_each_other_anything(person, northmoor, southfen):
    ann = person((Role.VIEWER, northmoor.customer), (Role.FINANCE, southfen.customer))
    assert seen(ann, Action.SEE_REPORTS) == ["northmoor", "southfen"]
    assert seen(ann, Action.SEE_COSTS) == ["southfen"]  # a customer's viewer sees no cost of theirs
    assert seen(ann, Action.APPROVE) == []
    assert roles_of(ann) == {Role.VIEWER, Role.FINANCE}


def test_a_wide_role_does_not_widen_a_narrow_one(person, northmoor, southfen):
    ann = person((Role.FINANCE, None), (Role.ENGINEER, northmoor.customer))
    assert seen(ann, Action.SEE_COSTS) == ["northmoor", "southfen"]
    assert seen(ann, Action.UPLOAD) == ["northmoor"]


def except_(customer):
    return Reach(Scope.ALL_EXCEPT, frozenset({customer.pk}))


@pytest.mark.parametrize("role", sorted(set(Role) - CUSTOMERS_OWN))
def test_a_role_at_all_but_some_reaches_the_others(person, northmoor, southfen, role):
    ann = person()
    services.give_role(user=ann, role=role, reach=except_(northmoor.customer), by=None)
    for action in Action:
        expected = ["southfen"] if action in MAY[role] - PORTAL_WIDE else []
        assert seen(ann, action) == expected, action


def test_a_new_customer_is_seen_at_once_by_all_and_all_but_some(person, northmoor):
    wide, nearly = person((Role.FINANCE, None), name="bo"), person(name="cy")
    services.give_role(user=nearly, role=Role.FINANCE, reach=except_(northmoor.customer), by=None)
    narrow = person((Role.FINANCE, northmoor.customer), name="dee")
    new = Customer.objects.create(name="New", slug="new")
    assert new in customers_for(wide, Action.SEE_COSTS)
    assert list(customers_for(nearly, Action.SEE_COSTS)) == [new]
    assert list(customers_for(narrow, Action.SEE_COSTS)) == [northmoor.customer]


def test_several_grants_add_up(person, northmoor, southfen):
    ann = person((Role.ENGINEER, northmoor.customer))
    services.give_role(user=ann, role=Role.FINANCE, reach=except_(northmoor.customer), by=None)
    assert seen(ann, Action.SEE_COSTS) == ["northmoor", "southfen"]
    assert seen(ann, Action.EDIT_TENANT) == ["northmoor"]
    assert reach_of(ann) == Reach(Scope.ALL_EXCEPT)
    # Nothing is left out any more, but it is no grant over all: portal-wide things take one.
    assert not PORTAL_WIDE & actions_of(ann)


def test_what_a_person_may_do_differs_by_customer(person, northmoor, southfen):
    ann = person((Role.VIEWER, northmoor.customer), (Role.APPROVER, southfen.customer))
    assert Action.APPROVE in actions_of(ann)
    assert Action.APPROVE not in actions_of(ann, northmoor.customer.pk)
    assert actions_of(ann, southfen.customer.pk) == MAY[Role.APPROVER]


def test_several_grants_show_a_customer_once(person, northmoor, southfen):
    ann = person(*[(role, northmoor.customer) for role in Role])
    assert seen(ann, Action.SEE_REPORTS) == ["northmoor"]


def test_who_has_no_grant_sees_nothing(person, northmoor):
    ann = person()
    for action in Action:
        assert seen(ann, action) == []
    assert roles_of(ann) == frozenset()


def test_anothers_grant_is_nobody_elses(person, northmoor):
    person((Role.ADMIN, None), name="bo")
    assert seen(person(name="ann"), Action.SEE_REPORTS) == []


def test_a_visitor_may_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert not any(may(AnonymousUser(), action) for action in Action)


def test_a_superuser_is_an_administrator_of_everything(person, northmoor, southfen):
    root = person(is_superuser=True)
    for action in Action:
        assert seen(root, action) == ["northmoor", "southfen"]
    assert roles_of(root) == {Role.ADMIN}


def test_tenants_come_with_their_customers(
    person, northmoor, southfen, django_assert_max_num_queries
):
    ann = person((Role.ENGINEER, northmoor.customer))
    with django_assert_max_num_queries(2):
        assert [t.customer.name for t in tenants_for(ann, Action.SEE_TENANT)] == ["Northmoor"]
