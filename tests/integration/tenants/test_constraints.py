"""What the database itself refuses, whoever writes to it."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from tenants import services
from tenants.domain.reach import Scope
from tenants.domain.roles import Role
from tenants.models import AccessGrant, AuditEvent, Credential, Customer, Tenant, User

EMAIL = "ann@lanternfield.example"


def credential(tenant, **values):
    facts = {"client_id": "app", "sealed_secret": b"sealed"} | values
    return Credential.objects.create(customer=tenant.customer, tenant=tenant, **facts)


def directory(tenant, **values):
    facts = {"name": "Other", "slug": "other", "entra_id": "other.example"} | values
    return Tenant.objects.create(customer=tenant.customer, **facts)


def grant(role, scope=Scope.ALL):
    user = User.objects.filter(email=EMAIL).first() or User.objects.create_user(EMAIL)
    return AccessGrant.objects.create(user=user, role=role, scope=scope)


REFUSED = {
    "two customers with one slug": lambda t: Customer.objects.create(
        name="x", slug=t.customer.slug
    ),
    "two tenants with one slug": lambda t: directory(t, slug=t.slug),
    "a sandbox without its address": lambda t: directory(t, cloud="sandbox"),
    "a real directory with a sandbox's address": lambda t: directory(
        t, cloud="global", sandbox_url="http://127.0.0.1:8555"
    ),
    "a second active credential": lambda t: (credential(t), credential(t)),
    "two people with one address": lambda _: [User.objects.create_user(EMAIL) for _ in "12"],
    "two addresses that differ in case": lambda _: [
        User.objects.create_user(each) for each in (EMAIL, EMAIL.upper())
    ],
    "a viewer of every customer": lambda _: grant(Role.VIEWER),
    "a customer's approver of nearly every customer": lambda _: grant(
        Role.CUSTOMER_APPROVER, Scope.ALL_EXCEPT
    ),
    "a role twice": lambda _: [grant(Role.FINANCE, scope) for scope in (Scope.ALL, Scope.LISTED)],
}  # fmt: skip

ALLOWED = {
    "a sandbox with its address": lambda t: directory(
        t, cloud="sandbox", sandbox_url="http://127.0.0.1:8555"
    ),
    "one directory in two tenants": lambda t: directory(t, entra_id=t.entra_id),
    "retired credentials beside the active one": lambda t: [
        credential(t, active=active) for active in (False, False, True)
    ],
    "two roles of one person": lambda _: [
        grant(role, Scope.LISTED) for role in (Role.FINANCE, Role.VIEWER)
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(northmoor, name):
    with pytest.raises(IntegrityError), transaction.atomic():
        REFUSED[name](northmoor)


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(northmoor, name):
    ALLOWED[name](northmoor)


def test_active_credentials_of_two_tenants_do_not_meet(northmoor, southfen):
    assert credential(northmoor).active
    assert credential(southfen).active


def test_a_customer_with_a_tenant_or_a_history_is_not_deleted(northmoor):
    with pytest.raises(ProtectedError):
        northmoor.customer.delete()
    services.record("seen", by=None, customer=northmoor.customer, subject="x")
    Tenant.objects.filter(pk=northmoor.pk).delete()
    with pytest.raises(ProtectedError):
        northmoor.customer.delete()


def test_the_history_outlives_the_person(northmoor, person):
    ann = person((Role.ENGINEER, None))
    event = services.record("seen", by=ann, customer=None, subject="x")
    stored = credential(northmoor, created_by=ann)
    ann.delete()
    event = AuditEvent.objects.get(pk=event.pk)
    stored.refresh_from_db()
    assert event.actor is stored.created_by is None
    assert event.actor_email == "ann@lanternfield.example"
    assert not AccessGrant.objects.exists()


@pytest.mark.parametrize("written", ["Ann@Lanternfield.Example", f"  {EMAIL.upper()} "])
def test_people_are_found_by_their_address_in_any_case(db, written):
    ann = User.objects.create_user(written)
    assert ann.email == EMAIL
    assert User.objects.get_by_natural_key(written) == ann
    assert not ann.has_usable_password()


def test_people_are_shown_by_name_or_address(person):
    assert str(person(name="ann")) == "ann@lanternfield.example"
    named = person(name="bo")
    named.name = "Bo Ek"
    assert (str(named), named.get_full_name(), named.get_short_name()) == ("Bo Ek",) * 3
