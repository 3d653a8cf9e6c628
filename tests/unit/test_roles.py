"""Who may do what: the whole table, written once more."""

import pytest

from tenants.domain.roles import MAY, Action, Role, landing, roles_that_may

A, E, F, V = Role.ADMIN, Role.ENGINEER, Role.FINANCE, Role.VIEWER
TABLE = {
    Action.SEE_CUSTOMERS: {A, E},
    Action.SEE_TENANT: {A, E},
    Action.EDIT_TENANT: {A, E},
    Action.UPLOAD: {A, E},
    Action.EDIT_PROFILE: {A, E},
    Action.SEE_JOBS: {A, E},
    Action.APPROVE: {A, E},
    Action.CANCEL: {A, E},
    Action.SEE_REPORTS: {A, E, F, V},  # everyone reads reports, viewers their own customer's
    Action.SEE_COSTS: {A, E, F},
    Action.ADD_CUSTOMER: {A},
    Action.EDIT_PRICES: {A},
    Action.OFFBOARD: {A},
    Action.MANAGE_SIGN_IN: {A},
}


@pytest.mark.parametrize("action", Action)
def test_each_action_is_open_to_the_stated_roles_only(action):
    assert roles_that_may(action) == TABLE[action]
    assert {role for role in Role if action in MAY[role]} == TABLE[action]


def test_every_role_has_a_row():
    assert set(MAY) == set(Role)


def test_finance_and_viewers_change_nothing():
    for role in (F, V):
        assert all(action.value.startswith("see_") for action in MAY[role])


@pytest.mark.parametrize(
    ("roles", "page"),
    [
        ({A}, "customer_list"),
        ({E}, "customer_list"),
        ({F}, "cost_overview"),
        ({V}, "report_list"),
        ({F, V}, "cost_overview"),
        ({V, E}, "customer_list"),  # the widest role decides
        (set(), "report_list"),
    ],
)
def test_people_begin_on_a_page_they_may_see(roles, page):
    assert landing(frozenset(roles)) == page
