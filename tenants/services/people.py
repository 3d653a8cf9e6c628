"""Writes about people of ours and what they may do."""

from django.db import transaction

from tenants.domain.roles import Role
from tenants.models import AccessGrant, Customer, User
from tenants.services.audit import record


@transaction.atomic
def add_person(
    *,
    email: str,
    name: str,
    password: str | None,
    role: Role,
    customer: Customer | None,
    by: User | None,
) -> User:
    """Add a person, or give an existing one another role; an existing password stays."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        user = User.objects.create_user(email, password, name=name)
    AccessGrant.objects.get_or_create(user=user, customer=customer, role=role.value)
    record("access.granted", by=by, customer=customer, subject=user, role=role.value)
    return user
