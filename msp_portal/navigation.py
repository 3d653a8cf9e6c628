"""What the sidebar holds for the person signed in."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from tenants.access import may_here
from tenants.domain.roles import Action
from tenants.models import User
from tenants.selectors import actions_of, roles_of


class NavItem(NamedTuple):
    """One link of the sidebar; `active` while its pages are shown."""

    label: str
    url: str
    icon: str
    active: bool


# Label, URL name, icon, what one must be allowed, and the URL names under it.
_ITEMS = (
    (
        "Customers",
        "customer_list",
        "building",
        Action.SEE_CUSTOMERS,
        (
            "customer_",
            "tenant_",
            "profile_",
            "source_",
            "schedule_",
            "blackout_",
            "approval_",
            "contact_",
        ),
    ),
    ("Templates", "template_list", "file", Action.SEE_TENANT, ("template_",)),
    ("Jobs", "job_list", "jobs", Action.SEE_JOBS, ("job_",)),
    ("Reports", "report_list", "report", Action.SEE_REPORTS, ("report_",)),
    (
        "Costs",
        "cost_overview",
        "chart",
        Action.SEE_COSTS,
        (
            "cost_",
            "price_",
            "rate_",
            "terms_",
            "budget_",
            "statement_",
            "correction_",
            "reconciliation",
            "bill_",
            "waste_",
            "simulator",
        ),
    ),
    ("API tokens", "api_token_list", "key", Action.BILL, ("api_token_",)),
    ("Notifications", "notification_list", "send", Action.EDIT_NOTIFICATIONS, ("notification_",)),
    ("Audit trail", "audit_list", "shield", Action.SEE_AUDIT, ("audit_",)),
    ("People", "person_list", "users", Action.SEE_PEOPLE, ("person_",)),
)


def sidebar(request: HttpRequest) -> dict[str, Any]:
    """Context: the links this person may follow, their role in words, what they may do here."""
    # Error pages are rendered for requests that never reached the sign-in middleware.
    person = getattr(request, "user", None)
    if not isinstance(person, User):
        return {}
    # Lazy, because a part of a page that is asked for again and again has no sidebar.
    return {
        "nav_items": SimpleLazyObject(lambda: _items(request, person)),
        "role_label": SimpleLazyObject(
            lambda: ", ".join(sorted(role.words for role in roles_of(person)))
        ),
        "may": SimpleLazyObject(lambda: _words(may_here(request))),
    }


def _items(request: HttpRequest, person: User) -> list[NavItem]:
    allowed = actions_of(person)
    here = request.resolver_match.url_name or "" if request.resolver_match else ""
    return [
        NavItem(label, reverse(name), icon, here.startswith(prefixes))
        for label, name, icon, action, prefixes in _ITEMS
        if action in allowed
    ]


def _words(allowed: frozenset[Action]) -> dict[str, bool]:
    return {action.value: action in allowed for action in Action}
