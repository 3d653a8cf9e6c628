"""Two customers with a tenant each, and people in every role."""

import pytest

from tenants import services, tokens
from tenants.domain.reach import Scope
from tenants.domain.roles import Role
from tenants.models import AccessGrant, Customer, Tenant, User


def make_tenant(slug, **facts):
    customer = Customer.objects.create(name=slug.title(), slug=slug)
    facts = {"cloud": "global", "entra_id": f"{slug}.example", **facts}
    facts = services.TenantFacts(name=f"{slug.title()} directory", slug=slug, **facts)
    return services.add_tenant(customer=customer, facts=facts, by=None)


@pytest.fixture
def northmoor(db) -> Tenant:
    return make_tenant("northmoor")


@pytest.fixture
def southfen(db) -> Tenant:
    return make_tenant("southfen")


@pytest.fixture
def person(db):
    """Makes a person with grants given as (role, customer or None)."""

    def make(*grants: tuple[Role, Customer | None], name: str = "ann", **fields) -> User:
        user = User.objects.create_user(f"{name}@lanternfield.example", None, **fields)
        for role, customer in grants:
            scope = Scope.LISTED if customer else Scope.ALL
            grant, _ = AccessGrant.objects.get_or_create(user=user, role=role, scope=scope)
            grant.customers.add(*filter(None, [customer]))
        return user

    return make


@pytest.fixture(autouse=True)
def _no_cached_applications():
    """Each test begins with no token in memory: keys of rows are given again after a rollback."""
    tokens._applications.clear()
    yield
    tokens._applications.clear()
