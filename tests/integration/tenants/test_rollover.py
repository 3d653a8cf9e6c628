"""From one credential to the next: stored beside it, tried, switched to, gone back from, erased."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tenants import services
from tenants.models import AuditEvent, Credential
from tenants.selectors import active_credential
from tenants.services import CredentialBusy
from tenants.tokens import NoToken, SecretWrong, app_token, secret_of
from tests.integration.tenants.conftest import make_tenant

APP = "6f1d1d2e-8f55-4b5f-9d27-2f6d3f0d9b11"
OLD, NEW = "the-secret-of-this-year", "the-secret-of-next-year"


@pytest.fixture
def tenant(db, sandbox):
    """The directory accepts both secrets; the old one is in use."""
    entra_id = str(uuid.uuid4())
    application = {"client_id": APP, "secrets": [{"value": OLD}, {"value": NEW}]}
    sandbox.put_tenant(entra_id, applications=[application])
    tenant = make_tenant("fabled", cloud="sandbox", entra_id=entra_id, sandbox_url=sandbox.url)
    store(tenant, OLD)
    return tenant


def store(tenant, secret, **options):
    return services.store_secret(tenant=tenant, client_id=APP, secret=secret, by=None, **options)


def standing(tenant):
    """Secrets in use and beside it."""
    rows = {row.active: secret_of(row) for row in tenant.credentials.exclude(sealed_secret=b"")}
    return rows.get(True), rows.get(False)


def test_the_next_one_stands_by_until_it_is_switched_to(tenant):
    following = store(tenant, NEW, as_next=True)
    assert (following.active, following.standby) == (False, True)
    assert standing(tenant) == (OLD, NEW)
    with pytest.raises(CredentialBusy, match="Test it first"):
        services.switch_credential(credential=following, by=None)
    services.try_credential(credential=following, by=None)
    services.switch_credential(credential=following, by=None)
    assert standing(tenant) == (NEW, OLD)
    assert active_credential(tenant) == following


def test_one_can_go_back_while_the_old_one_is_kept(tenant):
    old = active_credential(tenant)
    app_token(tenant, old)
    following = store(tenant, NEW, as_next=True)
    services.try_credential(credential=following, by=None)
    services.switch_credential(credential=following, by=None)
    services.switch_credential(credential=old, by=None)
    assert active_credential(tenant) == old
    services.switch_credential(credential=following, by=None)
    services.remove_credential(credential=Credential.objects.get(pk=old.pk), by=None)
    assert standing(tenant) == (NEW, None)
    assert not Credential.objects.get(pk=old.pk).sealed_secret
    with pytest.raises(CredentialBusy, match="does not stand by"):
        services.switch_credential(credential=old, by=None)


def test_the_first_one_is_used_at_once_whatever_was_wanted(northmoor):
    assert store(northmoor, OLD, as_next=True).active


def test_at_once_means_that_the_old_one_stands_by(tenant):
    store(tenant, NEW)
    assert standing(tenant) == (NEW, OLD)


@pytest.mark.parametrize("as_next", [True, False])
def test_of_three_the_oldest_is_erased(tenant, as_next):
    store(tenant, NEW, as_next=True)
    store(tenant, "third", as_next=as_next)
    assert standing(tenant) == ((OLD, "third") if as_next else ("third", OLD))
    assert tenant.credentials.filter(sealed_secret=b"").count() == 1


def test_what_was_refused_is_not_switched_to(tenant):
    wrong = store(tenant, "wrong", as_next=True)
    with pytest.raises(SecretWrong):
        services.try_credential(credential=wrong, by=None)
    assert "Paste the secret's value" in wrong.refusal
    with pytest.raises(CredentialBusy, match="Test it first"):
        services.switch_credential(credential=wrong, by=None)
    assert standing(tenant) == (OLD, "wrong")


def test_what_worked_once_and_is_refused_now_is_not_switched_to(tenant, sandbox):
    following = store(tenant, NEW, as_next=True)
    services.try_credential(credential=following, by=None)
    sandbox.put_tenant(tenant.entra_id, applications=[{"client_id": APP, "client_secret": OLD}])
    with pytest.raises(SecretWrong):
        services.try_credential(credential=following, by=None)
    with pytest.raises(CredentialBusy):
        services.switch_credential(credential=following, by=None)


def test_the_one_in_use_is_not_removed(tenant):
    with pytest.raises(CredentialBusy, match="stands by"):
        services.remove_credential(credential=active_credential(tenant), by=None)


def test_the_next_token_is_got_with_the_new_one(tenant, sandbox):
    """Also when the old one is refused from that moment on."""
    app_token(tenant, active_credential(tenant))
    following = store(tenant, NEW, as_next=True)
    services.try_credential(credential=following, by=None)
    services.switch_credential(credential=following, by=None)
    sandbox.put_tenant(tenant.entra_id, applications=[{"client_id": APP, "client_secret": NEW}])
    assert app_token(tenant, active_credential(tenant), fresh=True)


def test_revoking_erases_both(tenant):
    store(tenant, NEW, as_next=True)
    assert services.revoke_credentials(tenant=tenant, by=None) == 2
    assert not tenant.credentials.exclude(sealed_secret=b"", active=False, standby=False).exists()
    assert services.revoke_credentials(tenant=tenant, by=None) == 0


def test_each_step_is_in_the_audit_trail_without_the_secret(tenant):
    following = store(tenant, NEW, as_next=True)
    services.try_credential(credential=following, by=None)
    services.switch_credential(credential=following, by=None)
    old = tenant.credentials.get(standby=True)
    services.remove_credential(credential=old, by=None)
    events = AuditEvent.objects.filter(action__startswith="credential.").order_by("pk")
    assert [event.action.split(".")[1] for event in events] == [
        "stored", "stored", "tested", "switched", "removed",
    ]  # fmt: skip
    assert NEW not in repr(list(events.values()))


class TestUse:
    """What is noted of use: when a token was got, not for each call."""

    def test_first_and_last_use_and_what_for(self, tenant, django_assert_num_queries):
        credential = active_credential(tenant)
        app_token(tenant, credential, purpose="job:7")
        credential.refresh_from_db()
        first = credential.first_used_at
        assert (credential.last_used_for, credential.tokens) == ("job:7", 1)
        with django_assert_num_queries(0):
            app_token(tenant, credential, purpose="job:8")
        app_token(tenant, credential, purpose="connection", fresh=True)
        credential.refresh_from_db()
        assert (credential.last_used_for, credential.tokens) == ("connection", 2)
        assert credential.first_used_at == first < credential.last_used_at
        assert credential.proven

    def test_permissions_of_the_last_token(self, tenant):
        roles = services.try_credential(credential=active_credential(tenant), by=None)
        assert roles
        assert active_credential(tenant).roles == sorted(roles)

    def test_a_refusal_is_kept_until_a_token_is_given(self, tenant, sandbox):
        sandbox.put_tenant(tenant.entra_id, applications=[{"client_id": APP, "blocked": True,
            "client_secret": OLD}])  # fmt: skip
        with pytest.raises(NoToken):
            app_token(tenant, active_credential(tenant), fresh=True)
        credential = active_credential(tenant)
        assert "conditional access" in credential.refusal
        assert abs(credential.refused_at - timezone.now()) < timedelta(minutes=1)
        assert not credential.proven
        sandbox.put_tenant(tenant.entra_id, applications=[{"client_id": APP, "client_secret": OLD}])
        services.try_credential(credential=credential, by=None)
        assert credential.refusal == ""
        assert credential.proven
