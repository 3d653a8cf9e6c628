"""What engineers may enter of tenants and credentials."""

import pytest
from django.utils import timezone

from provisioning.models import Directory
from tenants.forms.credentials import SecretForm
from tenants.forms.customers import TenantForm
from tenants.models import Tenant

GUID = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
SANDBOX = {"cloud": "sandbox", "sandbox_url": "http://127.0.0.1:8555"}


def tenant_form(**changes):
    given = {"name": "Main", "slug": "main", "purpose": "test", "cloud": "global"}
    return TenantForm(given | {"entra_id": GUID} | changes)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (GUID, GUID.lower()),
        (f" {GUID} ", GUID.lower()),
        ("Northmoor.Example", "northmoor.example"),
        ("a-b.c1.example", "a-b.c1.example"),
        (GUID.replace("-", ""), None),  # other spellings of a GUID are no addresses of Entra's
        (f"{{{GUID}}}", None),
        ("", None),
        ("common", None),  # every tenant: never one of a customer
        ("-a.example", None),
        ("a..example", None),
        # the id becomes a part of the login's address
        ("northmoor.example/../common", None),
        ("northmoor.example?x=1", None),
        ("northmoor.example@evil.example", None),
        ("northmoor.example\nevil", None),
    ],
)
def test_a_tenant_is_named_by_a_guid_or_a_domain(db, text, stored):
    form = tenant_form(entra_id=text)
    assert form.is_valid() is (stored is not None)
    if stored:
        assert form.facts().entra_id == stored
    else:
        assert set(form.errors) == {"entra_id"}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        (SANDBOX, []),
        ({"cloud": "sandbox"}, ["sandbox_url"]),  # a sandbox has an address
        ({"sandbox_url": SANDBOX["sandbox_url"]}, ["sandbox_url"]),  # nothing else has one
        (SANDBOX | {"sandbox_url": "not an address"}, ["sandbox_url"]),
        (SANDBOX | {"sandbox_url": "file:///etc/passwd"}, ["sandbox_url"]),
        (SANDBOX | {"sandbox_url": "http://169.254.169.254/"}, ["sandbox_url"]),  # not listed
        ({"cloud": "moon"}, ["cloud"]),
        ({"slug": "two words"}, ["slug"]),
        ({"purpose": "fun"}, ["purpose"]),
    ],
)
def test_a_tenants_cloud_and_address_fit_together(db, changes, wrong):
    assert list(tenant_form(**changes).errors) == wrong


@pytest.mark.parametrize("more", ["", "/", "/rp/scim", "/rp/scim/", "/_sandbox/"])
def test_any_address_that_the_sandbox_prints_is_its_address(db, more):
    form = tenant_form(**SANDBOX | {"sandbox_url": SANDBOX["sandbox_url"] + more})
    assert form.is_valid()
    assert form.facts().sandbox_url == SANDBOX["sandbox_url"]


def test_a_taken_slug_is_said_and_not_an_error_of_the_database(northmoor):
    assert list(tenant_form(slug=northmoor.slug).errors) == ["slug"]


@pytest.mark.parametrize(
    ("given", "stored"),
    [("Europe/Berlin", "Europe/Berlin"), ("", "UTC"), ("Europe/Brigadoon", None)],
)
def test_a_time_zone_is_one_of_the_database(db, given, stored):
    form = tenant_form(time_zone=given)
    assert form.is_valid() == (stored is not None), form.errors
    assert stored is None or form.facts().time_zone == stored


def test_a_time_zone_of_an_old_name_stays_a_choice(northmoor):
    northmoor.time_zone = "US/Eastern"
    assert '<option value="US/Eastern" selected>' in str(
        TenantForm(instance=northmoor)["time_zone"]
    )
    assert "US/Eastern" not in str(tenant_form()["time_zone"])


def test_protected_accounts_are_entered_one_a_line(db):
    form = tenant_form(protected_accounts=" vip@* \r\n\r\nroot@b.example\n  ")
    assert form.is_valid()
    assert form.facts().protected_accounts == ("vip@*", "root@b.example")


def test_a_stored_tenant_shows_its_protected_accounts_as_lines(northmoor):
    northmoor.protected_accounts = ["vip@*", "root@b.example"]
    assert TenantForm(instance=northmoor).initial["protected_accounts"] == "vip@*\nroot@b.example"


@pytest.mark.parametrize(
    ("client_id", "secret", "wrong"),
    [
        (f" {GUID} ", "x", []),
        (GUID, "", ["secret"]),
        ("my app", "x", ["client_id"]),
        ("", "x", ["client_id"]),
    ],
)
def test_an_application_is_named_by_its_guid(client_id, secret, wrong):
    form = SecretForm({"client_id": client_id, "secret": secret})
    assert list(form.errors) == wrong
    if not wrong:
        assert form.cleaned_data["client_id"] == GUID.lower()


def test_a_secret_is_not_rendered_again():
    form = SecretForm({"client_id": "wrong", "secret": "s3cret"})
    assert not form.is_valid()
    assert "s3cret" not in form.as_p()


def test_a_directory_has_one_tenant(northmoor):
    form = tenant_form(slug="twin", cloud=northmoor.cloud, entra_id=northmoor.entra_id.upper())
    assert "entra_id" in form.errors


def test_a_directory_that_was_read_keeps_its_identity(northmoor):
    """Posting another id changes nothing: its accounts are on record under the first."""
    Directory.objects.create(
        customer=northmoor.customer, tenant=northmoor, inventory_at=timezone.now()
    )
    form = TenantForm(instance=Tenant.objects.get(pk=northmoor.pk))
    assert form.fields["entra_id"].disabled
    assert form.fields["cloud"].disabled
    Directory.objects.update(inventory_at=None)
    form = TenantForm(instance=Tenant.objects.get(pk=northmoor.pk))
    assert not form.fields["entra_id"].disabled
