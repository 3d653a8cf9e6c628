"""What the sidebar holds for the person signed in."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from tenants.domain.roles import MAY, Action
from tenants.models import User
from tenants.selectors import roles_of


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
    ("Templates", "template_list", "file", Action.EDIT_PROFILE, ("template_",)),
    ("Jobs", "job_list", "jobs", Action.SEE_JOBS, ("job_",)),
    ("Reports", "report_list", "report", Action.SEE_REPORTS, ("report_",)),
    (
        "Costs",
        "cost_overview",
        "chart",
        Action.SEE_COSTS,
        ("cost_", "price_", "rate_", "terms_", "budget_", "statement_", "correction_"),
    ),
)


def sidebar(request: HttpRequest) -> dict[str, Any]:
    """Context: the links this person may follow, and their role in words."""
    # Error pages are rendered for requests that never reached the sign-in middleware.
    person = getattr(request, "user", None)
    if not isinstance(person, User):
        return {}
    roles = roles_of(person)
    allowed = frozenset(action for role in roles for action in MAY[role])
    here = request.resolver_match.url_name or "" if request.resolver_match else ""
    items = [
        NavItem(label, reverse(name), icon, here.startswith(prefixes))
        for label, name, icon, action, prefixes in _ITEMS
        if action in allowed
    ]
    return {
        "nav_items": items,
        "role_label": ", ".join(sorted(role.name.title() for role in roles)),
        "may": {action.value: action in allowed for action in Action},
    }
