"""What each role may do: one table that every view, command and task asks."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """Role of a person of ours at one customer, or at all of them."""

    ADMIN = "admin"
    ENGINEER = "engineer"
    FINANCE = "finance"
    VIEWER = "viewer"


class Action(StrEnum):
    """Something a role may or may not do."""

    SEE_CUSTOMERS = "see_customers"
    SEE_TENANT = "see_tenant"
    EDIT_TENANT = "edit_tenant"
    UPLOAD = "upload"
    EDIT_PROFILE = "edit_profile"
    SEE_JOBS = "see_jobs"
    APPROVE = "approve"
    CANCEL = "cancel"
    SEE_REPORTS = "see_reports"
    SEE_COSTS = "see_costs"
    ADD_CUSTOMER = "add_customer"
    EDIT_PRICES = "edit_prices"
    BILL = "bill"
    OFFBOARD = "offboard"


_ENGINEER = frozenset(
    {
        Action.SEE_CUSTOMERS,
        Action.SEE_TENANT,
        Action.EDIT_TENANT,
        Action.UPLOAD,
        Action.EDIT_PROFILE,
        Action.SEE_JOBS,
        Action.APPROVE,
        Action.CANCEL,
        Action.SEE_REPORTS,
        Action.SEE_COSTS,
    }
)

MAY: Mapping[Role, frozenset[Action]] = {
    Role.ADMIN: frozenset(Action),
    Role.ENGINEER: _ENGINEER,
    Role.FINANCE: frozenset({Action.SEE_REPORTS, Action.SEE_COSTS, Action.BILL}),
    Role.VIEWER: frozenset({Action.SEE_REPORTS}),
}


def roles_that_may(action: Action) -> frozenset[Role]:
    """Roles whose row of the table holds this action."""
    return frozenset(role for role, actions in MAY.items() if action in actions)


def landing(roles: frozenset[Role]) -> str:
    """URL name of the page a person with these roles begins on."""
    if roles & roles_that_may(Action.SEE_CUSTOMERS):
        return "customer_list"
    return "cost_overview" if roles & roles_that_may(Action.SEE_COSTS) else "report_list"
