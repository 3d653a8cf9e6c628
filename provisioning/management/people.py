"""The tenant that a command names, and whether its person may do there what it does."""

from django.core.management.base import CommandError

from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for

_WORDS = {
    Action.UPLOAD: "upload, plan or read back",
    Action.EDIT_PROFILE: "edit its profile",
    Action.EDIT_TENANT: "test its connection",
    Action.APPROVE: "approve its plans",
}


def named_tenant(slug: str, person: User | None, *actions: Action) -> Tenant:
    """The tenant of this slug; with a person, one at which they may do all of this.

    Raises CommandError: tenants of other customers are none, as on the pages.
    """
    known = tenants_for(person, Action.SEE_REPORTS) if person else Tenant.objects.all()
    tenant = known.select_related("customer").filter(slug=slug).first()
    if tenant is None:
        names = ", ".join(known.values_list("slug", flat=True)) or "none"
        raise CommandError(f"There is no tenant {slug!r} here. Tenants: {names}.")
    if person is None:
        return tenant
    for action in actions:
        if not tenants_for(person, action).filter(pk=tenant.pk).exists():
            raise CommandError(
                f"{person.email} may not {_WORDS[action]}: their role at {tenant.customer} does not"
                " allow it. Ask an administrator of the portal, or name somebody else with --as."
            )
    return tenant
