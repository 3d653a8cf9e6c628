"""Puts the demo MSP into the database and its directories into the sandbox; repeatable."""

import secrets
from pathlib import Path

import httpx

from msp_portal.demo.generator import DemoCustomer
from provisioning.services.profiles import publish
from tenants import services
from tenants.domain.reach import EVERYWHERE, Reach, Scope
from tenants.domain.roles import CUSTOMERS_OWN, Role
from tenants.models import Customer, Tenant, User
from tenants.selectors import active_credential
from tenants.services import TenantFacts
from tenants.tokens import secret_of

_DOMAIN = "lanternfield.example"
_CLIENT_ID = "1b6f9c1e-0d53-4c8e-9d0a-3f6c1a7e5b10"


def sign_ins(first: DemoCustomer) -> list[tuple[str, str, Role]]:
    """One e-mail address, name and role for each role; customers' people are the first one's."""
    return [
        (f"admin@{_DOMAIN}", "Demo administrator", Role.ADMIN),
        (f"engineer@{_DOMAIN}", "Demo engineer", Role.ENGINEER),
        (f"approver@{_DOMAIN}", "Demo approver", Role.APPROVER),
        (f"finance@{_DOMAIN}", "Demo finance", Role.FINANCE),
        (f"auditor@{_DOMAIN}", "Demo auditor", Role.AUDITOR),
        (f"viewer@{first.domain}", f"Demo viewer of {first.name}", Role.VIEWER),
        (
            f"approver@{first.domain}",
            f"Demo approver of {first.name}",
            Role.CUSTOMER_APPROVER,
        ),
    ]


def demo_password(folder: Path) -> str:
    """The password of all demo sign-ins, made at the first start."""
    path = folder / "demo_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    return path.read_text().strip()


def seed(customers: tuple[DemoCustomer, ...], sandbox_url: str, password: str) -> User:
    """Everything the demo needs, adding only what is missing; returns the engineer."""
    for customer in customers:
        tenant = _tenant(customer, sandbox_url)
        _secret(tenant)
        if getattr(tenant, "profile", None) is None:
            publish(tenant=tenant, definition=customer.profile, by=None, note="Demo profile")
        _directory(tenant, customer, sandbox_url)
    return _people(customers[0], password)


def _tenant(customer: DemoCustomer, sandbox_url: str) -> Tenant:
    known = Customer.objects.filter(slug=customer.slug).first()
    owner = known or services.add_customer(name=customer.name, slug=customer.slug, by=None)
    tenant = Tenant.objects.filter(slug=customer.slug).first()
    facts = TenantFacts(
        name=f"{customer.name} sandbox",
        slug=customer.slug,
        cloud="sandbox",
        entra_id=customer.tenant_id,
        purpose=Tenant.Purpose.TEST,
        sandbox_url=sandbox_url,
        protected_accounts=(f"breakglass*@{customer.domain}",),
    )
    if tenant is None:
        return services.add_tenant(customer=owner, facts=facts, by=None)
    # Only the port may have changed; what people edited stays.
    kept = TenantFacts(
        **{name: getattr(tenant, name) for name in TenantFacts.__slots__ if name != "sandbox_url"},
        sandbox_url=sandbox_url,
    )
    return services.change_tenant(tenant=tenant, facts=kept, by=None)


def _secret(tenant: Tenant) -> None:
    if active_credential(tenant) is None:
        services.store_secret(
            tenant=tenant, client_id=_CLIENT_ID, secret=secrets.token_urlsafe(24), by=None
        )


def _directory(tenant: Tenant, customer: DemoCustomer, sandbox_url: str) -> None:
    credential = active_credential(tenant)
    if credential is None:
        raise RuntimeError(f"{tenant} has no credential.")
    response = httpx.put(
        f"{sandbox_url}/_sandbox/tenants/{customer.tenant_id}",
        json={
            "name": customer.name,
            "domains": [customer.domain],
            "applications": [
                {"client_id": credential.client_id, "client_secret": secret_of(credential)}
            ],
        },
    )
    response.raise_for_status()


def _people(first: DemoCustomer, password: str) -> User:
    own = Reach(Scope.LISTED, frozenset({Customer.objects.get(slug=first.slug).pk}))
    for email, name, role in sign_ins(first):
        services.add_person(
            email=email,
            name=name,
            password=password,
            role=role,
            reach=own if role in CUSTOMERS_OWN else EVERYWHERE,
            by=None,
        )
    return User.objects.get(email=f"engineer@{_DOMAIN}")
