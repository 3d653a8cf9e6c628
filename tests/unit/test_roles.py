"""Who may do what: the whole table, written once more."""

from pathlib import Path

import pytest

from tenants.domain.roles import (
    CUSTOMERS_OWN,
    MAY,
    PORTAL_WIDE,
    Action,
    Role,
    landing,
    roles_that_may,
)

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
    Action.BILL: {A, F},
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


def test_viewers_and_auditors_change_nothing():
    for role in (V, U):
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


def test_the_documents_table_is_this_one():
    text = (Path(__file__).parents[2] / "docs" / "access.md").read_text()
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line] for line in lines]
    roles = [role.value for role in Role]
    (head,) = [line for line in cells if line[0] == "action"]
    assert head[1:] == roles
    told = {line[0]: line[1:] for line in cells if line[0] in set(Action)}
    assert told == {
        action.value: [
            ("all" if action in PORTAL_WIDE else "yes") if action in MAY[role] else ""
            for role in Role
        ]
        for action in Action
    }
    described = [line for line in cells if line[0] in {role.words for role in Role}]
    assert described == [[role.words, f"`{role}`", role.duty] for role in Role]


def test_what_is_portal_wide_is_no_customers_peoples():
    for role in CUSTOMERS_OWN:
        assert not MAY[role] & PORTAL_WIDE
        assert Action.SEE_COSTS not in MAY[role]
