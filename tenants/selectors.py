"""Reads about customers and tenants; the person asking comes first."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from tenants.domain.roles import Action, Role, roles_that_may
from tenants.models import AccessGrant, Credential, Customer, Tenant, User
from tenants.row_security import everything


def may(viewer: User | AnonymousUser, action: Action) -> bool:
    """Whether this person may do it at one customer at least."""
    if viewer.is_anonymous:
        return False
    return viewer.is_superuser or _grants(viewer, action).exists()


def roles_of(viewer: User) -> frozenset[Role]:
    """All roles a person holds anywhere; a superuser is an administrator."""
    if viewer.is_superuser:
        return frozenset({Role.ADMIN})
    return frozenset(Role(role) for role in viewer.grants.values_list("role", flat=True))


def has_administrator() -> bool:
    """Whether anybody may sign in who administrates the whole portal."""
    active = User.objects.filter(is_active=True)
    granted = Q(grants__role=Role.ADMIN, grants__customer=None)
    return active.filter(granted | Q(is_superuser=True)).exists()


def customers_for(viewer: User, action: Action) -> QuerySet[Customer]:
    """Customers at which this person may do this."""
    grants = _grants(viewer, action)
    if viewer.is_superuser or grants.filter(customer=None).exists():
        return Customer.objects.all()
    return Customer.objects.filter(pk__in=grants.values("customer_id"))


def tenants_for(viewer: User, action: Action) -> QuerySet[Tenant]:
    """Tenants of the customers at which this person may do this."""
    return Tenant.objects.filter(customer__in=customers_for(viewer, action)).select_related(
        "customer"
    )


def active_credential(tenant: Tenant) -> Credential | None:
    """The credential calls are made with, if one was stored."""
    return Credential.objects.filter(tenant=tenant, active=True).first()


def is_shared(credential: Credential) -> bool:
    """Whether other tenants are reached by the same application (a multi-tenant one)."""
    others = Credential.objects.filter(client_id=credential.client_id, active=True)
    with everything():
        return others.exclude(tenant_id=credential.tenant_id).exists()


def _grants(viewer: User, action: Action) -> QuerySet[AccessGrant]:
    return AccessGrant.objects.filter(user=viewer, role__in=roles_that_may(action))
