"""A customer with a test and a production tenant, another customer, and an engineer of each."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from provisioning.domain.starter import STARTER
from provisioning.models import MappingProfile
from provisioning.selectors import profile_in
from provisioning.services.profiles import publish
from tenants import services
from tenants.domain.roles import Role
from tenants.models import Tenant, User
from tenants.services import TenantFacts
from tests.support.rows import add_person, add_tenant

LOCAL = 'ToLower(Join(".", [given_name], [family_name]))'
PROFILE: dict[str, Any] = {
    **STARTER,
    "parameters": {"domain": "test.customer.example", "usage_location": "SE"},
    "attributes": [
        {"target": "userName", "expression": f'Append({LOCAL}, Append("@", [param.domain]))'},
        *STARTER["attributes"][1:],
    ],
}


@dataclass(frozen=True)
class Place:
    """Two tenants of a customer, one of another, and who may edit which."""

    test: Tenant
    production: Tenant
    foreign: Tenant
    engineer: User
    outsider: User
    everywhere: User


@pytest.fixture
def place(db: None) -> Place:
    """The test tenant has a published profile with parameters; production has none."""
    test, foreign = add_tenant("test"), add_tenant("foreign")
    facts = TenantFacts(name="Production", slug="production", cloud="global", entra_id=str(uuid4()))
    production = services.add_tenant(customer=test.customer, facts=facts, by=None)
    publish(tenant=test, definition=PROFILE, by=None)
    return Place(
        fresh(test),
        fresh(production),
        fresh(foreign),
        add_person(Role.ENGINEER, test.customer),
        add_person(Role.ENGINEER, foreign.customer),
        add_person(Role.ENGINEER, None),
    )


def profile_of(tenant: Tenant) -> MappingProfile:
    """The tenant's profile as it is stored now."""
    profile = profile_in(tenant)
    assert profile is not None
    return profile


def fresh(tenant: Tenant) -> Tenant:
    """The tenant as it is stored now."""
    return Tenant.objects.select_related("customer").get(pk=tenant.pk)
