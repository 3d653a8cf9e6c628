"""Every change has an actor and an audit row in its own transaction, and no secret in it."""

import pytest
from django.db import IntegrityError, transaction

from tenants import services
from tenants.domain.roles import Role
from tenants.models import (
    AccessGrant,
    AuditEvent,
    AuditPayload,
    Credential,
    Customer,
    Tenant,
    User,
)
from tenants.selectors import active_credential
from tenants.services import TenantFacts
from tenants.tokens import secret_of
from tests.support.rows import reach_of

FACTS = TenantFacts("Main", "main", "global", "main.example", protected_accounts=("vip@*",))


@pytest.fixture
def ann(person):
    return person((Role.ADMIN, None))


def audited(action):
    """The one audit row of an action."""
    return AuditEvent.objects.get(action=action)


def described(event):
    return event.actor, event.customer, event.subject, event.detail


def test_adding_a_customer(ann):
    customer = services.add_customer(name="Northmoor", slug="northmoor", by=ann)
    assert Customer.objects.get() == customer
    assert described(audited("customer.added")) == (ann, customer, "Northmoor", {})


def test_adding_a_tenant(ann):
    customer = Customer.objects.create(name="Northmoor", slug="northmoor")
    tenant = services.add_tenant(customer=customer, facts=FACTS, by=ann)
    stored = Tenant.objects.get(pk=tenant.pk)
    assert (stored.slug, stored.entra_id, stored.purpose) == ("main", "main.example", "production")
    assert stored.protected_accounts == ["vip@*"]
    assert described(audited("tenant.added")) == (ann, customer, "Main", {"cloud": "global"})


def test_changing_a_tenant_names_the_fields_that_changed(ann, northmoor):
    facts = TenantFacts(
        northmoor.name, northmoor.slug, "usgov", northmoor.entra_id, protected_accounts=("vip@*",)
    )
    services.change_tenant(tenant=northmoor, facts=facts, by=ann)
    stored = Tenant.objects.get()
    assert (stored.cloud, stored.protected_accounts) == ("usgov", ["vip@*"])
    event = audited("tenant.changed")
    assert (event.actor, event.customer) == (ann, northmoor.customer)
    assert event.detail == {
        "fields": ["cloud", "protected_accounts"],
        "before": {"cloud": "global", "protected_accounts": []},
        "after": {"cloud": "usgov", "protected_accounts": ["vip@*"]},
    }


def test_changing_nothing_leaves_no_trace(ann, northmoor):
    facts = TenantFacts(northmoor.name, northmoor.slug, northmoor.cloud, northmoor.entra_id)
    services.change_tenant(tenant=northmoor, facts=facts, by=ann)
    assert not AuditEvent.objects.filter(action="tenant.changed").exists()


def test_a_stored_secret_is_sealed_and_replaces_the_active_one(ann, northmoor):
    first = services.store_secret(tenant=northmoor, client_id="a", secret="first one", by=ann)
    second = services.store_secret(tenant=northmoor, client_id="b", secret="zweites ß", by=ann)
    assert active_credential(northmoor) == second
    assert [secret_of(each) for each in (first, second)] == ["first one", "zweites ß"]
    assert Credential.objects.get(pk=first.pk).active is False
    assert (second.created_by, second.customer) == (ann, northmoor.customer)


def test_a_secret_is_in_no_row_in_clear_text(ann, northmoor):
    services.store_secret(tenant=northmoor, client_id="app", secret="s3cret-value", by=ann)
    assert audited("credential.stored").detail == {
        "client": "app",
        "kind": "client_secret",
        "use": "in use",
    }
    rows = [*AuditPayload.objects.values(), *Credential.objects.values()]
    assert "s3cret" not in repr(rows)
    assert b"s3cret" not in b"".join(bytes(row.sealed_secret) for row in Credential.objects.all())


def test_a_tenant_without_a_secret_has_no_active_credential(northmoor, southfen):
    services.store_secret(tenant=southfen, client_id="app", secret="x", by=None)
    assert active_credential(northmoor) is None


def add(email="bo@lanternfield.example", role=Role.FINANCE, customer=None, by=None, **given):
    given = {"name": "Bo", "password": "a-password-for-tests"} | given
    reach = reach_of(customer)
    return services.add_person(email=email, role=role, reach=reach, by=by, **given)


def test_adding_a_person(ann):
    customer = Customer.objects.create(name="Northmoor", slug="northmoor")
    bo = add(" Bo@Lanternfield.Example", customer=customer, by=ann)
    assert (bo.email, bo.name) == ("bo@lanternfield.example", "Bo")
    assert bo.check_password("a-password-for-tests")
    assert (bo.is_staff, bo.is_superuser) == (False, False)
    assert described(audited("person.added")) == (ann, None, "Bo", {"email": bo.email})
    where = {"scope": "listed", "customers": ["northmoor"]}
    detail = {"role": "finance", "before": None, "after": where}
    assert described(audited("access.granted")) == (ann, customer, "Bo", detail)


def test_a_known_person_gets_another_role_and_keeps_the_password(db):
    bo = add()
    assert add("BO@lanternfield.example", Role.ENGINEER, name="Other", password="new") == bo
    bo.refresh_from_db()
    assert bo.check_password("a-password-for-tests")
    assert bo.name == "Bo"
    assert sorted(bo.grants.values_list("role", flat=True)) == ["engineer", "finance"]


def test_adding_takes_nothing_away(northmoor, southfen):
    for customer in (northmoor.customer, northmoor.customer, southfen.customer):
        add(customer=customer)
    assert AccessGrant.objects.get().where == "Northmoor, Southfen"
    for customer in (None, northmoor.customer):
        add(customer=customer)
    assert AccessGrant.objects.get().where == "all customers"
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "refused",
    [
        lambda t: services.add_customer(name="x", slug=t.customer.slug, by=None),
        lambda t: services.add_tenant(customer=t.customer, by=None, facts=TenantFacts(
            "x", "x", "sandbox", "x.example")),
        lambda t: services.change_tenant(tenant=t, by=None, facts=TenantFacts(
            t.name, t.slug, "sandbox", t.entra_id)),
    ],
    ids=["customer", "tenant", "change"],
)  # fmt: skip
def test_what_the_database_refuses_leaves_neither_change_nor_trace(northmoor, refused):
    before = AuditEvent.objects.count()
    with pytest.raises(IntegrityError), transaction.atomic():
        refused(northmoor)
    assert AuditEvent.objects.count() == before
    assert not User.objects.exists()


CHANGES = {
    "add_customer": lambda _, by: services.add_customer(name="x", slug="x", by=by),
    "add_tenant": lambda t, by: services.add_tenant(customer=t.customer, facts=FACTS, by=by),
    "change_tenant": lambda t, by: services.change_tenant(tenant=t, facts=FACTS, by=by),
    "store_secret": lambda t, by: services.store_secret(
        tenant=t, client_id="new", secret="x", by=by
    ),
    "add_person": lambda _, by: add(by=by),
}


def everything():
    return [list(model.objects.values()) for model in (Customer, Tenant, Credential, User)]


@pytest.mark.parametrize("name", CHANGES)
def test_without_its_audit_row_a_change_does_not_happen(northmoor, name):
    services.store_secret(tenant=northmoor, client_id="old", secret="x", by=None)
    before = everything()
    with pytest.raises(ValueError, match="unsaved"):
        CHANGES[name](northmoor, User(email="never@saved.example"))
    assert everything() == before


def test_the_trail_is_read_newest_first_and_long_subjects_fit(db):
    services.record("first", by=None, customer=None, subject="x" * 500)
    services.record("second", by=None, customer=None, subject="y", count=1)
    assert [str(event)[:8] for event in AuditEvent.objects.all()] == ["second y", "first xx"]
    assert len(audited("first").subject) == 200
