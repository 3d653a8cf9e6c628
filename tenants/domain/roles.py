"""What each role may do: one table that every view, command and task asks."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """Role of a person at some customers, or at all of them."""

    ADMIN = "admin"
    ENGINEER = "engineer"
    APPROVER = "approver"
    FINANCE = "finance"
    AUDITOR = "auditor"
    VIEWER = "viewer"
    CUSTOMER_APPROVER = "customer_approver"

    @property
    def words(self) -> str:
        """As people read it."""
        return _WORDS[self][0]

    @property
    def duty(self) -> str:
        """What it is for, in a sentence."""
        return _WORDS[self][1]


class Action(StrEnum):
    """Something a role may or may not do."""

    SEE_CUSTOMERS = "see_customers"
    SEE_TENANT = "see_tenant"
    EDIT_TENANT = "edit_tenant"
    EDIT_POLICY = "edit_policy"
    EDIT_NOTIFICATIONS = "edit_notifications"
    UPLOAD = "upload"
    EDIT_PROFILE = "edit_profile"
    SEE_JOBS = "see_jobs"
    APPROVE = "approve"
    CANCEL = "cancel"
    SEE_REPORTS = "see_reports"
    SEE_COSTS = "see_costs"
    SEE_AUDIT = "see_audit"
    OFFBOARD = "offboard"
    ADD_CUSTOMER = "add_customer"
    EDIT_PRICES = "edit_prices"
    BILL = "bill"
    SEE_PEOPLE = "see_people"
    EDIT_PEOPLE = "edit_people"

    @property
    def words(self) -> str:
        """As people read it: "edit profile"."""
        return self.value.replace("_", " ")


_WORDS: Mapping[Role, tuple[str, str]] = {
    Role.ADMIN: ("Administrator", "Everything, with people, prices and approval limits."),
    Role.ENGINEER: ("Engineer", "Sets tenants up, uploads, plans, approves and cancels."),
    Role.APPROVER: ("Approver", "Sees jobs, reports and costs; approves and cancels."),
    Role.FINANCE: (
        "Finance",
        "Reads reports and costs; sets budgets and terms, closes statements.",
    ),
    Role.AUDITOR: ("Auditor", "Reads everything but secrets, and changes nothing."),
    Role.VIEWER: ("Customer viewer", "A customer's own person, who reads its reports."),
    Role.CUSTOMER_APPROVER: (
        "Customer approver",
        "A customer's own person, who approves and cancels its plans, without our prices.",
    ),
}

CUSTOMERS_OWN = frozenset({Role.VIEWER, Role.CUSTOMER_APPROVER})
"""Roles of customers' people: they always list their customers, and see no price of the MSP's."""

PORTAL_WIDE = frozenset(
    {Action.ADD_CUSTOMER, Action.EDIT_PRICES, Action.SEE_PEOPLE, Action.EDIT_PEOPLE}
)
"""Actions about no customer, or about all: they take a grant over all customers.

Otherwise who may see some customers only could give somebody else a grant over all.
"""

_READS = frozenset(
    {
        Action.SEE_CUSTOMERS,
        Action.SEE_TENANT,
        Action.SEE_JOBS,
        Action.SEE_REPORTS,
        Action.SEE_COSTS,
    }
)
_DECIDES = frozenset({Action.SEE_JOBS, Action.APPROVE, Action.CANCEL, Action.SEE_REPORTS})

# An engineer sets everything up but the limits below which nobody has to approve what they do.
MAY: Mapping[Role, frozenset[Action]] = {
    Role.ADMIN: frozenset(Action),
    Role.ENGINEER: _READS
    | _DECIDES
    | {
        Action.EDIT_TENANT,
        Action.EDIT_NOTIFICATIONS,
        Action.UPLOAD,
        Action.EDIT_PROFILE,
    },
    Role.APPROVER: _DECIDES | {Action.SEE_COSTS},
    Role.FINANCE: frozenset({Action.SEE_REPORTS, Action.SEE_COSTS, Action.BILL}),
    Role.AUDITOR: _READS | {Action.SEE_AUDIT, Action.SEE_PEOPLE},
    Role.VIEWER: frozenset({Action.SEE_REPORTS}),
    Role.CUSTOMER_APPROVER: _DECIDES,
}


def roles_that_may(action: Action) -> frozenset[Role]:
    """Roles whose row of the table holds this action."""
    return frozenset(role for role, actions in MAY.items() if action in actions)


def landing(roles: frozenset[Role]) -> str:
    """URL name of the page a person with these roles begins on."""
    if roles & roles_that_may(Action.SEE_CUSTOMERS):
        return "customer_list"
    if roles & roles_that_may(Action.SEE_JOBS):
        return "job_list"
    return "cost_overview" if roles & roles_that_may(Action.SEE_COSTS) else "report_list"
