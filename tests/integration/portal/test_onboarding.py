"""The onboarding page: its steps from facts, notes, the looked-up id, scripts, contacts."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from tenants import services
from tenants.domain.roles import Role
from tenants.models import AuditEvent, Contact, Readiness, Tenant
from tests.support.rows import add_person, add_tenant
from tests.support.sandbox import RunningSandbox


@pytest.fixture
def tenant(db: None) -> Tenant:
    return add_tenant("wharf")


@pytest.fixture
def engineer(client: Client, tenant: Tenant) -> Client:
    client.force_login(add_person(Role.ENGINEER, tenant.customer))
    return client


def address(name: str, tenant: Tenant, **more: Any) -> str:
    return reverse(name, kwargs={"slug": tenant.slug, **more})


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_new_tenant_begins_with_its_onboarding(client: Client, tenant: Tenant) -> None:
    client.force_login(add_person(Role.ADMIN, None))
    given = {
        "name": "Second",
        "slug": "second",
        "purpose": "production",
        "cloud": "global",
        "entra_id": "second.example",
    }
    add = reverse("tenant_add", kwargs={"slug": tenant.customer.slug})
    assert client.post(add, given).headers["Location"] == "/tenants/second/onboarding/"
    page = text(client.get("/tenants/second/onboarding/"))
    assert "0 of 13 steps" in page
    assert "Next: Customer and contacts" in page
    assert "Look up second.example" in page


def test_queries_do_not_grow(
    engineer: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    for at in range(20):
        Contact.objects.create(customer=tenant.customer, name=f"N{at}", email=f"n{at}@a.example")
    with django_assert_max_num_queries(40):
        engineer.get(address("tenant_onboarding", tenant))


def test_what_is_noted_shows_and_what_is_wrong_stays_open(engineer: Client, tenant: Tenant) -> None:
    note = address("onboarding_note", tenant, step="billing")
    wrong = engineer.post(note, {"billing-subscription_id": "x", "billing-resource_group": "rg"})
    assert "Enter the subscription" in text(wrong)
    assert not Readiness.objects.exists()
    given = {"billing-subscription_id": str(uuid4()), "billing-resource_group": "identity"}
    done = engineer.post(note, given, follow=True)
    assert "resource group identity" in text(done)
    assert engineer.post(address("onboarding_note", tenant, step="live")).status_code == 404


def test_scripts_are_made_for_this_tenant(engineer: Client, tenant: Tenant) -> None:
    shell = engineer.get(address("onboarding_script", tenant, kind="azure-cli"))
    assert tenant.entra_id in shell.content.decode()
    assert shell.headers["Content-Disposition"].endswith('"onboard-wharf.sh"')
    power = engineer.get(address("onboarding_script", tenant, kind="powershell"))
    assert "Connect-MgGraph" in power.content.decode()
    assert engineer.get(address("onboarding_script", tenant, kind="basic")).status_code == 404


def test_the_id_is_looked_up_and_kept(
    engineer: Client, tenant: Tenant, sandbox: RunningSandbox
) -> None:
    entra_id = str(uuid4())
    sandbox.put_tenant(entra_id, domains=["wharf.example"])
    Tenant.objects.filter(pk=tenant.pk).update(
        cloud="sandbox", sandbox_url=sandbox.url, entra_id="nobody.example"
    )
    lookup = address("onboarding_lookup", tenant)
    assert "No directory in the cloud" in text(engineer.post(lookup, follow=True))
    Tenant.objects.filter(pk=tenant.pk).update(entra_id="wharf.example")
    assert entra_id in text(engineer.post(lookup, follow=True))
    assert Tenant.objects.get(pk=tenant.pk).entra_id == entra_id


def test_contacts_are_added_changed_and_removed(engineer: Client, tenant: Tenant) -> None:
    listed = reverse("contact_list", kwargs={"slug": tenant.customer.slug})
    given = {"name": "Ida Holm", "email": "ida@wharf.example", "duty": "billing"}
    assert "Ida Holm" in text(engineer.post(listed, given, follow=True))
    assert "noted for that already" in text(engineer.post(listed, given))
    contact = Contact.objects.get()
    edit = reverse("contact_edit", kwargs={"slug": tenant.customer.slug, "pk": contact.pk})
    engineer.post(edit, given | {"phone": "+44 20 7946 0018"})
    contact.refresh_from_db()
    assert contact.phone
    remove = reverse("contact_remove", kwargs={"slug": tenant.customer.slug, "pk": contact.pk})
    engineer.post(remove)
    assert not Contact.objects.exists()
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"contact.added", "contact.changed", "contact.removed"} <= actions


def test_a_contact_is_no_other_customers(engineer: Client, tenant: Tenant) -> None:
    other = services.add_customer(name="Other", slug="other", by=None)
    theirs = Contact.objects.create(customer=other, name="Eve", email="eve@other.example")
    mine = reverse("contact_edit", kwargs={"slug": tenant.customer.slug, "pk": theirs.pk})
    assert engineer.get(mine).status_code == 404
