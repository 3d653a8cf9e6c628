"""Who may do what: the whole table, written once more."""

import pytest

from tenants.domain.roles import MAY, Action, Role, landing, roles_that_may

A, E, P, F = Role.ADMIN, Role.ENGINEER, Role.APPROVER, Role.FINANCE
U, V, C = Role.AUDITOR, Role.VIEWER, Role.CUSTOMER_APPROVER
TABLE = {
    Action.SEE_CUSTOMERS: {A, E, U},
    Action.SEE_TENANT: {A, E, U},
    Action.EDIT_TENANT: {A, E},
    Action.EDIT_POLICY: {A},  # an engineer does not loosen the limits of their own approvals
    Action.EDIT_NOTIFICATIONS: {A, E},
    Action.UPLOAD: {A, E},
    Action.EDIT_PROFILE: {A, E},
    Action.SEE_JOBS: {A, E, P, C, U},
    Action.APPROVE: {A, E, P, C},
    Action.CANCEL: {A, E, P, C},
    Action.SEE_REPORTS: {A, E, P, F, V, C, U},  # a customer's people those of their own
    Action.SEE_COSTS: {A, E, P, F, U},  # what the MSP pays is no customer's business
    Action.SEE_AUDIT: {A, U},
    Action.ADD_CUSTOMER: {A},
    Action.EDIT_PRICES: {A},
    Action.OFFBOARD: {A},
    Action.SEE_PEOPLE: {A, U},
    Action.EDIT_PEOPLE: {A},
}


@pytest.mark.parametrize("action", Action)
def test_each_action_is_open_to_the_stated_roles_only(action):
    assert roles_that_may(action) == TABLE[action]
    assert {role for role in Role if action in MAY[role]} == TABLE[action]


def test_every_role_has_a_row():
    assert set(MAY) == set(Role)


def test_finance_viewers_and_auditors_change_nothing():
    for role in (F, V, U):
        assert all(action.value.startswith("see_") for action in MAY[role])


@pytest.mark.parametrize(
    ("roles", "page"),
    [
        ({A}, "customer_list"),
        ({E}, "customer_list"),
        ({U}, "customer_list"),
        ({P}, "job_list"),
        ({C}, "job_list"),
        ({F}, "cost_overview"),
        ({V}, "report_list"),
        ({F, V}, "cost_overview"),
        ({F, C}, "job_list"),
        ({V, E}, "customer_list"),  # the widest role decides
        (set(), "report_list"),
    ],
)
def test_people_begin_on_a_page_they_may_see(roles, page):
    assert landing(frozenset(roles)) == page
