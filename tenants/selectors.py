"""Reads about customers, tenants and people of ours; the person asking comes first."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from tenants.domain.reach import EVERYWHERE, NOWHERE, Reach, Scope, union
from tenants.domain.roles import MAY, PORTAL_WIDE, Action, Role
from tenants.models import AccessGrant, ApiToken, Credential, Customer, Tenant, User
from tenants.row_security import everything


def may(viewer: User | AnonymousUser, action: Action) -> bool:
    """Whether this person may do it at one customer at least, a PORTAL_WIDE one at all of them."""
    return action in actions_of(viewer)


def actions_of(viewer: User | AnonymousUser, customer: int | None = None) -> frozenset[Action]:
    """What a person may do at this customer (by pk); without one, what they may do anywhere."""
    if viewer.is_anonymous:
        return frozenset()
    return frozenset(
        action
        for role, reach in _reaches(viewer)
        if customer is None or reach.holds(customer)
        for action in MAY[role]
        if reach == EVERYWHERE or action not in PORTAL_WIDE
    )


def keep_reaches(viewer: User) -> None:
    """Read a person's grants once, for the length of one request."""
    viewer.kept_reaches = list(_reaches(viewer))


def roles_of(viewer: User) -> frozenset[Role]:
    """All roles a person holds anywhere; a superuser is an administrator."""
    return frozenset(role for role, _ in _reaches(viewer))


def reach_of(viewer: User, *actions: Action) -> Reach:
    """Where a person may do all of this; without an action, where they hold any role."""
    return union(
        reach
        for role, reach in _reaches(viewer)
        if MAY[role].issuperset(actions)
        and (reach == EVERYWHERE or PORTAL_WIDE.isdisjoint(actions))
    )


def customers_in(reach: Reach) -> QuerySet[Customer]:
    """The customers of a reach; ones that are added later belong to all, and to all but some."""
    if reach.scope is Scope.LISTED:
        return Customer.objects.filter(pk__in=reach.customers)
    return Customer.objects.exclude(pk__in=reach.customers)


def has_administrator() -> bool:
    """Whether anybody may sign in who administrates the whole portal."""
    return administrators().exists()


def customers_for(viewer: User, action: Action) -> QuerySet[Customer]:
    """Customers at which this person may do this."""
    return customers_in(reach_of(viewer, action))


def tenants_for(viewer: User, action: Action) -> QuerySet[Tenant]:
    """Tenants of the customers at which this person may do this."""
    return Tenant.objects.filter(customer__in=customers_for(viewer, action)).select_related(
        "customer"
    )


def administrators() -> QuerySet[User]:
    """Active people who may change people and their access."""
    over_all = AccessGrant.objects.filter(role=Role.ADMIN, scope=Scope.ALL).values("user")
    return User.objects.filter(Q(is_superuser=True) | Q(pk__in=over_all), is_active=True)


def people_for(viewer: User, text: str = "") -> QuerySet[User]:
    """People of ours and of customers by name, narrowed by a text in name or address."""
    if not may(viewer, Action.SEE_PEOPLE):
        return User.objects.none()
    found = User.objects.prefetch_related("grants__customers").order_by("name", "email")
    return found.filter(Q(name__icontains=text) | Q(email__icontains=text)) if text else found


def tokens_for(viewer: User) -> QuerySet[ApiToken]:
    """One's own tokens of the API; those of everybody for who changes people's access."""
    found = ApiToken.objects.select_related("created_by").prefetch_related("customers")
    return found if may(viewer, Action.EDIT_PEOPLE) else found.filter(created_by=viewer)


def viewer_of(token: ApiToken) -> User:
    """A token's maker, as one of finance at the customers where both may be: more it never is."""
    person = token.created_by
    reach = reach_of(person, Action.BILL) & token.reach
    person.kept_reaches = [] if reach == NOWHERE else [(Role.FINANCE, reach)]
    return person


def active_credential(tenant: Tenant) -> Credential | None:
    """The credential calls are made with, if one was stored."""
    return Credential.objects.filter(tenant=tenant, active=True).first()


def is_shared(credential: Credential) -> bool:
    """Whether other tenants are reached by the same application (a multi-tenant one)."""
    others = Credential.objects.filter(client_id=credential.client_id, active=True)
    with everything():
        return others.exclude(tenant_id=credential.tenant_id).exists()


def _reaches(viewer: User) -> Iterable[tuple[Role, Reach]]:
    """A person's grants that reach anybody, by one query; a superuser is an administrator."""
    if viewer.kept_reaches is not None:
        return viewer.kept_reaches
    if viewer.is_superuser:
        return [(Role.ADMIN, EVERYWHERE)]
    rows = AccessGrant.objects.filter(user=viewer).values_list("role", "scope", "customers")
    listed: dict[tuple[str, str], set[int]] = {}
    for role, scope, customer in rows:
        listed.setdefault((role, scope), set()).update({customer} - {None})
    found = [
        (Role(role), Reach(Scope(scope), frozenset(pks))) for (role, scope), pks in listed.items()
    ]
    return [(role, reach) for role, reach in found if reach != NOWHERE]
